"""The optimizer's fused kernel: the same steps, also in mixed precision, and none where another way is asked for."""

from functools import partial
from typing import Any

import pytest
import torch
from torch.optim import SGD, Adam, AdamW, NAdam, Optimizer
from torch.optim.lr_scheduler import ConstantLR

from nmt.config import ModelSettings, Vocabulary
from nmt.training.module import TranslationModule
from tests.conftest import CallNmt
from tests.trained import TINY

VOCABULARY = Vocabulary(size=9, pad_id=0, bos_id=1, eos_id=2, unk_id=3)


def optimizer_of(factory: Any) -> Optimizer:
    settings = ModelSettings(embedding_size=4, encoder_size=3, decoder_size=6, tying="none")
    module = TranslationModule(settings, VOCABULARY, VOCABULARY, optimizer=factory, schedule=ConstantLR)
    made: Optimizer = module.configure_optimizers()["optimizer"]
    return made


def after_steps(factory: Any) -> list[torch.Tensor]:
    torch.manual_seed(2)
    optimizer = optimizer_of(factory)
    parameters: list[torch.nn.Parameter] = optimizer.param_groups[0]["params"]
    for _ in range(3):
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


@pytest.mark.parametrize("cls", [Adam, AdamW])
def test_fused_steps_are_the_same_steps(cls: type[Optimizer]) -> None:
    assert optimizer_of(cls).param_groups[0]["fused"] is True
    plain = after_steps(partial(cls, foreach=False, fused=False))  # type: ignore[call-arg]
    torch.testing.assert_close(after_steps(cls), plain, rtol=1e-6, atol=1e-7)


def test_other_ways_and_other_optimizers_are_left_alone() -> None:
    assert optimizer_of(partial(Adam, fused=False)).param_groups[0]["fused"] is False
    assert optimizer_of(partial(Adam, foreach=True)).param_groups[0]["fused"] is None
    assert "fused" not in optimizer_of(NAdam).param_groups[0]
    assert after_steps(partial(SGD, lr=0.1))


@pytest.mark.parametrize("model", [("model=luong",), ("model=bahdanau", "model.cell=gru"), ("model=parallel",)])
def test_mixed_precision_trains(call_nmt: CallNmt, model: tuple[str, ...]) -> None:
    run = ("trainer.precision=bf16-mixed", "trainer.max_steps=2", "paths.output_dir=run")
    done = call_nmt("train", *TINY, *model, *run)
    assert done.returncode == 0, done.stderr
