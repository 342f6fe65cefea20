"""What happens beside the training steps: writing packages, ending with a validation, plain lines."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch import callbacks
from torch import Tensor

from nmt.data.batches import PairBatch

log = logging.getLogger(__name__)


class PackageWriter(pl.Callback):
    """Writes the model package whenever a validation is the best so far."""

    def __init__(self, write: Callable[[dict[str, float]], None], monitor: str = "valid/bleu") -> None:
        self._write, self._monitor = write, monitor
        self._best = float("-inf")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Writes if the monitored figure has grown."""
        value = float(trainer.callback_metrics[self._monitor])
        if value > self._best:
            self._best = value
            metrics = {name: float(one) for name, one in trainer.callback_metrics.items() if name.startswith("valid/")}
            self._write({**metrics, "step": trainer.global_step})

    def state_dict(self) -> dict[str, Any]:
        """Returns the best figure so far."""
        return {"best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores the best figure so far."""
        self._best = state_dict["best"]


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's, but a run that it has stopped and that is resumed gets its patience again, or a new one."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores the state, except for a patience that has run out or is set anew."""
        waited = state_dict["wait_count"] if state_dict["wait_count"] < state_dict["patience"] else 0
        super().load_state_dict({**state_dict, "patience": self.patience, "wait_count": waited})


class LastValidation(pl.Callback):
    """Sees to it that a run ends with a validation, at whatever step it ends."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Tells the trainer to stop at its last step, upon which it validates."""
        steps_done = 0 < trainer.max_steps <= trainer.global_step
        epochs = trainer.max_epochs if trainer.max_epochs is not None else -1
        if steps_done or (trainer.is_last_batch and 0 < epochs <= trainer.current_epoch + 1):
            trainer.should_stop = True


class ProgressLines(pl.Callback):
    """Logs a plain line every `every` steps: loss, learning rate, target tokens a second."""

    def __init__(self, every: int) -> None:
        self._every, self._logged = every, 0
        self._reset()

    def _reset(self) -> None:
        self._tokens, self._loss, self._batches = 0, 0.0, 0
        self._begin = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self._reset()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leaves validation out of the rate."""
        self._reset()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: PairBatch, batch_idx: int
    ) -> None:
        """Logs a line when it is time for one."""
        self._tokens, self._batches = self._tokens + batch.target_tokens, self._batches + 1
        loss = trainer.callback_metrics.get("train/loss")
        self._loss += float(loss) if isinstance(loss, Tensor) else 0.0
        if trainer.global_step != self._logged and trainer.global_step % self._every == 0:
            self._logged = trainer.global_step
            log.info(
                "step %d  epoch %.1f  loss %.3f  lr %.2e  %d tokens/s",
                trainer.global_step,
                trainer.current_epoch + (batch_idx + 1) / max(1, int(trainer.num_training_batches)),
                self._loss / self._batches,
                trainer.optimizers[0].param_groups[0]["lr"],
                self._tokens / max(1e-9, time.monotonic() - self._begin),
            )
            self._reset()


class TokenRate(pl.Callback):
    """Counts target tokens and the seconds of training, those of validations left out, also over resumed parts."""

    def __init__(self) -> None:
        self._tokens, self._seconds = 0, 0.0
        self._begin: float | None = None

    def figures(self) -> dict[str, float]:
        """Returns `train_tokens_per_second`, nothing if no token was counted."""
        seconds = self._elapsed()
        return {"train_tokens_per_second": round(self._tokens / seconds, 1)} if self._tokens and seconds else {}

    def _elapsed(self) -> float:
        return self._seconds + (0.0 if self._begin is None else time.monotonic() - self._begin)

    def _stop(self) -> None:
        self._seconds, self._begin = self._elapsed(), None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self._begin = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: PairBatch, batch_idx: int
    ) -> None:
        """Counts the tokens of a batch."""
        self._tokens += batch.target_tokens

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stops the clock."""
        self._stop()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Goes on, after what other callbacks do with a validation."""
        self._begin = time.monotonic()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stops the clock for good."""
        self._stop()

    def state_dict(self) -> dict[str, Any]:
        """Returns what was counted."""
        return {"tokens": self._tokens, "seconds": self._elapsed()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what was counted up to the checkpoint, so that steps that were lost do not count."""
        self._tokens, self._seconds = state_dict["tokens"], state_dict["seconds"]


def link_latest(run: Path, root: Path) -> None:
    """Points `runs/NAME/latest` at a run `runs/NAME/TIME`; leaves runs elsewhere alone."""
    if run.parent.parent.resolve() != root.resolve():
        return
    part = run.parent / f".latest.{run.name}"
    part.unlink(missing_ok=True)
    part.symlink_to(run.name)
    part.replace(run.parent / "latest")
