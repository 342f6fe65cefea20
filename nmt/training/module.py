"""The LightningModule: loss, optimizer and schedule of a translation model."""

from collections.abc import Callable, Iterable
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from nmt.config import GuidedSettings, ModelSettings, Vocabulary
from nmt.config.attention import outside_package
from nmt.data.batches import PairBatch
from nmt.modules.build import build_model
from nmt.search.forced import shift_right
from nmt.training.losses import coverage_sum, guided_sum, loss_sums

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
ScheduleFactory = Callable[[Optimizer], LRScheduler]


def typed_packages(settings: ModelSettings) -> tuple[str, ...]:
    """Returns the package of a score from outside: whoever starts a training has named it, and so allowed it."""
    package = outside_package(settings.attention.score)
    return () if package is None else (package,)


class TranslationModule(pl.LightningModule):
    """Trains a model that is described by plain settings.

    The loss of an optimizer step is the sum over its target tokens by their number, however many batches it
    accumulates. All dropout is keyed by (seed, optimizer step, batch of the step), so that a resumed run repeats what
    an uninterrupted one would have done.
    """

    def __init__(
        self,
        settings: ModelSettings,
        source: Vocabulary,
        target: Vocabulary,
        *,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        label_smoothing: float = 0.0,
        coverage_loss: float = 0.0,
        guided: GuidedSettings | None = None,
        seed: int = 1,
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.model = build_model(settings, source, target, typed_packages(settings))
        self.target = target
        self.label_smoothing, self.coverage_loss, self.seed = label_smoothing, coverage_loss, seed
        self.guided = guided
        self._optimizer, self._schedule = optimizer, schedule
        self._plateau: ReduceLROnPlateau | None = None
        self._plateau_state: dict[str, Any] | None = None

    def parameter_count(self) -> int:
        """Returns the number of trained numbers; tied ones count once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def configure_optimizers(self) -> Any:
        """Builds optimizer and schedule; a plateau schedule is stepped after each validation, others at each step.

        An optimizer that has one kernel for all its arithmetic uses it, unless its settings say otherwise.
        """
        optimizer = self._optimizer(self.parameters())
        for group in optimizer.param_groups:
            # Asked for at construction, Lightning would take mixed precision to be the optimizer's own affair.
            if group.get("fused", False) is None and not group.get("foreach"):
                group["fused"] = True
        schedule = self._schedule(optimizer)
        if isinstance(schedule, ReduceLROnPlateau):
            self._plateau = schedule
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_batch_start(self, batch: PairBatch, batch_idx: int) -> None:
        """Keys the generator that dropout draws from; logs the rate that the step will have."""
        part = batch_idx % self.trainer.accumulate_grad_batches
        key = np.random.SeedSequence((self.seed, self.global_step, part)).generate_state(1)[0]
        torch.manual_seed(int(key))
        self.log("train/learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"])

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        """Returns the batch's share of its optimizer step's loss."""
        smoothed, plain = self._losses(batch)
        self.log("train/loss", plain / batch.target_tokens, batch_size=batch.target_tokens)
        # Lightning divides by the number of accumulated batches; the step's own token count is the right divisor.
        return smoothed / batch.step_tokens * self.trainer.accumulate_grad_batches

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Logs the plain cross-entropy a token."""
        _, plain = self._losses(batch)
        self.log("valid/loss", plain / batch.target_tokens, batch_size=batch.target_tokens)

    def reduce_on_plateau(self, metric: float) -> None:
        """Tells a plateau schedule, if there is one, the figure of a validation."""
        if self._plateau is not None:
            self._plateau.step(metric)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps the state of a plateau schedule, which Lightning does not know of."""
        if self._plateau is not None:
            checkpoint["plateau"] = self._plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remembers the state of a plateau schedule until there is one."""
        self._plateau_state = checkpoint.get("plateau")

    def on_fit_start(self) -> None:
        """Restores the state of a plateau schedule."""
        if self._plateau is not None and self._plateau_state is not None:
            self._plateau.load_state_dict(self._plateau_state)

    def _losses(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        inputs = shift_right(batch.target, self.target.bos_id)
        decoded = self.model(batch.source, batch.source_lengths, inputs)
        smoothed, plain = loss_sums(
            self.model.output, decoded.attentional, batch.target, self.target.pad_id, self.label_smoothing
        )
        if self.coverage_loss:
            smoothed = smoothed + self.coverage_loss * coverage_sum(decoded.weights, batch.target != self.target.pad_id)
        if self.guided is not None and batch.links is not None:
            guidance = self._guidance(batch, decoded.weights, self.guided)
            self.log("train/guided_loss", guidance.detach() / batch.target_tokens, batch_size=batch.target_tokens)
            smoothed = smoothed + (self.guided.weight or 1.0) * self.guided.decay**self.current_epoch * guidance
        return smoothed, plain

    def _guidance(self, batch: PairBatch, weights: Tensor, settings: GuidedSettings) -> Tensor:
        assert batch.links is not None
        return guided_sum(
            weights,
            batch.links,
            batch.target,
            batch.source_lengths,
            pad_id=self.target.pad_id,
            shift=settings.shift or 0,
            unlinked=settings.unlinked,
        )
