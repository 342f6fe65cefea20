"""Search and forced decoding over real models: both must tell the same of a translation."""

from itertools import combinations
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.config import SearchOptions
from nmt.config.model import CELLS
from nmt.modules.attention import SCORES
from nmt.modules.seq2seq import Seq2Seq
from nmt.search import Hypothesis, beam_search, forced_decode, greedy_search
from nmt.search.forced import shift_right
from nmt.search.tree import select_hypotheses, select_sentences
from tests.unit.models import DECODERS, TARGET, random_batch, random_ids, rows_of, tiny_model

LENGTHS = [5, 1, 4, 2, 3]
OPTIONS = SearchOptions(beam_size=4, n_best=4, max_length=7)
EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-9}

pytestmark = [pytest.mark.grid, pytest.mark.usefixtures("forgetful")]
models = pytest.mark.parametrize("score", [*sorted(SCORES), "forgetful"])
wirings = pytest.mark.parametrize("wiring", DECODERS)


def model_of(wiring: str, score: str, cell: str = "gru", seed: int = 3) -> Seq2Seq:
    model = tiny_model(seed, cell=cell, decoder_layers=2, attention={"score": score}, **DECODERS[wiring])
    with torch.no_grad():
        model.output.linear.weight.mul_(0.3)  # flat enough that hypotheses part early, and end soon
        model.output.linear.bias.zero_()[TARGET.eos_id] = 1.0
    return model


def part(one: Hypothesis, other: Hypothesis) -> bool:
    """Whether two hypotheses differ in a token that was fed back to both."""
    return any(a != b for a, b in zip(one.tokens[:-1], other.tokens[:-1], strict=False))


def padded(hypotheses: list[Hypothesis]) -> Tensor:
    width = max(len(found.tokens) for found in hypotheses)
    return torch.tensor([found.tokens + [TARGET.pad_id] * (width - len(found.tokens)) for found in hypotheses])


@models
@wirings
@pytest.mark.parametrize("cell", CELLS)
def test_forced_decoding_tells_what_the_search_told(wiring: str, score: str, cell: str) -> None:
    model, batch = model_of(wiring, score, cell), random_batch(LENGTHS)
    results = beam_search(model, batch, TARGET, OPTIONS)
    assert all(any(part(*pair) for pair in combinations(hypotheses, 2)) for hypotheses in results)
    for rank in range(OPTIONS.n_best):
        column = [hypotheses[rank] for hypotheses in results]
        forced = forced_decode(model, batch, padded(column), TARGET)
        for row, found in enumerate(column):
            steps, width = len(found.tokens), LENGTHS[row]
            log_prob = float(forced.log_probs[row, :steps].sum())
            assert found.log_prob == pytest.approx(log_prob, abs=1e-9)
            assert found.score == pytest.approx(log_prob / ((5 + steps) / 6), abs=1e-9)
            assert found.weights.shape == (steps, width)
            torch.testing.assert_close(found.weights, forced.weights[row, :steps, :width], **EXACT)
            torch.testing.assert_close(found.weights.sum(1), torch.ones(steps).double(), **EXACT)


@models
@wirings
def test_company_changes_nothing(wiring: str, score: str) -> None:
    model, batch = model_of(wiring, score, "lstm"), random_batch(LENGTHS)
    alone = [beam_search(model, rows_of(batch, [row], LENGTHS[row]), TARGET, OPTIONS)[0] for row in range(5)]
    for rows, width in ((range(5), 5), ([3, 0, 4], 5), ([1, 3, 1], 9)):
        results = beam_search(model, rows_of(batch, list(rows), width), TARGET, OPTIONS)
        for row, hypotheses in zip(rows, results, strict=True):
            assert [found.tokens for found in hypotheses] == [found.tokens for found in alone[row]]
            for found, expected in zip(hypotheses, alone[row], strict=True):
                assert found.score == pytest.approx(expected.score, abs=1e-9)
                torch.testing.assert_close(found.weights, expected.weights, **EXACT)


@models
@wirings
def test_greedy_equals_a_beam_of_one(wiring: str, score: str) -> None:
    model, batch, options = model_of(wiring, score), random_batch(LENGTHS), SearchOptions(beam_size=1)
    greedy = greedy_search(model, batch, TARGET, options)
    for found, (one,) in zip(greedy, beam_search(model, batch, TARGET, options), strict=True):
        assert found.tokens == one.tokens
        assert found.score == pytest.approx(one.score, abs=1e-10)
        torch.testing.assert_close(found.weights, one.weights, **EXACT)


@models
@wirings
def test_float_finds_the_texts_that_double_finds(wiring: str, score: str) -> None:
    model, batch = model_of(wiring, score), random_batch(LENGTHS)
    double = beam_search(model, batch, TARGET, OPTIONS)
    single = beam_search(model.float(), batch, TARGET, OPTIONS)
    for one, two in zip(single, double, strict=True):
        assert one[0].tokens == two[0].tokens
        assert one[0].score == pytest.approx(two[0].score, abs=1e-4)
        assert one[0].weights.dtype == torch.float32


@wirings
def test_barred_tokens_keep_their_probability(wiring: str) -> None:
    model, batch = model_of(wiring, "general"), random_batch(LENGTHS)
    with torch.no_grad():
        model.output.linear.bias[[TARGET.pad_id, TARGET.bos_id, TARGET.unk_id]] += 20.0
    for hypotheses in beam_search(model, batch, TARGET, OPTIONS):
        for found in hypotheses:
            assert not {TARGET.pad_id, TARGET.bos_id, TARGET.unk_id} & set(found.tokens)
            assert found.log_prob < -10 * len(found.tokens)


@wirings
def test_forced_log_probs_are_those_of_single_steps(wiring: str) -> None:
    model, batch, target = model_of(wiring, "additive"), random_batch(LENGTHS), random_ids(5, 5, 6, size=TARGET.size)
    forced = forced_decode(model, batch, target, TARGET)
    source, state = model.start(*batch)
    tokens = torch.full((5, 1), TARGET.bos_id)
    for step in range(6):
        logits, weights, state = model.step(tokens, source, state)
        tokens = target[:, step : step + 1]
        expected = torch.log_softmax(logits[:, 0], -1).gather(1, tokens)[:, 0]
        torch.testing.assert_close(forced.log_probs[:, step], expected, **EXACT)
        torch.testing.assert_close(forced.weights[:, step], weights[:, 0], **EXACT)
    assert not forced.log_probs.requires_grad


def test_sums_are_double_in_single_precision() -> None:
    model, batch = model_of("luong", "dot").float(), random_batch([3])
    assert forced_decode(model, batch, random_ids(5, 1, 4), TARGET).log_probs.dtype == torch.float64


def test_inputs_are_targets_moved_by_one() -> None:
    target = torch.tensor([[4, 5, 2, 0], [6, 2, 0, 0]])
    assert shift_right(target, 1).tolist() == [[1, 4, 5, 2], [1, 6, 2, 0]]


def test_trees_are_selected_in_all_of_their_tensors() -> None:
    values = torch.arange(12).view(2, 3, 2)
    tree = ((values, None), values[:, :, 0])
    (moved, nothing), flat = select_hypotheses(tree, torch.tensor([[2, 2], [0, 1]]))
    assert nothing is None
    assert moved.tolist() == [[[4, 5], [4, 5]], [[6, 7], [8, 9]]]
    assert flat.tolist() == [[4, 4], [6, 8]]
    (kept, _), _ = select_sentences(tree, torch.tensor([1]))
    assert kept.tolist() == [[[6, 7], [8, 9], [10, 11]]]
