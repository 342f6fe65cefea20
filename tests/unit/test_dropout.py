"""Variational dropout: the same units of a sentence at all steps, others in each sentence, none outside of training."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.config.model import CELLS
from nmt.modules.cell_steps import LayerState
from nmt.modules.cells import CellOptions, Recurrence
from nmt.modules.dropout import Masks, draw_mask, drop, dropout
from nmt.modules.seq2seq import Seq2Seq
from tests.unit.models import DECODERS, random_batch, random_ids, randomise, tensors_of, tiny_model

SIZES: dict[str, Any] = {
    **dict.fromkeys(("embedding_size", "encoder_size", "decoder_size"), 12),
    **dict.fromkeys(("encoder_layers", "decoder_layers"), 2),
    "attention": {"score": "general"},
}

READERS = re.compile(r"weight_(ih|hh)_l\d$|feed\.weight$|score\.key\.weight$|output\.linear\.weight$")
"""Matrices that read embeddings, states, layers below, memory, contexts or attentional vectors: whatever is dropped.

If a unit is dropped at all steps of a sentence, its column learns nothing from it.
"""


def model(wiring: str = "luong", dropout: float = 0.5, variational: bool = True, **settings: Any) -> Seq2Seq:
    """Returns a model in training, with two layers everywhere and parameters that saturate nothing."""
    settings = {**SIZES, "dropout": dropout, "variational_dropout": variational, **settings}
    made = tiny_model(**settings, **DECODERS[wiring])
    randomise(made, seed=1, std=0.3)
    return made.train()


def idle_columns(made: Seq2Seq, seed: int) -> dict[str, int]:
    """Returns how many columns of each reader get no gradient from one long sentence."""
    torch.manual_seed(seed)
    made.zero_grad()
    logits = made.output(made(*random_batch([12]), random_ids(7, 1, 12)).attentional)
    logits.logsumexp(-1).sum().backward()
    gradients = {name: one.grad for name, one in made.named_parameters() if READERS.search(name)}
    assert len(gradients) > 12
    return {name: int((grad == 0).all(0).sum()) for name, grad in gradients.items() if grad is not None}


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_same_units_are_dropped_at_every_step(wiring: str, cell: str, layer_norm: bool) -> None:
    made = model(wiring, cell=cell, layer_norm=layer_norm)
    drawn = [idle_columns(made, seed) for seed in range(3)]
    for name in drawn[0]:
        share = sum(one[name] for one in drawn) / (3 * made.get_parameter(name).shape[1])
        assert 0.2 < share < 0.8, name
    assert not any(idle_columns(made.eval(), 0).values())


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_plain_dropout_takes_others_at_every_step(wiring: str, cell: str) -> None:
    assert not any(idle_columns(model(wiring, variational=False, cell=cell), 1).values())


@pytest.mark.parametrize("wiring", DECODERS)
def test_sentences_differ_in_training_alone(wiring: str) -> None:
    made, (source, lengths) = model(wiring), random_batch([5])
    batch = (source.expand(2, -1), lengths.expand(2), random_ids(7, 1, 4).expand(2, -1))
    torch.manual_seed(1)
    first, second = made(*batch).attentional
    assert not torch.allclose(first, second)
    torch.manual_seed(1)
    assert torch.equal(made(*batch).attentional[0], first)
    assert not torch.allclose(made(*batch).attentional[0], first)  # nothing is kept of the masks before
    first, second = made.eval()(*batch).attentional
    torch.testing.assert_close(first, second, rtol=0, atol=1e-12)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_loop_of_training_gives_the_numbers_of_the_kernel(wiring: str, cell: str, residual: bool) -> None:
    made, batch = model(wiring, dropout=1e-12, cell=cell, residual=residual), random_batch([5, 1, 4])
    torch.manual_seed(1)  # so rare a unit is dropped that none is
    looped = made(*batch, random_ids(7, 3, 4))
    fused = made.eval()(*batch, random_ids(7, 3, 4))
    torch.testing.assert_close(looped.attentional, fused.attentional, rtol=0, atol=1e-9)
    torch.testing.assert_close(looped.weights, fused.weights, rtol=0, atol=1e-9)


def test_padding_changes_nothing_that_is_drawn() -> None:
    made, (source, lengths), targets = model(), random_batch([5, 3]), random_ids(7, 2, 4)
    found = []
    for width in (0, 4):
        torch.manual_seed(1)
        found.append(made(torch.nn.functional.pad(source, (0, width)), lengths, targets).attentional)
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_expectation_is_kept(rate: float) -> None:
    torch.manual_seed(1)
    mask = draw_mask(torch.zeros(50, 3, 7), 4000, rate)
    assert mask.shape == (50, 1, 4000)
    assert sorted(set(mask.flatten().tolist())) == pytest.approx([0.0, 1 / (1 - rate)], rel=2e-5)
    assert mask.mean().item() == pytest.approx(1.0, abs=0.01)


def test_values_are_dropped_at_all_positions_alike() -> None:
    torch.manual_seed(1)
    ones = torch.ones(6, 5, 40)
    dropped = drop(ones, 0.5, training=True, variational=True)
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert len({tuple(row.tolist()) for row in dropped[:, 0]}) == 6
    anew = drop(ones, 0.5, training=True, variational=False)
    assert not torch.equal(anew, anew[:, :1].expand_as(anew))
    assert torch.equal(drop(ones, 0.5, training=False, variational=True), ones)


def recurrence(dropout: float = 0.5, variational: bool = True, layers: int = 3) -> Recurrence:
    options = CellOptions("gru", dropout, variational=variational)
    return Recurrence(options, input_size=4, feed_size=0, hidden_size=9, layers=layers)


def test_masks_of_a_stack() -> None:
    inputs = torch.zeros(5, 2, 4)
    for layers in (1, 2, 3):
        masks = recurrence(layers=layers).masks(inputs)
        assert masks is not None
        assert (len(masks.states), len(masks.between)) == (layers, layers - 1)
        assert {tuple(mask.shape) for mask in tensors_of(masks)} == {(5, 1, 9)}
        rows = [tuple(row.tolist()) for mask in tensors_of(masks) for row in mask[:, 0]]
        assert len(set(rows)) > len(rows) // 2


def test_no_masks_where_there_is_nothing_to_draw() -> None:
    inputs = torch.zeros(5, 2, 4)
    for one in (recurrence().eval(), recurrence(dropout=0.0), recurrence(variational=False)):
        assert one.masks(inputs) is None


def test_masks_serve_single_steps_and_all_at_once() -> None:
    one, inputs = recurrence().double(), torch.randn(5, 4, 4).double()
    masks = one.masks(inputs)
    assert isinstance(masks, Masks)
    state: tuple[LayerState, ...] = tuple((torch.randn(5, 1, 9).double(),) for _ in range(3))
    outputs, last = one(inputs, state, masks)
    hidden: list[Tensor] = []
    for step in range(4):
        state = one.step(one.project(inputs[:, step : step + 1]), None, state, masks)
        hidden.append(one.output(state))
    torch.testing.assert_close(torch.cat(hidden, dim=1), outputs, rtol=0, atol=1e-12)
    torch.testing.assert_close(state[-1][0], last[-1][0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", [0.0, 1e-5, 0.1, 0.5, 0.9, 1.0])
def test_plain_dropout(rate: float) -> None:
    values = torch.full((3, 7, 5001), 2.0, requires_grad=True)
    torch.manual_seed(1)
    found = dropout(values, rate)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    dropped = (found == 0).float().mean().item()
    assert dropped == pytest.approx(rate, abs=0.006)
    assert torch.equal(found, values * values.grad)
    assert found.mean().item() == pytest.approx(2.0 if rate < 1 else 0.0, abs=0.08)
    torch.manual_seed(1)
    assert torch.equal(dropout(values, rate), found)
    assert dropout(values, rate, training=False) is values


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(1)
    kept = (dropout(torch.ones(400_000), 0.3) != 0).float()
    for apart in (1, 2, 3, 4):
        assert (kept[apart:] * kept[:-apart]).mean().item() == pytest.approx(0.49, abs=0.005)
