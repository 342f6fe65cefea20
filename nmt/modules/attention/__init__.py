"""Attention: scores, and the layer that turns them into weights and contexts."""

from nmt.modules.attention import distances as distances  # these register their scores
from nmt.modules.attention import perceptron as perceptron
from nmt.modules.attention import places as places
from nmt.modules.attention import scores as scores
from nmt.modules.attention.build import build_attention
from nmt.modules.attention.functional import attend, attention_weights
from nmt.modules.attention.layer import Attended, Attention, NoAttention
from nmt.modules.attention.score import SCORES, AttentionScore, build_score, register_score
from nmt.modules.attention.state import AttentionHistory, AttentionState

__all__ = [
    "SCORES",
    "Attended",
    "Attention",
    "AttentionHistory",
    "AttentionScore",
    "AttentionState",
    "NoAttention",
    "attend",
    "attention_weights",
    "build_attention",
    "build_score",
    "register_score",
]
