"""Encoder, cells, bridges, embeddings and output layer."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nmt.config import ModelSettings, SettingsError
from nmt.config.model import BRIDGES, CELLS
from nmt.modules.bridge import Bridge
from nmt.modules.build import build_model
from nmt.modules.cell_steps import gru_step, lstm_step
from nmt.modules.cells import CellOptions, Recurrence
from nmt.modules.encoder import Encoded, Encoder, reverse_index
from nmt.modules.layer import GATES
from tests.unit.models import SOURCE, TARGET, random_batch, random_ids, randomise, tiny_model

EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
LENGTHS = torch.tensor([3, 6, 1, 4])


def embedded(width: int = 6, size: int = 4) -> Tensor:
    return torch.randn(4, width, size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def torch_encoder(encoder: Encoder, cell: str, layers: int) -> nn.RNNBase:
    """Returns torch's own bidirectional layers with the weights of an encoder."""
    reference: nn.RNNBase = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](
        4, 3, layers, batch_first=True, bidirectional=True
    ).double()
    with torch.no_grad():
        for ending, direction in (("", encoder.forwards), ("_reverse", encoder.backwards)):
            for layer, rnn in enumerate(direction):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    reference.get_parameter(f"{name}_l{layer}{ending}").copy_(rnn.get_parameter(f"{name}_l0"))
    return reference


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_encoder_equals_packed_sequences(cell: str, layers: int) -> None:
    encoder = Encoder(CellOptions(cell), 4, 3, layers).double()
    randomise(encoder, seed=3)
    inputs = embedded()
    packed = pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(torch_encoder(encoder, cell, layers)(packed)[0], batch_first=True)
    found = encoder(inputs, LENGTHS)
    torch.testing.assert_close(found.memory, expected, **EXACT)
    assert found.mask.tolist() == [[column < length for column in range(6)] for length in LENGTHS.tolist()]
    assert (found.memory[~found.mask] == 0).all()


def test_encoder_gradients_equal_those_of_packed_sequences() -> None:
    encoder = Encoder(CellOptions("gru"), 4, 3, 2).double()
    randomise(encoder, seed=3)
    reference = torch_encoder(encoder, "gru", 2)
    gradients = []
    for run in (
        lambda inputs: encoder(inputs, LENGTHS).memory,
        lambda inputs: pad_packed_sequence(
            reference(pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False))[0],
            batch_first=True,
        )[0],
    ):
        inputs = embedded().requires_grad_()
        gradients.append(torch.autograd.grad(run(inputs).square().sum(), inputs)[0])
    torch.testing.assert_close(*gradients, **EXACT)


def test_reversal_leaves_padding_where_it_is() -> None:
    assert reverse_index(torch.tensor([3, 1, 4]), 4).tolist() == [[2, 1, 0, 3], [0, 1, 2, 3], [3, 2, 1, 0]]


