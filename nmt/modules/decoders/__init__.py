"""Decoders: how the state, the attention and the fed-back vectors are wired."""

from nmt.modules.decoders.bahdanau import BahdanauDecoder
from nmt.modules.decoders.base import Decoded, Decoder, DecoderState, Source
from nmt.modules.decoders.luong import LuongDecoder

__all__ = ["BahdanauDecoder", "Decoded", "Decoder", "DecoderState", "LuongDecoder", "Source"]
