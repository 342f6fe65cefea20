"""Attention: scores, and the layer that turns them into weights and contexts."""

from nmt.modules.attention import scores as scores  # registers them
from nmt.modules.attention.layer import Attended, Attention
from nmt.modules.attention.score import SCORES, AttentionScore, build_score, register_score
from nmt.modules.attention.state import AttentionHistory, AttentionState

__all__ = [
    "SCORES",
    "Attended",
    "Attention",
    "AttentionHistory",
    "AttentionScore",
    "AttentionState",
    "build_score",
    "register_score",
]
