"""Beam and greedy search over models that are tables, against the contract written in plain Python."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.config import SearchOptions, UserError, Vocabulary
from nmt.search import Batch, Hypothesis, beam_search, greedy_search
from tests.unit.models import LogitFunction, PrefixModel
from tests.unit.reference_search import all_sequences, slow_beam

A, B, C = 4, 5, 6


def vocabulary(size: int) -> Vocabulary:
    return Vocabulary(size=size, pad_id=0, bos_id=1, eos_id=2, unk_id=3)


def batch_of(keys: Sequence[int], lengths: Sequence[int]) -> Batch:
    """Returns sources that begin with these keys, by which a `PrefixModel` tells them apart."""
    source = torch.zeros(len(keys), max(lengths), dtype=torch.long)
    source[:, 0] = torch.tensor(keys)
    return Batch(source, torch.tensor(lengths))


def random_logits(seed: int, size: int, end: float = 0.0) -> LogitFunction:
    """Returns a model whose next logits depend on all that went before; `end` favours the end mark."""

    def logits(key: int, prefix: tuple[int, ...]) -> list[float]:
        values: list[float] = np.random.default_rng((seed, key, *prefix)).normal(0, 2, size).tolist()
        values[2] += end
        return values

    return logits


def search_one(logits: LogitFunction, size: int, source_length: int = 3, **options: object) -> list[Hypothesis]:
    chosen = SearchOptions(**options)  # type: ignore[arg-type]
    return beam_search(PrefixModel(logits), batch_of([0], [source_length]), vocabulary(size), chosen)[0]


def table(rows: dict[tuple[int, ...], dict[int, float]], size: int = 7) -> LogitFunction:
    """Returns a model by the probabilities of tokens after each prefix; others share nearly nothing."""

    def logits(key: int, prefix: tuple[int, ...]) -> list[float]:
        given = rows.get(prefix, {2: 1.0})
        return [math.log(given.get(token, 1e-12)) for token in range(size)]

    return logits


@pytest.mark.parametrize("stopping", ["complete", "first"])
@pytest.mark.parametrize("beam_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [5, 6, 7, 15])
def test_beam_search_does_what_the_contract_says(size: int, beam_size: int, stopping: str) -> None:
    random = np.random.default_rng((size, beam_size))
    for seed in range(6):
        options = SearchOptions(
            beam_size=beam_size,
            n_best=int(random.integers(1, beam_size + 1)),
            length_penalty=float(random.choice([0.0, 0.6, 1.0, 2.0])),
            max_length=int(random.integers(1, 8)),
            stopping=stopping,
        )
        logits = random_logits(seed, size, end=float(random.choice([-2.0, 0.0, 2.0])))
        batch = batch_of(range(5), [3, 1, 4, 2, 2])
        results = beam_search(PrefixModel(logits), batch, vocabulary(size), options)
        for key, hypotheses in enumerate(results):
            expected = slow_beam(partial(logits, key), vocabulary(size), options, options.max_length or 0)
            assert [tuple(found.tokens) for found in hypotheses] == [found.tokens for found in expected]
            for got, wanted in zip(hypotheses, expected, strict=True):
                assert got.log_prob == pytest.approx(wanted.log_prob, abs=1e-11)
                assert got.score == pytest.approx(wanted.score, abs=1e-11)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    beam_size=st.integers(1, 5),
    size=st.integers(5, 8),
    stopping=st.sampled_from(["complete", "first"]),
)
def test_ties_break_by_hypothesis_and_then_token(seed: int, beam_size: int, size: int, stopping: str) -> None:
    def logits(key: int, prefix: tuple[int, ...]) -> list[float]:
        # One token has all the probability that a double can tell; the others tie in whole numbers, which add exactly.
        random = np.random.default_rng((seed, *prefix))
        values: list[float] = random.choice([-800.0, -801.0], size).tolist()
        values[int(random.integers(size))] = 0.0
        return values

    options = SearchOptions(beam_size=beam_size, n_best=beam_size, max_length=4, stopping=stopping)
    expected = slow_beam(partial(logits, 0), vocabulary(size), options, 4)
    found = beam_search(PrefixModel(logits), batch_of([0], [2]), vocabulary(size), options)[0]
    assert [(tuple(one.tokens), one.log_prob) for one in found] == [(one.tokens, one.log_prob) for one in expected]


def test_equal_logits_take_the_lowest_ids() -> None:
    found = search_one(lambda key, prefix: [0.0] * 7, 7, beam_size=3, n_best=3, length_penalty=0.0)
    # Each step has 7 equal continuations: the end mark (2) first, then 4 and 5, and hypothesis before token.
    assert [one.tokens for one in found] == [[2], [4, 2], [4, 4, 2]]
    assert [one.log_prob for one in found] == pytest.approx([-math.log(7) * steps for steps in (1, 2, 3)])


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.5])
def test_wide_beam_finds_the_best_of_all_sequences(length_penalty: float) -> None:
    for seed in range(4):
        logits = random_logits(seed, 7)
        expected = all_sequences(partial(logits, 0), vocabulary(7), 3, length_penalty)
        assert len(expected) == 1 + 3 + 9 + 27
        found = search_one(logits, 7, beam_size=64, n_best=40, length_penalty=length_penalty, max_length=3)
        assert [tuple(one.tokens) for one in found] == [one.tokens for one in expected]
        assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-11)


def test_greedy_equals_a_beam_of_one() -> None:
    for seed in range(20):
        model, batch = PrefixModel(random_logits(seed, 9, end=-1.0)), batch_of(range(4), [3, 1, 2, 2])
        options = SearchOptions(beam_size=1, length_penalty=0.7)
        beams = beam_search(model, batch, vocabulary(9), options)
        for alone, (one,) in zip(greedy_search(model, batch, vocabulary(9), options), beams, strict=True):
            assert alone.tokens == one.tokens
            assert alone.log_prob == pytest.approx(one.log_prob, abs=1e-12)
            assert alone.score == pytest.approx(one.score, abs=1e-12)
            assert torch.equal(alone.weights, one.weights)


def test_wider_beam_finds_what_greedy_search_misses() -> None:
    trap = table({(): {A: 0.6, B: 0.4}, (A,): {C: 0.4, 2: 0.3, A: 0.3}, (B,): {C: 0.95, 2: 0.05}})
    greedy = greedy_search(PrefixModel(trap), batch_of([0], [2]), vocabulary(7), SearchOptions())[0]
    assert greedy.tokens == [A, C, 2]
    (best,) = search_one(trap, 7, beam_size=2)
    assert best.tokens == [B, C, 2]
    assert best.log_prob == pytest.approx(math.log(0.4 * 0.95), abs=1e-9)
    assert best.score == pytest.approx(math.log(0.4 * 0.95) / (8 / 6), abs=1e-9)


def test_first_stops_when_the_best_candidate_ends() -> None:
    rows = {(): {A: 0.5, 2: 0.3, B: 0.2}, (A,): {2: 0.9, C: 0.1}, (B,): {C: 1.0}, (B, C): {2: 1.0}}
    complete, first = (
        search_one(table(rows), 7, beam_size=3, n_best=3, length_penalty=0.0, stopping=stopping)
        for stopping in ("complete", "first")
    )
    # At step 2 the best candidate ends, but one hypothesis is still missing: both rules go on to step 3.
    assert [one.tokens for one in first] == [one.tokens for one in complete] == [[A, 2], [2], [B, C, 2]]
    model = PrefixModel(table(rows))
    options = SearchOptions(beam_size=3, n_best=2, length_penalty=0.0, stopping="first")
    assert [one.tokens for one in beam_search(model, batch_of([0], [2]), vocabulary(7), options)[0]] == [[A, 2], [2]]
    assert model.steps == 2


def test_barred_tokens_never_come_but_keep_their_probability() -> None:
    greedy_for_unknown = {0: 0.1, 1: 0.1, 3: 0.6, A: 0.15, 2: 0.05}
    rows = {(): greedy_for_unknown, (A,): greedy_for_unknown, (A, A): {3: 0.9, 2: 0.1}}
    found = search_one(table(rows), 7, beam_size=6, n_best=6, length_penalty=0.0, max_length=2)
    assert not {0, 1, 3} & {token for one in found for token in one.tokens}
    probabilities = {tuple(one.tokens): math.exp(one.log_prob) for one in found}
    assert probabilities[2,] == pytest.approx(0.05)
    assert probabilities[A, 2] == pytest.approx(0.15 * 0.05)
    assert probabilities[A, A, 2] == pytest.approx(0.15**2 * 0.1)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_only_the_end_mark_follows_at_the_limit_and_it_counts(beam_size: int) -> None:
    endless = {A: 1 - 1e-6, 2: 1e-6}
    rows = {(A,) * length: endless for length in range(20)}
    best = search_one(table(rows), 7, beam_size=beam_size, max_length=4, length_penalty=0.0)[0]
    if beam_size == 1:
        assert best.tokens == [A, A, A, A, 2]
    assert len(best.tokens) <= 5
    step = len(best.tokens) - 1
    assert best.log_prob == pytest.approx(math.log(1e-6) + step * math.log(1 - 1e-6), rel=1e-6)


@pytest.mark.parametrize("source_length", [1, 4])
def test_default_limit_is_twice_the_source_and_ten(source_length: int) -> None:
    endless = {(A,) * length: {A: 1.0, 2: 1e-9} for length in range(50)}
    model, batch = PrefixModel(table(endless)), batch_of([0, 1], [source_length, 5])
    found = greedy_search(model, batch, vocabulary(7), SearchOptions())
    assert [len(one.tokens) - 1 for one in found] == [2 * source_length + 10, 20]
    beams = beam_search(model, batch, vocabulary(7), SearchOptions(beam_size=1))
    assert [len(one.tokens) - 1 for (one,) in beams] == [2 * source_length + 10, 20]


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_every_row_of_weights_is_that_of_its_token_and_hypothesis(beam_size: int) -> None:
    lengths = [3, 1, 5, 2]
    options = SearchOptions(beam_size=beam_size, n_best=beam_size, max_length=7)
    moved = 0
    for seed in range(8):
        results = beam_search(PrefixModel(random_logits(seed, 8)), batch_of(range(4), lengths), vocabulary(8), options)
        for key, hypotheses in enumerate(results):
            for found in hypotheses:
                prefixes = [tuple(found.tokens[:step]) for step in range(len(found.tokens))]
                expected = [PrefixModel.weights(key, prefix, lengths[key]) for prefix in prefixes]
                torch.testing.assert_close(found.weights, torch.tensor(expected, dtype=torch.float64))
            moved += hypotheses[0].tokens[0] != max(
                (token for token in range(4, 8)), key=lambda token: random_logits(seed, 8)(key, ())[token]
            )
    assert moved > 0 or beam_size == 1  # the beam was reordered


@pytest.mark.parametrize("beam_size", [1, 4])
def test_company_changes_nothing(beam_size: int) -> None:
    options, lengths = SearchOptions(beam_size=beam_size, n_best=beam_size), [3, 1, 5, 2, 4]
    for seed in range(4):
        model = PrefixModel(random_logits(seed, 9, end=1.0))

        def run(keys: Sequence[int], model: PrefixModel = model) -> list[list[tuple[list[int], float]]]:
            batch = batch_of(keys, [lengths[key] for key in keys])
            results = beam_search(model, batch, vocabulary(9), options)
            return [[(one.tokens, one.log_prob) for one in hypotheses] for hypotheses in results]

        alone = [run([key])[0] for key in range(5)]
        assert run(range(5)) == alone
        assert run([4, 0, 0, 2]) == [alone[4], alone[0], alone[0], alone[2]]


def test_n_best_are_distinct_and_in_order() -> None:
    found = search_one(random_logits(3, 12), 12, beam_size=5, n_best=5)
    assert len({tuple(one.tokens) for one in found}) == 5
    assert all(one.tokens.index(2) == len(one.tokens) - 1 for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("beam_size", [1, 3])
def test_logits_that_are_no_numbers_do_not_search_for_ever(value: float, beam_size: int) -> None:
    model = PrefixModel(lambda key, prefix: [value] * 7, most_steps=6)
    with pytest.raises(UserError, match="no numbers"):
        beam_search(model, batch_of([0], [2]), vocabulary(7), SearchOptions(beam_size=beam_size, max_length=5))
