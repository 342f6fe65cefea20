"""The best continuations, and the largest values of rows, with equals in the order of their places."""

import numpy as np
import pytest
import torch

from nmt.config import Vocabulary
from nmt.search.ranking import Columns, best_candidates, largest

NAMES = Vocabulary(size=20_000, pad_id=0, bos_id=1, eos_id=2, unk_id=3)


def some_values(columns: int) -> torch.Tensor:
    """Values of four sentences of three hypotheses: with equals, without, with next to nothing to choose from."""
    generator = torch.Generator().manual_seed(columns)
    values = torch.randn(4, 3, columns, generator=generator)
    values[0] = values[0].mul(2).round()  # full of equals within each hypothesis
    values[1, 1] = values[1, 0]  # equals in two hypotheses
    values[2, 0, ::3] = float("-inf")
    values[2, 1, 5:] = float("-inf")
    values[2, 2, -3:] = torch.tensor([9.0, 8.0, 9.5])  # beyond the last whole block
    values[3, :, 4:] = float("-inf")
    return values


@pytest.mark.parametrize("columns", [6, 40, 1700, 3001, 4096, 20_000])
@pytest.mark.parametrize("count", [1, 2, 10, 20])
def test_best_are_ranked_by_log_probability_then_hypothesis_then_token(columns: int, count: int) -> None:
    values = some_values(columns)
    before = torch.tensor([[-0.5, -0.5, -1.0], [-1.0, -1.0, -2.0], [0.0, -3.0, -1.5], [-1.0, float("-inf"), -2.0]])
    found = best_candidates(values, before.double(), Columns(NAMES, None, values.device), count)
    totals = values.double().numpy() + before.double().numpy()[:, :, None]
    size = min(count, 3 * columns)
    for sentence, expected in enumerate(totals.reshape(4, -1)):
        order = np.argsort(-expected, kind="stable")[:size]
        assert found.log_probs[sentence].tolist() == expected[order].tolist()
        assert found.parents[sentence].tolist() == (order // columns).tolist()
        assert found.tokens[sentence].tolist() == (order % columns).tolist()
    for part in found:
        assert part.untyped_storage().nbytes() <= (count + 1) / count * part.numel() * part.element_size()


def test_the_largest_is_the_first_of_equals() -> None:
    values = torch.tensor([[[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]], [[float("-inf")] * 3, [0.0, 1.0, 2.0]]])
    best, index = largest(values)
    assert best.tolist() == [[3.0, 2.0], [float("-inf"), 2.0]]
    assert index.tolist() == [[1, 0], [0, 2]]
    halves, places = largest(values.bfloat16())
    assert torch.equal(halves, best.bfloat16())
    assert torch.equal(places, index)
