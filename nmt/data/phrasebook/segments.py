"""What a segment means, in no language: plain numbers and keys, which every language module puts into words."""

from dataclasses import dataclass
from typing import Literal

DayPart = Literal["morning", "afternoon", "evening"]
Relation = Literal["for", "ago", "in", "after"]


@dataclass(frozen=True)
class Label:
    """A numbered thing: page 342."""

    name: str
    number: int


@dataclass(frozen=True)
class Ordinal:
    """One thing of a row: the 23rd door."""

    rank: int
    thing: str


@dataclass(frozen=True)
class Date:
    """A day of the year, with its weekday (Monday is 0) or its year or neither."""

    month: int
    day: int
    weekday: int | None = None
    year: int | None = None


@dataclass(frozen=True)
class Time:
    """A time on the twelve-hour clock, in steps of five minutes."""

    hour: int
    minute: int
    part: DayPart | None = None


@dataclass(frozen=True)
class Duration:
    """A stretch of time and its relation to now; `unit` is a CLDR unit such as "duration-day"."""

    relation: Relation
    number: int
    unit: str


@dataclass(frozen=True)
class Quantity:
    """An amount of some stuff; `unit` is a CLDR unit such as "mass-kilogram"."""

    number: int
    unit: str
    good: str


@dataclass(frozen=True)
class Items:
    """Things that are counted: 12 chairs."""

    number: int
    item: str


@dataclass(frozen=True)
class Price:
    """A price; `currency` is an ISO 4217 code, `cents` is 0 for a round sum."""

    amount: int
    currency: str
    cents: int = 0


Segment = Label | Ordinal | Date | Time | Duration | Quantity | Items | Price


@dataclass(frozen=True)
class Sentence:
    """Segments and what joins them; with no joiner, each language puts them into its own order."""

    segments: tuple[Segment, ...]
    joiner: Literal["and", ","] | None = None
