"""What a beam search remembers of its steps, and how finished hypotheses are read back out of it."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.config import SearchOptions
from nmt.search.model import Hypothesis, normalise


class Finished(NamedTuple):
    """The first candidates of one step: of which sentence, which of them end, what they continue, log_prob."""

    step: int
    sentences: Int[Tensor, " sentences"]
    ending: Bool[Tensor, "sentences beam"]
    parents: Int[Tensor, "sentences candidates"]
    log_probs: Float[Tensor, "sentences beam"]


class Ranked(NamedTuple):
    """One finished hypothesis, ready to be read back."""

    sentence: int
    step: int
    parent: int
    log_prob: float
    score: float


class _Step(NamedTuple):
    """One step over b sentences, as tensors or as arrays.

    Attributes:
        rows: (B,) each sentence's row, or -1.
        weights: (b, W, S) attention weights of the hypotheses before the choice.
        parents: (b, W) hypotheses that those after the choice continue.
        tokens: (b, W) that they add.
    """

    rows: Any
    weights: Any
    parents: Any
    tokens: Any


class History:
    """The steps of a search over a batch of `size` sentences."""

    def __init__(self, size: int) -> None:
        self._steps: list[_Step] = []
        self._size = size
        self._alive, self._rows = torch.empty(0), torch.empty(0)

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, alive: Tensor, weights: Tensor, parents: Tensor, tokens: Tensor) -> None:
        """Adds a step of the sentences `alive`."""
        if alive is not self._alive:
            places = torch.arange(len(alive), device=alive.device)
            self._rows = torch.full((self._size,), -1, device=alive.device).index_copy_(0, alive, places)
            self._alive = alive
        self._steps.append(_Step(self._rows, weights, parents, tokens))

    def hypotheses(
        self, finished: list[Finished], source_lengths: list[int], eos_id: int, options: SearchOptions
    ) -> list[list[Hypothesis]]:
        """Returns the `n_best` finished hypotheses of each sentence with their tokens and weights."""
        chosen = _rank(finished, options)
        tokens, weights = self._trace(chosen, eos_id)
        results: list[list[Hypothesis]] = [[] for _ in source_lengths]
        for row, item in enumerate(chosen):
            length = item.step + 1
            matrix = weights[row, :length, : source_lengths[item.sentence]].clone()
            results[item.sentence].append(Hypothesis(tokens[row][:length], item.log_prob, item.score, matrix))
        return results

    def _trace(self, chosen: list[Ranked], eos_id: int) -> tuple[list[list[int]], Tensor]:
        """Follows parents from the end back to the start, all hypotheses together; arrays are quicker than tensors."""
        sentences, ends, slots = (
            np.array([getattr(item, name) for item in chosen]) for name in ("sentence", "step", "parent")
        )
        first = self._steps[0].weights
        tokens = np.full((len(chosen), ends.max() + 1), eos_id)
        weights = np.zeros((*tokens.shape, first.shape[2]), dtype=str(first.dtype).removeprefix("torch."))
        for step in range(ends.max(), -1, -1):
            record = _Step(*(part.cpu().numpy() for part in self._steps[step]))
            here = np.flatnonzero(ends >= step)
            after = here[ends[here] > step]  # those that went on after this step, by token and parent
            rows = record.rows[sentences]
            tokens[after, step] = record.tokens[rows[after], slots[after]]
            slots[after] = record.parents[rows[after], slots[after]]
            weights[here, step] = record.weights[rows[here], slots[here]]
        return tokens.tolist(), torch.from_numpy(weights)


def _rank(finished: list[Finished], options: SearchOptions) -> list[Ranked]:
    """Returns the best of each sentence, best score first; of equal scores the one that finished first."""
    by_sentence: dict[int, list[Ranked]] = defaultdict(list)
    for step, *parts in finished:
        sentences, ending, parents, log_probs = (part.cpu().numpy() for part in parts)
        rows, ranks = ending.nonzero()
        columns = sentences[rows].tolist(), parents[rows, ranks].tolist(), log_probs[rows, ranks].tolist()
        for sentence, parent, log_prob in zip(*columns, strict=True):
            score = normalise(log_prob, step + 1, options.length_penalty)
            by_sentence[sentence].append(Ranked(sentence, step, parent, log_prob, score))
    ranked = [sorted(by_sentence[sentence], key=lambda item: -item.score) for sentence in sorted(by_sentence)]
    return [item for group in ranked for item in group[: options.n_best]]
