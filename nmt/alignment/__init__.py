"""Alignments: matrix and tokens, words and links, agreement with gold links."""

from nmt.alignment.alignment import LEVELS, Alignment
from nmt.alignment.error_rate import Agreement, agreement, segment_accuracy
from nmt.alignment.health import AttentionHealth, attention_health

__all__ = [
    "LEVELS",
    "Agreement",
    "Alignment",
    "AttentionHealth",
    "agreement",
    "attention_health",
    "segment_accuracy",
]
