"""A score that looks at earlier weights: one step at a time, in teacher forcing and in a beam."""

import pytest
import torch

from nmt.modules.attention import AttentionHistory
from nmt.search.tree import select_hypotheses
from tests.unit.models import DECODERS, random_batch, random_ids, tensors_of, tiny_model


def test_history_counts_steps_and_sums_weights() -> None:
    mask = torch.ones(2, 3, dtype=torch.bool)
    history = AttentionHistory.start(mask, wanted=True, dtype=torch.float32)
    assert [tuple(tensor.shape) for tensor in tensors_of(history)] == [(2, 1, 3), (2, 1, 3)]
    rows = [torch.softmax(torch.randn(2, 1, 3), -1) for _ in range(3)]
    for step, weights in enumerate(rows):
        state = history.state(mask)
        assert state.positions.tolist() == [[step]]
        assert state.lengths.tolist() == [3, 3]
        history = history.after(weights)
    assert history.steps == 3
    assert history.last is rows[-1]
    torch.testing.assert_close(history.total, sum(rows))


def test_history_of_a_score_without_needs_holds_no_tensor() -> None:
    history = AttentionHistory.start(torch.ones(2, 3, dtype=torch.bool), wanted=False, dtype=torch.float32)
    history = history.after(torch.rand(2, 5, 3), successive=5)
    assert tensors_of(history) == []
    assert history.state(torch.ones(2, 3, dtype=torch.bool), 2).positions.tolist() == [[5, 6]]


@pytest.mark.parametrize("wiring", DECODERS)
def test_parallel_hypotheses_each_have_their_own_history(wiring: str, forgetful: str) -> None:
    model = tiny_model(attention={"score": forgetful}, **DECODERS[wiring])
    batch, targets = random_batch([4, 3]), random_ids(5, 2, 3, 4)  # (batch, hypothesis, step)
    source, state = model.start(*batch)
    state = select_hypotheses(state, torch.zeros(2, 3, dtype=torch.long))
    together = []
    for step in range(4):
        _, weights, state = model.step(targets[:, :, step], source, state)
        together.append(weights)
    for hypothesis in range(3):
        alone = model(*batch, targets[:, hypothesis]).weights
        found = torch.stack([weights[:, hypothesis] for weights in together], dim=1)
        torch.testing.assert_close(found, alone, rtol=0, atol=1e-12)
