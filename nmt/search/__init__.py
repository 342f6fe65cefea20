"""Search: greedy, beam, sampling and forced decoding over any model that can start and step. Imports torch alone."""

from nmt.search.beam import beam_search
from nmt.search.forced import Forced, forced_decode, forced_weights, posterior_weights
from nmt.search.greedy import greedy_search
from nmt.search.model import Batch, Hypothesis, StepModel, Words
from nmt.search.sampling import sample_search

__all__ = [
    "Batch",
    "Forced",
    "Hypothesis",
    "StepModel",
    "Words",
    "beam_search",
    "forced_decode",
    "forced_weights",
    "greedy_search",
    "posterior_weights",
    "sample_search",
]
