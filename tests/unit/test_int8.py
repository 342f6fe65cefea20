"""Products with weights of 8 bits, against whole numbers in numpy; models that are made of them."""

import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nmt.config import SearchOptions
from nmt.config.model import BRIDGES, MERGES
from nmt.modules import int8_encoder, rounding
from nmt.modules.encoder import Encoder, length_mask, reverse_index
from nmt.modules.int8 import Int8Matrix, dequantise, quantise
from nmt.modules.rounding import rounded, to_int8
from nmt.modules.seq2seq import Seq2Seq
from nmt.search import Batch, beam_search, forced_decode, greedy_search
from tests.unit.models import DECODERS, TARGET, random_batch, random_ids, rows_of, tiny_model


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def whole_numbers(inputs: Tensor, weight: Tensor) -> Any:
    """Returns the product as the docstring words it, the sums in 64-bit whole numbers."""
    numbers, scale = (one.numpy() for one in quantise(weight))
    largest = np.maximum(np.abs(inputs.numpy()).max(-1, keepdims=True), np.float32(1e-30))
    rows = np.rint(inputs.numpy() / largest * np.float32(64)).astype(np.int64)
    return (rows @ numbers.astype(np.int64).T).astype(np.float32) * (scale / 64) * largest


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("rows", "inputs", "outputs"), [(1, 7, 5), (5, 256, 300), (33, 1024, 64), (2, 2064, 3)])
def test_products_are_those_of_whole_numbers(rows: int, inputs: int, outputs: int, packed: bool) -> None:
    values, weight = normal(rows, inputs), normal(outputs, inputs, seed=1)
    matrix = Int8Matrix(*quantise(weight), packed=packed)
    torch.testing.assert_close(
        matrix.product(values), torch.from_numpy(whole_numbers(values, weight)), rtol=3e-7, atol=1e-6
    )


@pytest.mark.parametrize("within_one", [False, True])
def test_kernel_and_floats_agree_to_the_bit(within_one: bool) -> None:
    values, weight, bias = torch.tanh(normal(9, 512)), normal(700, 512, seed=1), normal(700, seed=2)
    values[0, :4] = torch.tensor([1.0, -1.0, 1 / 128, 0.0])
    one, other = (Int8Matrix(*quantise(weight), packed=packed, within_one=within_one) for packed in (True, False))
    assert torch.equal(one.product(values, bias), other.product(values, bias))


@pytest.mark.parametrize("within_one", [False, True])
@pytest.mark.parametrize("packed", [True, False])
def test_a_bias_of_its_own_is_added(packed: bool, within_one: bool) -> None:
    values, weight, bias = torch.tanh(normal(9, 64)), normal(700, 64, seed=1), normal(700, seed=2)
    numbers, scale = quantise(weight)
    with_bias, without = (Int8Matrix(numbers, scale, one, packed=packed, within_one=within_one) for one in (bias, None))
    expected = without.product(values, bias)
    for one in (with_bias, copy.deepcopy(with_bias), pickle.loads(pickle.dumps(with_bias))):
        torch.testing.assert_close(one.product(values), expected, rtol=1e-6, atol=1e-6)
    for chosen in (torch.tensor([3, 500, 699]), torch.arange(100, 700)):
        torch.testing.assert_close(with_bias[chosen].product(values), expected[:, chosen], rtol=1e-6, atol=1e-6)


def test_matrices_above_and_beside_each_other() -> None:
    values, other = torch.tanh(normal(3, 32)), torch.tanh(normal(3, 48, seed=1))
    first, second = Int8Matrix.of(normal(20, 32, seed=2)), Int8Matrix.of(normal(20, 32, seed=3))
    assert torch.equal(
        first.above(second).product(values), torch.cat([first.product(values), second.product(values)], 1)
    )
    first, second = (Int8Matrix.of(normal(20, size, seed=size), within_one=True) for size in (32, 48))
    expected = torch.cat([first.product(values), second.product(other)], 1)
    assert torch.equal(first.beside(second).product(torch.cat([values, other], 1)), expected)


