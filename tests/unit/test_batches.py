"""Batches: what is in them, how full they are, in which order they come, and how they go on after an interruption."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.data.batches import BatchLoader, PairBatch, pad, padding_share, plan_batches
from nmt.data.ragged import EncodedPairs, Ragged

Lengths = list[tuple[int, int]]


def pairs_of(lengths: Lengths) -> EncodedPairs:
    """Returns pairs of which every source begins with the number of its pair."""
    sources = [[100 + number] + [7] * (source - 1) for number, (source, _) in enumerate(lengths)]
    return EncodedPairs(Ragged(sources), Ragged([[8] * (target - 1) + [2] for _, target in lengths]))


def like_sentences(count: int, seed: int = 0) -> Lengths:
    """Returns lengths spread as those of sentences and their translations: skewed around 14, and correlated."""
    random = np.random.default_rng(seed)
    common = random.lognormal(np.log(13), 0.45, count)
    sides = [
        np.round(common * random.lognormal(0, spread, count)).clip(1, 100).astype(int) + 1 for spread in (0.1, 0.15)
    ]
    return list(zip(sides[0].tolist(), sides[1].tolist(), strict=True))


def loader_of(lengths: Lengths, **settings: int) -> BatchLoader:
    chosen = {"batch_tokens": 120, "source_pad": 0, "target_pad": 1, "seed": 3, **settings}
    return BatchLoader(pairs_of(lengths), **chosen)


def numbers(batch: PairBatch) -> list[int]:
    """Returns which pairs are in a batch."""
    return (batch.source[:, 0] - 100).tolist()


LENGTHS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(lengths=LENGTHS, batch_tokens=st.integers(1, 100), seed=st.integers(0, 99), epoch=st.integers(0, 9))
def test_every_pair_comes_once_within_the_budget(lengths: Lengths, batch_tokens: int, seed: int, epoch: int) -> None:
    plan = plan_batches(pairs_of(lengths), batch_tokens, seed, epoch)
    assert sorted(int(index) for batch in plan for index in batch) == list(range(len(lengths)))
    for batch in plan:
        longest = max(max(lengths[index]) for index in batch)
        assert len(batch) == 1 or len(batch) * longest <= batch_tokens


@settings(deadline=None, max_examples=60)
@given(lengths=LENGTHS, batch_tokens=st.integers(20, 100))
def test_every_epoch_has_as_many_batches(lengths: Lengths, batch_tokens: int) -> None:
    pairs = pairs_of(lengths)
    assert len({len(plan_batches(pairs, batch_tokens, 1, epoch)) for epoch in range(4)}) == 1


@pytest.mark.parametrize("batch_tokens", [64, 128, 256, 512])
def test_every_epoch_of_a_corpus_has_as_many_batches(batch_tokens: int) -> None:
    for seed in range(3):
        pairs = pairs_of(like_sentences(600, seed))
        assert len({len(plan_batches(pairs, batch_tokens, 1, epoch)) for epoch in range(10)}) == 1


def test_order_is_a_function_of_seed_and_epoch() -> None:
    pairs = pairs_of(like_sentences(300))

    def order(seed: int, epoch: int) -> list[list[int]]:
        np.random.seed(seed + epoch)  # whatever the global generators hold
        torch.manual_seed(seed + epoch)
        return [batch.tolist() for batch in plan_batches(pairs, 200, seed, epoch)]

    again = order(1, 0)
    assert order(1, 0) == again
    others = [order(seed, epoch) for seed, epoch in ((1, 1), (2, 0), (0, 1))]
    assert all(other != again for other in others)
    together = {frozenset(batch) for batch in again}
    assert together != {frozenset(batch) for batch in others[0]}  # not only the order of the same batches


def test_planning_leaves_global_generators_alone() -> None:
    before = np.random.get_state(legacy=False), torch.get_rng_state()
    list(loader_of(like_sentences(50)))
    np.testing.assert_equal(np.random.get_state(legacy=False), before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_order_of_batches_is_not_that_of_their_lengths() -> None:
    lengths = like_sentences(2000)
    plan = plan_batches(pairs_of(lengths), 300, 1, 0)
    widths = [max(max(lengths[index]) for index in batch) for batch in plan]
    neighbours = np.corrcoef(widths[:-1], widths[1:])[0, 1]
    assert abs(neighbours) < 0.25


class TestPadding:
    def counted(self, lengths: Lengths, loader: BatchLoader) -> float:
        """Returns the share of padding in the tensors that come out."""
        cells = sum(batch.source.numel() + batch.target.numel() for batch in loader)
        return 1 - sum(source + target for source, target in lengths) / cells

    @pytest.mark.parametrize("batch_tokens", [1024, 2048])
    def test_little_is_wasted_on_a_corpus_of_sentences(self, batch_tokens: int) -> None:
        lengths = like_sentences(20_000)
        loader = loader_of(lengths, batch_tokens=batch_tokens)
        plan = plan_batches(loader.pairs, batch_tokens, 3, 0)
        share = self.counted(lengths, loader)
        assert share < 0.05
        assert padding_share(loader.pairs, plan) == pytest.approx(share, abs=1e-12)

    def test_share_by_hand(self) -> None:
        pairs = pairs_of([(1, 4), (3, 2), (5, 5)])
        plan = [np.array([0, 1]), np.array([2])]
        # The first batch is 2 x 3 and 2 x 4 with 4 and 6 real tokens, the second is full.
        assert padding_share(pairs, plan) == pytest.approx(1 - 20 / 24)

    def test_batches_are_full(self) -> None:
        lengths = like_sentences(2000)
        plan = plan_batches(pairs_of(lengths), 512, 1, 0)
        sizes = [len(batch) * max(max(lengths[index]) for index in batch) for batch in plan]
        assert np.mean(sizes) > 0.9 * 512

    def test_padding_stands_on_the_right(self) -> None:
        ragged = Ragged([[5, 6], [7], [8, 9, 4]])
        assert pad(ragged, np.array([1, 2]), 0).tolist() == [[7, 0, 0], [8, 9, 4]]
        assert pad(ragged, np.array([1, 0]), 3).tolist() == [[7, 3], [5, 6]]


class TestLoader:
    lengths = like_sentences(150)

    def test_batches_hold_their_pairs(self) -> None:
        for batch in loader_of(self.lengths):
            expected = [self.lengths[number] for number in numbers(batch)]
            assert batch.source_lengths.tolist() == [source for source, _ in expected]
            assert (batch.source != 0).sum(1).tolist() == batch.source_lengths.tolist()
            assert (batch.target != 1).sum(1).tolist() == [target for _, target in expected]
            assert batch.target_tokens == sum(target for _, target in expected)
            assert batch.source.shape[1] == max(source for source, _ in expected)

    def test_epochs_go_on_by_themselves_and_differ(self) -> None:
        loader = loader_of(self.lengths)
        epochs = [[numbers(batch) for batch in loader] for _ in range(3)]
        assert all(Counter(chain.from_iterable(epoch)) == Counter(range(150)) for epoch in epochs)
        assert epochs[0] != epochs[1] != epochs[2]
        for number, epoch in enumerate(epochs):
            assert epoch == [plan.tolist() for plan in plan_batches(loader.pairs, 120, 3, number)]

    @pytest.mark.parametrize("accumulate", [1, 2, 3, 7])
    def test_step_tokens_are_those_of_the_batches_of_a_step(self, accumulate: int) -> None:
        loader = loader_of(self.lengths, accumulate=accumulate)
        for _ in range(2):
            batches = list(loader)
            assert len(batches) % accumulate != 0 or accumulate == 1  # the last step is shorter
            for start in range(0, len(batches), accumulate):
                step = batches[start : start + accumulate]
                assert {batch.step_tokens for batch in step} == {sum(batch.target_tokens for batch in step)}

    @pytest.mark.parametrize("accumulate", [1, 2])
    @pytest.mark.parametrize("taken", [0, 1, 5, -1])
    def test_another_loader_goes_on_exactly(self, taken: int, accumulate: int) -> None:
        def stream(loader: BatchLoader) -> Iterator[PairBatch]:
            for _ in range(3):
                yield from loader

        first = loader_of(self.lengths, accumulate=accumulate)
        taken = len(first) if taken < 0 else taken
        batches = stream(first)
        for _ in range(taken):
            next(batches)
        second = loader_of(self.lengths, accumulate=accumulate)
        second.load_state_dict(first.state_dict())
        for _, expected, found in zip(range(60), batches, stream(second), strict=False):
            assert numbers(found) == numbers(expected)
            assert torch.equal(found.target, expected.target)
            assert found.step_tokens == expected.step_tokens

    def test_state_at_an_epochs_end_leads_to_the_next_epoch(self) -> None:
        first, second = loader_of(self.lengths), loader_of(self.lengths)
        list(first)
        list(first)
        second.load_state_dict(first.state_dict())
        assert list(second) == []  # the rest of the epoch that had ended
        assert [numbers(batch) for batch in second] == [numbers(batch) for batch in first]

    def test_state_is_plain_numbers(self) -> None:
        loader = loader_of(self.lengths)
        next(iter(loader))
        assert loader.state_dict() == {"epoch": 0, "position": 1}

    def test_length_is_that_of_the_epoch(self) -> None:
        loader = loader_of(self.lengths)
        assert len(loader) == len(list(loader)) == len(list(loader))

    def test_left_epoch_goes_on_where_it_was_left(self) -> None:
        loader, whole = loader_of(self.lengths), [numbers(batch) for batch in loader_of(self.lengths)]
        for batch in loader:
            assert numbers(batch) == whole[0]
            break
        assert [numbers(batch) for batch in loader] == whole[1:]
