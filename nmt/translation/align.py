"""Aligning pairs with two models of opposite directions."""

from collections.abc import Iterable, Iterator
from itertools import tee

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
) -> Iterator[AlignedPair]:
    """Yields each pair with its alignments, in order; reads only a few batches ahead, none with `batch_size` 1.

    Args:
        pairs: sentences and their translations, with or without line ends.
        forward: a model from source to target.
        backward: a model of the other direction; None: one way only.
        symmetrize: how links of both directions are joined.
        batch_size: most pairs that go together.

    Raises:
        SettingsError: an unknown method, or a batch size below 1.
        NoAlignmentError: a model does not attend.
    """
    choice(symmetrize, SYMMETRIZATIONS, "symmetrize")
    texts, ahead, turned = tee(pairs, 3)
    ways = [forward.align_pairs(ahead, batch_size=batch_size)]
    if backward is not None:
        ways.append(backward.align_pairs(((target, source) for source, target in turned), batch_size=batch_size))
    else:
        del turned
    return _joined(texts, ways, symmetrize)


def _joined(
    texts: Iterator[tuple[str, str]], ways: list[Iterator[Alignment]], symmetrize: str
) -> Iterator[AlignedPair]:
    for forward, *backward in zip(*ways, strict=True):
        source, target = next(texts)
        yield AlignedPair(source, target, forward, backward[0] if backward else None, symmetrize)
