"""What a run shows: pictures, translations, logs and a README; and that showing changes nothing."""

import csv
import json
from pathlib import Path

import pytest
import torch

from nmt.training import loggers
from nmt.training.module import TranslationModule
from nmt.visual import curves, heatmap
from tests.conftest import CallNmt
from tests.trained import TINY, UNSEEN

HEALTH = {f"attention_{name}" for name in ("entropy", "relative_entropy", "end_weight", "coverage")}
STEPS = (*(one for one in TINY if one not in UNSEEN), "trainer.val_check_interval=3", "trainer.log_every_n_steps=1")


def steps_of(run: Path, suffix: str) -> list[int]:
    return sorted(int(path.stem.removeprefix("step_")) for path in (run / "validation").glob(f"*{suffix}"))


def test_learnt_model_attends(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    for part in ("valid", "test"):
        assert {f"{part}/{name}" for name in HEALTH} <= metrics.keys()
        assert metrics[f"{part}/attention_relative_entropy"] < 0.5
        assert metrics[f"{part}/attention_end_weight"] < 0.3
        assert metrics[f"{part}/attention_coverage"] > 0.5
    log = (trained / "train.log").read_text(encoding="utf-8")
    assert "of uniform" in log
    assert "has not learnt to attend" not in log


def test_each_validation_leaves_translations_and_a_heatmap(trained: Path) -> None:
    steps = steps_of(trained, ".txt")
    assert steps
    assert steps == steps_of(trained, ".png")
    last = (trained / "validation" / f"step_{steps[-1]:06d}.txt").read_text(encoding="utf-8")
    head, *paragraphs = last.removesuffix("\n").split("\n\n")
    assert head.startswith(f"validation after step {steps[-1]}: BLEU")
    assert len(paragraphs) == 8
    rows = [[line[13:] for line in paragraph.split("\n")] for paragraph in paragraphs]
    assert [len(source) for source, _, _ in rows] == sorted(len(source) for source, _, _ in rows)
    assert sum(reference == translation for _, reference, translation in rows) >= 5
    assert (trained / "train.log").read_text(encoding="utf-8").count("for example: ") == len(steps)


def test_csv_and_tensorboard_hold_the_figures(trained: Path) -> None:
    with open(trained / "logs" / "version_0" / "metrics.csv", encoding="utf-8", newline="") as file:
        columns = set(csv.DictReader(file).fieldnames or ())
    expected = {"train/loss", "train/learning_rate", "valid/loss", "valid/bleu", *(f"valid/{name}" for name in HEALTH)}
    assert expected | {"test/bleu"} <= columns
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(trained / "logs" / "tensorboard"), size_guidance={"images": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    assert expected | {"test/bleu"} <= set(tags["scalars"])
    pictures = [event.step for event in events.Images("valid/alignment")]
    assert pictures == steps_of(trained, ".png")
    assert "valid/translations/text_summary" in tags["tensors"]


def test_readme_tells_of_the_run(trained: Path) -> None:
    text = (trained / "README.md").read_text(encoding="utf-8")
    metrics = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    assert "Not finished" not in text
    assert f"Finished after {metrics['steps']:,} steps" in text
    assert f"| BLEU | {metrics['valid/bleu']:.2f} | {metrics['test/bleu']:.2f} |" in text
    assert metrics["signature"] in text
    assert "nmt train seed=1 model=luong" in text
    assert "![Learning curves](curves.png)" in text
    assert "| training | phrasebook, generated | 16,000 | `" in text
    assert "16,000 of 16,000 pairs kept" in text
    assert "decoder `luong`, score `general`" in text
    assert f"| torch | {torch.__version__} |" in text
    for command in ("nmt translate ", "nmt train resume=", "tensorboard --logdir "):
        assert command in text


def test_showing_changes_nothing(call_nmt: CallNmt, tmp_path: Path) -> None:
    for name, others in {
        "shown": (),
        "plain": ("logger=none", "callbacks.samples=null", "callbacks.curves=null"),
        "without": ("logger=null", "callbacks.samples.picture=false"),
    }.items():
        done = call_nmt("train", *STEPS, *others, "trainer.max_steps=7", f"paths.output_dir={name}")
        assert done.returncode == 0, done.stderr
    for name in ("plain", "without"):
        for file in ("model/model.safetensors", "test.hypotheses"):
            assert (tmp_path / name / file).read_bytes() == (tmp_path / "shown" / file).read_bytes()
    shown, plain, without = (
        {path.name for path in (tmp_path / name).iterdir()} for name in ("shown", "plain", "without")
    )
    assert shown - plain == {"logs", "curves.png", "curves.json", "validation"}
    assert shown - without == {"logs"}
    assert steps_of(tmp_path / "shown", ".png") == [3, 6, 7]
    assert steps_of(tmp_path / "without", ".txt") == [3, 6, 7]
    assert steps_of(tmp_path / "without", ".png") == []
    assert "tensorboard --logdir" not in (tmp_path / "plain" / "README.md").read_text(encoding="utf-8")


def test_stopped_run_says_so_and_is_told_as_one(
    call_nmt: CallNmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TranslationModule.training_step

    def failing(self: TranslationModule, *batch: object) -> torch.Tensor:
        if self.global_step == 5:
            raise RuntimeError("power cut")
        return original(self, *batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(TranslationModule, "training_step", failing)
        assert call_nmt("train", *STEPS, "trainer.max_steps=8", "paths.output_dir=run").returncode == 1
    readme = tmp_path / "run" / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert "**Not finished** when this was written, after 3 steps" in text
    assert "`nmt train resume=run`" in text

    done = call_nmt("train", "resume=run", "callbacks.early_stopping=null")
    assert done.returncode == 0, done.stderr
    text = readme.read_text(encoding="utf-8")
    assert "Finished after 8 steps" in text
    assert "paths.output_dir=run\nnmt train resume=run callbacks.early_stopping=null\n" in text
    checkpoint = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    points = checkpoint["callbacks"]["LearningCurves"]
    assert [point["step"] for point in points["train"]] == list(range(1, 9))  # steps done twice count once
    assert [point["step"] for point in points["valid"]] == [3, 6, 8]
    assert json.loads((tmp_path / "run" / "curves.json").read_text(encoding="utf-8")) == points
    rate = checkpoint["callbacks"]["TokenRate"]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["train_tokens_per_second"] == pytest.approx(rate["tokens"] / rate["seconds"], rel=0.05)


def test_pictures_that_cannot_be_drawn_do_not_end_a_run(
    call_nmt: CallNmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(curves, "save_curves", broken)
    monkeypatch.setattr(heatmap, "save_heatmap", broken)
    done = call_nmt("train", *STEPS, "trainer.max_steps=6", "logger=csv", "paths.output_dir=run")
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert log.count("no space left") == 2  # once for each kind of picture
    assert steps_of(tmp_path / "run", ".txt") == [3, 6]


@pytest.mark.parametrize(("logger", "extra"), [("wandb", "wandb"), ("[csv,mlflow]", "mlflow")])
def test_logger_that_is_not_installed_is_named(
    call_nmt: CallNmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logger: str, extra: str
) -> None:
    monkeypatch.setattr(loggers, "_is_installed", lambda _: False)
    done = call_nmt("train", *TINY, f"logger={logger}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"pip install 'nmt-attention[{extra}]'" in line
    assert not list(tmp_path.iterdir())
