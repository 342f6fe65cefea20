"""Training SentencePiece models on first use, and finding them again."""

import hashlib
import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import sentencepiece

from nmt.config import DataSettings, SettingsError, TokenizerSettings
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer

DEFAULT_SIZE = 8000
FEWEST, MOST = 5, 1 << 20
"""Fewer and more pieces than a corpus gives: asked for to learn how many are possible."""
SAMPLE = 500_000
"""Most lines that a vocabulary is made from, drawn from all: more of them take memory and time, and change little."""
MANY_CHARACTERS = {"zh", "ja", "ko"}
"""Languages of thousands of characters, the rarest of which are not worth a piece."""
SPACE_MARK, STAND_IN = "2581", "FDD0"
"""SentencePiece's sign for a space, and what stands for it where it occurs in text: no character of any text."""

log = logging.getLogger(__name__)


class SizeError(DataError):
    """A vocabulary size that the corpus does not allow; `bound` is the nearest that it does, as far as one knows."""

    def __init__(self, message: str, bound: int) -> None:
        super().__init__(message)
        self.bound = bound


def load_tokenizers(text: ParallelText, settings: TokenizerSettings, cache: Path) -> tuple[Tokenizer, Tokenizer]:
    """Returns the tokenizers of source and target: by path, from the cache, or trained on `text`.

    Args:
        text: the training text.
        settings: `joint` must have been decided; a `size` of None takes what is possible.
        cache: folder in which trained models are kept, by the text and settings they were made with.

    Raises:
        DataError: a size that is not possible for this text (with the possible range), or no model at a path.
    """
    if settings.source is not None and settings.target is not None:
        source = Tokenizer.load(Path(settings.source))
        return source, source if settings.joint else Tokenizer.load(Path(settings.target))
    digests = text.digests
    if settings.joint:
        tokenizer = _cached(_Lines(text.sources, text.targets), digests, settings, cache)
        return tokenizer, tokenizer
    return (
        _cached(text.sources, digests[:1], settings, cache),
        _cached(text.targets, digests[1:], settings, cache),
    )


@dataclass(frozen=True)
class _Lines:
    """The lines of both sides, one after the other, as often as they are asked for."""

    sources: Iterable[str]
    targets: Iterable[str]

    def __iter__(self) -> Iterator[str]:
        return chain(self.sources, self.targets)


def _cached(lines: Iterable[str], digests: tuple[str, ...], settings: TokenizerSettings, cache: Path) -> Tokenizer:
    made_from = json.dumps([sentencepiece.__version__, SAMPLE, asdict(settings), digests])
    path = cache / "tokenizers" / f"{hashlib.sha256(made_from.encode()).hexdigest()[:24]}.spm"
    if path.is_file():
        log.info("vocabulary: %s, trained before", path)
        return Tokenizer.load(path)
    model = train_model(lines, settings)
    part = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(model)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise DataError(f"{path} cannot be written ({error.strerror}): choose another paths.cache_dir") from error
    return Tokenizer(model)


def train_model(lines: Iterable[str], settings: TokenizerSettings) -> bytes:
    """Trains a SentencePiece model and returns it serialised.

    Args:
        lines: text, which is gone through more than once if a size is not possible.
        settings: what they leave open is what suits plain text.

    Raises:
        DataError: the size asked for is not possible; the message gives the possible range.
    """
    settings = _filled(settings, pretokenized=False, languages=())
    if settings.size is None:
        return _train_default(lines, settings)
    try:
        return _train(lines, settings, settings.size)
    except SizeError as error:
        low, high = _possible(lines, settings)
        raise DataError(
            f"data.tokenizer.size={settings.size} is not possible for this text with "
            f"data.tokenizer.type={settings.type}: choose from {low} to {high}"
        ) from error


def _train_default(lines: Iterable[str], settings: TokenizerSettings) -> bytes:
    """Trains 8,000 pieces or the nearest possible number, and says so if it is another."""
    size = DEFAULT_SIZE
    for _ in range(3):
        try:
            return _train(lines, settings, size)
        except SizeError as error:
            log.info("vocabulary: %d pieces, because this text does not allow %d", error.bound, size)
            size = error.bound
    raise DataError(f"no vocabulary of about {DEFAULT_SIZE} pieces can be made of this text: set data.tokenizer.size")