@pytest.mark.parametrize("packed", [True, False])
def test_what_lies_within_one_is_rounded_by_one(packed: bool) -> None:
    values, weight = torch.tanh(normal(6, 96)), normal(40, 96, seed=1)
    numbers, scale = quantise(weight)
    rows = np.rint(values.numpy() * np.float32(64)).astype(np.int64) @ numbers.numpy().astype(np.int64).T
    found = Int8Matrix(numbers, scale, packed=packed, within_one=True).product(values)
    torch.testing.assert_close(found, torch.from_numpy(rows / 64 * scale.numpy()).float(), rtol=3e-7, atol=1e-6)


def test_extremes_do_not_overflow() -> None:
    # Pairs of products are added in 16 bits by processors without VNNI: 128 * 127 twice must fit.
    values, weight = torch.ones(2, 1024), torch.ones(8, 1024)
    values[1] = -1
    expected = torch.tensor([[1024.0], [-1024.0]]).expand(2, 8)
    torch.testing.assert_close(Int8Matrix.of(weight).product(values), expected)


def test_a_row_does_not_depend_on_the_others() -> None:
    values, matrix = normal(40, 96), Int8Matrix.of(normal(50, 96, seed=1))
    values[::3] *= 1000
    together = matrix.product(values)
    for row in range(40):
        assert torch.equal(matrix.product(values[row : row + 1])[0], together[row])


def test_zeros_give_the_bias() -> None:
    bias = normal(6)
    assert torch.equal(Int8Matrix.of(normal(6, 4)).product(torch.zeros(2, 3, 4), bias), bias.expand(2, 3, 6))
    assert torch.equal(Int8Matrix.of(torch.zeros(6, 4)).product(normal(2, 4)), torch.zeros(2, 6))


def test_rounding_is_by_half_a_step_at_most_and_done_once() -> None:
    weight = normal(20, 30) * normal(20, 1, seed=1).exp()
    numbers, scale = quantise(weight)
    assert bool(((weight - dequantise(numbers, scale)).abs() <= scale[:, None] * 0.5001).all())
    again, other = quantise(dequantise(numbers, scale))
    assert torch.equal(again, numbers)
    torch.testing.assert_close(other, scale, rtol=1e-6, atol=0)


def test_some_outputs_are_those_of_the_whole() -> None:
    values, matrix = normal(5, 64), Int8Matrix.of(normal(900, 64, seed=1))
    few, many = torch.tensor([3, 700, 899]), torch.arange(100, 800)
    whole = matrix.product(values)
    assert torch.equal(matrix[few].product(values), whole[:, few])
    assert torch.equal(matrix[many].product(values), whole[:, many])


def test_it_can_be_sent_to_other_processes() -> None:
    values, matrix = normal(5, 64), Int8Matrix.of(normal(900, 64, seed=1))
    for one in (matrix, matrix[torch.tensor([5, 7])]):
        assert torch.equal(pickle.loads(pickle.dumps(one)).product(values), one.product(values))


MODELS = {
    **DECODERS,
    "gru": {"decoder": "bahdanau", "cell": "gru", "decoder_layers": 2, "encoder_layers": 2},
    "normalised": {"decoder": "luong", "cell": "lstm", "layer_norm": True},
    "residual": {"decoder": "parallel", "cell": "lstm", "decoder_layers": 3, "residual": True, "encoder_layers": 2},
    "heads": {"decoder": "luong", "attention": {"score": "general", "heads": 2}},
    "tied": {"decoder": "luong", "tying": "target"},
    "cosine": {"decoder": "conditional", "cell": "lstm", "attention": {"score": "cosine"}},
    "euclidean": {"decoder": "bahdanau", "attention": {"score": "euclidean", "normalizer": "entmax15"}},
    "location_aware": {"decoder": "bahdanau", "attention": {"score": "location_aware", "coverage": "sum"}},
    "fertility": {"decoder": "luong", "attention": {"score": "additive", "coverage": "fertility", "heads": 2}},
    "window": {"decoder": "luong", "attention": {"score": "general", "window": "local_p", "window_size": 1}},
    "location": {"decoder": "luong", "attention": {"score": "location", "options": {"max_positions": 9}}},
    "outside": {"decoder": "bahdanau", "attention": {"score": "tests.unit.models:ForgetfulScore"}},
    "deaf": {"decoder": "luong", "attention": {"score": "none"}},
    "mean": {"decoder": "luong", "bridge": "mean", "decoder_size": 6},
}
WIDE = {"embedding_size": 16, "encoder_size": 16, "decoder_size": 32}
"""Sizes at which torch computes all sigmoids by vectors: those it computes one by one end on other last bits."""


