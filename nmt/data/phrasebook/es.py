"""Spanish: numbers that agree with their noun, "doscientas", and lose their end before it, "veintiún"."""

import re
from functools import singledispatch
from typing import Literal

from nmt.data.phrasebook import sources
from nmt.data.phrasebook.segments import Date, Duration, Items, Label, Ordinal, Price, Quantity, Segment, Time
from nmt.data.phrasebook.wording import THOUSANDS, Language, Words, content, function, numeral

Gender = Literal["m", "f"]

ARTICLES: dict[Gender, str] = {"m": "el", "f": "la"}
# Words that only help, wherever they stand in a numeral or in the name of a currency.
HELPERS = ("y", "de")
PLACES = re.compile(r"(?P<thousands>.*\bmil\b)?(?P<hundreds>.*(?:\bcien(?:to)?|ient[oa]s)\b)?(?P<ones>.*)")

LABELS = {"page": "página", "room": "habitación", "chapter": "capítulo", "line": "línea"}
THINGS: dict[str, tuple[str, Gender]] = {
    "day": ("día", "m"),
    "door": ("puerta", "f"),
    "house": ("casa", "f"),
    "row": ("fila", "f"),
    "letter": ("carta", "f"),
    "question": ("pregunta", "f"),
    "picture": ("cuadro", "m"),
    "week": ("semana", "f"),
}
# All of these take a plain "s" in the plural.
ITEMS: dict[str, tuple[str, Gender]] = {
    "apple": ("manzana", "f"),
    "pear": ("pera", "f"),
    "egg": ("huevo", "m"),
    "book": ("libro", "m"),
    "chair": ("silla", "f"),
    "lamp": ("lámpara", "f"),
    "glass": ("vaso", "m"),
    "ticket": ("billete", "m"),
}
GOODS = {
    "flour": "harina",
    "rice": "arroz",
    "sugar": "azúcar",
    "butter": "mantequilla",
    "cheese": "queso",
    "salt": "sal",
    "milk": "leche",
    "water": "agua",
    "oil": "aceite",
    "wire": "alambre",
    "rope": "cuerda",
    "cloth": "tela",
}
UNIT_GENDERS: dict[str, Gender] = {
    "mass-kilogram": "m",
    "mass-gram": "m",
    "volume-liter": "m",
    "length-meter": "m",
    "duration-second": "m",
    "duration-minute": "m",
    "duration-hour": "f",
    "duration-day": "m",
    "duration-week": "f",
    "duration-month": "m",
    "duration-year": "m",
}
CENTS = {"EUR": "céntimo", "USD": "centavo"}
RELATIONS = {"for": "durante", "ago": "hace", "in": "dentro de", "after": "después de"}
# Eleventh and twelfth have words of their own; num2words has "décimoprimero" and "décimosegundo".
RANKS = {11: "undécimo", 12: "duodécimo"}


def spell(number: int) -> str:
    """Spell a number that no noun follows; num2words has "veintiuno mil" for "veintiún mil"."""
    return _shorten(sources.spell(number, "es"), before=" mil")


def _shorten(text: str, before: str) -> str:
    """Take the "o" off each "uno" that stands before the pattern `before`."""
    return re.sub(rf"\buno(?={before})", "un", re.sub(rf"veintiuno(?={before})", "veintiún", text))


def cardinal(number: int, gender: Gender, name: str) -> Words:
    """Spell a number before a noun: "veintiún días", "veintiuna horas", "doscientas sillas"."""
    text = spell(number)
    if gender == "m":
        text = _shorten(text, before="$")
    else:  # Millions are masculine themselves: what stands before them does not look at the noun.
        text = re.sub(r"ientos\b(?!.* mill)", "ientas", re.sub(r"uno$", "una", text))
    return numeral(text, name, PLACES, "y")


def rank(number: int, gender: Gender) -> str:
    """Spell an ordinal before a noun: "primer", "primera", "decimotercer", "trigésima primera".

    The Academy prefers one word below thirty, where num2words has two, and "cuadragésimo" to "quadragésimo".
    """
    text = RANKS.get(number) or sources.spell(number, "es", "ordinal").replace("quadr", "cuadr")
    # In one word the tens lose their accent, and one "o" where "octavo" follows.
    text = text.replace("décimo ", "decimo").replace("vigésimo ", "vigesimo").replace("oo", "o")
    return re.sub(r"o\b", "a", text) if gender == "f" else re.sub(r"(primer|tercer)o$", r"\1", text)


def behind(number: int, noun: str, concept: str) -> Words:
    """Put a noun behind its number: "millón" is itself a noun, "un millón de euros"."""
    joint = [] if number % 1_000_000 else function("de", concept)
    return [*joint, *content(noun, concept, helpers=HELPERS)]


