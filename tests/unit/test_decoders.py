"""Decoders: one step at a time or all at once, alone or in company, and against their equations written out."""

from collections.abc import Callable
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

pytestmark = pytest.mark.grid

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


STACKS = [("gru", 1, "zero"), ("gru", 2, "last"), ("gru", 1, "mean"), ("gru", 2, "dense")]
STACKS += [("lstm", 2, "zero"), ("lstm", 1, "last"), ("lstm", 2, "mean"), ("lstm", 1, "dense")]
"""Cells, layers and bridges such that any two of these meet."""


def test_stacks_have_all_pairs() -> None:
    assert len({stack[:2] for stack in STACKS}) == 2 * len(CELLS)
    assert len({stack[1:] for stack in STACKS}) == 2 * len(BRIDGES)
    assert len({stack[::2] for stack in STACKS}) == len(CELLS) * len(BRIDGES)


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(("cell", "layers", "bridge"), STACKS)
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
@pytest.mark.parametrize("wiring", ["luong_unfed", "parallel"])
def test_decoders_without_feeding_take_no_single_steps(wiring: str, cell: str, steps: list[int]) -> None:
    model = tiny_model(cell=cell, decoder_layers=2, **DECODERS[wiring])
    forced(model, [4, 3], random_ids(7, 2, 9))
    assert steps == []


@pytest.mark.parametrize(("wiring", "halves"), [("bahdanau", 1), ("luong", 1), ("conditional", 2)])
def test_fed_decoders_take_one_step_a_token(wiring: str, halves: int, steps: list[int]) -> None:
    forced(tiny_model(**DECODERS[wiring]), [4, 3], random_ids(7, 2, 9))
    assert steps == [1] * 9 * halves


@pytest.mark.parametrize("wiring", ["luong_unfed", "parallel"])
def test_history_lets_states_be_known_before_all_questions(wiring: str, steps: list[int], forgetful: str) -> None:
    forced(
        tiny_model(attention={"score": forgetful}, decoder_layers=2, **DECODERS[wiring]), [4, 3], random_ids(7, 2, 9)
    )
    assert steps == []


def joined_cell(recurrence: Recurrence, layer: int = 0) -> nn.GRUCell | nn.LSTMCell:
    """Returns torch's cell with the weights of a layer, which reads input and fed-back vector side by side."""
    weights = dict(recurrence.rnn.named_parameters())
    parts = [weights[f"weight_ih_l{layer}"]] + ([recurrence.feed.weight] if recurrence.feed and not layer else [])
    cls = nn.GRUCell if recurrence.options.cell == "gru" else nn.LSTMCell
    cell = cls(sum(part.shape[1] for part in parts), recurrence.rnn.hidden_size).double()
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat(parts, dim=1))
        for name in ("weight_hh", "bias_ih", "bias_hh"):
            cell.get_parameter(name).copy_(weights[f"{name}_l{layer}"])
    return cell


class Stack:
    """The layers of a recurrence, one vector at a time, each a cell of torch."""

    def __init__(self, recurrence: Recurrence) -> None:
        self.cells = [joined_cell(recurrence, layer) for layer in range(recurrence.layers)]
        self.residual = recurrence.options.residual

    def __call__(
        self, inputs: Tensor, states: list[list[Tensor]], below: Tensor | float = 0.0
    ) -> tuple[Tensor, list[list[Tensor]]]:
        """Returns what a step hands up and the state of every layer, [h] or [h, c].

        With residual connections x_l = h_l + x_{l-1}; `below` is x_0 where a layer of the same width is below.
        """
        after, handed = [], below
        for cell, state in zip(self.cells, states, strict=True):
            rows = [part[None] for part in state]
            found = cell(inputs[None], tuple(rows) if isinstance(cell, nn.LSTMCell) else rows[0])
            after.append([part[0] for part in found] if isinstance(found, tuple) else [found[0]])
            inputs = handed = after[-1][0] + (handed if self.residual else 0.0)
        return inputs, after

    def handed_up(self, states: list[list[Tensor]]) -> Tensor:
        """Returns what the last step has handed up."""
        hidden = torch.stack([state[0] for state in states])
        return hidden.sum(0) if self.residual else hidden[-1]


def ask(query: Tensor, memory: Tensor) -> Tensor:
    """Returns the context of one query by the dot score, for a source without padding."""
    return torch.softmax(memory @ query, dim=0) @ memory


