"""No score makes a tensor over target, source and size: neither kept for the backward pass nor held for a moment."""

from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.modules.attention import SCORES, additive
from tests.unit.attention.asking import attend, build_layer, gradients, vectors
from tests.unit.largest import LargestTensor

BATCH, TARGET, SOURCE, SIZE = 2, 12, 14, 16
LARGEST = BATCH * TARGET * SOURCE
"""Numbers over target and source; the channels of a convolution come on top, the size of the vectors does not."""


CASES: list[tuple[str, dict[str, Any]]] = [
    *((score, {}) for score in sorted(set(SCORES) - {"location"})),
    ("location", {"options": {"max_positions": 14}}),
    ("additive", {"coverage": "sum"}),
    ("concat", {"coverage": "fertility"}),
    ("location_aware", {"coverage": "sum"}),
    ("general", {"coverage": "sum"}),
    ("cosine", {"normalizer": "sparsemax"}),
    ("euclidean", {"normalizer": "entmax15"}),
]


@pytest.mark.parametrize(("score", "settings"), CASES)
def test_no_tensor_over_target_source_and_size(
    score: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", LARGEST)
    layer = build_layer(SIZE, SIZE, score=score, **settings)
    channels = {"location_aware": 10}.get(score, 1) + (1 if "coverage" in settings else 0)
    query, memory = vectors(1, BATCH, TARGET, SIZE).requires_grad_(), vectors(2, BATCH, SOURCE, SIZE).requires_grad_()
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.untyped_storage().nbytes() // tensor.element_size())
        return tensor

    mask = torch.ones(BATCH, SOURCE, dtype=torch.bool)
    with LargestTensor() as measured:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            context, _ = attend(layer, query, memory, mask)
        gradients(context.square().sum(), [query, memory, *layer.parameters()])
    assert LARGEST <= measured.largest <= channels * LARGEST + BATCH * TARGET * 6 * channels
    assert max(kept) <= channels * LARGEST + BATCH * TARGET * 6 * channels
    assert channels < SIZE


def test_the_measure_finds_what_it_looks_for() -> None:
    with LargestTensor() as measured:
        (vectors(1, BATCH, TARGET, 1, SIZE) - vectors(2, BATCH, 1, SOURCE, SIZE)).square().sum(-1)
    assert measured.largest == LARGEST * SIZE
