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
        type: `unigram`, `bpe`, `char` or `word`; None: `word` for text that is cut into tokens, else `unigram`.
        size: pieces of each vocabulary; None: about 110 for the phrasebook, else 8,000 or the most that are possible.
        joint: one vocabulary for both sides; None: no for the phrasebook and for words, else yes.
        character_coverage: share of the characters of the corpus that get a piece of their own; None: 0.9995 for
            pieces of Chinese, Japanese and Korean, else 1.
        normalization: SentencePiece's rule: `nmt_nfkc`, `nfkc`, `nmt_nfkc_cf`, `nfkc_cf` or `identity`; None:
            `identity` for text that is cut into tokens, else `nmt_nfkc`.
        source: path of a SentencePiece model for the source side instead of training one.
        target: the same for the target side.
    """

    type: str | None = None
    size: int | None = None
    joint: bool | None = None
    character_coverage: float | None = None
    normalization: str | None = None
    source: str | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        if self.type is not None:
            choice(self.type, TOKENIZERS, "data.tokenizer.type")
        if self.normalization is not None:
            choice(self.normalization, NORMALIZATIONS, "data.tokenizer.normalization")
        at_least(self.size, 1, "data.tokenizer.size")
        if (self.source is None) != (self.target is None):
            raise SettingsError("data.tokenizer.source and data.tokenizer.target go together: give both or neither")
        if self.character_coverage is not None and not 0.98 <= self.character_coverage <= 1.0:
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
        train: what is learnt from, one of these or a list that mixes them; None: the phrasebook.
            `PREFIX`, which stands for `PREFIX.de` and `PREFIX.en`, plain or .gz;
            a file with both sides, whose name ends in .tsv, .jsonl (both plain or .gz) or .parquet;
            `hf://NAME[@CONFIG][:SPLIT]`, a data set of the hub.
        valid: what early stopping looks at.
        test: what is translated at the end.
        alignments: links between the words of the training text, for guided training: a file, or a list of them, with a
            line of `source-target` pairs for each pair of sentences; `gold`, those that the phrasebook has; or what
            makes them: `eflomal`, `hmm`, `ibm4` or `fast_align`; None: none.
        columns: source and target column of tables, by name, or by number from 0 in a .tsv without names; None: those
            named like the languages, or `source` and `target`, or the first two of a .tsv without names.
        skip_broken: leave broken pairs out, such as lines that are not UTF-8, instead of refusing them.
        pretokenized: the text is cut into tokens by spaces, and so shall be what the model writes.
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
    alignments: Any = None
    columns: Any = None
    skip_broken: bool = False
    pretokenized: bool = False
    batch_tokens: int = 2048
    max_length: int = 150
    max_ratio: float = 9.0
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    phrasebook: PhrasebookSettings = field(default_factory=PhrasebookSettings)

    def __post_init__(self) -> None:
        for name in ("batch_tokens", "max_length", "max_ratio"):
            at_least(getattr(self, name), 1, f"data.{name}")
        for name in ("train", "valid", "test", "alignments"):
            prefixes(getattr(self, name), f"data.{name}")
        column_names(self.columns)


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


def column_names(value: Any) -> tuple[str | int, str | int] | None:
    """Returns the two columns that `data.columns` names, or None.

    Raises:
        SettingsError: not two names, nor two numbers from 0.
    """
    if value is None:
        return None
    items = value if isinstance(value, list | tuple) else ()
    named = all(isinstance(item, str) for item in items)
    if len(items) != 2 or not (named or all(type(item) is int and item >= 0 for item in items)):
        raise SettingsError(
            f"data.columns={value} should be two columns, such as [de,en], or [0,1] in a .tsv without names"
        )
    return items[0], items[1]
