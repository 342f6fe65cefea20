"""Alignments: matrix and tokens, words and links, symmetrisation, agreement with gold links."""

from nmt.alignment.alignment import LEVELS, Alignment
from nmt.alignment.error_rate import Agreement, agreement, segment_accuracy
from nmt.alignment.gold import GoldFile, GoldSentence, read_gold, read_gold_file
from nmt.alignment.health import AttentionHealth, attention_health
from nmt.alignment.pairs import AlignedPair
from nmt.alignment.symmetrization import SYMMETRIZATIONS, symmetrize
from nmt.alignment.tuning import Tuned, tune_both, tune_links, tune_pairs
from nmt.alignment.words import SPLITS, word_spans

__all__ = [
    "LEVELS",
    "SPLITS",
    "SYMMETRIZATIONS",
    "Agreement",
    "AlignedPair",
    "Alignment",
    "AttentionHealth",
    "GoldFile",
    "GoldSentence",
    "Tuned",
    "agreement",
    "attention_health",
    "read_gold",
    "read_gold_file",
    "segment_accuracy",
    "symmetrize",
    "tune_both",
    "tune_links",
    "tune_pairs",
    "word_spans",
]
