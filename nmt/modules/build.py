"""From settings to a model."""

from collections.abc import Collection

from torch import nn

from nmt.config import ModelSettings, SettingsError, Vocabulary
from nmt.modules.attention import build_attention
from nmt.modules.bridge import Bridge
from nmt.modules.cells import CellOptions
from nmt.modules.decoders import (
    BahdanauDecoder,
    ConditionalDecoder,
    Decoder,
    DecoderSizes,
    LuongDecoder,
    ParallelDecoder,
)
from nmt.modules.encoder import Encoder
from nmt.modules.output import OutputLayer
from nmt.modules.seq2seq import Seq2Seq


def build_model(
    settings: ModelSettings, source: Vocabulary, target: Vocabulary, allow_packages: Collection[str] = ()
) -> Seq2Seq:
    """Builds a model with fresh weights from torch's global generator.

    Args:
        settings: the shape of the network; `tying` must have been decided.
        source: vocabulary of the source side.
        target: vocabulary of the target side.
        allow_packages: packages that a score from outside, `package.module:Class`, may be imported from.

    Raises:
        SettingsError: settings that do not go together, in one line.
    """
    source_embedding = _embedding(source, settings.embedding_size)
    target_embedding = _embedding(target, settings.embedding_size)
    if settings.tying == "all":
        if source != target:
            raise SettingsError("model.tying=all needs one vocabulary for both sides: set data.tokenizer.joint=true")
        target_embedding = source_embedding
    encoder = build_encoder(settings)
    decoder = _decoder(settings, encoder.memory_size, allow_packages)
    bridge = Bridge(settings.bridge, settings.cell, encoder.memory_size, settings.decoder_size, settings.decoder_layers)
    output = OutputLayer(decoder.attentional_size, target_embedding, settings.tying in ("target", "all"))
    return Seq2Seq(
        source_embedding=source_embedding,
        target_embedding=target_embedding,
        encoder=encoder,
        bridge=bridge,
        decoder=decoder,
        output=output,
        dropout=settings.dropout,
        variational=settings.variational_dropout,
    )


def build_encoder(settings: ModelSettings) -> Encoder:
    """Builds the encoder that the settings describe; its `memory_size` is the width of what it gives out."""
    return Encoder(
        CellOptions.of(settings),
        settings.embedding_size,
        settings.encoder_size,
        settings.encoder_layers,
        settings.encoder_merge,
    )


def _embedding(vocabulary: Vocabulary, size: int) -> nn.Embedding:
    embedding = nn.Embedding(vocabulary.size, size, padding_idx=vocabulary.pad_id)
    nn.init.normal_(embedding.weight, std=size**-0.5)
    nn.init.zeros_(embedding.weight[vocabulary.pad_id])
    return embedding


def _decoder(settings: ModelSettings, memory_size: int, allow_packages: Collection[str]) -> Decoder:
    attention = build_attention(settings.attention, settings.decoder_size, memory_size, allow_packages)
    sizes = DecoderSizes(
        cells=CellOptions.of(settings),
        embedding=settings.embedding_size,
        memory=memory_size if attention.aligns else 0,
        hidden=settings.decoder_size,
        layers=settings.decoder_layers,
    )
    match settings.decoder:
        case "luong":
            return LuongDecoder(attention, sizes, input_feeding=settings.input_feeding)
        case "parallel":
            return ParallelDecoder(attention, sizes)
        case "conditional":
            return ConditionalDecoder(attention, sizes)
        case _:
            return BahdanauDecoder(attention, sizes)
