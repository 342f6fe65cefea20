"""Plain settings of a model, of its tokenizers and of the search: what is saved with a model is exactly this.

Settings are dataclasses of names and numbers. `build` makes one from a mapping read from YAML or JSON and answers a
misspelt key, a value of the wrong type or an unknown choice with one line that names the nearest right one.
"""

import difflib
import types
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Settings = TypeVar("Settings")

CELLS = ("gru", "lstm")
DECODERS = ("bahdanau", "luong")
BRIDGES = ("zero", "last", "mean", "dense")
TYING = ("none", "target", "all")
STOPPING = ("complete", "first")
PRECISIONS = ("float", "double")
TOKENIZERS = ("unigram", "bpe", "char", "word")


class UserError(Exception):
    """Something that the user can mend: the message is one line that names the place and the remedy."""


class SettingsError(UserError, ValueError):
    """A setting that cannot be."""


def nearest(name: str, known: Collection[str]) -> str:
    """Returns `; did you mean 'x'?` with the nearest of the known names, or the list of them when none is near."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f" (known: {', '.join(sorted(known))})"


def choice(value: str, known: Collection[str], where: str) -> str:
    """Returns `value` if it is one of `known`.

    Raises:
        SettingsError: it is not; the message names the nearest one.
    """
    if value not in known:
        raise SettingsError(f"{where}={value} is not known{nearest(str(value), known)}")
    return value


def at_least(value: float | None, least: float, where: str) -> None:
    """Raises SettingsError unless `value` is None or at least `least`."""
    if value is not None and not value >= least:
        raise SettingsError(f"{where}={value} is too small: at least {least}")


@dataclass(frozen=True)
class AttentionSettings:
    """The attention of a decoder: which score, and the options of that score's class."""

    score: str = "additive"
    options: dict[str, Any] | None = None


@dataclass(frozen=True)
class ModelSettings:
    """Everything that shapes the network apart from its vocabularies.

    Attributes:
        decoder: `bahdanau` (asks, then updates) or `luong` (updates, then asks).
        cell: `gru` or `lstm`, in encoder and decoder.
        embedding_size: width of source and target embeddings.
        encoder_size: width of each direction of the encoder; the memory is twice as wide.
        encoder_layers: bidirectional layers of the encoder.
        decoder_size: width of the decoder state, of the query and of the attentional vector.
        decoder_layers: layers of the decoder.
        bridge: how the first decoder state is made: `zero`, `last`, `mean` or `dense`.
        input_feeding: `luong` only: whether the last attentional vector is fed into the next step.
        dropout: share of units dropped on embeddings, between layers and before the output layer.
        tying: `none`; `target`: the output layer uses the target embeddings; `all`: also the source embeddings, which
            needs a joint vocabulary. None: `all` for a joint vocabulary, else `target`.
        attention: the settings of the attention.
    """

    decoder: str = "bahdanau"
    cell: str = "gru"
    embedding_size: int = 256
    encoder_size: int = 128
    encoder_layers: int = 1
    decoder_size: int = 256
    decoder_layers: int = 1
    bridge: str = "dense"
    input_feeding: bool = True
    dropout: float = 0.2
    tying: str | None = None
    attention: AttentionSettings = field(default_factory=AttentionSettings)

    def __post_init__(self) -> None:
        choice(self.decoder, DECODERS, "model.decoder")
        choice(self.cell, CELLS, "model.cell")
        choice(self.bridge, BRIDGES, "model.bridge")
        if self.tying is not None:
            choice(self.tying, TYING, "model.tying")
        for name in ("embedding_size", "encoder_size", "encoder_layers", "decoder_size", "decoder_layers"):
            at_least(getattr(self, name), 1, f"model.{name}")
        if not 0.0 <= self.dropout < 1.0:
            raise SettingsError(f"model.dropout={self.dropout} is not in [0, 1)")


@dataclass(frozen=True)
class Vocabulary:
    """Size and special ids of one side's vocabulary; `size` counts every row of the embedding."""

    size: int
    pad_id: int
    bos_id: int
    eos_id: int
    unk_id: int


@dataclass(frozen=True)
class TokenizerSettings:
    """How SentencePiece models are made, or where they lie.

    Attributes:
        type: `unigram`, `bpe`, `char` or `word`.
        size: pieces of each vocabulary; None: about 110 for the phrasebook, else 8,000 or the most that are possible.
        joint: one vocabulary for both sides; None: no for the phrasebook, else yes.
        character_coverage: share of the characters of the corpus that get a piece of their own.
        normalization: SentencePiece's rule: `nmt_nfkc`, `nfkc`, `nmt_nfkc_cf`, `nfkc_cf` or `identity`.
        source: path of a SentencePiece model for the source side instead of training one.
        target: the same for the target side.
    """

    type: str = "unigram"
    size: int | None = None
    joint: bool | None = None
    character_coverage: float = 1.0
    normalization: str = "nmt_nfkc"
    source: str | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        choice(self.type, TOKENIZERS, "data.tokenizer.type")
        rules = ("nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity")
        choice(self.normalization, rules, "data.tokenizer.normalization")
        at_least(self.size, 1, "data.tokenizer.size")
        if (self.source is None) != (self.target is None):
            raise SettingsError("data.tokenizer.source and data.tokenizer.target go together: give both or neither")
        if not 0.0 < self.character_coverage <= 1.0:
            raise SettingsError(f"data.tokenizer.character_coverage={self.character_coverage} is not in (0, 1]")


