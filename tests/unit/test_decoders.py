"""Decoders: one step at a time or all at once, alone or in company, and against their equations written out."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nmt.config.model import BRIDGES, CELLS
from nmt.modules.attention import SCORES
from nmt.modules.cells import Recurrence
from nmt.modules.decoders import Decoded
from nmt.modules.seq2seq import Seq2Seq
from nmt.search.tree import select_hypotheses
from tests.unit.models import DECODERS, random_batch, random_ids, rows_of, tensors_of, tiny_model

SCORE_NAMES = [*sorted(SCORES), "forgetful"]
EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many target tokens each single step of a recurrence took, in order."""
    taken: list[int] = []
    step = Recurrence.step

    def counted(self: Recurrence, projected: Tensor, *others: Any) -> Any:
        taken.append(projected.shape[1])
        return step(self, projected, *others)

    monkeypatch.setattr(Recurrence, "step", counted)
    return taken


def forced(model: Seq2Seq, lengths: list[int], targets: Tensor, width: int | None = None) -> Decoded:
    decoded: Decoded = model(*random_batch(lengths, width=width), targets)
    return decoded


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("bridge", BRIDGES)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("score", SCORE_NAMES)
@pytest.mark.parametrize("wiring", DECODERS)
def test_step_by_step_equals_teacher_forced(wiring: str, score: str, cell: str, layers: int, bridge: str) -> None:
    settings: dict[str, Any] = {"cell": cell, "decoder_layers": layers, "bridge": bridge, "attention": {"score": score}}
    model = tiny_model(**settings, **DECODERS[wiring])
    batch, targets = random_batch([5, 2, 4]), random_ids(7, 3, 6)
    whole: Decoded = model(*batch, targets)
    assert whole.weights.shape == (3, 6, 5)

    source, state = model.start(*batch)
    rows = []
    for tokens in torch.split(targets, 1, dim=1):
        decoded = model.decoder.step(model.target_embedding(tokens), source, state)
        rows.append((decoded.attentional, decoded.weights))
        state = decoded.state
    attentional, weights = (torch.cat(parts, dim=1) for parts in zip(*rows, strict=True))
    torch.testing.assert_close(attentional, whole.attentional, **EXACT)
    torch.testing.assert_close(weights, whole.weights, **EXACT)
    assert state.history.steps == whole.state.history.steps == 6
    for got, wanted in zip(tensors_of(state), tensors_of(whole.state), strict=True):
        torch.testing.assert_close(got, wanted, **EXACT)


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("score", SCORE_NAMES)
@pytest.mark.parametrize("wiring", DECODERS)
class TestCompany:
    """Nothing that a sentence shares a batch with changes what comes out for it."""

    lengths = (5, 1, 4, 2)

    def model(self, wiring: str, score: str, cell: str) -> Seq2Seq:
        settings: dict[str, Any] = {
            "cell": cell,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "attention": {"score": score},
        }
        return tiny_model(**settings, **DECODERS[wiring])

    def test_padding_changes_nothing(self, wiring: str, score: str, cell: str) -> None:
        model, batch, targets = self.model(wiring, score, cell), random_batch(self.lengths), random_ids(7, 4, 3)
        near, far = model(*batch, targets), model(*rows_of(batch, range(4), 11), targets)
        torch.testing.assert_close(far.attentional, near.attentional, **EXACT)
        torch.testing.assert_close(far.weights[:, :, :5], near.weights, **EXACT)
        assert (far.weights[:, :, 5:] == 0).all()

    def test_ids_at_padding_change_nothing(self, wiring: str, score: str, cell: str) -> None:
        model, batch, targets = self.model(wiring, score, cell), random_batch(self.lengths), random_ids(7, 4, 3)
        noise = torch.where(torch.arange(5) < batch.source_lengths[:, None], batch.source, random_ids(9, 4, 5))
        torch.testing.assert_close(
            model(noise, batch.source_lengths, targets).attentional, model(*batch, targets).attentional, **EXACT
        )

    def test_order_and_composition_change_nothing(self, wiring: str, score: str, cell: str) -> None:
        model, batch, targets = self.model(wiring, score, cell), random_batch(self.lengths), random_ids(7, 4, 3)
        whole = model(*batch, targets)
        for rows in ([3, 1, 0, 2], [2, 1], [1], [3, 3, 0]):
            width = int(batch.source_lengths[rows].max())
            part = model(*rows_of(batch, rows, width), targets[rows])
            torch.testing.assert_close(part.attentional, whole.attentional[rows], **EXACT)
            torch.testing.assert_close(part.weights, whole.weights[rows][:, :, :width], **EXACT)


