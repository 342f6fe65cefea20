"""Decoders: how the state, the attention and the fed-back vectors are wired."""

from nmt.modules.decoders.bahdanau import BahdanauDecoder
from nmt.modules.decoders.base import Decoded, Decoder, DecoderSizes, DecoderState, Source
from nmt.modules.decoders.conditional import ConditionalDecoder
from nmt.modules.decoders.luong import LuongDecoder
from nmt.modules.decoders.parallel import ParallelDecoder

__all__ = [
    "BahdanauDecoder",
    "ConditionalDecoder",
    "Decoded",
    "Decoder",
    "DecoderSizes",
    "DecoderState",
    "LuongDecoder",
    "ParallelDecoder",
    "Source",
]
