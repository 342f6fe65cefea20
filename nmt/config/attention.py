"""Settings of an attention."""

import re
from dataclasses import dataclass
from typing import Any

from nmt.config.checks import SettingsError, at_least, choice

NO_SCORE = "none"
"""The score of a decoder that does not attend."""
NORMALIZERS = ("softmax", "sparsemax", "entmax15")
WINDOWS = ("local_m", "local_p")
COVERAGES = ("sum", "fertility")


@dataclass(frozen=True)
class AttentionSettings:
    """The attention of a decoder: a score, and what stands around it.

    Attributes:
        score: name of the score; `none` for a decoder that does not attend; `package.module:Class` for one of yours.
        options: options of that score's class.
        heads: attentions side by side, each on a projection of query and memory of its own; the alignment is the mean
            of their weights.
        normalizer: `softmax`, `sparsemax` or `entmax15`.
        temperature: what scores are divided by.
        dropout: share of the weights that contexts are made without; the alignment keeps all.
        window: `local_m`, around the target position; `local_p`, around a predicted one, with a Gaussian; None: the
            whole source.
        window_size: source tokens on either side of a window's centre (D in Luong et al. 2015).
        coverage: whether the score knows how much weight each source token has had: `sum` of the weights, or that over
            a predicted `fertility`; None: it does not.
    """

    score: str = "additive"
    options: dict[str, Any] | None = None
    heads: int = 1
    normalizer: str = "softmax"
    temperature: float = 1.0
    dropout: float = 0.0
    window: str | None = None
    window_size: int = 10
    coverage: str | None = None

    def __post_init__(self) -> None:
        choice(self.normalizer, NORMALIZERS, "model.attention.normalizer")
        if self.window is not None:
            choice(self.window, WINDOWS, "model.attention.window")
        if self.coverage is not None:
            choice(self.coverage, COVERAGES, "model.attention.coverage")
        at_least(self.heads, 1, "model.attention.heads")
        at_least(self.window_size, 1, "model.attention.window_size")
        check_temperature(self.temperature, "model.attention.temperature")
        if not 0.0 <= self.dropout < 1.0:
            raise SettingsError(f"model.attention.dropout={self.dropout} is not in [0, 1)")
        if self.score == NO_SCORE:
            self._check_absent()

    def _check_absent(self) -> None:
        """Raises SettingsError if something stands around a score that is not there."""
        for name in ("options", "heads", "normalizer", "temperature", "dropout", "window", "coverage"):
            if getattr(self, name) != getattr(AttentionSettings, name):
                raise SettingsError(
                    f"model.attention.{name}={getattr(self, name)} has nothing to act on: score 'none' does not attend"
                )


def check_temperature(value: float | None, where: str) -> None:
    """Raises SettingsError unless a temperature is None or in a range where scores stay numbers."""
    if value is not None and not 1e-3 <= value <= 1e3:
        raise SettingsError(f"{where}={value} is not between 0.001 and 1000")


def outside_package(score: str) -> str | None:
    """Returns the top-level package of a score from outside, `package.module:Class`; None for one of ours."""
    return score.partition(".")[0].partition(":")[0] if re.fullmatch(r"\w+(\.\w+)*:\w+", score) else None
