"""Which columns of a table hold the two sides of a pair, and what a record holds there."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from nmt.data.text import DataError

Pair = tuple[str, str]
Keys = tuple[str, ...]
"""The way to a value: the name of a column, or a column and a name within it."""

Row = Mapping[str, Any] | None
"""A record of a table, or None where its bytes are no text."""

SKIP = "set data.skip_broken=true to leave such pairs out"


@dataclass(frozen=True)
class Columns:
    """How to find the two sides of a pair.

    Attributes:
        source_lang: code of the source language.
        target_lang: code of the target language.
        chosen: the two columns that the user names, by name or, in a table without names, by number; or None.
    """

    source_lang: str
    target_lang: str
    chosen: tuple[str | int, str | int] | None = None

    def locate(self, known: Collection[Keys], place: str) -> tuple[Keys, Keys]:
        """Returns the ways to source and target among those that a table has.

        Columns named like the languages come first, then the hub's usual `translation` with both of them inside, then
        `source` and `target`.

        Raises:
            DataError: there are none of these; the message lists what there is.
        """
        names = ", ".join(".".join(keys) for keys in known) or "none"
        if self.chosen is not None:
            paths = {".".join(keys): keys for keys in known}
            for name in self.chosen:
                if str(name) not in paths:
                    raise DataError(f"{place}: no column '{name}', as data.columns asks for; there are: {names}")
            return paths[str(self.chosen[0])], paths[str(self.chosen[1])]
        found = next((pair for pair in self._usual() if pair[0] in known and pair[1] in known), None)
        if found is None:
            languages = f"'{self.source_lang}' and '{self.target_lang}'"
            raise DataError(
                f"{place}: no columns {languages}; there are: {names}; name two with data.columns=[SOURCE,TARGET]"
            )
        return found

    def _usual(self) -> list[tuple[Keys, Keys]]:
        source, target = self.source_lang, self.target_lang
        nested = ("translation", source), ("translation", target)
        return [((source,), (target,)), nested, (("source",), ("target",))]


def broken(place: str, what: str) -> DataError:
    """Returns the error for a pair that cannot be used, in one line with place and remedy."""
    return DataError(f"{place}: {what}; mend it, or {SKIP}")


def ways(record: Mapping[str, Any]) -> list[Keys]:
    """Returns the ways to all values of a record."""
    found: list[Keys] = []
    for name, value in record.items():
        inner = [(name, key) for key in value] if isinstance(value, dict) else []
        found.extend(inner or [(name,)])
    return found


def pair_of(record: Mapping[str, Any], keys: tuple[Keys, Keys], place: str) -> Pair:
    """Returns source and target of a record, each in one line.

    Raises:
        DataError: a side is missing or no text.
    """
    source, target = keys
    return _value(record, source, place), _value(record, target, place)


def _value(record: Mapping[str, Any], keys: Keys, place: str) -> str:
    value: Any = record
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            raise broken(place, f"there is no '{'.'.join(keys)}'")
        value = value[key]
    if not isinstance(value, str):
        raise broken(place, f"'{'.'.join(keys)}' is {_kind(value)} and no text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise broken(place, f"'{'.'.join(keys)}' holds half a character at {error.start + 1}") from error
    return one_line(value)


def _kind(value: Any) -> str:
    return "empty (null)" if value is None else f"of type {type(value).__name__}"


def one_line(text: str) -> str:
    """Returns text with its line feeds as spaces: a sentence is one line wherever it is written."""
    return re.sub(r"\s*\n\s*", " ", text.strip("\r\n")) if "\n" in text else text
