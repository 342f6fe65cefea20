"""Deep, residual and layer-normalised stacks, against their equations and one step at a time or all at once."""

from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

import nmt.modules.layer
from nmt.config.model import CELLS, MERGES
from nmt.modules.bridge import last_states
from nmt.modules.cell_steps import LayerState
from nmt.modules.cells import CellOptions, Recurrence
from nmt.modules.dropout import dropout
from nmt.modules.encoder import Encoded, Encoder
from nmt.modules.layer import GATES, Layer
from tests.unit.models import DECODERS, random_batch, random_ids, randomise, tensors_of, tiny_model

EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
FLAGS = [False, True]
LENGTHS = torch.tensor([3, 6, 1, 4])


def numbers(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def states(cell: str, layers: int, hypotheses: int = 1) -> tuple[LayerState, ...]:
    parts = range(GATES[cell] - 2)
    return tuple(tuple(numbers(4, hypotheses, 3, seed=10 * layer + part) for part in parts) for layer in range(layers))


def stack(options: CellOptions, layers: int, feed_size: int = 0, input_size: int = 4) -> Recurrence:
    made = Recurrence(options, input_size=input_size, feed_size=feed_size, hidden_size=3, layers=layers).double()
    randomise(made, seed=4)
    return made


def normalised(values: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """Returns LN of Ba et al. (2016), with the constant that keeps it finite for equal values."""
    centred = values - values.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * gain + bias


def written_out(layer: Any, inputs: Tensor, state: LayerState) -> LayerState:
    """Returns the state after one step of a layer-normalised cell, gate by gate."""
    norm, hidden = layer.norm, state[0]
    from_input, from_state = inputs, hidden @ layer.weight_hh.T
    if layer.cell == "lstm":
        gates = normalised(from_input, norm.input_gain, layer.bias_ih)
        gates = gates + normalised(from_state, norm.state_gain, layer.bias_hh)
        entry, forget, new, out = gates[..., :3], gates[..., 3:6], gates[..., 6:9], gates[..., 9:]
        cell = torch.sigmoid(forget) * state[1] + torch.sigmoid(entry) * torch.tanh(new)
        return torch.sigmoid(out) * torch.tanh(normalised(cell, norm.carried.weight, norm.carried.bias)), cell
    gates = normalised(from_input[..., :6], norm.input_gain[:6], layer.bias_ih[:6])
    gates = gates + normalised(from_state[..., :6], norm.state_gain[:6], layer.bias_hh[:6])
    reset, update = torch.sigmoid(gates[..., :3]), torch.sigmoid(gates[..., 3:])
    new = torch.tanh(
        normalised(from_input[..., 6:], norm.input_gain[6:], layer.bias_ih[6:])
        + reset * normalised(from_state[..., 6:], norm.state_gain[6:], layer.bias_hh[6:])
    )
    return ((1 - update) * new + update * hidden,)


@pytest.mark.parametrize("hypotheses", [1, 5])
@pytest.mark.parametrize("residual", FLAGS)
@pytest.mark.parametrize("cell", CELLS)
def test_normalised_cells_follow_their_equations(cell: str, residual: bool, hypotheses: int) -> None:
    recurrence = stack(CellOptions(cell, residual=residual, layer_norm=True), layers=3, feed_size=2)
    assert recurrence.feed is not None
    inputs, feed = numbers(4, hypotheses, 4), numbers(4, hypotheses, 2)
    state = states(cell, 3, hypotheses)
    layers: list[Any] = [Layer.of(recurrence.rnn, index, recurrence.norms[index]) for index in range(3)]
    products, below, expected = inputs @ layers[0].weight_ih.T + feed @ recurrence.feed.weight.T, None, []
    for index, layer in enumerate(layers):
        if below is not None:
            products = below @ layer.weight_ih.T
        expected.append(written_out(layer, products, state[index]))
        below = expected[-1][0] + below if residual and below is not None else expected[-1][0]
    found = recurrence.step(recurrence.project(inputs), feed, state)
    for got, wanted in zip(tensors_of(found), tensors_of(tuple(expected)), strict=True):
        torch.testing.assert_close(got, wanted, **EXACT)
    torch.testing.assert_close(recurrence.output(found), below, **EXACT)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("residual", "layer_norm"), [*product(FLAGS, FLAGS)])
@pytest.mark.parametrize("cell", CELLS)
def test_single_steps_equal_all_at_once(cell: str, residual: bool, layer_norm: bool, layers: int) -> None:
    recurrence = stack(CellOptions(cell, residual=residual, layer_norm=layer_norm), layers)
    inputs, state = numbers(4, 6, 4), states(cell, layers)
    outputs, last = recurrence(inputs, state)
    for step in range(inputs.shape[1]):
        state = recurrence.step(recurrence.project(inputs[:, step : step + 1]), None, state)
        torch.testing.assert_close(recurrence.output(state)[:, 0], outputs[:, step], **EXACT)
    for got, wanted in zip(tensors_of(state), tensors_of(last), strict=True):
        torch.testing.assert_close(got, wanted, **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_loop_equals_the_kernel_of_torch(cell: str) -> None:
    recurrence = stack(CellOptions(cell), layers=1)
    (state,), inputs, keep_all = states(cell, 1), numbers(4, 6, 4).requires_grad_(), numbers(4, 1, 3) * 0 + 1
    layer = Layer.of(recurrence.rnn, 0, None)
    found = []
    for mask in (None, keep_all):
        outputs, last = layer.run(inputs, state, mask)
        gradients = torch.autograd.grad(outputs.square().sum(), [inputs, *recurrence.parameters()])
        found.append((outputs, *last, *gradients))
    for got, wanted in zip(*found, strict=True):
        torch.testing.assert_close(got, wanted, **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_residual_layers_add_what_they_read(cell: str) -> None:
    recurrence = stack(CellOptions(cell, residual=True), layers=3)
    outputs, state = numbers(4, 6, 4), states(cell, 3)
    found, _ = recurrence(outputs, state)
    for index in range(3):
        added = Layer.of(recurrence.rnn, index, None).run(outputs, state[index])[0]
        outputs = outputs + added if index else added
    torch.testing.assert_close(found, outputs, **EXACT)


def forbidden(*arguments: object) -> None:
    raise AssertionError("a single step was taken")


@pytest.mark.parametrize("residual", FLAGS)
@pytest.mark.parametrize("cell", CELLS)
def test_no_loop_over_steps_without_need(cell: str, residual: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nmt.modules.layer, f"{cell}_step", forbidden)
    settings: dict[str, Any] = {"residual": residual, "encoder_layers": 2, "decoder_layers": 2}
    model = tiny_model(cell=cell, variational_dropout=True, **settings, **DECODERS["luong_unfed"])
    model(*random_batch([4, 3]), random_ids(7, 2, 5))
    tiny_model(cell=cell, **settings, **DECODERS["luong_unfed"]).train()(*random_batch([4, 3]), random_ids(7, 2, 5))
    with pytest.raises(AssertionError, match="single step"):
        model.train()(*random_batch([4, 3]), random_ids(7, 2, 5))


def one_by_one(encoder: Encoder, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Returns memory and joined last states of each sentence alone, the backward direction on what is flipped."""
    options = encoder.options
    memory, lasts = torch.zeros(len(inputs), inputs.shape[1], encoder.memory_size).double(), []
    join: Any = partial(torch.cat, dim=-1) if encoder.merge == "concat" else sum
    zeros = torch.zeros(1, 1, 3).double()
    for row, length in enumerate(LENGTHS.tolist()):
        outputs = inputs[row : row + 1, :length]
        for layer in range(len(encoder.forwards)):
            found = []
            for rnns, norms, flip in (
                (encoder.forwards, encoder.forward_norms, []),
                (encoder.backwards, encoder.backward_norms, [1]),
            ):
                one = Layer.of(rnns[layer], 0, norms[layer] if options.layer_norm else None)
                hidden, last = one.run(outputs.flip(flip), (zeros,) if options.cell == "gru" else (zeros, zeros))
                found.append((hidden.flip(flip), last[0]))
            joined, last_joined = (join([direction[part] for direction in found]) for part in (0, 1))
            outputs = joined + outputs if options.residual and layer else joined
        memory[row, :length] = outputs[0]
        lasts.append(last_joined[0, 0])
    return memory, torch.stack(lasts)


OPTIONS = [CellOptions(cell, residual=one, layer_norm=other) for cell, one, other in product(CELLS, FLAGS, FLAGS)]


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("options", OPTIONS)
def test_encoder_reads_as_if_sentences_were_alone(options: CellOptions, merge: str, layers: int) -> None:
    encoder = Encoder(options, 4, 3, layers, merge).double()
    randomise(encoder, seed=3)
    inputs = numbers(4, 6, 4)
    memory, last = one_by_one(encoder, inputs)
    found = encoder(inputs, LENGTHS)
    assert found.memory.shape[2] == encoder.memory_size == (6 if merge == "concat" else 3)
    torch.testing.assert_close(found.memory, memory, **EXACT)
    torch.testing.assert_close(last_states(found), last, **EXACT)


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("options", OPTIONS)
def test_company_changes_nothing(options: CellOptions, merge: str) -> None:
    encoder = Encoder(options, 4, 3, 2, merge).double()
    randomise(encoder, seed=3)
    inputs = numbers(4, 6, 4)
    whole: Encoded = encoder(inputs, LENGTHS)
    noise = torch.cat([torch.where(whole.mask[:, :, None], inputs, 9.0), numbers(4, 5, 4)], dim=1)
    for rows in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 0], [2], [3, 3, 0]):
        for values in (inputs, noise):
            part: Encoded = encoder(values[rows], LENGTHS[rows])
            torch.testing.assert_close(part.memory[:, :6], whole.memory[rows], **EXACT)
            torch.testing.assert_close(last_states(part), last_states(whole)[rows], **EXACT)
            assert not part.memory[:, 6:].any()


@pytest.mark.parametrize("cell", CELLS)
def test_plain_encoder_draws_once_a_unit(cell: str) -> None:
    encoder = Encoder(CellOptions(cell, dropout=0.5), 4, 3, 2)
    outputs = inputs = numbers(2, 5, 4).float()
    torch.manual_seed(3)
    for layer, (ahead, back) in enumerate(zip(encoder.forwards, encoder.backwards, strict=True)):
        outputs = dropout(outputs, 0.5) if layer else outputs
        outputs = torch.cat([ahead(outputs)[0], back(outputs.flip([1]))[0].flip([1])], dim=-1)
    drawn = torch.get_rng_state()
    torch.manual_seed(3)
    assert torch.equal(encoder(inputs, torch.tensor([5, 5])).memory, outputs)
    assert torch.equal(torch.get_rng_state(), drawn)