def rounded_model(name: str, **sizes: Any) -> Seq2Seq:
    model = tiny_model(allow_packages=("tests",), **{**MODELS[name], **sizes}).float()
    to_int8(model)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_steps_equal_teacher_forcing(name: str) -> None:
    model, batch, target = rounded_model(name, **WIDE), random_batch([5, 3, 4]), random_ids(7, 3, 6, size=TARGET.size)
    with torch.no_grad():
        whole = model(batch.source, batch.source_lengths, target)
        source, state = model.start(*batch)
        for place in range(target.shape[1]):
            logits, weights, state = model.step(target[:, place : place + 1], source, state)
            torch.testing.assert_close(logits[:, 0], model.output(whole.attentional[:, place]), rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(weights[:, 0], whole.weights[:, place], rtol=1e-6, atol=1e-6)


@pytest.mark.grid
@pytest.mark.parametrize("bridge", BRIDGES)
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("name", MODELS)
def test_what_is_said_to_lie_within_one_does(
    name: str, merge: str, bridge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"decoder_size": 6, "encoder_size": 3 if merge == "concat" else 6}
    if name == "deaf" and bridge == "zero":  # which settings refuse: the decoder would know nothing of the source
        return
    settings = {**MODELS[name], **sizes, "encoder_merge": merge, "bridge": bridge}
    model = tiny_model(allow_packages=("tests",), **settings).float()
    for parameter in model.parameters():
        parameter.data *= 8  # drives states and means to their ends
    to_int8(model)
    met, product = [], Int8Matrix.product

    def seen(self: Int8Matrix, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        if self.within_one:
            met.append(float(inputs.abs().max()))
        return product(self, inputs, bias)

    monkeypatch.setattr(Int8Matrix, "product", seen)
    beam_search(model, random_batch([6, 2]), TARGET, SearchOptions(beam_size=3, n_best=2, max_length=9))
    assert met
    assert max(met) <= 1 + 1e-6


@pytest.mark.grid
@pytest.mark.parametrize("name", MODELS)
def test_search_does_not_depend_on_company(name: str) -> None:
    model, batch = rounded_model(name, **WIDE), random_batch([6, 2, 5, 3, 7, 4, 6])
    options = SearchOptions(beam_size=4, n_best=2, max_length=9)
    together = beam_search(model, batch, TARGET, options)
    for rows in ([0], [1], [2], [3], [4], [5], [6], [5, 0, 3], [2, 6]):
        apart = beam_search(model, rows_of(batch, rows, 9), TARGET, options)
        for row, found in zip(rows, apart, strict=True):
            assert [one.tokens for one in found] == [one.tokens for one in together[row]]
            scores = [one.score for one in together[row]]
            assert [one.score for one in found] == pytest.approx(scores, abs=1e-6)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2])
