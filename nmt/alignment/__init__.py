"""Alignments: matrix and tokens, words and links, agreement with gold links."""

from nmt.alignment.alignment import LEVELS, Alignment
from nmt.alignment.error_rate import Agreement, agreement, segment_accuracy

__all__ = ["LEVELS", "Agreement", "Alignment", "agreement", "segment_accuracy"]
