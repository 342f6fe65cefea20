"""Learning curves: kept while training, drawn at each validation."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl

from nmt.config import at_least
from nmt.data.batches import PairBatch
from nmt.data.text import replace_file
from nmt.training.harmless import Harmless

if TYPE_CHECKING:
    from nmt.visual.curves import Curve

Point = dict[str, float]
ATTENTION = {"relative_entropy": "entropy / uniform", "end_weight": "on </s>", "coverage": "coverage"}


class LearningCurves(pl.Callback):
    """Draws losses, scores, attention health and learning rate over the steps; writes the points as JSON beside.

    The points are this callback's own and go with the checkpoint. So a run that was killed and resumed has one curve,
    without the steps that were lost, whatever loggers there are.

    Args:
        path: the PNG.
        every: steps between two points of training.
    """

    def __init__(self, path: str, every: int = 50) -> None:
        at_least(every, 1, "callbacks.curves.every")
        self._path, self._every = Path(path), every
        self._train: list[Point] = []
        self._valid: list[Point] = []
        self._epochs = 0.0
        self._loss, self._tokens = 0.0, 0
        self._harmless = Harmless(str(self._path))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: PairBatch, batch_idx: int
    ) -> None:
        """Adds a point when it is time for one: the mean loss since the last."""
        self._epochs = trainer.current_epoch + (batch_idx + 1) / max(1, int(trainer.num_training_batches))
        self._loss += float(trainer.callback_metrics["train/loss"]) * batch.target_tokens
        self._tokens += batch.target_tokens
        if trainer.global_step % self._every == 0:
            self._add_point(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Adds a point to all curves, writes and draws them."""
        self._add_point(trainer)
        figures = {name: float(one) for name, one in trainer.callback_metrics.items() if name.startswith("valid/")}
        self._valid.append({"step": trainer.global_step, **figures})
        with self._harmless():
            replace_file(self._path.with_suffix(".json"), _points(self.state_dict()))
            self._draw()

    def _add_point(self, trainer: pl.Trainer) -> None:
        last = self._train[-1]["step"] if self._train else 0
        if self._tokens and trainer.global_step > last:
            rate = float(trainer.optimizers[0].param_groups[0]["lr"])
            self._train.append({"step": trainer.global_step, "loss": self._loss / self._tokens, "rate": rate})
            self._loss, self._tokens = 0.0, 0

    def _draw(self) -> None:
        from nmt.visual.curves import Panel, save_curves

        train, valid = self._train, self._valid
        losses = [_curve("training", train, "loss"), _curve("validation", valid, "valid/loss")]
        scores = [_curve("BLEU", valid, "valid/bleu"), _curve("chrF", valid, "valid/chrf")]
        attention = [_curve(label, valid, f"valid/attention_{name}") for name, label in ATTENTION.items()]
        panels = [
            Panel("loss, nats a target token", losses),
            Panel("translation of the validation text", scores, (0, 100)),
            Panel("attention", attention, (0, 1.02)),
            Panel("learning rate", [_curve("learning rate", train, "rate")]),
        ]
        title = "/".join(self._path.resolve().parent.parts[-2:])
        save_curves(self._path, panels, title=title, unit=f"optimizer steps ({self._epochs:.1f} epochs)")

    def state_dict(self) -> dict[str, Any]:
        """Returns all points; some kilobytes for a thousand of them."""
        return {"train": self._train, "valid": self._valid, "epochs": self._epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores the points."""
        self._train, self._valid = list(state_dict["train"]), list(state_dict["valid"])
        self._epochs = state_dict["epochs"]


def _points(curves: dict[str, Any]) -> bytes:
    """Returns the points as JSON; what is no number, such as a loss that has overflown, is left out."""
    kept = {
        name: [{key: value for key, value in point.items() if math.isfinite(value)} for point in curves[name]]
        for name in ("train", "valid")
    }
    return (json.dumps({**kept, "epochs": curves["epochs"]}) + "\n").encode()


def _curve(label: str, points: Sequence[Point], name: str) -> "Curve":
    from nmt.visual.curves import Curve

    found = [point for point in points if name in point]
    return Curve(label, [point["step"] for point in found], [point[name] for point in found])