@pytest.mark.parametrize("wiring", DECODERS)
def test_parallel_hypotheses_do_not_meet(wiring: str) -> None:
    model = tiny_model(cell="lstm", decoder_layers=2, **DECODERS[wiring])
    batch, targets = random_batch([4, 3]), random_ids(5, 2, 3, 4)  # (batch, hypothesis, step)
    source, state = model.start(*batch)
    state = select_hypotheses(state, torch.zeros(2, 3, dtype=torch.long))
    for step in range(4):
        logits, _, state = model.step(targets[:, :, step], source, state)
    for hypothesis in range(3):
        alone = model.output(model(*batch, targets[:, hypothesis]).attentional)[:, -1]
        torch.testing.assert_close(logits[:, hypothesis], alone, **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_luong_without_feeding_takes_no_single_steps(cell: str, steps: list[int]) -> None:
    model = tiny_model(cell=cell, decoder_layers=2, **DECODERS["luong_unfed"])
    forced(model, [4, 3], random_ids(7, 2, 9))
    assert steps == []


@pytest.mark.parametrize("wiring", ["bahdanau", "luong"])
def test_fed_decoders_take_one_step_a_token(wiring: str, steps: list[int]) -> None:
    forced(tiny_model(**DECODERS[wiring]), [4, 3], random_ids(7, 2, 9))
    assert steps == [1] * 9


def test_history_makes_luong_without_feeding_go_step_by_step(steps: list[int], forgetful: str) -> None:
    forced(tiny_model(attention={"score": forgetful}, **DECODERS["luong_unfed"]), [4, 3], random_ids(7, 2, 9))
    assert steps == [1] * 9


def joined_cell(recurrence: Recurrence) -> nn.GRUCell:
    """Returns torch's GRU cell that reads input and fed-back vector side by side, with a recurrence's weights."""
    weights = dict(recurrence.rnn.named_parameters())
    parts = [weights["weight_ih_l0"]] + ([recurrence.feed.weight] if recurrence.feed else [])
    cell = nn.GRUCell(sum(part.shape[1] for part in parts), recurrence.rnn.hidden_size).double()
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat(parts, dim=1))
        for name in ("weight_hh", "bias_ih", "bias_hh"):
            cell.get_parameter(name).copy_(weights[f"{name}_l0"])
    return cell


def ask(query: Tensor, memory: Tensor) -> Tensor:
    """Returns the context of one query by the dot score, for a source without padding."""
    return torch.softmax(memory @ query, dim=0) @ memory


@pytest.mark.parametrize("wiring", DECODERS)
def test_decoder_follows_its_equations(wiring: str) -> None:
    model = tiny_model(attention={"score": "dot"}, **DECODERS[wiring])
    targets = random_ids(7, 1, 5)
    batch = random_batch([4])
    source, start = model.start(*batch)
    decoder: Any = model.decoder
    cell, memory, readout = joined_cell(decoder.recurrence), source.memory[0], decoder.readout
    hidden, feed = start.layers[0][0][0, 0], torch.zeros(6).double()
    expected = []
    for embedded in model.target_embedding(targets)[0]:
        if wiring == "bahdanau":
            context = ask(hidden, memory)
            hidden = cell(torch.cat([embedded, context])[None], hidden[None])[0]
            expected.append(torch.tanh(readout(torch.cat([hidden, context, embedded]))))
        else:
            inputs = torch.cat([embedded, feed]) if wiring == "luong" else embedded
            hidden = cell(inputs[None], hidden[None])[0]
            feed = torch.tanh(readout.weight @ torch.cat([ask(hidden, memory), hidden]))
            expected.append(feed)
    torch.testing.assert_close(model(*batch, targets).attentional[0], torch.stack(expected), **EXACT)


@pytest.mark.parametrize("wiring", DECODERS)
def test_every_parameter_is_learned(wiring: str) -> None:
    model = tiny_model(cell="lstm", encoder_layers=2, decoder_layers=2, **DECODERS[wiring])
    model.output(forced(model, [4, 3], random_ids(7, 2, 3)).attentional).logsumexp(-1).sum().backward()
    unlearned = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.any()]
    assert unlearned == []


def test_dropout_acts_in_training_alone() -> None:
    model, targets = tiny_model(dropout=0.5), random_ids(7, 2, 4)
    still = [forced(model, [4, 3], targets).attentional for _ in range(2)]
    assert torch.equal(*still)
    model.train()
    moved = [forced(model, [4, 3], targets).attentional for _ in range(2)]
    assert not torch.equal(*moved)
