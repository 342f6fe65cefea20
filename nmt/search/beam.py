"""Vectorised beam search that returns, with every hypothesis, the attention weights of each of its tokens.

The beam is the target axis of the attention, so memory and keys are never copied. Each step stores its weights and the
parent of every hypothesis; alignments are gathered once at the end. Sentences leave the batch when they are done.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.config import SearchOptions, Vocabulary
from nmt.search.history import Finished, History
from nmt.search.model import Batch, Hypothesis, StepModel, forbid, log_normaliser
from nmt.search.tree import select_hypotheses, select_sentences


class Candidates(NamedTuple):
    """The best continuations of a step, best first: log-probability so far, hypothesis continued, token added."""

    log_probs: Float[Tensor, "batch candidates"]
    parents: Int[Tensor, "batch candidates"]
    tokens: Int[Tensor, "batch candidates"]


def top(values: Float[Tensor, "... n"], count: int) -> tuple[Tensor, Tensor]:
    """Returns the `count` largest values of each row and their indices; of equal values the lowest index first."""
    if count >= values.shape[-1]:
        return values.sort(dim=-1, descending=True, stable=True)
    best, index = values.topk(count + 1, dim=-1)
    if bool(((best[..., 1:] == best[..., :-1]) & best[..., 1:].isfinite()).any()):
        best, index = values.sort(dim=-1, descending=True, stable=True)
    return best[..., :count], index[..., :count]


def best_candidates(
    logits: Float[Tensor, "batch beam vocabulary"],
    allowed: Float[Tensor, "batch beam vocabulary"],
    log_probs: Float[Tensor, "batch beam"],
    count: int,
) -> Candidates:
    """Ranks all continuations of all hypotheses by log-probability, then hypothesis, then token id.

    Args:
        logits: of the next token.
        allowed: the same with -inf for tokens that may not follow.
        log_probs: of the hypotheses so far, float64.
        count: how many to return (fewer if there are fewer).
    """
    values, tokens = top(allowed, count)
    totals = values.double() + (log_probs - log_normaliser(logits))[:, :, None]
    best, index = top(totals.flatten(1), count)
    return Candidates(best, index // totals.shape[2], tokens.flatten(1).gather(1, index))


@dataclass
class Progress:
    """Where a search stands.

    Attributes:
        alive: (b,) indices in the batch of the sentences still searched.
        tokens: (b, W) last token of each hypothesis.
        log_probs: (b, W) of each hypothesis, float64; -inf for a hypothesis that cannot go on.
        counts: (b,) finished hypotheses of each sentence.
    """

    alive: Int[Tensor, " sentences"]
    tokens: Int[Tensor, "sentences beam"]
    log_probs: Float[Tensor, "sentences beam"]
    counts: Int[Tensor, " sentences"]
    history: History = field(default_factory=History)
    finished: list[Finished] = field(default_factory=list)


@torch.no_grad()
def beam_search(
    model: StepModel, batch: Batch, vocabulary: Vocabulary, options: SearchOptions
) -> list[list[Hypothesis]]:
    """Translates a batch.

    Each step ranks all continuations and looks at the best `2 * beam_size`. Those of the first `beam_size` that end are
    finished; the beam is refilled from the best that go on. See `SearchOptions` for when a sentence is done.

    Returns:
        For each sentence of the batch its `n_best` hypotheses, best score first.
    """
    source, state = model.start(batch.source, batch.source_lengths)
    size, device = len(batch.source), batch.source.device
    limits = batch.max_lengths(options.max_length)
    progress = Progress(
        alive=torch.arange(size, device=device),
        tokens=torch.full((size, 1), vocabulary.bos_id, device=device),
        log_probs=torch.zeros(size, 1, dtype=torch.float64, device=device),
        counts=torch.zeros(size, dtype=torch.long, device=device),
    )
    while len(progress.alive):
        logits, weights, state = model.step(progress.tokens, source, state)
        allowed = forbid(logits, vocabulary, limits[progress.alive] <= len(progress.history))
        candidates = best_candidates(logits, allowed, progress.log_probs, 2 * options.beam_size)
        ends = candidates.tokens == vocabulary.eos_id
        done = _finish(progress, candidates, ends, options)
        parents = _refill(progress, candidates, ends, options.beam_size)
        progress.history.add(progress.alive, size, weights, parents, progress.tokens)
        state = select_hypotheses(state, parents)
        going = (~(done | progress.log_probs.isneginf().all(1))).nonzero()[:, 0]
        if len(going) < len(progress.alive):
            source, state = select_sentences(source, going), select_sentences(state, going)
            for name in ("alive", "tokens", "log_probs", "counts"):
                setattr(progress, name, getattr(progress, name)[going])
    return progress.history.hypotheses(progress.finished, batch.source_lengths.tolist(), vocabulary.eos_id, options)


def _finish(
    progress: Progress, candidates: Candidates, ends: Bool[Tensor, "sentences candidates"], options: SearchOptions
) -> Bool[Tensor, " sentences"]:
    """Records the hypotheses that end at this step; returns which sentences are done."""
    ending = ends[:, : options.beam_size] & candidates.log_probs[:, : options.beam_size].isfinite()
    rows, ranks = ending.nonzero(as_tuple=True)
    progress.finished.append(
        Finished(
            sentences=progress.alive[rows].tolist(),
            steps=[len(progress.history)] * len(rows),
            parents=candidates.parents[rows, ranks].tolist(),
            log_probs=candidates.log_probs[rows, ranks].tolist(),
        )
    )
    progress.counts = progress.counts + ending.sum(1)
    if options.stopping == "first":
        return ending[:, 0] & (progress.counts >= options.n_best)
    return progress.counts >= options.beam_size


def _refill(
    progress: Progress, candidates: Candidates, ends: Bool[Tensor, "sentences candidates"], beam_size: int
) -> Int[Tensor, "sentences beam"]:
    """Makes the best candidates that go on the new hypotheses; returns their parents."""
    order = ends.to(torch.uint8).argsort(dim=1, stable=True)[:, :beam_size]
    log_probs = candidates.log_probs.masked_fill(ends, float("-inf"))
    progress.log_probs = log_probs.gather(1, order)
    progress.tokens = candidates.tokens.gather(1, order)
    return candidates.parents.gather(1, order)