def _possible(lines: Iterable[str], settings: TokenizerSettings) -> tuple[int, int]:
    """Returns the fewest and the most pieces that this text allows."""
    return _nearest_possible(lines, settings, FEWEST), _nearest_possible(lines, settings, MOST)


def _nearest_possible(lines: Iterable[str], settings: TokenizerSettings, size: int) -> int:
    try:
        _train(lines, settings, size)
    except SizeError as error:
        return error.bound
    return size


def _train(lines: Iterable[str], settings: TokenizerSettings, size: int) -> bytes:
    """Trains a model of exactly `size` pieces or raises SizeError."""
    if size < FEWEST:
        raise SizeError(f"{size} pieces leave no room beside the special ones", FEWEST)
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(1)
    try:
        with _rules(settings) as rules:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=model,
                model_type=settings.type,
                vocab_size=size,
                character_coverage=settings.character_coverage,
                max_sentence_length=1 << 16,
                input_sentence_size=SAMPLE,
                shuffle_input_sentence=True,
                pad_id=0,
                bos_id=1,
                eos_id=2,
                unk_id=3,
                minloglevel=2,
                **rules,
            )
    except RuntimeError as error:
        raise _size_error(str(error)) from error
    made = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).get_piece_size()
    if made != size:  # the type `char` takes what there is
        raise SizeError(f"{made} pieces were made", made)
    # SentencePiece notes where the rules lay: without it, the same text gives the same model.
    folder = os.path.dirname(rules.get("normalization_rule_tsv", "")).encode()
    return model.getvalue().replace(folder, b"-" * len(folder)) if folder else model.getvalue()


@contextmanager
def _rules(settings: TokenizerSettings) -> Iterator[dict[str, Any]]:
    """Gives the arguments that decide on normalisation, and on how unknown pieces are written.

    With `identity` text comes back as it was, but for the number of spaces: SentencePiece's sign for a space is kept
    apart from spaces, and an unknown word is a word of its own.
    """
    if settings.normalization != "identity":
        yield {"normalization_rule_name": settings.normalization}
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "to.tsv", Path(folder) / "from.tsv"
        paths[0].write_text(f"{SPACE_MARK}\t{STAND_IN}\n", encoding="utf-8")
        paths[1].write_text(f"{STAND_IN}\t{SPACE_MARK}\n", encoding="utf-8")
        yield {
            "normalization_rule_tsv": str(paths[0]),
            "denormalization_rule_tsv": str(paths[1]),
            "unk_surface": " <unk>" if settings.type == "word" else "<unk>",  # pieces of words bring their own space
        }


def _size_error(message: str) -> DataError:
    """Reads SentencePiece's complaint."""
    if found := re.search(r"too high.*<= (\d+)", message):
        return SizeError(message, int(found[1]))
    if found := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return SizeError(message, int(found[1]))
    return DataError(f"SentencePiece cannot make a vocabulary of this text: {message.splitlines()[0]}")


def decide(data: DataSettings) -> TokenizerSettings:
    """Returns the tokenizer's settings with all that they leave open decided by the corpus, but for a size of text.

    Raises:
        SettingsError: a joint vocabulary of two different files.
    """
    settings = _filled(data.tokenizer, data.pretokenized, (data.source_lang, data.target_lang))
    by_path, is_phrasebook = settings.source is not None, data.train is None
    joint = settings.joint
    if joint is None:
        joint = settings.source == settings.target if by_path else not is_phrasebook and settings.type != "word"
    if joint and by_path and settings.source != settings.target:
        raise SettingsError("data.tokenizer.joint=true needs the same file as data.tokenizer.source and .target")
    size = settings.size if settings.size is not None or not is_phrasebook else 110
    return replace(settings, joint=joint, size=size)


def _filled(settings: TokenizerSettings, pretokenized: bool, languages: Iterable[str]) -> TokenizerSettings:
    """Returns the settings with type, normalisation and coverage decided."""
    kind = settings.type or ("word" if pretokenized else "unigram")
    many = kind != "word" and any(re.split("[-_]", one.lower())[0] in MANY_CHARACTERS for one in languages)
    coverage = settings.character_coverage
    return replace(
        settings,
        type=kind,
        normalization=settings.normalization or ("identity" if pretokenized else "nmt_nfkc"),
        character_coverage=coverage if coverage is not None else (0.9995 if many else 1.0),
    )
