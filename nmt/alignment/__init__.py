"""Alignments: matrix and tokens, words and links, symmetrisation, agreement with gold links."""

from nmt.alignment.alignment import LEVELS, Alignment
from nmt.alignment.error_rate import Agreement, agreement, segment_accuracy
from nmt.alignment.gold import GoldFile, GoldSentence, read_gold, read_gold_file
from nmt.alignment.health import AttentionHealth, attention_health
from nmt.alignment.symmetrization import SYMMETRIZATIONS, symmetrize
from nmt.alignment.words import SPLITS, word_spans

__all__ = [
    "LEVELS",
    "SPLITS",
    "SYMMETRIZATIONS",
    "Agreement",
    "Alignment",
    "AttentionHealth",
    "GoldFile",
    "GoldSentence",
    "agreement",
    "attention_health",
    "read_gold",
    "read_gold_file",
    "segment_accuracy",
    "symmetrize",
    "word_spans",
]