@dataclass(frozen=True)
class PhrasebookSettings:
    """How much of the phrasebook is generated: phrases of each part, and the seed they are drawn with."""

    train: int = 8000
    valid: int = 200
    test: int = 200
    seed: int = 1


@dataclass(frozen=True)
class DataSettings:
    """Which text a model learns from.

    Attributes:
        source_lang: code of the source language, and the ending of the source files.
        target_lang: the same for the target side.
        train: prefix of the training files (`PREFIX.de` and `PREFIX.en`, plain or .gz), or a list of prefixes; None:
            the phrasebook.
        valid: prefix of the files that early stopping looks at.
        test: prefix of the files that are translated at the end.
        batch_tokens: budget of a batch: sentences times the longest sentence of either side, in pieces.
        max_length: training pairs with more pieces on a side are dropped.
        max_ratio: training pairs whose longer side has more than this many times the pieces of the shorter are dropped.
        tokenizer: how the vocabularies are made.
        phrasebook: the size of the phrasebook.
    """

    source_lang: str = "en"
    target_lang: str = "de"
    train: Any = None
    valid: Any = None
    test: Any = None
    batch_tokens: int = 2048
    max_length: int = 150
    max_ratio: float = 9.0
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    phrasebook: PhrasebookSettings = field(default_factory=PhrasebookSettings)

    def __post_init__(self) -> None:
        for name in ("batch_tokens", "max_length", "max_ratio"):
            at_least(getattr(self, name), 1, f"data.{name}")
        for name in ("train", "valid", "test"):
            prefixes(getattr(self, name), f"data.{name}")


def prefixes(value: Any, where: str) -> tuple[str, ...]:
    """Returns one path or a list of paths as a tuple; nothing as an empty one.

    Raises:
        SettingsError: `value` is something else.
    """
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise SettingsError(f"{where}={value} should be a path or a list of paths")
    return tuple(items)


@dataclass(frozen=True)
class SearchOptions:
    """How translations are searched for.

    Attributes:
        beam_size: hypotheses kept at each step; 1 is greedy search.
        n_best: hypotheses returned for each sentence, at most `beam_size`.
        length_penalty: exponent in `score = log_prob / ((5 + T) / 6) ** length_penalty` (Wu et al. 2016, eq. 14);
            T counts the end mark.
        max_length: most pieces of a translation, end mark not counted; None: twice the source plus ten.
        stopping: `complete`: until `beam_size` hypotheses have finished; `first`: when the best candidate of a step
            ends and `n_best` have finished.
        max_source_length: longer sources are cut to that many pieces, end mark not counted.
    """

    beam_size: int = 5
    n_best: int = 1
    length_penalty: float = 1.0
    max_length: int | None = None
    stopping: str = "complete"
    max_source_length: int = 1000

    def __post_init__(self) -> None:
        choice(self.stopping, STOPPING, "stopping")
        for name in ("beam_size", "n_best", "max_length", "max_source_length"):
            at_least(getattr(self, name), 1, name)
        if self.n_best > self.beam_size:
            raise SettingsError(f"n_best={self.n_best} is more than beam_size={self.beam_size}")


def search_options(base: SearchOptions, **changes: Any) -> SearchOptions:
    """Returns `base` with the options that are not None changed; the one place where callers' options are checked.

    Raises:
        SettingsError: an unknown option, a value of the wrong type or out of range.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    return build(SearchOptions, {**asdict(base), **given}, "options")


def build(cls: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Makes settings from a mapping, nested settings from nested mappings.

    Args:
        cls: the dataclass to build.
        values: names and plain values.
        where: how the user names this mapping, for messages: `model`, `data.tokenizer`.

    Raises:
        SettingsError: an unknown or missing key, or a value of another type, in one line.
    """
    if not isinstance(values, Mapping):
        raise SettingsError(f"{where} is {values!r}, but should hold names and values")
    assert is_dataclass(cls)
    hints = get_type_hints(cls)
    for key in values:
        if key not in hints:
            raise SettingsError(f"{where} has no '{key}'{nearest(str(key), hints)}")
    for item in fields(cls):
        if item.name not in values and item.default is MISSING and item.default_factory is MISSING:
            raise SettingsError(f"{where} lacks '{item.name}'")
    return cls(**{key: _convert(value, hints[key], f"{where}.{key}") for key, value in values.items()})


def plain(settings: Any) -> dict[str, Any]:
    """Returns settings as plain nested dictionaries, ready for JSON or YAML; the inverse of `build`."""
    return asdict(settings)


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Returns `value` as the annotated type, or raises SettingsError."""
    if hint is Any:
        return value
    if get_origin(hint) in (Union, types.UnionType):
        options = get_args(hint)
        if value is None and type(None) in options:
            return None
        return _convert(value, next(option for option in options if option is not type(None)), where)
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where)
    wanted = get_origin(hint) or hint
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise SettingsError(f"{where}={value} should be of type {wanted.__name__}, not {type(value).__name__}")
    return value