def bahdanau(decoder: Any, memory: Tensor, states: list[list[Tensor]], embedded: list[Tensor]) -> list[Tensor]:
    update, found = Stack(decoder.recurrence), []
    for one in embedded:
        context = ask(update.handed_up(states), memory)
        hidden, states = update(torch.cat([one, context]), states)
        found.append(torch.tanh(decoder.readout(torch.cat([hidden, context, one]))))
    return found


def luong(decoder: Any, memory: Tensor, states: list[list[Tensor]], embedded: list[Tensor]) -> list[Tensor]:
    update, feed, found = Stack(decoder.recurrence), [torch.zeros(6).double()], []
    for one in embedded:
        hidden, states = update(torch.cat([one, *feed]) if decoder.feeds_back else one, states)
        feed = [torch.tanh(decoder.readout.weight @ torch.cat([ask(hidden, memory), hidden]))]
        found += feed
    return found


def parallel(decoder: Any, memory: Tensor, states: list[list[Tensor]], embedded: list[Tensor]) -> list[Tensor]:
    lower, upper, found = Stack(decoder.lower), Stack(decoder.upper) if decoder.upper else None, []
    for one in embedded:
        hidden, below = lower(one, states[:1])
        context = ask(hidden, memory)
        above: list[list[Tensor]] = []
        if upper:
            hidden, above = upper(torch.cat([hidden, context]), states[1:], hidden)
        states = below + above
        found.append(torch.tanh(decoder.readout.weight @ torch.cat([context, hidden])))
    return found


def conditional(decoder: Any, memory: Tensor, states: list[list[Tensor]], embedded: list[Tensor]) -> list[Tensor]:
    first, second, found = Stack(decoder.recurrence), Stack(decoder.second), []
    for one in embedded:
        query, half = first(one, states)
        context = ask(query, memory)
        hidden, states = second(context, half)
        found.append(torch.tanh(decoder.readout(torch.cat([hidden, context, one]))))
    return found


EQUATIONS: dict[str, Callable[[Any, Tensor, list[list[Tensor]], list[Tensor]], list[Tensor]]] = {
    "bahdanau": bahdanau,
    "luong": luong,
    "luong_unfed": luong,
    "parallel": parallel,
    "conditional": conditional,
}


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_decoder_follows_its_equations(wiring: str, cell: str, layers: int, residual: bool) -> None:
    shape: dict[str, Any] = {"cell": cell, "decoder_layers": layers, "residual": residual}
    model = tiny_model(attention={"score": "dot"}, **shape, **DECODERS[wiring])
    targets = random_ids(7, 1, 5)
    batch = random_batch([4])
    source, start = model.start(*batch)
    states = [[part[0, 0] for part in layer] for layer in start.layers]
    embedded = list(model.target_embedding(targets)[0])
    expected = EQUATIONS[wiring](model.decoder, source.memory[0], states, embedded)
    torch.testing.assert_close(model(*batch, targets).attentional[0], torch.stack(expected), **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_parallel_with_one_layer_is_luong_without_feeding(cell: str) -> None:
    model, twin = (
        tiny_model(seed, cell=cell, **DECODERS[name]) for seed, name in ((1, "parallel"), (2, "luong_unfed"))
    )
    weights = {name.replace("decoder.lower.", "decoder.recurrence."): one for name, one in model.state_dict().items()}
    twin.load_state_dict(weights, strict=True)
    batch, targets = random_batch([5, 2, 4]), random_ids(7, 3, 6)
    whole, other = model(*batch, targets), twin(*batch, targets)
    assert torch.equal(whole.attentional, other.attentional)
    assert torch.equal(whole.weights, other.weights)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_decoder_without_attention_knows_the_source_from_its_first_state_alone(wiring: str, cell: str) -> None:
    model = tiny_model(attention={"score": "none"}, cell=cell, decoder_layers=2, **DECODERS[wiring])
    batch, targets = random_batch([5, 2]), random_ids(7, 2, 4)
    assert not model.aligns
    whole = model(*batch, targets)
    assert whole.weights.shape == (2, 4, 5)
    assert not whole.weights.any()
    source, state = model.start(*batch)
    assert source.memory.shape == source.keys.shape == (2, 5, 0)
    embedded = model.target_embedding(targets)
    for wrong in (source._replace(mask=source.mask.flip(0)), source):
        torch.testing.assert_close(model.decoder(embedded, wrong, state).attentional, whole.attentional, **EXACT)


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
