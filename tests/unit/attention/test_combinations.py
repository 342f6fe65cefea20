"""Every score with every normalizer, window, coverage and decoder: it works, or one line says why not."""

import re

import pytest
import torch

from nmt.config import SearchOptions, SettingsError
from nmt.config.attention import NO_SCORE
from nmt.modules import attention
from nmt.modules.seq2seq import Seq2Seq
from nmt.search import beam_search, forced_decode
from tests.unit.attention import combinations
from tests.unit.attention.combinations import Cell, cells
from tests.unit.models import DECODERS, TARGET, random_batch, random_ids

pytestmark = pytest.mark.grid

OPTIONS = SearchOptions(beam_size=2, n_best=2, max_length=2)
SEARCHED = ("additive", "general", "location", "location_aware", "none")
"""Scores that search is tried with: one of each kind. Others differ in a formula, which `check_steps` looks at."""
WIRED = ("bahdanau", "luong", "parallel")
"""Decoders that search is tried with; the others have other states, which `check_steps` and tests of search look at."""


def check_steps(model: Seq2Seq) -> None:
    """One step at a time gives the numbers of all steps at once, and weights sum to one; gradients reach all."""
    steps = 3 if model.decoder.attention.needs_history else 2
    batch, targets = random_batch([5, 1, 4]), random_ids(7, 3, steps)
    whole = model(*batch, targets)
    logits = model.output(whole.attentional)
    with torch.no_grad():
        source, state = model.start(*batch)
        found = []
        for tokens in torch.split(targets, 1, dim=1):
            *both, state = model.step(tokens, source, state)
            found.append(torch.cat(both, dim=-1))
    expected = torch.cat([logits, whole.weights], dim=-1).detach()
    torch.testing.assert_close(torch.cat(found, dim=1), expected, rtol=0, atol=1e-12)
    assert bool(((whole.weights.sum(-1) - float(model.aligns)).abs() < 1e-12).all())
    logits.logsumexp(-1).sum().backward()


def check_gradients(model: Seq2Seq, cell: Cell) -> None:
    """A gradient is there for each parameter; under softmax, where no row can be flat, it is not 0."""
    for name, one in model.named_parameters():
        assert one.grad is not None, name
        assert one.grad.isfinite().all(), name
        assert one.grad.any() or cell.normalizer != "softmax", name


def check_search(model: Seq2Seq) -> None:
    """Hypotheses of a beam have the log-probabilities and weights of forced decoding."""
    with torch.no_grad():
        model.output.linear.bias.zero_()[TARGET.eos_id] = 1.0
    batch = random_batch([4, 2])
    results = beam_search(model, batch, TARGET, OPTIONS)
    rows = torch.tensor([0] * len(results[0]) + [1] * len(results[1]))
    found = [hypothesis for hypotheses in results for hypothesis in hypotheses]
    assert len(found) == 2 * OPTIONS.n_best
    width = max(len(one.tokens) for one in found)
    target = torch.tensor([one.tokens + [TARGET.pad_id] * (width - len(one.tokens)) for one in found])
    forced = forced_decode(model, type(batch)(batch.source[rows], batch.source_lengths[rows]), target, TARGET)
    for row, one in enumerate(found):
        steps, source = one.weights.shape
        assert abs(one.log_prob - float(forced.log_probs[row, :steps].sum())) < 1e-9
        assert float((one.weights - forced.weights[row, :steps, :source]).abs().max()) < 1e-9


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("wiring", DECODERS)
@pytest.mark.parametrize("score", combinations.SCORES)
def test_each_combination_works_or_is_refused_in_one_line(score: str, wiring: str, every: int) -> None:
    """A third of the combinations of each score with each decoder, so that what is left out here is tried there."""
    refused: list[str] = []
    start = (list(combinations.SCORES).index(score) + list(DECODERS).index(wiring)) % every
    for cell in list(cells(score, wiring))[start::every]:
        try:
            model = cell.model()
        except SettingsError as error:
            refused.append(str(error))
            continue
        try:
            check_steps(model)
            check_gradients(model, cell)
            if score in SEARCHED and wiring in WIRED:
                check_search(model)
        except Exception as error:
            error.add_note(f"in {cell}")
            raise
    assert all(re.fullmatch(rf"model\.attention\.\w+\b.* '{score}' .*", line) for line in refused)


def test_the_table_has_every_score_and_decoder() -> None:
    ours = {name for name, cls in attention.SCORES.items() if cls.__module__.startswith("nmt.")}
    assert set(combinations.SCORES) == {*ours, NO_SCORE}
    assert set(combinations.WIRINGS) == set(DECODERS)
    for cell in cells("dot", "luong"):
        assert sum(belongs(cell) for belongs in combinations.COLUMNS.values()) == 1


def test_the_table_says_what_the_code_does() -> None:
    written = combinations.FILE.read_text(encoding="utf-8")
    assert written == combinations.render(), "run: python -m tests.unit.attention.combinations"
