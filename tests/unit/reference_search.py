"""Beam search as the contract words it: plain Python, one sentence, one candidate at a time."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nmt.config import SearchOptions, Vocabulary


class Found(NamedTuple):
    """A finished hypothesis; tokens with the end mark."""

    tokens: tuple[int, ...]
    log_prob: float
    score: float


def log_softmax(logits: Sequence[float]) -> list[float]:
    most = max(logits)
    norm = most + math.log(sum(math.exp(value - most) for value in logits))
    return [value - norm for value in logits]


def continuations(
    logits: Callable[[tuple[int, ...]], Sequence[float]], prefix: tuple[int, ...], vocabulary: Vocabulary, limit: int
) -> list[tuple[int, float]]:
    """Returns each token that may follow, with its log-probability."""
    barred = {vocabulary.pad_id, vocabulary.bos_id, vocabulary.unk_id}
    return [
        (token, value)
        for token, value in enumerate(log_softmax(logits(prefix)))
        if token not in barred and (len(prefix) < limit or token == vocabulary.eos_id)
    ]


def finished(tokens: tuple[int, ...], log_prob: float, length_penalty: float) -> Found:
    return Found(tokens, log_prob, log_prob / ((5 + len(tokens)) / 6) ** length_penalty)


def slow_beam(
    logits: Callable[[tuple[int, ...]], Sequence[float]], vocabulary: Vocabulary, options: SearchOptions, limit: int
) -> list[Found]:
    """Returns the n best hypotheses of one sentence."""
    live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    found: list[Found] = []
    while live:
        candidates = [
            (value + log_prob, beam, token)
            for beam, (prefix, log_prob) in enumerate(live)
            for token, value in continuations(logits, prefix, vocabulary, limit)
        ]
        best = sorted(candidates, key=lambda one: (-one[0], one[1], one[2]))[: 2 * options.beam_size]
        for total, beam, token in best[: options.beam_size]:
            if token == vocabulary.eos_id:
                found.append(finished((*live[beam][0], token), total, options.length_penalty))
        if options.stopping == "complete" and len(found) >= options.beam_size:
            break
        if options.stopping == "first" and best[0][2] == vocabulary.eos_id and len(found) >= options.n_best:
            break
        going = [((*live[beam][0], token), total) for total, beam, token in best if token != vocabulary.eos_id]
        live = going[: options.beam_size]
    return sorted(found, key=lambda one: -one.score)[: options.n_best]


def all_sequences(
    logits: Callable[[tuple[int, ...]], Sequence[float]], vocabulary: Vocabulary, limit: int, length_penalty: float
) -> list[Found]:
    """Returns every sequence of at most `limit` tokens before its end mark, best score first."""
    found: list[Found] = []

    def extend(prefix: tuple[int, ...], log_prob: float) -> None:
        for token, value in continuations(logits, prefix, vocabulary, limit):
            if token == vocabulary.eos_id:
                found.append(finished((*prefix, token), log_prob + value, length_penalty))
            else:
                extend((*prefix, token), log_prob + value)

    extend((), 0.0)
    return sorted(found, key=lambda one: -one.score)
