"""Checked settings: from plain mappings to dataclasses, with one line for whatever cannot be."""

import difflib
import types
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Settings = TypeVar("Settings")


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
    return cls(**{key: convert(value, hints[key], f"{where}.{key}") for key, value in values.items()})


def plain(settings: Any) -> dict[str, Any]:
    """Returns settings as plain nested dictionaries, ready for JSON or YAML; the inverse of `build`."""
    return asdict(settings)


def convert(value: Any, hint: Any, where: str) -> Any:
    """Returns `value` as the annotated type, or raises SettingsError."""
    if hint is Any:
        return value
    if get_origin(hint) in (Union, types.UnionType):
        options = get_args(hint)
        if value is None and type(None) in options:
            return None
        return convert(value, next(option for option in options if option is not type(None)), where)
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where)
    wanted = get_origin(hint) or hint
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise SettingsError(f"{where}={value} should be of type {wanted.__name__}, not {type(value).__name__}")
    return value
