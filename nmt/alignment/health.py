"""Whether a model attends at all: figures of its alignments that need no gold links."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COVERED = 0.3
"""The least sum of weights, over the words of a translation, of a source token that counts as covered."""


@dataclass(frozen=True)
class AttentionHealth:
    """What the attention of some translations is like, each figure a mean over all their rows or source tokens.

    Attributes:
        entropy: of a row, in nats; 0 where a row has all its weight on one token.
        relative_entropy: entropy of a row over that of a uniform row of its length, the logarithm of the number of
            source tokens: 1 is a model that attends to nothing in particular.
        end_weight: weight on the `</s>` of the source, in rows that emit a token of the text; 0 if there is none.
        coverage: share of the source tokens, `</s>` left out, whose weights over the tokens of the translation sum to
            `COVERED` or more. The sum is what Tu et al. 2016 (section 3.1) call coverage, with a fertility of one.
    """

    entropy: float
    relative_entropy: float
    end_weight: float
    coverage: float


def attention_health(matrices: Iterable[npt.NDArray[np.float32]]) -> AttentionHealth | None:
    """Measures alignments at piece level.

    Args:
        matrices: raw weights (T, S), `</s>` last on both axes; empty ones, those of empty lines, are left out.

    Returns:
        The figures, or None if all matrices are empty.
    """
    found = [np.asarray(matrix, np.float64) for matrix in matrices]
    full = [matrix for matrix in found if matrix.size]
    if not full:
        return None
    entropies = [_entropies(matrix) for matrix in full]
    # A row of a single token has nothing to choose from: it counts as sure.
    uniform = [np.log(max(2, matrix.shape[1])) for matrix in full]
    relative = [row / most for row, most in zip(entropies, uniform, strict=True)]
    return AttentionHealth(
        entropy=_mean(entropies),
        relative_entropy=_mean(relative),
        end_weight=_mean([matrix[:-1, -1] for matrix in full]),
        coverage=_mean([matrix[:-1, :-1].sum(axis=0) >= COVERED for matrix in full]),
    )


def _entropies(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns the entropy of each row (T, S) as (T); 0 log 0 counts as 0."""
    logs = np.log(matrix, out=np.zeros_like(matrix), where=matrix > 0)
    return np.asarray(0.0 - (matrix * logs).sum(axis=1))  # no minus before a zero


def _mean(parts: list[npt.NDArray[np.float64]] | list[npt.NDArray[np.bool_]]) -> float:
    values = np.concatenate(parts)
    return float(values.mean()) if values.size else 0.0
