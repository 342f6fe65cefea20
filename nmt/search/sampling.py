"""Sampling: translations drawn by their probability, with the attention weights of each of their tokens.

What is drawn for a sentence depends on the seed and the sentence alone, not on its company: each has a generator of its
own, and takes one number from 0 to 1 for each token.
"""

import hashlib

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nmt.config import SearchOptions, Vocabulary
from nmt.search import ranking
from nmt.search.beam import STEPS_UNSEEN
from nmt.search.history import Finished, History
from nmt.search.model import Batch, Hypothesis, StepModel, Words
from nmt.search.ranking import Columns, check
from nmt.search.tree import select_hypotheses, select_sentences


@torch.inference_mode()
def sample_search(
    model: StepModel, batch: Batch, vocabulary: Vocabulary, options: SearchOptions, words: Words | None = None
) -> list[list[Hypothesis]]:
    """Draws `n_best` translations of each sentence, out of `words` alone if the model's logits stand for these.

    Returns:
        For each sentence of the batch its translations, best score first; some may be the same. Log-probabilities are
        those of the model, whatever `temperature`, `top_k` and `top_p` made of them for drawing.

    Raises:
        UserError: the model gives logits that are no numbers.
    """
    size, count, device = len(batch.source), options.n_best, batch.source.device
    source, state = model.start(batch.source, batch.source_lengths)
    state = select_hypotheses(state, torch.zeros(size, count, dtype=torch.long, device=device))
    columns = Columns(vocabulary, words, device, unknown=options.replace_unknown)
    limits, alive = batch.max_lengths(options.max_length), torch.arange(size, device=device)
    draws = _draws(batch, limits, options).to(device)
    tokens = torch.full((size, count), vocabulary.bos_id, device=device)
    totals = torch.zeros(size, count, dtype=torch.float64, device=device)
    done = torch.zeros(size, count, dtype=torch.bool, device=device)
    history, finished = History(size), list[Finished]()
    patience = 1 if ranking.answers_at_once(device) else STEPS_UNSEEN
    while len(alive):
        step = len(history)
        logits, weights, state = model.step(tokens, source, state)
        log_probs = columns.end_only(columns.log_probs(logits), limits <= step)
        if step % STEPS_UNSEEN == 0:
            check(log_probs)
        places = choose(log_probs, draws[:, min(step, draws.shape[1] - 1)], options)
        tokens = columns.tokens(places)
        totals = totals + log_probs.gather(2, places[:, :, None])[:, :, 0].double()
        parents = torch.arange(count, device=device).expand(len(alive), count)
        ends = (tokens == vocabulary.eos_id) & ~done
        finished.append(Finished(step, alive, ends, parents, totals))
        history.add(alive, weights, parents, tokens)
        done = done | ends
        if (step + 1) % patience == 0 and bool(done.all(1).any()):
            going = (~done.all(1)).nonzero()[:, 0]
            alive, limits, draws, tokens, totals, done = (
                one[going] for one in (alive, limits, draws, tokens, totals, done)
            )
            source, state = select_sentences(source, going), select_sentences(state, going)
            columns.keep(going)
    return history.hypotheses(finished, batch.source_lengths.tolist(), vocabulary.eos_id, options)


def choose(
    log_probs: Float[Tensor, "batch samples columns"], draws: Float[Tensor, "batch samples"], options: SearchOptions
) -> Int[Tensor, "batch samples"]:
    """Returns the column that each draw, a number from 0 to 1, falls on.

    Probabilities are those of the model to the power of 1 / temperature, of the `top_k` most probable columns, and of
    the fewest whose probabilities make `top_p` (nucleus sampling, Holtzman et al. 2020), in this order.
    """
    scores = log_probs.double() / options.temperature
    if options.top_k is not None:
        least = scores.topk(min(options.top_k, scores.shape[-1]), dim=-1).values[..., -1:]
        scores = scores.masked_fill(scores < least, float("-inf"))
    probabilities = scores.softmax(-1)
    if options.top_p is not None:
        ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
        before = ordered.cumsum(-1) - ordered
        kept = torch.zeros_like(before, dtype=torch.bool).scatter_(-1, order, before < options.top_p)
        probabilities = probabilities * kept
    sums = probabilities.cumsum(-1)
    found = torch.searchsorted(sums, draws[:, :, None] * sums[..., -1:], right=True)[:, :, 0]
    return found.clamp(max=log_probs.shape[-1] - 1)


def _draws(batch: Batch, limits: Tensor, options: SearchOptions) -> Float[Tensor, "batch steps samples"]:
    """Returns the numbers that the tokens of each sentence take, step by step."""
    rows = []
    lengths = batch.source_lengths.tolist()
    for ids, length, limit in zip(batch.source.tolist(), lengths, limits.tolist(), strict=True):
        digest = hashlib.sha256(repr((options.seed, ids[:length])).encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
        rows.append(torch.rand(limit + 1, options.n_best, generator=generator, dtype=torch.float64))
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
