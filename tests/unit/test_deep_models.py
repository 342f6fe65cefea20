"""Whole models of every merge, with residual connections and normalised cells, keep what plain ones promise."""

from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from nmt.config import SettingsError
from nmt.config.model import CELLS, MERGES
from nmt.modules.seq2seq import Seq2Seq
from nmt.search.tree import select_hypotheses
from tests.unit.models import DECODERS, random_batch, random_ids, randomise, rows_of, tiny_model

pytestmark = pytest.mark.grid

EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
FLAGS = [False, True]
VARIANTS: dict[str, dict[str, Any]] = {
    f"{cell}-{merge}-{residual}-{layer_norm}": {
        "cell": cell,
        "encoder_merge": merge,
        "residual": residual,
        "layer_norm": layer_norm,
    }
    for cell, merge, residual, layer_norm in product(CELLS, MERGES, FLAGS, FLAGS)
}
"""Settings of cells and encoder, by name: cell, merge, residual, layer_norm."""

DEEP: dict[str, Any] = {"encoder_layers": 2, "decoder_layers": 2, "residual": True}


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("wiring", DECODERS)
class TestVariants:
    def model(self, wiring: str, variant: str, layers: int) -> Seq2Seq:
        sizes: dict[str, Any] = {"encoder_layers": layers, "decoder_layers": layers}
        return tiny_model(**sizes, **VARIANTS[variant], **DECODERS[wiring])

    def test_step_by_step_equals_teacher_forced(self, wiring: str, variant: str, layers: int) -> None:
        model, batch = self.model(wiring, variant, layers), random_batch([5, 2, 4])
        targets = random_ids(7, 3, 2, 4)  # (batch, hypothesis, step)
        source, state = model.start(*batch)
        state = select_hypotheses(state, torch.zeros(3, 2, dtype=torch.long))
        wholes = [model(*batch, targets[:, hypothesis]) for hypothesis in range(2)]
        for step in range(4):
            logits, weights, state = model.step(targets[:, :, step], source, state)
            for hypothesis, whole in enumerate(wholes):
                expected = model.output(whole.attentional[:, step])
                torch.testing.assert_close(logits[:, hypothesis], expected, **EXACT)
                torch.testing.assert_close(weights[:, hypothesis], whole.weights[:, step], **EXACT)

    def test_every_parameter_is_learned(self, wiring: str, variant: str, layers: int) -> None:
        model = self.model(wiring, variant, layers)
        randomise(model, seed=1, std=0.3)  # less saturated
        logits = model.output(model(*random_batch([4, 3]), random_ids(7, 2, 3)).attentional)
        names, parameters = zip(*model.named_parameters(), strict=True)
        loss = F.cross_entropy(logits.flatten(0, 1), random_ids(8, 6))
        for name, gradient in zip(names, torch.autograd.grad(loss, parameters), strict=True):
            assert gradient.isfinite().all(), name
            assert gradient.any(), name


@pytest.mark.parametrize("wiring", DECODERS)
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(cell: str, wiring: str) -> None:
    model = tiny_model(cell=cell, encoder_merge="sum", layer_norm=True, **DEEP, **DECODERS[wiring])
    batch, targets = random_batch([5, 1, 4]), random_ids(7, 3, 3)
    near, far = model(*batch, targets), model(*rows_of(batch, range(3), 9), targets)
    torch.testing.assert_close(far.attentional, near.attentional, **EXACT)
    torch.testing.assert_close(far.weights[:, :, :5], near.weights, **EXACT)


@pytest.mark.parametrize("wiring", DECODERS)
@pytest.mark.parametrize("bridge", ["dense", "zero"])
@pytest.mark.parametrize("layer_norm", FLAGS)
@pytest.mark.parametrize("cell", CELLS)
def test_mixed_precision_runs(cell: str, layer_norm: bool, bridge: str, wiring: str) -> None:
    settings: dict[str, Any] = {"layer_norm": layer_norm, "variational_dropout": True, "bridge": bridge}
    model = tiny_model(cell=cell, **settings, **DEEP, **DECODERS[wiring]).float()
    for training in FLAGS:
        model.train(training)
        with torch.autocast("cpu", torch.bfloat16):
            attentional = model(*random_batch([4, 3]), random_ids(7, 2, 3)).attentional
        attentional.float().sum().backward()
        assert attentional.isfinite().all()


@pytest.mark.parametrize("kind", ["last", "mean"])
def test_summed_directions_are_as_wide_as_one(kind: str) -> None:
    model = tiny_model(bridge=kind, encoder_merge="sum", encoder_size=6, decoder_size=6)
    source, state = model.start(*random_batch([4, 2]))
    assert source.memory.shape == (2, 4, 6)
    assert state.layers[0][0].shape == (2, 1, 6)
    with pytest.raises(SettingsError, match=rf"model\.bridge={kind} needs model\.decoder_size=3, "):
        tiny_model(bridge=kind, encoder_merge="sum", encoder_size=3, decoder_size=6)


def test_plain_models_have_the_parameters_they_always_had() -> None:
    names = {name.rpartition(".")[0] for name, _ in tiny_model().named_parameters()}
    assert names == {
        *("source_embedding", "target_embedding", "encoder.forwards.0", "encoder.backwards.0", "bridge.dense"),
        *("decoder.attention.score", "decoder.attention.score.query", "decoder.attention.score.key"),
        *("decoder.recurrence.rnn", "decoder.recurrence.feed", "decoder.readout", "output.linear"),
    }
