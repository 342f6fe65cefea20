"""Bootstrap resampling of corpus scores, draw for draw as the `sacrebleu` command does it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics.base import Metric

from nmt.config import SettingsError
from nmt.evaluation.results import Estimate

Samples = npt.NDArray[np.floating]
Rows = Sequence[Sequence[float]]
"""What a metric counted in each line; sums of rows give scores."""


@dataclass(frozen=True)
class Draws:
    """Samples of as many lines as there are, with replacement; the same ones for every system and metric.

    Attributes:
        lines: how many lines to draw from.
        samples: how many samples; 0: none.
        seed: of the generator.
        label: the seed as signatures show it, `none` for a new one at each call.
    """

    lines: int
    samples: int
    seed: int
    label: str

    def __iter__(self) -> Iterator[npt.NDArray[np.int64]]:
        # The generator gives the same numbers one sample at a time as all at once, which would fill memory.
        generator = np.random.default_rng(self.seed)
        for _ in range(self.samples):
            yield generator.choice(self.lines, size=self.lines, replace=True)


def make_draws(lines: int, samples: int, seed: int | None) -> Draws:
    """Returns samples; without `seed` that of SACREBLEU_SEED, where `none` asks for others each time, or else 12345.

    Raises:
        SettingsError: a seed that is none.
    """
    label = os.environ.get("SACREBLEU_SEED", "12345").strip().lower() if seed is None else str(seed)
    if label == "none":
        return Draws(lines, samples, int(np.random.default_rng().integers(2**63)), label)
    if not label.isdecimal():
        name = "SACREBLEU_SEED" if seed is None else "seed"
        raise SettingsError(f"{name}={label} is not a seed: a whole number from 0 on")
    return Draws(lines, samples, int(label), str(int(label)))


def resample(metric: Metric, rows: Rows, draws: Draws) -> Samples:
    """Returns the score of each sample; their type is the one that sacreBLEU computes p-values in."""
    table = np.array(rows, dtype=np.float32)
    return np.array([metric._compute_score_from_stats(table[lines].sum(0)).score for lines in draws])


def estimate(score: float, samples: Samples, baseline: tuple[float, Samples] | None) -> Estimate:
    """Returns a score with the middle 95 % of its samples and, against a baseline, a p-value.

    The p-value is that of the paired bootstrap (Koehn 2004): how often the differences of samples, shifted to a mean of
    zero, exceed the difference found; one is added to both counts, so that it is never 0.
    """
    if not len(samples):
        return Estimate(score)
    ordered, cut = np.sort(samples), len(samples) // 40
    return Estimate(
        score=score,
        mean=float(samples.mean()),
        lower=float(ordered[cut]),
        upper=float(ordered[len(samples) - cut - 1]),
        p_value=_p_value(score, samples, *baseline) if baseline else None,
    )


def _p_value(score: float, samples: Samples, baseline_score: float, baseline_samples: Samples) -> float:
    differences = np.abs(samples - baseline_samples)
    exceeding = np.sum(differences - differences.mean() > abs(baseline_score - score))
    return (int(exceeding) + 1) / (len(samples) + 1)