def test_both_directions_together_are_each_alone(cell: str, layers: int) -> None:
    model = rounded_model("luong", cell=cell, encoder_layers=layers, **WIDE)
    lengths = [7, 1, 4, 6, 2, 5]
    assert len(lengths) > int8_encoder.FEW_SENTENCES
    batch = random_batch(lengths)
    with torch.no_grad():
        embedded = model.source_embedding(batch.source)
        together = model.encoder(embedded, batch.source_lengths)
        for row, length in enumerate(lengths):
            alone = model.encoder(embedded[row : row + 1, :length], batch.source_lengths[row : row + 1])
            assert torch.equal(together.memory[row, :length], alone.memory[0])
        one_by_one = Encoder._run(model.encoder, 0, embedded, reverse_index(batch.source_lengths, 7))
        real = length_mask(batch.source_lengths, 7)
        for found, expected in zip(
            model.encoder._run(0, embedded, reverse_index(batch.source_lengths, 7)), one_by_one, strict=True
        ):
            torch.testing.assert_close(found[real], expected[real], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["luong", "bahdanau", "conditional"])
def test_forced_scores_are_those_of_search(name: str) -> None:
    model, batch = rounded_model(name, **WIDE), random_batch([4])
    (found,) = beam_search(model, batch, TARGET, SearchOptions(beam_size=3, max_length=6))[0]
    forced = forced_decode(model, batch, torch.tensor([found.tokens]), TARGET)
    assert float(forced.log_probs.sum()) == pytest.approx(found.log_prob, abs=1e-5)
    greedy = greedy_search(model, batch, TARGET, SearchOptions(beam_size=1, max_length=6))[0]
    (one,) = beam_search(model, batch, TARGET, SearchOptions(beam_size=1, max_length=6))[0]
    assert greedy.tokens == one.tokens


def test_rounded_weights_are_named() -> None:
    attention = {"score": "location_aware", "coverage": "fertility"}
    model = tiny_model(decoder="luong", cell="lstm", tying="target", attention=attention)
    names = rounded(model)
    kept = {name for name, weight in model.named_parameters() if weight.dim() == 2} - names.keys()
    assert kept == {f"decoder.attention.{name}.weight" for name in ("score.feature", "coverage.fertility")}
    before: Batch = random_batch([4, 3])
    tokens = random_ids(3, 2, 5, size=TARGET.size)
    with torch.no_grad():
        exact = model.float()(*before, tokens).weights
        to_int8(model)
        assert float((model(*before, tokens).weights - exact).abs().max()) < 0.35


@pytest.mark.parametrize("name", ["luong", "parallel", "normalised", "tied"])
def test_looking_gates_up_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = rounded_model(name)
    monkeypatch.setattr(rounding, "LARGEST_TABLE", 0)
    multiplying = rounded_model(name)
    assert looking.target_embedding.embedding_dim > multiplying.target_embedding.embedding_dim
    batch, target = random_batch([5, 3, 4]), random_ids(7, 3, 6, size=TARGET.size)
    with torch.no_grad():
        found, expected = (model(*batch, target) for model in (looking, multiplying))
    assert torch.equal(found.attentional, expected.attentional)
    assert torch.equal(found.weights, expected.weights)


def test_matrices_of_shortlists_may_be_made_in_several_threads() -> None:
    """Packing changes settings of the whole process, which must be what they were when all is done."""
    matrix = Int8Matrix.of(torch.randn(2000, 32))
    some = torch.arange(0, 2000, 2)
    inputs = torch.rand(3, 32)
    before, filters = torch.backends.quantized.engine, list(warnings.filters)
    expected = matrix[some].product(inputs)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: matrix[some].product(inputs), range(200)))
    assert all(torch.equal(one, expected) for one in found)
    assert torch.backends.quantized.engine == before
    assert warnings.filters == filters


def test_numbers_beside_the_middle_are_rounded_as_the_kernel_does() -> None:
    """The kernel adds its zero point before it rounds, and that sum rounds, too; short lists have no kernel."""
    middles = (torch.arange(-63, 63) + 0.5) / 64
    steps = torch.arange(-40, 41) * 2.0**-28
    inputs = (middles[:, None] + steps).T.contiguous()
    numbers, scale = quantise(normal(700, inputs.shape[1]))
    kernel, floats = (Int8Matrix(numbers, scale, packed=one, within_one=True, apart=True) for one in (True, False))
    assert torch.equal(kernel.product(inputs), floats.product(inputs))
