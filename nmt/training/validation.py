"""What a validation measures on real translations: scores, and whether the model attends."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

import lightning.pytorch as pl

from nmt.alignment import attention_health
from nmt.data.text import ParallelText
from nmt.evaluation import corpus_scores
from nmt.training.module import TranslationModule
from nmt.translation import Translation, Translator

log = logging.getLogger(__name__)

MOST_ENTROPY, MOST_END_WEIGHT = 0.9, 0.6
"""A relative entropy or a weight on `</s>` above these is that of a model that has not learnt to attend."""


@dataclass(frozen=True)
class Validation:
    """A validation text as it was translated after a step.

    Attributes:
        step: optimizer steps so far.
        text: the validation text.
        results: its translations, in order.
        figures: what was measured, by the names it is logged under.
    """

    step: int
    text: ParallelText
    results: Sequence[Translation]
    figures: dict[str, float]


@runtime_checkable
class ValidationListener(Protocol):
    """A callback that wants to see the translations of each validation."""

    def on_translated(self, trainer: pl.Trainer, validation: Validation) -> None:
        """Is called within a validation, after its figures have been logged."""


def health_figures(results: Sequence[Translation]) -> dict[str, float]:
    """Returns the health of the attention under the names it has in logs and `metrics.json`, without the part.

    `attention_entropy` is in nats, `attention_relative_entropy` 1 for uniform rows; see `AttentionHealth`.
    """
    aligned = [one.hypotheses[0] for one in results if one.hypotheses and one.hypotheses[0].aligned]
    health = attention_health(one.alignment.matrix for one in aligned)
    return {f"attention_{name}": value for name, value in vars(health).items()} if health else {}


class TranslationScores(pl.Callback):
    """Translates the validation text after each validation; logs BLEU, chrF, exact match and attention health."""

    def __init__(
        self,
        text: ParallelText,
        translator: Translator,
        target_lang: str,
        listeners: Sequence[ValidationListener] = (),
    ) -> None:
        self._text, self._translator, self._target_lang = text, translator, target_lang
        self._listeners = listeners

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Scores real translations, searched for with the translator's options."""
        begin = time.monotonic()
        self._translator.device = pl_module.device
        results = self._translator.translate(self._text.sources)
        hypotheses, text = [result.text for result in results], self._text
        scores = corpus_scores(hypotheses, text.targets, self._target_lang, tokenize=text.bleu_tokenizer)
        found = {"bleu": scores.bleu, "chrf": scores.chrf, "exact_match": scores.exact_match}
        figures = {f"valid/{name}": value for name, value in (found | health_figures(results)).items()}
        pl_module.log_dict(figures)
        cast(TranslationModule, pl_module).reduce_on_plateau(scores.bleu)
        loss = trainer.callback_metrics.get("valid/loss")
        figures["valid/loss"] = float("nan") if loss is None else float(loss)
        log.info("%s  (%.0f s)", summary(trainer.global_step, figures), time.monotonic() - begin)
        validation = Validation(trainer.global_step, self._text, results, figures)
        for listener in self._listeners:
            listener.on_translated(trainer, validation)


def summary(step: int, figures: dict[str, float]) -> str:
    """Returns the figures of a validation in a line."""
    line = (
        f"validation after step {step}: BLEU {figures['valid/bleu']:.2f}  chrF {figures['valid/chrf']:.2f}  "
        f"exact match {figures['valid/exact_match']:.3f}  loss {figures['valid/loss']:.3f}"
    )
    if "valid/attention_entropy" not in figures:
        return line
    return (
        f"{line}  attention: entropy {figures['valid/attention_entropy']:.2f} "
        f"({figures['valid/attention_relative_entropy']:.2f} of uniform), "
        f"</s> {figures['valid/attention_end_weight']:.2f}, coverage {figures['valid/attention_coverage']:.2f}"
    )


class AttentionWarning(pl.Callback):
    """Says once if a model does not learn to attend, from the second validation on and when the rate rises no more."""

    def __init__(self) -> None:
        self._rate: float | None = None
        self._said = False

    def on_translated(self, trainer: pl.Trainer, validation: Validation) -> None:
        """Looks at the figures of a validation."""
        rate = float(trainer.optimizers[0].param_groups[0]["lr"])
        warm = self._rate is not None and rate <= self._rate
        self._rate = rate
        complaint = complain(validation.figures)
        if warm and complaint and not self._said:
            self._said = True
            log.warning(
                "the model has not learnt to attend (%s); what usually helps: longer training, another score such as "
                "model.attention.score=general, or one with a temperature that is learnt (cosine)",
                complaint,
            )

    def state_dict(self) -> dict[str, Any]:
        """Returns the learning rate at the last validation, and whether the warning was given."""
        return {"rate": self._rate, "said": self._said}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self._rate, self._said = state_dict["rate"], state_dict["said"]


def complain(figures: dict[str, float]) -> str:
    """Returns what is wrong with the attention of a validation, or nothing."""
    entropy, end = (figures.get(f"valid/attention_{name}", 0.0) for name in ("relative_entropy", "end_weight"))
    if entropy > MOST_ENTROPY:
        return f"its weights are almost uniform: entropy {entropy:.2f} of the largest possible"
    return f"{end:.2f} of its weight lies on </s>" if end > MOST_END_WEIGHT else ""
