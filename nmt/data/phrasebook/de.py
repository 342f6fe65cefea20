"""German: one word per number with units before tens, day before month, part of the day before the hour."""

from functools import singledispatch
from typing import Literal, NamedTuple

from nmt.data.phrasebook import sources
from nmt.data.phrasebook.segments import Date, Duration, Items, Label, Ordinal, Price, Quantity, Segment, Time
from nmt.data.phrasebook.wording import Language, Words, comma, compound, content, function

Gender = Literal["m", "f", "n"]
Case = Literal["nominative", "accusative", "dative"]


class Noun(NamedTuple):
    """A noun in the nominative."""

    singular: str
    plural: str
    gender: Gender


EIN: dict[Case, dict[Gender, str]] = {
    "nominative": {"m": "ein", "f": "eine", "n": "ein"},
    "accusative": {"m": "einen", "f": "eine", "n": "ein"},
    "dative": {"m": "einem", "f": "einer", "n": "einem"},
}
DEFINITE: dict[Gender, str] = {"m": "der", "f": "die", "n": "das"}

LABELS = {"page": "Seite", "room": "Zimmer", "chapter": "Kapitel", "line": "Zeile"}
THINGS: dict[str, tuple[str, Gender]] = {
    "day": ("Tag", "m"),
    "door": ("Tür", "f"),
    "house": ("Haus", "n"),
    "row": ("Reihe", "f"),
    "letter": ("Brief", "m"),
    "question": ("Frage", "f"),
    "picture": ("Bild", "n"),
    "week": ("Woche", "f"),
}
ITEMS = {
    "apple": Noun("Apfel", "Äpfel", "m"),
    "pear": Noun("Birne", "Birnen", "f"),
    "egg": Noun("Ei", "Eier", "n"),
    "book": Noun("Buch", "Bücher", "n"),
    "chair": Noun("Stuhl", "Stühle", "m"),
    "lamp": Noun("Lampe", "Lampen", "f"),
    "glass": Noun("Glas", "Gläser", "n"),
    "ticket": Noun("Fahrkarte", "Fahrkarten", "f"),
}
GOODS = {
    "flour": "Mehl",
    "rice": "Reis",
    "sugar": "Zucker",
    "butter": "Butter",
    "cheese": "Käse",
    "salt": "Salz",
    "milk": "Milch",
    "water": "Wasser",
    "oil": "Öl",
    "wire": "Draht",
    "rope": "Seil",
    "cloth": "Stoff",
}
UNIT_GENDERS: dict[str, Gender] = {
    "mass-kilogram": "n",
    "mass-gram": "n",
    "volume-liter": "m",
    "length-meter": "m",
    "duration-second": "f",
    "duration-minute": "f",
    "duration-hour": "f",
    "duration-day": "m",
    "duration-week": "f",
    "duration-month": "m",
    "duration-year": "n",
}
# The words before and behind a stretch of time, and the case they ask for.
RELATIONS: dict[str, tuple[str, str, Case]] = {
    "for": ("", "lang", "accusative"),
    "ago": ("vor", "", "dative"),
    "in": ("in", "", "dative"),
    "after": ("nach", "", "dative"),
}
PARTS = {"morning": "morgens", "afternoon": "nachmittags", "evening": "abends"}


def cardinal(number: int, gender: Gender, case: Case) -> str:
    """Spell a number before a noun: "eine Stunde", "hundertein Stunden", "einundzwanzig Stunden"."""
    if number == 1:
        return EIN[case][gender]
    text = sources.spell(number, "de")
    return text.removesuffix("s") if number % 100 == 1 else text


@singledispatch
def render(segment: Segment) -> Words:
    """Put a segment into German words; one function per kind of segment is registered below."""
    raise NotImplementedError(f"German has no words for {segment}")


@render.register
def label(segment: Label) -> Words:
    """Say "Seite zweihunderteins"; no noun follows, so that the number keeps its "s"."""
    return [*content(LABELS[segment.name], "name"), *compound(sources.spell(segment.number, "de"), "number")]


@render.register
def ordinal(segment: Ordinal) -> Words:
    """Say "die dreiundzwanzigste Tür"."""
    noun, gender = THINGS[segment.thing]
    rank = sources.spell(segment.rank, "de", "ordinal")
    return [*function(DEFINITE[gender], "article"), *content(rank, "rank"), *content(noun, "thing")]


@render.register
def date(segment: Date) -> Words:
    """Say "am Montag, dem dreiundzwanzigsten März"."""
    words = function("am", "on")
    if segment.weekday is not None:
        words += [*comma(content(sources.weekday(segment.weekday, "de"), "weekday")), *function("dem", "day")]
    words += content(sources.spell(segment.day, "de", "ordinal") + "n", "day")
    words += content(sources.month(segment.month, "de"), "month")
    return words if segment.year is None else [*words, *compound(sources.spell(segment.year, "de", "year"), "year")]


@render.register
def time(segment: Time) -> Words:
    """Say "morgens um halb sechs"."""
    part = content(PARTS[segment.part], "part") if segment.part else []
    return [*part, *function("um", "at"), *_clock(segment.hour, segment.minute)]


def _clock(hour: int, minute: int) -> Words:
    if minute == 0:
        return [*content(cardinal(hour, "n", "nominative"), "hour"), *content("Uhr", "clock")]
    following = content(sources.spell(hour % 12 + 1, "de"), "hour")
    if minute == 30:
        return [*content("halb", "minute"), *following]
    if minute < 30:
        return [*_minutes(minute), *function("nach", "past"), *content(sources.spell(hour, "de"), "hour")]
    return [*_minutes(60 - minute), *function("vor", "to"), *following]


def _minutes(minutes: int) -> Words:
    return content("Viertel" if minutes == 15 else sources.spell(minutes, "de"), "minute")


@render.register
def duration(segment: Duration) -> Words:
    """Say "drei Tage lang" or "vor drei Tagen"."""
    before, behind, case = RELATIONS[segment.relation]
    noun = sources.unit(segment.number, segment.unit, "de")
    if case == "dative" and segment.number > 1 and not noun.endswith(("n", "s")):
        noun += "n"
    number = compound(cardinal(segment.number, UNIT_GENDERS[segment.unit], case), "number")
    return [*function(before, "relation"), *number, *content(noun, "unit"), *function(behind, "relation")]


@render.register
def quantity(segment: Quantity) -> Words:
    """Say "drei Kilogramm Mehl"."""
    number = compound(cardinal(segment.number, UNIT_GENDERS[segment.unit], "nominative"), "number")
    unit = content(sources.unit(segment.number, segment.unit, "de"), "unit")
    return [*number, *unit, *content(GOODS[segment.good], "good")]


@render.register
def items(segment: Items) -> Words:
    """Say "zwölf Stühle"."""
    noun = ITEMS[segment.item]
    number = compound(cardinal(segment.number, noun.gender, "nominative"), "number")
    return [*number, *content(noun.singular if segment.number == 1 else noun.plural, "item")]


@render.register
def price(segment: Price) -> Words:
    """Say "für zwölf Euro und fünfzig Cent"; all currencies of the phrasebook are masculine in German."""
    amount = compound(cardinal(segment.amount, "m", "accusative"), "amount")
    currency = content(sources.currency(segment.amount, segment.currency, "de"), "currency")
    words = [*function("für", "for"), *amount, *currency]
    if segment.cents:
        cents = compound(cardinal(segment.cents, "m", "accusative"), "cents")
        words += [*function("und", "and"), *cents, *content("Cent", "cent")]
    return words


GERMAN = Language(render, conjunction="und", order=(Quantity, Items, Price, Date, Time))
