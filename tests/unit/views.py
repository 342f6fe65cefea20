"""Alignments that tests of pictures and pages draw."""

import numpy as np
from numpy.typing import NDArray

from nmt.visual.views import AlignmentView

SOURCE = ("▁twenty", "th", "▁of", "▁June", "</s>")
TARGET = ("▁zwanzig", "ster", "▁Juni", "</s>")
HOSTILE = ("$x_1$", "<script>alert(1)</script>", "שלום", "a\nb", "", "\x00\ud800", "$", "</script>", "\"'&", "x" * 99)


def weights(rows: int, columns: int) -> NDArray[np.float32]:
    raw = np.random.default_rng(rows * 100 + columns).random((rows, columns), dtype=np.float32) ** 4
    return np.asarray(raw / raw.sum(axis=1, keepdims=True), np.float32)


def view(
    source: tuple[str, ...] = SOURCE, target: tuple[str, ...] = TARGET, links: tuple[tuple[int, int], ...] = ()
) -> AlignmentView:
    return AlignmentView(source, target, weights(len(target), len(source)), links)
