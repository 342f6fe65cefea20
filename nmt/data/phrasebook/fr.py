"""French: "vingt et un" and "quatre-vingts", day before month, the half and the quarter behind the hour."""

import re
from functools import singledispatch
from typing import Literal

from nmt.data.phrasebook import sources
from nmt.data.phrasebook.segments import Date, Duration, Items, Label, Ordinal, Price, Quantity, Segment, Time
from nmt.data.phrasebook.wording import Language, Word, Words, content, function, numeral

Gender = Literal["m", "f"]

ARTICLES: dict[Gender, str] = {"m": "le", "f": "la"}
# Words that only help, wherever they stand in a numeral or in the name of a currency.
HELPERS = ("et", "de", "des")
PLACES = re.compile(r"(?P<thousands>.*\bmille\b)?(?P<hundreds>.*\bcents?\b)?(?P<ones>.*)")
# Letters before which "de" loses its vowel; no word of the phrasebook has an aspirated h behind "de".
ELIDING = tuple("aàâeéèêhiîoôœuû")

LABELS = {"page": "page", "room": "chambre", "chapter": "chapitre", "line": "ligne"}
THINGS: dict[str, tuple[str, Gender]] = {
    "day": ("jour", "m"),
    "door": ("porte", "f"),
    "house": ("maison", "f"),
    "row": ("rang", "m"),
    "letter": ("lettre", "f"),
    "question": ("question", "f"),
    "picture": ("tableau", "m"),
    "week": ("semaine", "f"),
}
# All of these take a plain "s" in the plural.
ITEMS: dict[str, tuple[str, Gender]] = {
    "apple": ("pomme", "f"),
    "pear": ("poire", "f"),
    "egg": ("œuf", "m"),
    "book": ("livre", "m"),
    "chair": ("chaise", "f"),
    "lamp": ("lampe", "f"),
    "glass": ("verre", "m"),
    "ticket": ("billet", "m"),
}
GOODS = {
    "flour": "farine",
    "rice": "riz",
    "sugar": "sucre",
    "butter": "beurre",
    "cheese": "fromage",
    "salt": "sel",
    "milk": "lait",
    "water": "eau",
    "oil": "huile",
    "wire": "fil",
    "rope": "corde",
    "cloth": "tissu",
}
UNIT_GENDERS: dict[str, Gender] = {
    "mass-kilogram": "m",
    "mass-gram": "m",
    "volume-liter": "m",
    "length-meter": "m",
    "duration-second": "f",
    "duration-minute": "f",
    "duration-hour": "f",
    "duration-day": "m",
    "duration-week": "f",
    "duration-month": "m",
    "duration-year": "m",
}
CENTS = {"EUR": "centime", "USD": "cent"}
RELATIONS = {"for": "pendant", "ago": "il y a", "in": "dans", "after": "après"}
PARTS = {"morning": ("du", "matin"), "afternoon": ("de", "l'après-midi"), "evening": ("du", "soir")}


def cardinal(number: int, gender: Gender, name: str) -> Words:
    """Spell a number before a noun: "vingt et un jours", "vingt et une heures", "quatre-vingts pages"."""
    text = sources.spell(number, "fr")
    return numeral(re.sub(r"\bun$", "une", text) if gender == "f" else text, name, PLACES, "et")


def position(number: int, name: str) -> Words:
    """Spell a number that says which one, not how many: it never varies, "page un", "page quatre-vingt"."""
    return numeral(re.sub(r"(vingt|cent)s$", r"\1", sources.spell(number, "fr")), name, PLACES, "et")


def rank(number: int, gender: Gender) -> str:
    """Spell an ordinal; num2words keeps the "s" of the plural in "quatre-vingtsième" and "deux centsième"."""
    if number == 1:
        return "premier" if gender == "m" else "première"
    return re.sub(r"(vingt|cent)sième$", r"\1ième", sources.spell(number, "fr", "ordinal"))


def of(noun: str, concept: str) -> Words:
    """Put "de" before a noun: "de farine", "d'eau"."""
    if noun.startswith(ELIDING):
        return content(f"d'{noun}", concept, helpers=HELPERS)
    return [*function("de", concept), *content(noun, concept, helpers=HELPERS)]


def behind(number: int, noun: str, concept: str) -> Words:
    """Put a noun behind its number: "million" is itself a noun, "un million d'euros"."""
    return content(noun, concept, helpers=HELPERS) if number % 1_000_000 else of(noun, concept)


def unit(number: int, key: str) -> str:
    """Name a CLDR unit; from two on all numbers have one plural, and millions get their "de" from `behind`."""
    return sources.unit(min(number, 2), key, "fr")


