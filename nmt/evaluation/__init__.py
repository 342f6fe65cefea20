"""Scores of translations against references, with signatures."""

from nmt.evaluation.corpus import Scores, corpus_scores

__all__ = ["Scores", "corpus_scores"]