def unit(number: int, key: str) -> str:
    """Name a CLDR unit; from two on all numbers have one plural, and millions get their "de" from `behind`."""
    return sources.unit(min(number, 2), key, "es")


@singledispatch
def render(segment: Segment) -> Words:
    """Put a segment into Spanish words; one function per kind of segment is registered below."""
    raise NotImplementedError(f"Spanish has no words for {segment}")


@render.register
def label(segment: Label) -> Words:
    """Say "página doscientos uno"; behind its noun a number does not agree with it."""
    return [*content(LABELS[segment.name], "name"), *numeral(spell(segment.number), "number", PLACES, "y")]


@render.register
def ordinal(segment: Ordinal) -> Words:
    """Say "la vigesimotercera puerta"."""
    noun, gender = THINGS[segment.thing]
    numbered = content(rank(segment.rank, gender), "rank")
    return [*function(ARTICLES[gender], "article"), *numbered, *content(noun, "thing")]


@render.register
def date(segment: Date) -> Words:
    """Say "el lunes veintitrés de marzo" or "el uno de julio de mil novecientos ochenta y cuatro"."""
    words = function("el", "on")
    if segment.weekday is not None:
        words += content(sources.weekday(segment.weekday, "es"), "weekday")
    words += content(spell(segment.day), "day", helpers=HELPERS)
    words += [*function("de", "month"), *content(sources.month(segment.month, "es"), "month")]
    if segment.year is not None:
        words += [*function("de", f"year:{THOUSANDS}"), *numeral(spell(segment.year), "year", PLACES, "y")]
    return words


@render.register
def time(segment: Time) -> Words:
    """Say "a las cinco y media de la mañana"."""
    words = [*function("a", "at"), *_clock(segment.hour, segment.minute)]
    if segment.part:
        words += [*function("de la", "part"), *content(_part(segment), "part")]
    return words


def _part(time: Time) -> str:
    # What is evening elsewhere belongs to the afternoon until eight: "las siete de la tarde", "las ocho de la noche".
    if time.part == "evening" and time.hour not in (6, 7):
        return "noche"
    return "mañana" if time.part == "morning" else "tarde"


def _clock(hour: int, minute: int) -> Words:
    if minute == 0:
        return _hour(hour, "clock")  # no word of its own says "o'clock"
    if minute <= 30:
        return [*_hour(hour), *function("y", "minute" if minute == 30 else "past"), *_minutes(minute)]
    return [*_hour(hour % 12 + 1), *function("menos", "to"), *_minutes(60 - minute)]


def _hour(hour: int, *more: str) -> Words:
    if hour == 1:
        return [*function("la", "hour"), *content("una", "hour", *more)]
    return [*function("las", "hour"), *content(spell(hour), "hour", *more)]


def _minutes(minutes: int) -> Words:
    return content({15: "cuarto", 30: "media"}.get(minutes) or spell(minutes), "minute")


@render.register
def duration(segment: Duration) -> Words:
    """Say "durante tres días" or "hace tres días"."""
    number = cardinal(segment.number, UNIT_GENDERS[segment.unit], "number")
    counted = behind(segment.number, unit(segment.number, segment.unit), "unit")
    return [*function(RELATIONS[segment.relation], "relation"), *number, *counted]


@render.register
def quantity(segment: Quantity) -> Words:
    """Say "tres kilogramos de harina"."""
    number = cardinal(segment.number, UNIT_GENDERS[segment.unit], "number")
    counted = behind(segment.number, unit(segment.number, segment.unit), "unit")
    return [*number, *counted, *function("de", "good"), *content(GOODS[segment.good], "good")]


@render.register
def items(segment: Items) -> Words:
    """Say "doscientas sillas"."""
    noun, gender = ITEMS[segment.item]
    number = cardinal(segment.number, gender, "number")
    return [*number, *behind(segment.number, noun if segment.number == 1 else noun + "s", "item")]


@render.register
def price(segment: Price) -> Words:
    """Say "por doce euros y cincuenta céntimos"; all currencies of the phrasebook are masculine in Spanish."""
    currency = sources.currency(min(segment.amount, 2), segment.currency, "es")
    words = [*function("por", "for"), *cardinal(segment.amount, "m", "amount")]
    words += behind(segment.amount, currency, "currency")
    if segment.cents:
        cent = CENTS[segment.currency]
        words += [*function("y", "and"), *cardinal(segment.cents, "m", "cents")]
        words += content(cent if segment.cents == 1 else cent + "s", "cent")
    return words


SPANISH = Language(render, conjunction="y", order=(Quantity, Items, Price, Date, Time))
