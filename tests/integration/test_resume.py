"""A run that was cut short, then continued, equals one that was not: the same weights to the last bit, same figures."""

import csv
import json
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor

from nmt.config import ModelSettings, Vocabulary, build
from nmt.data.batches import BatchLoader, PairBatch
from nmt.data.ragged import EncodedPairs, Ragged
from nmt.training.module import TranslationModule
from tests.conftest import CallNmt
from tests.trained import TINY

RUN = (*TINY, "trainer.val_check_interval=4")


def last_checkpoint(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return found


def assert_same_run(one: Path, other: Path) -> None:
    first, second = last_checkpoint(one), last_checkpoint(other)
    assert first["global_step"] == second["global_step"]
    assert first["epoch"] == second["epoch"]
    assert first["state_dict"].keys() == second["state_dict"].keys()
    for name, weights in first["state_dict"].items():
        assert torch.equal(weights, second["state_dict"][name]), name
    for file in ("model/model.safetensors", "test.hypotheses"):
        assert (one / file).read_bytes() == (other / file).read_bytes()
    figures = [json.loads((run / "metrics.json").read_text(encoding="utf-8")) for run in (one, other)]
    for found in figures:
        del found["train_seconds"], found["train_tokens_per_second"]
    assert figures[0] == figures[1]


def cut_short(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Lets the power fail at an optimizer step."""
    original = TranslationModule.training_step

    def failing(self: TranslationModule, batch: PairBatch, batch_idx: int) -> Tensor:
        if self.global_step == step:
            raise RuntimeError("power cut")
        return original(self, batch, batch_idx)

    monkeypatch.setattr(TranslationModule, "training_step", failing)


# An epoch has about eleven batches; the run is cut after the checkpoint in the middle of an epoch.
@pytest.mark.parametrize(
    ("settings", "cut"),
    [
        (("trainer.max_steps=14",), 6),
        (("trainer.max_steps=8", "trainer.accumulate_grad_batches=2"), 3),
        (("trainer.max_epochs=2", "schedule=plateau", "schedule.patience=0", "optimizer=adamw"), 13),
    ],
    ids=["steps", "accumulated", "plateau"],
)
def test_continued_run_equals_uninterrupted(
    call_nmt: CallNmt, tmp_path: Path, settings: tuple[str, ...], cut: int
) -> None:
    whole = call_nmt("train", *RUN, *settings, "paths.output_dir=whole")
    assert whole.returncode == 0, whole.stderr
    with pytest.MonkeyPatch.context() as patch:
        cut_short(patch, cut)
        stopped = call_nmt("train", *RUN, *settings, "paths.output_dir=cut")
    assert stopped.returncode == 1
    assert "power cut" in stopped.stderr
    assert 0 < last_checkpoint(tmp_path / "cut")["global_step"] < cut
    resumed = call_nmt("train", "resume=cut")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize(
    ("first", "later"),
    [("trainer.max_steps=3", "trainer.max_steps=9"), ("trainer.max_epochs=1", "trainer.max_epochs=2")],
)
def test_finished_run_goes_on_to_a_later_end(call_nmt: CallNmt, tmp_path: Path, first: str, later: str) -> None:
    # Without validations in between, which a run of another length has at other steps.
    settings = (*TINY, "trainer.val_check_interval=1000")
    whole = call_nmt("train", *settings, later, "paths.output_dir=whole")
    assert whole.returncode == 0, whole.stderr
    assert call_nmt("train", *settings, first, "paths.output_dir=short").returncode == 0
    before = last_checkpoint(tmp_path / "short")["global_step"]
    longer = call_nmt("train", "resume=short", later)
    assert longer.returncode == 0, longer.stderr
    one, other = last_checkpoint(tmp_path / "whole"), last_checkpoint(tmp_path / "short")
    assert before < one["global_step"] == other["global_step"]
    for name, weights in one["state_dict"].items():
        assert torch.equal(weights, other["state_dict"][name]), name


def test_finished_run_without_a_later_end_changes_nothing(call_nmt: CallNmt, tmp_path: Path) -> None:
    assert call_nmt("train", *TINY, "trainer.max_steps=3", "paths.output_dir=run").returncode == 0
    before = last_checkpoint(tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    again = call_nmt("train", "resume=run")
    assert again.returncode == 0, again.stderr
    after = last_checkpoint(tmp_path / "run")
    assert after["global_step"] == before["global_step"] == 3
    assert all(torch.equal(weights, after["state_dict"][name]) for name, weights in before["state_dict"].items())
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert figures["test/bleu"] == metrics["test/bleu"]
    assert figures["steps"] == 3


def test_moved_run_is_continued_where_it_lies(
    call_nmt: CallNmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call_nmt("train", *TINY, "trainer.max_steps=3", "paths.output_dir=old/run").returncode == 0
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = call_nmt("train", "resume=../new/run", "trainer.max_steps=5")
    assert done.returncode == 0, done.stderr
    assert last_checkpoint(tmp_path / "new" / "run")["global_step"] == 5
    assert not list((tmp_path / "elsewhere").iterdir())
    assert not (tmp_path / "old").exists()


def test_log_of_a_continued_run_goes_on(call_nmt: CallNmt, tmp_path: Path) -> None:
    settings = (*TINY, "trainer.log_every_n_steps=1", "paths.output_dir=run")
    assert call_nmt("train", *settings, "trainer.max_steps=3").returncode == 0
    done = call_nmt("train", "resume=run", "trainer.max_steps=6")
    assert done.returncode == 0, done.stderr
    steps: set[int] = set()
    for path in (tmp_path / "run" / "logs").rglob("metrics.csv"):
        with open(path, encoding="utf-8", newline="") as file:
            steps |= {int(row["step"]) for row in csv.DictReader(file)}
    assert steps >= set(range(5))  # Lightning counts a continued run from its last step, not from the next
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert "validation after step 3" in log
    assert "validation after step 6" in log


def test_accumulated_batches_have_the_gradient_of_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [3, 9, 4, 8, 2, 7]
    rows = [[4 + (index + place) % 5 for place in range(length)] + [2] for index, length in enumerate(lengths)]
    pairs = EncodedPairs(Ragged(rows), Ragged(rows[::-1]))
    vocabulary = Vocabulary(size=10, pad_id=0, bos_id=1, eos_id=2, unk_id=3)
    sizes = {"embedding_size": 4, "encoder_size": 3, "decoder_size": 6, "dropout": 0.0, "tying": "none"}
    settings = build(ModelSettings, sizes, "model")

    def gradient(budget: int, accumulate: int) -> tuple[int, dict[str, Tensor]]:
        module = TranslationModule(
            settings, vocabulary, vocabulary, optimizer=torch.optim.Adam, schedule=torch.optim.lr_scheduler.ConstantLR
        ).double()
        monkeypatch.setattr(module, "log", lambda *_, **__: None)
        module.trainer = pl.Trainer(accumulate_grad_batches=accumulate, logger=False, enable_checkpointing=False)
        batches = list(BatchLoader(pairs, budget, 0, 0, seed=1, accumulate=accumulate))
        for index, batch in enumerate(batches):
            (module.training_step(batch, index) / accumulate).backward()  # type: ignore[no-untyped-call]
        found = {name: one.grad for name, one in module.named_parameters() if one.grad is not None}
        return len(batches), found

    parts, accumulated = gradient(30, 2)
    one, together = gradient(1000, 1)
    assert (parts, one) == (2, 1)
    assert accumulated.keys() == together.keys()
    for name, expected in together.items():
        torch.testing.assert_close(accumulated[name], expected, rtol=1e-9, atol=1e-12)
