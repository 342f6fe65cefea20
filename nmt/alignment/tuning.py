"""How links are read best, found on pairs with gold links."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nmt.alignment.alignment import Alignment
from nmt.alignment.error_rate import Agreement, agreement
from nmt.alignment.gold import GoldSentence
from nmt.alignment.linking import Link
from nmt.alignment.pairs import AlignedPair
from nmt.alignment.symmetrization import symmetrize
from nmt.config import END_RULES, LinkSettings

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)

Gold = Sequence[Collection[Link]]


@dataclass(frozen=True)
class Tuned:
    """Settings and how well the links they give agree with the gold links."""

    settings: LinkSettings
    agreement: Agreement


def grid(base: LinkSettings, thresholds: Sequence[float | None] = (None, *THRESHOLDS)) -> Iterator[LinkSettings]:
    """Yields settings in order of preference, `base` first, argmax before thresholds."""
    ends = sorted(END_RULES, key=lambda end: end != base.end)
    for threshold in thresholds:
        for shift in (base.shift, 1 - base.shift):
            for end in ends:
                yield LinkSettings(shift, end, threshold)


def tune_links(
    alignments: Sequence[Alignment],
    sure: Gold,
    possible: Gold,
    base: LinkSettings | None = None,
    thresholds: Sequence[float | None] = (None, *THRESHOLDS),
) -> Tuned:
    """Returns the settings of the lowest alignment error rate between words; of equal ones the first of `grid`.

    Args:
        alignments: of pairs, at piece level.
        sure: their gold links, as (source word, target word).
        possible: gold links that may be there.
        base: what is preferred; None: the settings of the first alignment.
        thresholds: what is tried, None for argmax.

    Raises:
        ValueError: not the same number of sentences.
    """
    start = base or (alignments[0].link_settings if alignments else LinkSettings())
    found = [
        Tuned(settings, agreement([read_links(one, settings) for one in alignments], sure, possible))
        for settings in grid(start, thresholds)
    ]
    return min(found, key=lambda one: one.agreement.error_rate)


def tune_both(
    forward: Sequence[Alignment], backward: Sequence[Alignment], sure: Gold, possible: Gold, method: str
) -> tuple[Tuned, Tuned]:
    """Returns settings for two directions, with the agreement of the symmetrised links.

    Each direction is tuned by itself, once with all thresholds and once with argmax alone; of the four pairs the one is
    taken whose symmetrised links have the lowest error rate.

    Args:
        forward: of pairs, at piece level.
        backward: of the same pairs turned round.
        sure: gold links as (source word, target word) of the forward direction.
        possible: gold links that may be there.
        method: one of `SYMMETRIZATIONS`.
    """
    turned_sure, turned_possible = ([turned(one) for one in links] for links in (sure, possible))
    candidates = [
        [tune_links(forward, sure, possible, thresholds=[None]), tune_links(forward, sure, possible)],
        [
            tune_links(backward, turned_sure, turned_possible, thresholds=[None]),
            tune_links(backward, turned_sure, turned_possible),
        ],
    ]
    found = []
    for one in candidates[0]:
        for other in candidates[1]:
            links = [
                symmetrize(read_links(a, one.settings), turned(read_links(b, other.settings)), method)
                for a, b in zip(forward, backward, strict=True)
            ]
            agreed = agreement(links, sure, possible)
            found.append((Tuned(one.settings, agreed), Tuned(other.settings, agreed)))
    return min(found, key=lambda pair: pair[0].agreement.error_rate)


def tune_pairs(pairs: Sequence[AlignedPair], gold: Sequence[GoldSentence]) -> tuple[LinkSettings, LinkSettings | None]:
    """Returns the settings for the forward and, if there is one, the backward alignments of pairs.

    Raises:
        ValueError: not the same number of sentences.
    """
    sure, possible = [one.sure for one in gold], [one.possible for one in gold]
    forward = [one.forward for one in pairs]
    backward = [one.backward for one in pairs if one.backward is not None]
    if not backward:
        return tune_links(forward, sure, possible).settings, None
    one, other = tune_both(forward, backward, sure, possible, pairs[0].symmetrize)
    return one.settings, other.settings


def read_links(alignment: Alignment, settings: LinkSettings) -> list[Link]:
    """Returns the links between words that settings give, whatever the alignment's own are."""
    by = "argmax" if settings.threshold is None else "threshold"
    return alignment.links("word", **vars(settings), by=by)


def turned(links: Collection[Link]) -> list[Link]:
    """Returns (target, source) for each (source, target)."""
    return [(target, source) for source, target in links]
