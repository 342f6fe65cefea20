"""Greedy search: the best token at every step. Equal to a beam of one, and simpler."""

import torch
from torch import Tensor

from nmt.config import SearchOptions, Vocabulary
from nmt.search.model import Batch, Hypothesis, StepModel, forbid, log_normaliser, normalise
from nmt.search.tree import select_sentences


@torch.no_grad()
def greedy_search(model: StepModel, batch: Batch, vocabulary: Vocabulary, options: SearchOptions) -> list[Hypothesis]:
    """Translates a batch; `options` give `max_length` and `length_penalty`.

    Returns:
        One hypothesis for each sentence, in the order of the batch.
    """
    source, state = model.start(batch.source, batch.source_lengths)
    size, device = len(batch.source), batch.source.device
    limits, alive = batch.max_lengths(options.max_length), torch.arange(size, device=device)
    tokens = torch.full((size, 1), vocabulary.bos_id, device=device)
    found: list[list[tuple[int, float, Tensor]]] = [[] for _ in range(size)]
    step = 0
    while len(alive):
        logits, weights, state = model.step(tokens, source, state)
        best, tokens = forbid(logits, vocabulary, limits[alive] <= step).max(-1)
        log_probs = best.double() - log_normaliser(logits)
        rows = zip(
            alive.tolist(), tokens[:, 0].tolist(), log_probs[:, 0].tolist(), weights[:, 0].unbind(0), strict=True
        )
        for sentence, token, log_prob, row in rows:
            found[sentence].append((token, log_prob, row))
        going = (tokens[:, 0] != vocabulary.eos_id).nonzero()[:, 0]
        if len(going) < len(alive):
            alive, tokens = alive[going], tokens[going]
            source, state = select_sentences(source, going), select_sentences(state, going)
        step += 1
    lengths = batch.source_lengths.tolist()
    return [_hypothesis(steps, lengths[sentence], options) for sentence, steps in enumerate(found)]


def _hypothesis(steps: list[tuple[int, float, Tensor]], source_length: int, options: SearchOptions) -> Hypothesis:
    log_prob = sum(log_prob for _, log_prob, _ in steps)
    weights = torch.stack([row for _, _, row in steps])[:, :source_length]
    score = normalise(log_prob, len(steps), options.length_penalty)
    return Hypothesis([token for token, _, _ in steps], log_prob, score, weights)
