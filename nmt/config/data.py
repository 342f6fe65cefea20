"""Settings of text and vocabularies."""

from dataclasses import dataclass, field
from typing import Any

from nmt.config.checks import SettingsError, at_least, choice

TOKENIZERS = ("unigram", "bpe", "char", "word")
NORMALIZATIONS = ("nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity")


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
        choice(self.normalization, NORMALIZATIONS, "data.tokenizer.normalization")
        at_least(self.size, 1, "data.tokenizer.size")
        if (self.source is None) != (self.target is None):
            raise SettingsError("data.tokenizer.source and data.tokenizer.target go together: give both or neither")
        if not 0.98 <= self.character_coverage <= 1.0:
            raise SettingsError(f"data.tokenizer.character_coverage={self.character_coverage} is not in [0.98, 1]")


@dataclass(frozen=True)
class PhrasebookSettings:
    """How much of the phrasebook is generated: phrases of each part, and the seed they are drawn with."""

    train: int = 8000
    valid: int = 200
    test: int = 200
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (("train", 1), ("valid", 1), ("test", 0), ("seed", 0)):
            at_least(getattr(self, name), least, f"data.phrasebook.{name}")


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