@singledispatch
def render(segment: Segment) -> Words:
    """Put a segment into French words; one function per kind of segment is registered below."""
    raise NotImplementedError(f"French has no words for {segment}")


@render.register
def label(segment: Label) -> Words:
    """Say "page deux cent"."""
    return [*content(LABELS[segment.name], "name"), *position(segment.number, "number")]


@render.register
def ordinal(segment: Ordinal) -> Words:
    """Say "la vingt et unième porte"."""
    noun, gender = THINGS[segment.thing]
    numbered = content(rank(segment.rank, gender), "rank", helpers=HELPERS)
    return [*function(ARTICLES[gender], "article"), *numbered, *content(noun, "thing")]


@render.register
def date(segment: Date) -> Words:
    """Say "le lundi vingt-trois mars" or "le premier juillet mille neuf cent quatre-vingt"."""
    words = function("le", "on")
    if segment.weekday is not None:
        words += content(sources.weekday(segment.weekday, "fr"), "weekday")
    # The first alone is an ordinal.
    day = rank(1, "m") if segment.day == 1 else sources.spell(segment.day, "fr")
    words += content(day, "day", helpers=HELPERS)
    words += content(sources.month(segment.month, "fr"), "month")
    return words if segment.year is None else [*words, *position(segment.year, "year")]


@render.register
def time(segment: Time) -> Words:
    """Say "à cinq heures et demie du matin"."""
    words = [*function("à", "at"), *_clock(segment.hour, segment.minute)]
    if segment.part:
        preposition, part = PARTS[segment.part]
        words += [*function(preposition, "part"), *content(part, "part")]
    return words


def _clock(hour: int, minute: int) -> Words:
    if minute == 0:
        return _hour(hour, carries="clock")
    if minute == 30:
        # "midi" is masculine, "heure" is feminine.
        return [*_hour(hour), *function("et", "minute"), *content("demi" if hour == 12 else "demie", "minute")]
    if minute == 15:
        return [*_hour(hour), *function("et", "past"), *content("quart", "minute")]
    if minute < 30:
        # No word of its own says "past".
        return [*_hour(hour, helps="past"), *content(sources.spell(minute, "fr"), "minute")]
    return [*_hour(hour % 12 + 1), *function("moins", "to"), *_minutes_to(60 - minute)]


def _hour(hour: int, *, carries: str = "hour", helps: str = "hour") -> Words:
    """Say "trois heures"; the last word also carries one concept and helps to express another."""
    number = content(sources.spell(hour, "fr") if hour > 1 else "une", "hour")
    noun = Word("heures" if hour > 1 else "heure", frozenset((carries, helps)), carries=frozenset((carries,)))
    if hour < 12:
        return [*number, noun]
    # A twelve without a part of the day is noon; one word says number and noun.
    return [Word("midi", noun.concepts | {"hour"}, carries=noun.carries | {"hour"})]


def _minutes_to(minutes: int) -> Words:
    if minutes == 15:
        return [*function("le", "minute"), *content("quart", "minute")]
    return content(sources.spell(minutes, "fr"), "minute")


@render.register
def duration(segment: Duration) -> Words:
    """Say "pendant trois jours" or "il y a trois jours"."""
    number = cardinal(segment.number, UNIT_GENDERS[segment.unit], "number")
    counted = behind(segment.number, unit(segment.number, segment.unit), "unit")
    return [*function(RELATIONS[segment.relation], "relation"), *number, *counted]


@render.register
def quantity(segment: Quantity) -> Words:
    """Say "trois litres d'eau"."""
    number = cardinal(segment.number, UNIT_GENDERS[segment.unit], "number")
    counted = behind(segment.number, unit(segment.number, segment.unit), "unit")
    return [*number, *counted, *of(GOODS[segment.good], "good")]


@render.register
def items(segment: Items) -> Words:
    """Say "vingt et une chaises"."""
    noun, gender = ITEMS[segment.item]
    number = cardinal(segment.number, gender, "number")
    return [*number, *behind(segment.number, noun if segment.number == 1 else noun + "s", "item")]


@render.register
def price(segment: Price) -> Words:
    """Say "pour douze euros et cinquante centimes"; all currencies of the phrasebook are masculine in French."""
    currency = sources.currency(min(segment.amount, 2), segment.currency, "fr")
    words = [*function("pour", "for"), *cardinal(segment.amount, "m", "amount")]
    words += behind(segment.amount, currency, "currency")
    if segment.cents:
        cent = CENTS[segment.currency]
        words += [*function("et", "and"), *cardinal(segment.cents, "m", "cents")]
        words += content(cent if segment.cents == 1 else cent + "s", "cent")
    return words


FRENCH = Language(render, conjunction="et", order=(Quantity, Items, Price, Date, Time))
