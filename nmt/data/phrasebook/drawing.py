"""Drawing random sentences: one small function per kind of segment."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import get_args

from nmt.data.phrasebook.segments import (
    Date,
    DayPart,
    Duration,
    Items,
    Label,
    Ordinal,
    Price,
    Quantity,
    Relation,
    Segment,
    Sentence,
    Time,
)

LABELS = ("page", "room", "chapter", "line")
THINGS = ("day", "door", "house", "row", "letter", "question", "picture", "week")
ITEMS = ("apple", "pear", "egg", "book", "chair", "lamp", "glass", "ticket")
GOODS = {
    "mass-kilogram": ("flour", "rice", "sugar"),
    "mass-gram": ("butter", "cheese", "salt"),
    "volume-liter": ("milk", "water", "oil"),
    "length-meter": ("wire", "rope", "cloth"),
}
DURATIONS = tuple(f"duration-{unit}" for unit in ("second", "minute", "hour", "day", "week", "month", "year"))
CURRENCIES = ("EUR", "USD")
FIRST_HOUR: dict[DayPart, int] = {"morning": 5, "afternoon": 1, "evening": 6}


def draw_number(rng: Random) -> int:
    """Draw from 1 to 9,999, short numbers more often, as in life."""
    digits = rng.choices((1, 2, 3, 4), weights=(3, 4, 2, 1))[0]
    number = rng.randrange(10 ** (digits - 1), 10**digits)
    # 1, 300 and 301 are spelt and inflected by rules of their own, too rare to be learnt from uniform draws.
    if rng.random() < 0.15:
        hundreds = number - number % 100
        return hundreds + rng.randrange(2) if hundreds else 1
    return number


def label(rng: Random) -> Label:
    """Draw a numbered thing."""
    return Label(rng.choice(LABELS), draw_number(rng))


def ordinal(rng: Random) -> Ordinal:
    """Draw an ordinal below the hundredth."""
    return Ordinal(rng.randrange(1, 100), rng.choice(THINGS))


def date(rng: Random) -> Date:
    """Draw a day that exists in every year.

    Weekday and year exclude each other, since they could disagree. No year ends in 00 to 09: English has several ways
    to say those.
    """
    month = rng.randrange(1, 13)
    day = Date(month, rng.randrange(1, monthrange(2001, month)[1] + 1))
    extra = rng.random()
    if extra < 0.35:
        return replace(day, weekday=rng.randrange(7))
    if extra < 0.65:
        return replace(day, year=100 * rng.randrange(18, 21) + rng.randrange(10, 100))
    return day


def plain_time(rng: Random) -> Time:
    """Draw a time without a part of the day."""
    return Time(rng.randrange(1, 13), rng.randrange(0, 60, 5))


def time(rng: Random) -> Time:
    """Draw a time, half of them with a part of the day that spans five hours."""
    if rng.random() < 0.5:
        return plain_time(rng)
    part = rng.choice(get_args(DayPart))
    return Time(FIRST_HOUR[part] + rng.randrange(5), rng.randrange(0, 60, 5), part)


def duration(rng: Random) -> Duration:
    """Draw a stretch of time."""
    return Duration(rng.choice(get_args(Relation)), draw_number(rng), rng.choice(DURATIONS))


def quantity(rng: Random) -> Quantity:
    """Draw an amount of a stuff in its own unit."""
    unit = rng.choice(tuple(GOODS))
    return Quantity(draw_number(rng), unit, rng.choice(GOODS[unit]))


def items(rng: Random) -> Items:
    """Draw counted things."""
    return Items(draw_number(rng), rng.choice(ITEMS))


def price(rng: Random) -> Price:
    """Draw a price; only sums below 200 have cents, which keeps them short."""
    amount = draw_number(rng)
    cents = rng.randrange(1, 100) if amount < 200 and rng.random() < 0.5 else 0
    return Price(amount, rng.choice(CURRENCIES), cents)


Kinds = tuple[Callable[[Random], Segment], ...]
NOUN_PHRASES: Kinds = (label, ordinal, quantity, items)
ADVERBIALS: Kinds = (date, time, duration, price)


def draw_sentence(rng: Random) -> Sentence:
    """Draw one segment, two that belong together (a price for a thing, a time on a day), or two alike joined."""
    shape = rng.random()
    if shape < 0.45:
        return Sentence((rng.choice(NOUN_PHRASES + ADVERBIALS)(rng),))
    if shape < 0.55:
        return Sentence((plain_time(rng), date(rng)))
    if shape < 0.65:
        return Sentence((rng.choice((quantity, items))(rng), price(rng)))
    kinds = rng.choice((NOUN_PHRASES, ADVERBIALS))
    first, second = rng.choice(kinds)(rng), rng.choice(kinds)(rng)
    return Sentence((first, second), "," if _ends_in_number(first) or rng.random() < 0.5 else "and")


def _ends_in_number(segment: Segment) -> bool:
    # "page two hundred and five eggs" reads as page 205 at first: such segments are never followed by "and".
    return isinstance(segment, Label) or (isinstance(segment, Date) and segment.year is not None)
