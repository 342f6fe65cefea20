"""Aligning pairs with two models of opposite directions."""

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import Any

from nmt.alignment import SYMMETRIZATIONS, AlignedPair, Alignment
from nmt.config import choice
from nmt.translation.translator import BATCH_SIZE, Translator


def align_both(
    pairs: Iterable[tuple[str, str]],
    forward: Translator,
    backward: Translator | None = None,
    symmetrize: str = "grow-diag-final-and",
    *,
    batch_size: int = BATCH_SIZE,
    posterior: bool = False,
) -> Iterator[AlignedPair]:
    """Yields each pair with its alignments, in order; reads only a few batches ahead, none with `batch_size` 1.

    Args:
        pairs: sentences and their translations, with or without line ends.
        forward: a model from source to target.
        backward: a model of the other direction; None: one way only.
        symmetrize: how links of both directions are joined.
        batch_size: most pairs that go together.
        posterior: as in `Translator.align_pairs`.

    Raises:
        SettingsError: an unknown method, or a batch size below 1.
        NoAlignmentError: a model does not attend.
    """
    choice(symmetrize, SYMMETRIZATIONS, "symmetrize")
    texts, ahead, turned = tee(pairs, 3)
    options: dict[str, Any] = {"batch_size": batch_size, "posterior": posterior}
    ways = [forward.align_pairs(ahead, **options)]
    if backward is not None:
        ways.append(backward.align_pairs(((target, source) for source, target in turned), **options))
    else:
        del turned
    return _joined(texts, ways, symmetrize)


def _joined(
    texts: Iterator[tuple[str, str]], ways: list[Iterator[Alignment]], symmetrize: str
) -> Iterator[AlignedPair]:
    for forward, *backward in zip(*ways, strict=True):
        source, target = next(texts)
        yield AlignedPair(source, target, forward, backward[0] if backward else None, symmetrize)
