"""Greedy search: the best token at every step. Equal to a beam of one, and simpler."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nmt.config import SearchOptions, Vocabulary
from nmt.search import ranking
from nmt.search.beam import STEPS_UNSEEN
from nmt.search.model import Batch, Hypothesis, StepModel, Words, normalise
from nmt.search.ranking import Columns, check, largest
from nmt.search.tree import select_sentences


class _Step(NamedTuple):
    """One step over b sentences: their indices in the batch, their tokens, log-probabilities and weights."""

    sentences: Int[Tensor, " sentences"]
    tokens: Int[Tensor, "sentences 1"]
    log_probs: Float[Tensor, "sentences 1"]
    weights: Float[Tensor, "sentences 1 source"]


@torch.inference_mode()
def greedy_search(
    model: StepModel, batch: Batch, vocabulary: Vocabulary, options: SearchOptions, words: Words | None = None
) -> list[Hypothesis]:
    """Translates a batch, out of `words` alone if the model's logits stand for these.

    `options` give `max_length` and `length_penalty`.

    Returns:
        One hypothesis for each sentence, in the order of the batch.

    Raises:
        UserError: the model gives logits that are no numbers.
    """
    source, state = model.start(batch.source, batch.source_lengths)
    size, device = len(batch.source), batch.source.device
    columns = Columns(vocabulary, words, device, unknown=options.replace_unknown)
    limits = batch.max_lengths(options.max_length)
    alive, nearest = torch.arange(size, device=device), int(limits.min())
    tokens, done = (
        torch.full((size, 1), vocabulary.bos_id, device=device),
        torch.zeros(size, dtype=torch.bool, device=device),
    )
    patience = 1 if ranking.answers_at_once(device) else STEPS_UNSEEN
    steps: list[_Step] = []
    while len(alive):
        logits, weights, state = model.step(tokens, source, state)
        continuations = columns.log_probs(logits)
        if nearest <= len(steps):
            continuations = columns.end_only(continuations, limits[alive] <= len(steps))
        log_probs, places = largest(continuations)
        tokens = columns.tokens(places)
        steps.append(_Step(alive, tokens, log_probs.double(), weights))
        done = done | (tokens[:, 0] == vocabulary.eos_id)
        if len(steps) % STEPS_UNSEEN == 1:
            check(log_probs)
        if len(steps) % patience == 0 and bool(done.any()):
            going = (~done).nonzero()[:, 0]
            columns.keep(going)
            alive, tokens, done = alive[going], tokens[going], done[going]
            source, state = select_sentences(source, going), select_sentences(state, going)
            nearest = int(limits[alive].min()) if len(alive) else 0
    return _hypotheses(steps, batch, vocabulary.eos_id, options)


def _hypotheses(steps: list[_Step], batch: Batch, eos_id: int, options: SearchOptions) -> list[Hypothesis]:
    """Reads the hypotheses of the batch out of the steps; what follows an end mark is left out."""
    size, first = len(batch.source), steps[0]
    tokens = torch.full((size, len(steps)), eos_id, device=batch.source.device)
    log_probs = first.log_probs.new_zeros(size, len(steps))
    weights = first.weights.new_zeros(size, len(steps), first.weights.shape[2])
    for place, step in enumerate(steps):
        tokens[step.sentences, place] = step.tokens[:, 0]
        log_probs[step.sentences, place] = step.log_probs[:, 0]
        weights[step.sentences, place] = step.weights[:, 0]
    lengths = (tokens == eos_id).int().argmax(1) + 1
    results = []
    for row, (length, source_length) in enumerate(zip(lengths.tolist(), batch.source_lengths.tolist(), strict=True)):
        log_prob = sum(log_probs[row, :length].tolist())
        score = normalise(log_prob, length, options.length_penalty)
        matrix = weights[row, :length, :source_length].clone()
        results.append(Hypothesis(tokens[row, :length].tolist(), log_prob, score, matrix))
    return results
