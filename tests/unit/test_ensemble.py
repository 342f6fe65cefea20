"""Ensembles: the mean of what their models say, in search, scoring and alignment alike."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.config import SearchOptions
from nmt.modules.ensemble import Ensemble
from nmt.search import Batch, beam_search, forced_decode, greedy_search, posterior_weights
from tests.unit.models import DECODERS, TARGET, random_batch, random_ids, rows_of, tiny_model

PAIRS = [("luong", "bahdanau"), ("parallel", "conditional"), ("luong_unfed", "luong")]
OPTIONS = SearchOptions(beam_size=4, n_best=3, max_length=7)


def ensemble(names: tuple[str, ...], **settings: Any) -> Ensemble:
    return Ensemble([tiny_model(seed, **settings, **DECODERS[name]) for seed, name in enumerate(names, 1)]).eval()


def forced_pair(batch: Batch, found: Any) -> tuple[Batch, Tensor]:
    return batch, torch.tensor([found.tokens])


def test_twice_the_same_is_the_model() -> None:
    model, batch = tiny_model(decoder="luong"), random_batch([5, 2, 4])
    one, twice = (beam_search(each, batch, TARGET, OPTIONS) for each in (model, Ensemble([model, model])))
    for mine, its in zip(twice, one, strict=True):
        assert [found.tokens for found in mine] == [found.tokens for found in its]
        for found, expected in zip(mine, its, strict=True):
            assert found.log_prob == pytest.approx(expected.log_prob, abs=1e-12)
            torch.testing.assert_close(found.weights, expected.weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize("names", PAIRS)
def test_probabilities_and_weights_are_means(names: tuple[str, ...]) -> None:
    both, batch, targets = ensemble(names), random_batch([5, 3]), random_ids(7, 2, 6)
    found = both(*batch, targets)
    models: list[Any] = list(both.models)
    alone = [model(*batch, targets) for model in models]
    outputs = [model.output(one.attentional) for model, one in zip(models, alone, strict=True)]
    mean = sum(one.softmax(-1) for one in outputs) / 2
    torch.testing.assert_close(both.output(found.attentional).exp(), mean, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.weights, (alone[0].weights + alone[1].weights) / 2, rtol=0, atol=1e-12)
    source, state = both.start(*batch)
    for place in range(6):
        logits, weights, state = both.step(targets[:, place : place + 1], source, state)
        torch.testing.assert_close(logits[:, 0].exp(), mean[:, place], rtol=0, atol=1e-12)
        torch.testing.assert_close(weights[:, 0], found.weights[:, place], rtol=0, atol=1e-12)


@pytest.mark.parametrize("names", PAIRS)
def test_forced_scores_are_those_of_search_and_company_changes_nothing(names: tuple[str, ...]) -> None:
    both, batch = ensemble(names), random_batch([6, 2, 5])
    together = beam_search(both, batch, TARGET, OPTIONS)
    greedy = greedy_search(both, batch, TARGET, SearchOptions(beam_size=1, max_length=7))
    single = beam_search(both, batch, TARGET, SearchOptions(beam_size=1, max_length=7))
    for row, found in enumerate(together):
        alone = rows_of(batch, [row], int(batch.source_lengths[row]))
        again = beam_search(both, alone, TARGET, OPTIONS)[0]
        assert [one.tokens for one in again] == [one.tokens for one in found]
        assert [one.score for one in again] == pytest.approx([one.score for one in found], abs=1e-9)
        forced = forced_decode(both, *forced_pair(alone, found[0]), TARGET)
        assert float(forced.log_probs.sum()) == pytest.approx(found[0].log_prob, abs=1e-9)
        torch.testing.assert_close(forced.weights[0], found[0].weights, rtol=0, atol=1e-9)
        assert greedy[row].tokens == single[row][0].tokens
        after = posterior_weights(both, *forced_pair(alone, found[0]), TARGET)
        torch.testing.assert_close(after.sum(-1), torch.ones_like(after[..., 0]))


@pytest.mark.parametrize(("first", "second"), list(product(("luong", "none"), repeat=2)))
def test_who_does_not_attend_has_no_say_in_weights(first: str, second: str) -> None:
    scores = [{"score": "none" if name == "none" else "dot"} for name in (first, second)]
    models = [tiny_model(seed, decoder="luong", attention=score) for seed, score in enumerate(scores, 1)]
    both, batch, targets = Ensemble(models).eval(), random_batch([4]), random_ids(7, 1, 3)
    assert both.aligns == (not first == second == "none")
    total = both(*batch, targets).weights.sum(-1)
    torch.testing.assert_close(total, torch.full_like(total, float(both.aligns)))


def test_another_temperature_is_that_of_all() -> None:
    names = PAIRS[0]
    both, batch, targets = ensemble(names), random_batch([5]), random_ids(7, 1, 4)
    found = both.viewed(0.3)(*batch, targets)
    models: list[Any] = list(both.models)
    alone = [model.viewed(0.3)(*batch, targets) for model in models]
    torch.testing.assert_close(found.weights, (alone[0].weights + alone[1].weights) / 2)
    assert not torch.allclose(found.weights, both(*batch, targets).weights)
    with pytest.raises(ValueError, match="whole vocabulary"):
        both.viewed(None, torch.tensor([1]))
