"""Translations that are drawn: by the model's probabilities, by seed and sentence alone, with their alignments."""

import math
from collections import Counter
from typing import Any

import pytest
import torch

from nmt.config import SearchOptions, SettingsError
from nmt.search import Hypothesis, forced_decode, greedy_search, ranking, sample_search
from nmt.search.sampling import choose
from tests.unit.models import DECODERS, TARGET, random_batch, rows_of, tiny_model

LOGS = torch.tensor([[[0.5, 0.3, 0.2, 0.0]]]).log()


def options(**given: Any) -> SearchOptions:
    return SearchOptions(**{"sample": True, "n_best": 4, "max_length": 8, **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [0, 0, 1, 1, 2, 2]),
        ({"top_k": 2}, [0, 0, 0, 1, 1, 1]),  # 5/8 and 3/8
        ({"top_k": 1}, [0] * 6),
        ({"top_k": 9}, [0, 0, 1, 1, 2, 2]),
        ({"top_p": 0.5}, [0] * 6),
        ({"top_p": 0.51}, [0, 0, 0, 1, 1, 1]),
        ({"top_p": 1.0}, [0, 0, 1, 1, 2, 2]),
        ({"temperature": 0.01}, [0] * 6),
        ({"temperature": 1000.0}, [0, 1, 1, 2, 2, 2]),  # a third each
    ],
)
def test_what_draws_fall_on(given: dict[str, Any], expected: list[int]) -> None:
    draws = [0.0, 0.49, 0.6, 0.79, 0.81, 1 - 2**-53]
    found = choose(LOGS.expand(1, 6, 4), torch.tensor([draws], dtype=torch.float64), options(**given))
    assert found.tolist() == [expected]


def test_tokens_come_as_often_as_they_are_probable() -> None:
    draws = torch.rand(1, 20_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    counts = Counter(choose(LOGS.expand(1, 20_000, 4), draws, options())[0].tolist())
    assert counts[3] == 0
    for token, probability in enumerate((0.5, 0.3, 0.2)):
        spread = math.sqrt(20_000 * probability * (1 - probability))
        assert abs(counts[token] - 20_000 * probability) < 4 * spread


def shown(found: list[Hypothesis]) -> list[tuple[list[int], float]]:
    return [(one.tokens, round(one.log_prob, 9)) for one in found]


@pytest.mark.parametrize("wiring", DECODERS)
def test_company_changes_nothing(wiring: str) -> None:
    model, batch = tiny_model(**DECODERS[wiring]), random_batch([6, 2, 5, 3])
    together = sample_search(model, batch, TARGET, options(max_length=None))
    assert len({str(one.tokens) for found in together for one in found}) > 4
    for rows in ([3, 1], [2], [0, 2, 3]):
        width = int(batch.source_lengths[rows].max())
        part = sample_search(model, rows_of(batch, rows, width), TARGET, options(max_length=None))
        for row, found in zip(rows, part, strict=True):
            assert shown(found) == shown(together[row])
            for one, other in zip(found, together[row], strict=True):
                torch.testing.assert_close(one.weights, other.weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize("wiring", DECODERS)
def test_scores_and_weights_are_those_of_forced_decoding(wiring: str) -> None:
    model, batch = tiny_model(**DECODERS[wiring]), random_batch([5])
    (found,) = sample_search(model, batch, TARGET, options(temperature=2.0, top_k=6))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert one.tokens.index(TARGET.eos_id) == len(one.tokens) - 1 <= 8
        forced = forced_decode(model, batch, torch.tensor([one.tokens]), TARGET)
        assert float(forced.log_probs.sum()) == pytest.approx(one.log_prob, abs=1e-9)
        torch.testing.assert_close(forced.weights[0], one.weights, rtol=0, atol=1e-9)


def test_a_low_temperature_is_greedy_search_and_seeds_differ() -> None:
    model, batch = tiny_model(decoder="luong"), random_batch([6, 4])
    cold = sample_search(model, batch, TARGET, options(temperature=0.001))
    greedy = greedy_search(model, batch, TARGET, SearchOptions(beam_size=1, max_length=8))
    for found, best in zip(cold, greedy, strict=True):
        assert all(one.tokens == best.tokens for one in found)
    one, same, other = (sample_search(model, batch, TARGET, options(seed=seed)) for seed in (1, 1, 2))
    assert [shown(found) for found in one] == [shown(found) for found in same] != [shown(found) for found in other]


def test_a_device_that_works_behind_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = tiny_model(decoder="bahdanau"), random_batch([6, 2, 5])
    at_once = sample_search(model, batch, TARGET, options())
    monkeypatch.setattr(ranking, "answers_at_once", lambda device: False)
    behind = sample_search(model, batch, TARGET, options())
    assert [shown(found) for found in behind] == [shown(found) for found in at_once]


@pytest.mark.parametrize("given", [{"temperature": 0.0}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}])
def test_options_out_of_range(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(given))):
        options(**given)
