"""English: month before day, "ago" behind the noun, tens before units."""

import re
from functools import singledispatch

from nmt.data.phrasebook import sources
from nmt.data.phrasebook.segments import Date, Duration, Items, Label, Ordinal, Price, Quantity, Segment, Time
from nmt.data.phrasebook.wording import HUNDREDS, ONES, THOUSANDS, Language, Words, comma, content, function, numeral

PLACES = re.compile(r"(?P<thousands>.*thousand)?(?P<hundreds>.*hundred)?(?P<ones>.*)")
PLURALS = {
    "apple": "apples",
    "pear": "pears",
    "egg": "eggs",
    "book": "books",
    "chair": "chairs",
    "lamp": "lamps",
    "glass": "glasses",
    "ticket": "tickets",
}
# The words before and behind a stretch of time.
RELATIONS = {"for": ("for", ""), "ago": ("", "ago"), "in": ("in", ""), "after": ("after", "")}


def cardinal(number: int, name: str) -> Words:
    """Spell a number; each word expresses its own place: "three hundred" the hundreds, "forty-two" the ones."""
    return numeral(sources.spell(number, "en"), name, PLACES, "and")


def year(number: int) -> Words:
    """Spell a year by its two halves, "nineteen eighty-four"; the last two digits must be 10 or more."""
    century, rest = sources.spell(number, "en", "year").split()
    return [*content(century, f"year:{THOUSANDS}", f"year:{HUNDREDS}"), *content(rest, f"year:{ONES}")]


@singledispatch
def render(segment: Segment) -> Words:
    """Put a segment into English words; one function per kind of segment is registered below."""
    raise NotImplementedError(f"English has no words for {segment}")


@render.register
def label(segment: Label) -> Words:
    """Say "page forty-two"."""
    return [*content(segment.name, "name"), *cardinal(segment.number, "number")]


@render.register
def ordinal(segment: Ordinal) -> Words:
    """Say "the twenty-third door"."""
    rank = sources.spell(segment.rank, "en", "ordinal")
    return [*function("the", "article"), *content(rank, "rank"), *content(segment.thing, "thing")]


@render.register
def date(segment: Date) -> Words:
    """Say "on Monday, March twenty-third" or "on March twenty-third, nineteen eighty-four"."""
    words = function("on", "on")
    if segment.weekday is not None:
        words += comma(content(sources.weekday(segment.weekday, "en"), "weekday"))
    words += content(sources.month(segment.month, "en"), "month")
    words += content(sources.spell(segment.day, "en", "ordinal"), "day")
    return words if segment.year is None else [*comma(words), *year(segment.year)]


@render.register
def time(segment: Time) -> Words:
    """Say "at half past five in the morning"."""
    words = [*function("at", "at"), *_clock(segment.hour, segment.minute)]
    if segment.part:
        words += [*function("in the", "part"), *content(segment.part, "part")]
    return words


def _clock(hour: int, minute: int) -> Words:
    if minute == 0:
        return [*content(sources.spell(hour, "en"), "hour"), *content("o'clock", "clock")]
    if minute == 30:
        half = [*content("half", "minute"), *function("past", "minute")]
        return [*half, *content(sources.spell(hour, "en"), "hour")]
    if minute < 30:
        return [*_minutes(minute), *function("past", "past"), *content(sources.spell(hour, "en"), "hour")]
    following = sources.spell(hour % 12 + 1, "en")
    return [*_minutes(60 - minute), *function("to", "to"), *content(following, "hour")]


def _minutes(minutes: int) -> Words:
    if minutes == 15:
        return [*function("a", "minute"), *content("quarter", "minute")]
    return content(sources.spell(minutes, "en"), "minute")


@render.register
def duration(segment: Duration) -> Words:
    """Say "for three days" or "three days ago"."""
    before, behind = RELATIONS[segment.relation]
    unit = sources.unit(segment.number, segment.unit, "en")
    counted = [*cardinal(segment.number, "number"), *content(unit, "unit")]
    return [*function(before, "relation"), *counted, *function(behind, "relation")]


@render.register
def quantity(segment: Quantity) -> Words:
    """Say "three kilograms of flour"."""
    unit = sources.unit(segment.number, segment.unit, "en")
    good = [*function("of", "good"), *content(segment.good, "good")]
    return [*cardinal(segment.number, "number"), *content(unit, "unit"), *good]


@render.register
def items(segment: Items) -> Words:
    """Say "twelve chairs"."""
    noun = segment.item if segment.number == 1 else PLURALS[segment.item]
    return [*cardinal(segment.number, "number"), *content(noun, "item")]


@render.register
def price(segment: Price) -> Words:
    """Say "for twelve euros and fifty cents"."""
    currency = sources.currency(segment.amount, segment.currency, "en")
    words = [*function("for", "for"), *cardinal(segment.amount, "amount"), *content(currency, "currency")]
    if segment.cents:
        words += [*function("and", "and"), *cardinal(segment.cents, "cents")]
        words += content("cent" if segment.cents == 1 else "cents", "cent")
    return words


ENGLISH = Language(render, conjunction="and", order=(Quantity, Items, Price, Time, Date))
