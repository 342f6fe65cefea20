"""Reviews of a few words that are generated, with the words that decide them."""

import random
from dataclasses import dataclass

THINGS = ("the plot", "the soup", "the room", "the service", "the music", "the second half", "the bread", "the ending")
GOOD = ("good", "excellent", "charming", "moving", "fresh", "delightful", "clever")
BAD = ("bad", "dreadful", "dull", "stale", "clumsy", "tedious", "annoying")
NEGATIONS = ("not", "never", "hardly")
DEGREES = ("really", "quite", "rather", "simply")
ASIDES = (
    "we came on a tuesday",
    "my sister had chosen it",
    "it was raining outside",
    "we sat near the window",
    "there were four of us",
    "they open at seven",
    "it is close to the station",
)


@dataclass(frozen=True)
class Review:
    """A review.

    Attributes:
        words: in order.
        good: whether it praises.
        deciding: positions of the words without which nobody could tell: the opinion and what negates it.
    """

    words: tuple[str, ...]
    good: bool
    deciding: frozenset[int]


def review(generator: random.Random) -> Review:
    """Draws one opinion, negated in four of ten, among one to three remarks that say nothing of it."""
    praises, negated = generator.random() < 0.5, generator.random() < 0.4
    clause = [*generator.choice(THINGS).split(), "was"]
    marks = []
    if negated:
        marks.append(len(clause))
        clause.append(generator.choice(NEGATIONS))
    if generator.random() < 0.5:
        clause.append(generator.choice(DEGREES))
    marks.append(len(clause))
    clause.append(generator.choice(GOOD if praises else BAD))
    asides = [one.split() for one in generator.sample(ASIDES, generator.randint(1, 3))]
    place = generator.randint(0, len(asides))
    before = [word for one in asides[:place] for word in (*one, ",")]
    after = [word for one in asides[place:] for word in (",", *one)]
    return Review((*before, *clause, *after), praises != negated, frozenset(len(before) + mark for mark in marks))


def reviews(count: int, seed: int) -> list[Review]:
    """Returns reviews, the same ones for the same seed."""
    generator = random.Random(seed)
    return [review(generator) for _ in range(count)]
