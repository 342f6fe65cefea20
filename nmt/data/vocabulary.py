"""Training SentencePiece models on first use, and finding them again."""

import hashlib
import io
import json
import logging
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import sentencepiece

from nmt.config import SettingsError, TokenizerSettings
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer

DEFAULT_SIZE = 8000
FEWEST, MOST = 5, 1 << 20
"""Fewer and more pieces than a corpus gives: asked for to learn how many are possible."""

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
    if settings.joint:
        tokenizer = _cached(text.sources + text.targets, settings, cache)
        return tokenizer, tokenizer
    return _cached(text.sources, settings, cache), _cached(text.targets, settings, cache)


def _cached(lines: Sequence[str], settings: TokenizerSettings, cache: Path) -> Tokenizer:
    digest = hashlib.sha256(json.dumps([sentencepiece.__version__, asdict(settings)]).encode())
    for line in lines:
        digest.update(line.encode() + b"\n")
    path = cache / "tokenizers" / f"{digest.hexdigest()[:24]}.spm"
    if path.is_file():
        log.info("vocabulary: %s, trained before", path)
        return Tokenizer.load(path)
    model = train_model(lines, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(model)
    part.replace(path)
    return Tokenizer(model)


def train_model(lines: Sequence[str], settings: TokenizerSettings) -> bytes:
    """Trains a SentencePiece model and returns it serialised.

    Raises:
        DataError: the size asked for is not possible; the message gives the possible range.
    """
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


def _train_default(lines: Sequence[str], settings: TokenizerSettings) -> bytes:
    """Trains 8,000 pieces or the nearest possible number, and says so if it is another."""
    size = DEFAULT_SIZE
    for _ in range(3):
        try:
            return _train(lines, settings, size)
        except SizeError as error:
            log.info("vocabulary: %d pieces, because this text does not allow %d", error.bound, size)
            size = error.bound
    raise DataError(f"no vocabulary of about {DEFAULT_SIZE} pieces can be made of this text: set data.tokenizer.size")


def _possible(lines: Sequence[str], settings: TokenizerSettings) -> tuple[int, int]:
    """Returns the fewest and the most pieces that this text allows."""
    return _nearest_possible(lines, settings, FEWEST), _nearest_possible(lines, settings, MOST)


def _nearest_possible(lines: Sequence[str], settings: TokenizerSettings, size: int) -> int:
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
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type=settings.type,
            vocab_size=size,
            character_coverage=settings.character_coverage,
            normalization_rule_name=settings.normalization,
            max_sentence_length=1 << 16,
            input_sentence_size=2_000_000,
            shuffle_input_sentence=True,
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise _size_error(str(error)) from error
    made = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).get_piece_size()
    if made != size:  # the type `char` takes what there is
        raise SizeError(f"{made} pieces were made", made)
    return model.getvalue()


def _size_error(message: str) -> DataError:
    """Reads SentencePiece's complaint."""
    if found := re.search(r"too high.*<= (\d+)", message):
        return SizeError(message, int(found[1]))
    if found := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return SizeError(message, int(found[1]))
    return DataError(f"SentencePiece cannot make a vocabulary of this text: {message.splitlines()[0]}")


def decide(settings: TokenizerSettings, phrasebook: bool) -> TokenizerSettings:
    """Returns the settings with `joint` decided, and `size` for the phrasebook.

    Raises:
        SettingsError: a joint vocabulary of two different files.
    """
    by_path = settings.source is not None
    joint = settings.joint
    if joint is None:
        joint = settings.source == settings.target if by_path else not phrasebook
    if joint and by_path and settings.source != settings.target:
        raise SettingsError("data.tokenizer.joint=true needs the same file as data.tokenizer.source and .target")
    size = settings.size if settings.size is not None or not phrasebook else 110
    return replace(settings, joint=joint, size=size)