@pytest.mark.parametrize("cell", CELLS)
def test_one_step_equals_the_cell_of_torch(cell: str) -> None:
    reference = {"gru": nn.GRUCell, "lstm": nn.LSTMCell}[cell](4, 3).double()
    randomise(reference, seed=5)
    inputs, *state = (torch.randn(2, 5, size, dtype=torch.float64) for size in (4, 3, 3))
    gates = nn.functional.linear(inputs, reference.weight_ih, reference.bias_ih)
    flat = [part.flatten(0, 1) for part in state]
    recurrent = nn.functional.linear(state[0], reference.weight_hh, reference.bias_hh)
    if cell == "gru":
        found = gru_step(gates, recurrent, (state[0],))
        expected = [reference(inputs.flatten(0, 1), flat[0])]
    else:
        found = lstm_step(gates, recurrent, (state[0], state[1]))
        expected = list(reference(inputs.flatten(0, 1), (flat[0], flat[1])))
    for got, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(got.flatten(0, 1), wanted, **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_equal_the_fused_layers(cell: str) -> None:
    stack = Recurrence(CellOptions(cell), input_size=4, feed_size=0, hidden_size=3, layers=3).double()
    randomise(stack, seed=4)
    inputs = embedded()
    parts = 1 if cell == "gru" else 2
    state = tuple(tuple(torch.randn(4, 1, 3).double() for _ in range(parts)) for _ in range(3))
    outputs, last = stack(inputs, state)
    for step in range(inputs.shape[1]):
        state = stack.step(stack.project(inputs[:, step : step + 1]), None, state)
        torch.testing.assert_close(state[-1][0][:, 0], outputs[:, step], **EXACT)
    for got, wanted in zip(sum(state, ()), sum(last, ()), strict=True):
        torch.testing.assert_close(got, wanted, **EXACT)


def test_lstm_forget_gates_start_open() -> None:
    stack = Recurrence(CellOptions("lstm"), input_size=4, feed_size=0, hidden_size=3, layers=2)
    for layer in range(2):
        bias = stack.rnn.get_parameter(f"bias_ih_l{layer}") + stack.rnn.get_parameter(f"bias_hh_l{layer}")
        assert bias.tolist() == [0.0] * 3 + [1.0] * 3 + [0.0] * 6


class TestBridge:
    """On a memory of two sentences with 3 and 1 tokens; the first two columns are the forward direction's."""

    memory = torch.tensor(
        [[[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], [[1, -1, 2, -2], [0, 0, 0, 0], [0, 0, 0, 0]]]
    )
    encoded = Encoded(memory, torch.tensor([[True, True, True], [True, False, False]]), torch.tensor([3, 1]))
    last = torch.tensor([[[9.0, 10, 3, 4]], [[1, -1, 2, -2]]])
    mean = torch.tensor([[[5.0, 6, 7, 8]], [[1, -1, 2, -2]]])

    @pytest.mark.parametrize("layers", [1, 2])
    @pytest.mark.parametrize("cell", CELLS)
    @pytest.mark.parametrize("kind", ["zero", "last", "mean"])
    def test_plain_bridges_by_hand(self, kind: str, cell: str, layers: int) -> None:
        zeros = torch.zeros(2, 1, 4)
        hidden = {"zero": zeros, "last": self.last, "mean": self.mean}[kind]
        states = Bridge(kind, cell, 4, 4, layers)(self.encoded)
        assert len(states) == layers
        for state in states:
            assert len(state) == (1 if cell == "gru" else 2)
            for part, expected in zip(state, (hidden, zeros), strict=False):
                assert torch.equal(part, expected)

    @pytest.mark.parametrize("cell", CELLS)
    def test_dense_bridge_has_a_projection_for_every_part(self, cell: str) -> None:
        bridge = Bridge("dense", cell, 4, 3, 2)
        randomise(bridge, seed=1)
        weight, bias = bridge.get_parameter("dense.weight"), bridge.get_parameter("dense.bias")
        states = bridge(self.encoded)
        rows = torch.cat([part for state in states for part in state], dim=-1)
        expected = torch.tanh(torch.einsum("oi,bti->bto", weight, self.last) + bias)
        torch.testing.assert_close(rows, expected)
        assert [tuple(part.shape) for state in states for part in state] == [(2, 1, 3)] * (2 * (GATES[cell] - 2))

    @pytest.mark.parametrize("kind", ["last", "mean"])
    def test_unequal_sizes_are_refused_with_the_remedy(self, kind: str) -> None:
        with pytest.raises(
            SettingsError, match=rf"model\.bridge={kind} needs model\.decoder_size=6.*model\.bridge=dense"
        ):
            tiny_model(bridge=kind, encoder_size=3, decoder_size=5)

    @pytest.mark.parametrize("kind", [kind for kind in BRIDGES if kind != "zero"])
    def test_source_reaches_the_first_state(self, kind: str) -> None:
        _, state = tiny_model(bridge=kind).start(*random_batch([4, 4]))
        assert not torch.allclose(state.layers[0][0][0], state.layers[0][0][1])


def count(**settings: Any) -> int:
    model = tiny_model(source=TARGET, target=TARGET, **settings)
    return sum(parameter.numel() for parameter in model.parameters())


class TestTying:
    def test_tied_matrices_are_one_and_counted_once(self) -> None:
        table = TARGET.size * 6
        alone = count(tying="none", embedding_size=6)
        assert count(tying="target", embedding_size=6) == alone - table
        assert count(tying="all", embedding_size=6) == alone - 2 * table

    def test_projection_bridges_unequal_widths(self) -> None:
        untied, tied = count(tying="none", embedding_size=4), count(tying="target", embedding_size=4)
        assert untied - tied == TARGET.size * 6 - 6 * 4  # an output matrix less, a projection more

    @pytest.mark.parametrize("tying", ["target", "all"])
    @pytest.mark.parametrize("embedding_size", [4, 6])
    def test_logits_are_made_with_the_embeddings(self, tying: str, embedding_size: int) -> None:
        model = tiny_model(source=TARGET, target=TARGET, tying=tying, embedding_size=embedding_size)
        with torch.no_grad():
            model.target_embedding.weight.mul_(3)  # whoever holds a copy does not see it
        attentional, output = torch.randn(2, 3, 6).double(), model.output
        projected = attentional if embedding_size == 6 else attentional @ output.get_parameter("projection.weight").T
        expected = projected @ model.target_embedding.weight.T + output.linear.bias
        torch.testing.assert_close(output(attentional), expected)
        shared = model.source_embedding.weight is model.target_embedding.weight
        assert shared == (tying == "all")

    def test_different_vocabularies_cannot_share_all(self) -> None:
        with pytest.raises(SettingsError, match=r"model\.tying=all .*data\.tokenizer\.joint=true"):
            tiny_model(source=SOURCE, target=TARGET, tying="all")


def test_padding_rows_start_at_zero_and_are_not_learned_from_sources() -> None:
    model = build_model(ModelSettings(tying="target"), SOURCE, TARGET)
    assert not model.source_embedding.weight[SOURCE.pad_id].any()
    assert not model.target_embedding.weight[TARGET.pad_id].any()
    ids = torch.tensor([[4, SOURCE.pad_id]])
    model.source_embedding(ids).sum().backward()
    assert model.source_embedding.weight.grad is not None
    assert not model.source_embedding.weight.grad[SOURCE.pad_id].any()
    assert model.source_embedding.weight.grad[4].all()


def test_output_takes_rows_of_any_number_of_dimensions() -> None:
    output = tiny_model().output
    rows = torch.randn(2, 3, 6).double()
    torch.testing.assert_close(output(rows)[1], output(rows[1]), **EXACT)
    assert output(rows[0, 0]).shape == (TARGET.size,)


def test_target_ids_are_what_the_decoder_reads() -> None:
    model, batch = tiny_model(), random_batch([4])
    first, second = (model(*batch, random_ids(seed, 1, 3)).attentional for seed in (1, 2))
    assert not torch.allclose(first, second)
