"""The strings of num2words and CLDR, cleaned: no thousands commas, no no-break spaces."""

import re
from functools import cache

from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_name
from babel.units import format_unit
from num2words import num2words


def fold(text: str) -> str:
    """Replace white space of every kind, U+00A0 and U+202F among them, by single spaces."""
    return " ".join(text.split())


@cache
def spell(number: int, language: str, form: str = "cardinal") -> str:
    """Spell a number; `form` is "cardinal", "ordinal" or "year"."""
    return fold(num2words(number, lang=language, to=form).replace(",", ""))


@cache
def month(number: int, language: str) -> str:
    """Name a month; January is 1."""
    return fold(get_month_names("wide", locale=language)[number])


@cache
def weekday(number: int, language: str) -> str:
    """Name a day of the week; Monday is 0."""
    return fold(get_day_names("wide", locale=language)[number])


@cache
def unit(number: int, key: str, language: str) -> str:
    """Name a CLDR unit such as "mass-kilogram" in the form that goes with `number`."""
    return re.sub(r"^[\d.,\s]+", "", fold(format_unit(number, key, length="long", locale=language)))


@cache
def currency(number: int, code: str, language: str) -> str:
    """Name a currency, given by its ISO 4217 code, in the form that goes with `number`."""
    return fold(get_currency_name(code, number, locale=language))
