"""From rows of weights to links: the largest weight, all from a threshold on, or all that are not zero."""

from collections.abc import Collection, Iterable, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from nmt.config import LinkSettings

Link = tuple[int, int]
Rows = npt.NDArray[np.float32]

CHOICES = ("argmax", "threshold", "support")
"""Which source tokens of a row are linked. `support` is meant for sparsemax and entmax, whose weights may be exactly 0:
those of a softmax never are, and it would link everything."""


def weighted_links(rows: Rows, settings: LinkSettings, by: str) -> dict[Link, float]:
    """Returns links between pieces, counted from 0, with their weights.

    Args:
        rows: (T, S) the row that aligns each target piece; the last column is the `</s>` of the source.
        settings: the rule for `</s>`, and the threshold.
        by: one of `CHOICES`.

    Returns:
        A weight for each (source, target); with the end rule `drop` that after `</s>` was left out.
    """
    if rows.shape[0] == 0 or rows.shape[1] < 2:
        return {}
    found = rows[:, :-1].astype(np.float64)
    if settings.end == "drop":
        total = found.sum(axis=1, keepdims=True)
        found = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
        open_rows = total[:, 0] > 0
    else:
        open_rows = rows.argmax(axis=1) != rows.shape[1] - 1
    chosen = _chosen(found, settings, by) & open_rows[:, None]
    targets, sources = chosen.nonzero()
    return dict(zip(zip(sources.tolist(), targets.tolist(), strict=True), found[chosen].tolist(), strict=True))


def _chosen(rows: npt.NDArray[np.float64], settings: LinkSettings, by: str) -> npt.NDArray[np.bool_]:
    if by == "threshold":
        assert settings.threshold is not None
        return np.asarray(rows >= settings.threshold)
    if by == "support":
        return np.asarray(rows > 0)
    return np.asarray(np.arange(rows.shape[1]) == rows.argmax(axis=1)[:, None])


def merged(
    links: dict[Link, float], sources: Sequence[Collection[int]], targets: Sequence[Collection[int]]
) -> dict[Link, float]:
    """Returns links between words: two are linked if any of their pieces are, with the largest weight of these.

    Args:
        links: between pieces, with weights.
        sources: the words of each source piece.
        targets: the words of each target piece.
    """
    found: dict[Link, float] = {}
    for (source, target), weight in links.items():
        for pair in product(sources[source], targets[target]):
            found[pair] = max(weight, found.get(pair, 0.0))
    return found


def pharaoh(links: Iterable[Link], weights: dict[Link, float] | None = None) -> str:
    """Returns links as `source-target` pairs separated by blanks, with weights as `source-target:weight`."""
    if weights is None:
        return " ".join(f"{source}-{target}" for source, target in links)
    return " ".join(f"{source}-{target}:{weights[source, target]:.4f}" for source, target in links)
