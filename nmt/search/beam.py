"""Vectorised beam search that returns, with every hypothesis, the attention weights of each of its tokens.

The beam is the target axis of the attention, so memory and keys are never copied. Each step stores its weights and the
parent of every hypothesis; alignments are gathered once at the end. Sentences leave the batch when they are done: at
once on a CPU, every few steps on other devices, which would have to be waited for to know.
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.config import SearchOptions, Vocabulary
from nmt.search import ranking
from nmt.search.history import Finished, History
from nmt.search.model import Batch, Hypothesis, StepModel, Words
from nmt.search.ranking import Candidates, Columns, best_candidates, check
from nmt.search.tree import select_hypotheses, select_sentences

STEPS_UNSEEN = 8
"""Steps without a look at what became of them: on a CPU, whether they gave numbers; elsewhere, also who is done."""


@dataclass
class Progress:
    """Where a search stands.

    Attributes:
        alive: (b,) indices in the batch of the sentences still searched.
        limits: (b,) the most pieces that each may have.
        tokens: (b, W) last token of each hypothesis.
        log_probs: (b, W) of each hypothesis, float64; -inf for a hypothesis that cannot go on.
        counts: (b,) finished hypotheses of each sentence.
        done: (b,) sentences that are done but have not left the batch.
        nearest: the least of `limits`.
    """

    alive: Int[Tensor, " sentences"]
    limits: Int[Tensor, " sentences"]
    tokens: Int[Tensor, "sentences beam"]
    log_probs: Float[Tensor, "sentences beam"]
    counts: Int[Tensor, " sentences"]
    done: Bool[Tensor, " sentences"]
    nearest: int
    history: History
    finished: list[Finished] = field(default_factory=list)

    @classmethod
    def start(cls, batch: Batch, vocabulary: Vocabulary, options: SearchOptions) -> "Progress":
        """Returns where a search begins."""
        size, device = len(batch.source), batch.source.device
        limits = batch.max_lengths(options.max_length)
        return cls(
            alive=torch.arange(size, device=device),
            limits=limits,
            tokens=torch.full((size, 1), vocabulary.bos_id, device=device),
            log_probs=torch.zeros(size, 1, dtype=torch.float64, device=device),
            counts=torch.zeros(size, dtype=torch.long, device=device),
            done=torch.zeros(size, dtype=torch.bool, device=device),
            nearest=int(limits.min()),
            history=History(size),
        )

    def going(self) -> Int[Tensor, " going"] | None:
        """Returns which of the sentences go on, None if all do; waits for the device to tell."""
        return (~self.done).nonzero()[:, 0] if bool(self.done.any()) else None

    def keep(self, going: Int[Tensor, " going"]) -> None:
        """Lets all other sentences go."""
        for name in ("alive", "limits", "tokens", "log_probs", "counts", "done"):
            setattr(self, name, getattr(self, name)[going])
        self.nearest = int(self.limits.min()) if len(going) else 0


@torch.inference_mode()
def beam_search(
    model: StepModel, batch: Batch, vocabulary: Vocabulary, options: SearchOptions, words: Words | None = None
) -> list[list[Hypothesis]]:
    """Translates a batch, out of `words` alone if the model's logits stand for these.

    Each step ranks all continuations and looks at the best `2 * beam_size`. Those of the first `beam_size` that end are
    finished; the beam is refilled from the best that go on. See `SearchOptions` for when a sentence is done.

    Returns:
        For each sentence of the batch its `n_best` hypotheses, best score first.

    Raises:
        UserError: the model gives logits that are no numbers.
    """
    source, state = model.start(batch.source, batch.source_lengths)
    columns = Columns(vocabulary, words, batch.source.device, unknown=options.replace_unknown)
    progress = Progress.start(batch, vocabulary, options)
    at_once = ranking.answers_at_once(batch.source.device)
    while len(progress.alive):
        logits, weights, state = model.step(progress.tokens, source, state)
        continuations = columns.log_probs(logits)
        if progress.nearest <= len(progress.history):
            continuations = columns.end_only(continuations, progress.limits <= len(progress.history))
        candidates = best_candidates(continuations, progress.log_probs, columns, 2 * options.beam_size)
        ends = candidates.tokens == vocabulary.eos_id
        changed = not at_once or bool(ends.any())
        if changed:
            _finish(progress, candidates, ends, options)
            candidates = _survivors(progress, candidates, ends)
        progress.log_probs, parents, progress.tokens = (part[:, : options.beam_size] for part in candidates)
        progress.history.add(progress.alive, weights, parents, progress.tokens)
        state = select_hypotheses(state, parents)
        if len(progress.history) % STEPS_UNSEEN == 1:
            check(progress.log_probs)
        if changed and (at_once or len(progress.history) % STEPS_UNSEEN == 0):
            going = progress.going()
            if going is not None:
                source, state = select_sentences(source, going), select_sentences(state, going)
                progress.keep(going)
                columns.keep(going)
    return progress.history.hypotheses(progress.finished, batch.source_lengths.tolist(), vocabulary.eos_id, options)


def _finish(
    progress: Progress, candidates: Candidates, ends: Bool[Tensor, "sentences candidates"], options: SearchOptions
) -> None:
    """Records the hypotheses that end at this step, and which sentences are done with it."""
    log_probs = candidates.log_probs[:, : options.beam_size]
    ending = ends[:, : options.beam_size] & (log_probs > float("-inf")) & ~progress.done[:, None]
    progress.finished.append(Finished(len(progress.history), progress.alive, ending, candidates.parents, log_probs))
    progress.counts = progress.counts + ending.sum(1)
    if options.stopping == "first":
        progress.done = progress.done | (ending[:, 0] & (progress.counts >= options.n_best))
    else:
        progress.done = progress.done | (progress.counts >= options.beam_size)


def _survivors(progress: Progress, candidates: Candidates, ends: Bool[Tensor, "sentences candidates"]) -> Candidates:
    """Returns the candidates, those that go on first; a sentence that has none is done."""
    order = ends.to(torch.uint8).argsort(dim=1, stable=True)
    log_probs = candidates.log_probs.masked_fill(ends, float("-inf"))
    progress.done = progress.done | log_probs.isneginf().all(1)
    return Candidates(*(part.gather(1, order) for part in (log_probs, candidates.parents, candidates.tokens)))
