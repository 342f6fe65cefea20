"""Scores of translations against references, with signatures, intervals and comparisons of systems."""

from nmt.evaluation.comparison import compare_systems
from nmt.evaluation.corpus import Scores, corpus_scores
from nmt.evaluation.results import Comparison, Estimate, SystemScores
from nmt.evaluation.tokenizers import TOKENIZERS

__all__ = [
    "TOKENIZERS",
    "Comparison",
    "Estimate",
    "Scores",
    "SystemScores",
    "compare_systems",
    "corpus_scores",
]
