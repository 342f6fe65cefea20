"""Posterior weights: Bayes' rule over the places of the source."""

from typing import Any

import pytest
import torch

from nmt.search import forced_weights, posterior_weights
from nmt.search.forced import shift_right
from nmt.search.model import Batch
from tests.unit.models import DECODERS, TARGET, random_batch, random_ids, tiny_model

SETTINGS: dict[str, Any] = {
    **DECODERS,
    "heads": {"decoder": "luong", "attention": {"score": "general", "heads": 2}},
    "deep": {"decoder": "parallel", "decoder_layers": 3},
    "history": {"decoder": "bahdanau", "attention": {"score": "location_aware"}},
    "sparse": {"decoder": "luong", "attention": {"score": "general", "normalizer": "sparsemax"}},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_rows_sum_to_one_whatever_stands_beside(name: str) -> None:
    model, batch, target = tiny_model(**SETTINGS[name]), random_batch([5, 1, 4]), random_ids(7, 3, 4, size=TARGET.size)
    found = posterior_weights(model, batch, target, TARGET)
    prior = forced_weights(model, batch, target, TARGET)
    torch.testing.assert_close(found.sum(-1), torch.ones(3, 4, dtype=found.dtype))
    assert not found[prior == 0].any()
    assert not torch.allclose(found, prior)
    for row, length in enumerate(batch.source_lengths.tolist()):
        alone = Batch(batch.source[row : row + 1, :length], batch.source_lengths[row : row + 1])
        mine = posterior_weights(model, alone, target[row : row + 1], TARGET)
        torch.testing.assert_close(mine[0], found[row, :, :length], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["luong", "luong_unfed", "parallel"])
def test_a_single_place_has_the_probability_of_the_model(name: str) -> None:
    """Where there is one source token, looking at it alone is what the model does."""
    model, batch, target = tiny_model(**SETTINGS[name]), random_batch([1, 1]), random_ids(7, 2, 5, size=TARGET.size)
    with torch.no_grad():
        expected = model(*batch, shift_right(target, TARGET.bos_id)).attentional
        source, state = model.start(*batch)
        for step, read in enumerate(torch.split(shift_right(target, TARGET.bos_id), 1, 1)):
            state = model.advance(read, source, state).state
            torch.testing.assert_close(model.at_each_place(read, source, state)[:, 0], expected[:, step])


def test_bayes_by_hand() -> None:
    """Prior 0.2, 0.3, 0.5 and likelihoods 0.9, 0.1, 0.0 of the token: 0.18 / 0.21 and 0.03 / 0.21."""

    class Model:
        def start(self, source: Any, source_lengths: Any) -> tuple[Any, Any]:
            class Source:
                mask = torch.ones(1, 3, dtype=torch.bool)

            return Source(), None

        def advance(self, tokens: Any, source: Any, state: Any) -> Any:
            class Decoded:
                weights = torch.tensor([[[0.2, 0.3, 0.5]]], dtype=torch.float64)
                state = None

            return Decoded()

        def at_each_place(self, tokens: Any, source: Any, state: Any) -> torch.Tensor:
            return torch.tensor([[[0.9, 0.1], [0.1, 0.9], [0.0, 1.0]]], dtype=torch.float64)

        def output(self, attentional: torch.Tensor) -> torch.Tensor:
            return attentional.log()

    batch = Batch(torch.tensor([[4, 5, 6]]), torch.tensor([3]))
    found = posterior_weights(Model(), batch, torch.tensor([[0]]), TARGET)
    assert found[0, 0].tolist() == pytest.approx([6 / 7, 1 / 7, 0.0])
