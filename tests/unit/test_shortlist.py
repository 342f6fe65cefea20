"""Shortlists: IBM model 1 by known figures, lists by rule, and search over them."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch

import nmt.translation.shortlist as module
from nmt.config import SearchOptions, Vocabulary
from nmt.search import Batch, Words, beam_search, greedy_search
from nmt.translation.shortlist import Shortlist, learn_shortlist
from tests.unit.models import TARGET, PrefixModel, random_batch, tiny_model
from tests.unit.reference_search import slow_beam
from tests.unit.test_search import random_logits, vocabulary

DAS, HAUS, BUCH, EIN = 4, 5, 6, 7
THE, HOUSE, BOOK, A = 4, 5, 6, 7
KOEHN = [([DAS, HAUS], [THE, HOUSE]), ([DAS, BUCH], [THE, BOOK]), ([EIN, BUCH], [A, BOOK])]
EIGHT = Vocabulary(size=8, pad_id=0, bos_id=1, eos_id=2, unk_id=3)


@pytest.mark.parametrize(
    ("rounds", "the_of_das", "book_of_das", "a_of_ein"),
    [(1, 0.5, 0.25, 0.5), (2, 0.6364, 0.1818, 0.5714), (3, 0.7479, 0.1208, 0.6534)],
)
def test_model_one_gives_the_figures_of_the_textbook(
    monkeypatch: pytest.MonkeyPatch, rounds: int, the_of_das: float, book_of_das: float, a_of_ein: float
) -> None:
    """Koehn (2010), Statistical Machine Translation, figure 4.4: three sentence pairs, uniform at the start.

    By hand, round 3 of a and ein: 0.5714 / (0.5714 + 0.1818) = 0.7587 of one, 0.4286 / (0.4286 + 0.6364) = 0.4024 of
    the other; 0.7587 / (0.7587 + 0.4024) = 0.6534.
    """
    monkeypatch.setattr(module, "ROUNDS", rounds)
    keys, groups, _ = module._cells(KOEHN, 8)
    known, inverse = np.unique(keys, return_inverse=True)
    table = dict(zip(known.tolist(), module._model_one(inverse, groups, known // 8).tolist(), strict=True))
    assert table[DAS * 8 + THE] == pytest.approx(the_of_das, abs=5e-5)
    assert table[DAS * 8 + BOOK] == pytest.approx(book_of_das, abs=5e-5)
    assert table[EIN * 8 + A] == pytest.approx(a_of_ein, abs=5e-5)


def learnt(best: int = 1, frequent: int = 0) -> Shortlist:
    return learn_shortlist(KOEHN, EIGHT, EIGHT, best=best, frequent=frequent)


def allowed(words: Words, row: int) -> list[int]:
    return words.tokens[words.allowed[row]].tolist()


def test_a_list_holds_the_likeliest_the_frequent_and_the_special() -> None:
    words = learnt().words(torch.tensor([[DAS, HAUS], [BUCH, 0]]), EIGHT)
    assert allowed(words, 0) == [0, 1, 2, 3, THE, HOUSE]
    assert allowed(words, 1) == [0, 1, 2, 3, BOOK]
    assert words.tokens.tolist() == [0, 1, 2, 3, THE, HOUSE, BOOK]
    frequent = learnt(frequent=1).words(torch.tensor([[EIN]]), EIGHT)
    assert allowed(frequent, 0) == [0, 1, 2, 3, THE, A]


def test_pieces_that_are_written_alike_are_on_the_list() -> None:
    found = learn_shortlist(KOEHN, EIGHT, EIGHT, best=1, frequent=0, same=[(DAS, A)])
    assert allowed(found.words(torch.tensor([[DAS]]), EIGHT), 0) == [0, 1, 2, 3, THE, A]


def test_a_list_does_not_depend_on_company() -> None:
    together = learnt(best=2).words(torch.tensor([[DAS, HAUS], [EIN, BUCH], [BUCH, 0]]), EIGHT)
    for row, source in enumerate([[DAS, HAUS], [EIN, BUCH], [BUCH]]):
        assert allowed(learnt(best=2).words(torch.tensor([source]), EIGHT), 0) == allowed(together, row)


def test_reading_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 3)
    words = learnt(best=9).words(torch.tensor([[BUCH]]), EIGHT)
    assert allowed(words, 0) == [0, 1, 2, 3]


def test_misfits_are_told() -> None:
    assert learnt().fits(EIGHT, EIGHT)
    assert not learnt().fits(EIGHT, Vocabulary(size=6, pad_id=0, bos_id=1, eos_id=2, unk_id=3))
    assert not learnt().fits(Vocabulary(size=9, pad_id=0, bos_id=1, eos_id=2, unk_id=3), EIGHT)


class Narrow:
    """A model whose logits are those of some tokens."""

    def __init__(self, model: PrefixModel, tokens: torch.Tensor) -> None:
        self.model, self.tokens = model, tokens
        self.start = model.start

    def step(self, tokens, source, state):  # type: ignore[no-untyped-def]
        logits, weights, state = self.model.step(tokens, source, state)
        return logits[..., self.tokens], weights, state


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_search_shares_probabilities_among_each_sentence_s_own_words(beam_size: int) -> None:
    size, lists = 12, [[0, 1, 2, 3, 5, 8], [0, 1, 2, 3, 4, 5, 11], list(range(12))]
    tokens = torch.arange(size)
    mask = torch.tensor([[token in one for token in range(size)] for one in lists])
    source = torch.zeros(3, 3, dtype=torch.long)
    source[:, 0] = torch.arange(3)
    batch, options = Batch(source, torch.tensor([3, 3, 2])), SearchOptions(beam_size=beam_size, max_length=6)
    for seed in range(5):
        logits = random_logits(seed, size)

        def own(key: int, prefix: tuple[int, ...], logits=logits) -> Sequence[float]:  # type: ignore[no-untyped-def]
            values = logits(key, prefix)
            return [value if token in lists[key] else -1e30 for token, value in enumerate(values)]

        model = Narrow(PrefixModel(logits), tokens)
        found = beam_search(model, batch, vocabulary(size), options, Words(tokens, mask))
        for key, hypotheses in enumerate(found):
            expected = slow_beam(partial(own, key), vocabulary(size), options, 6)
            assert [tuple(one.tokens) for one in hypotheses] == [one.tokens for one in expected]
            assert hypotheses[0].log_prob == pytest.approx(expected[0].log_prob, abs=1e-9)
        if beam_size == 1:
            greedy = greedy_search(model, batch, vocabulary(size), options, Words(tokens, mask))
            assert [one.tokens for one in greedy] == [one[0].tokens for one in found]


def test_columns_of_a_view_are_the_tokens_named() -> None:
    model, batch = tiny_model(), random_batch([4, 3])
    tokens = torch.tensor([0, 1, 2, 3, 6, 9])
    view = model.viewed(tokens=tokens)
    begin = torch.full((2, 1), TARGET.bos_id)
    some, whole = (one.step(begin, *one.start(*batch))[0] for one in (view, model))
    torch.testing.assert_close(some, whole[..., tokens])
