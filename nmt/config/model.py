"""Settings of a model."""

from dataclasses import dataclass, field

from nmt.config.attention import NO_SCORE, AttentionSettings
from nmt.config.checks import SettingsError, at_least, choice

CELLS = ("gru", "lstm")
DECODERS = ("bahdanau", "luong", "parallel", "conditional")
BRIDGES = ("zero", "last", "mean", "dense")
MERGES = ("concat", "sum")
TYING = ("none", "target", "all")


@dataclass(frozen=True)
class ModelSettings:
    """Everything that shapes the network apart from its vocabularies.

    Attributes:
        decoder: `bahdanau` (asks, then updates), `luong` (updates, then asks), `conditional` (updates, asks, updates
            again) or `parallel` (its first layer never sees a context, so that all steps ask at once).
        cell: `gru` or `lstm`, in encoder and decoder.
        embedding_size: width of source and target embeddings.
        encoder_size: width of each direction of the encoder.
        encoder_layers: bidirectional layers of the encoder.
        encoder_merge: how the directions are joined after every layer: `concat`, which makes the memory twice as wide
            as a direction, or `sum`, which makes it as wide.
        decoder_size: width of the decoder state, of the query and of the attentional vector.
        decoder_layers: layers of the decoder.
        bridge: how the first decoder state is made: `zero`, `last`, `mean` or `dense`.
        input_feeding: `luong` only: whether the last attentional vector is fed into the next step.
        residual: whether each layer above the first, of encoder and decoder, adds its input to its output.
        layer_norm: whether the cells of encoder and decoder are layer-normalised.
        dropout: share of units dropped on embeddings, between layers and before the output layer.
        variational_dropout: whether dropout takes the same units of a sentence at all steps; it then drops units of
            recurrent states as well.
        tying: `none`; `target`: the output layer uses the target embeddings; `all`: also the source embeddings, which
            needs a joint vocabulary. None: `all` for a joint vocabulary, else `target`.
        attention: the settings of the attention.
    """

    decoder: str = "bahdanau"
    cell: str = "gru"
    embedding_size: int = 256
    encoder_size: int = 128
    encoder_layers: int = 1
    encoder_merge: str = "concat"
    decoder_size: int = 256
    decoder_layers: int = 1
    bridge: str = "dense"
    input_feeding: bool = True
    residual: bool = False
    layer_norm: bool = False
    dropout: float = 0.2
    variational_dropout: bool = False
    tying: str | None = None
    attention: AttentionSettings = field(default_factory=AttentionSettings)

    def __post_init__(self) -> None:
        choice(self.decoder, DECODERS, "model.decoder")
        choice(self.cell, CELLS, "model.cell")
        choice(self.encoder_merge, MERGES, "model.encoder_merge")
        choice(self.bridge, BRIDGES, "model.bridge")
        if self.tying is not None:
            choice(self.tying, TYING, "model.tying")
        for name in ("embedding_size", "encoder_size", "encoder_layers", "decoder_size", "decoder_layers"):
            at_least(getattr(self, name), 1, f"model.{name}")
        if not 0.0 <= self.dropout < 1.0:
            raise SettingsError(f"model.dropout={self.dropout} is not in [0, 1)")
        if self.attention.score == NO_SCORE and self.bridge == "zero":
            raise SettingsError(
                "model.bridge=zero with model.attention.score=none tells the decoder nothing of the source: "
                "use model.bridge=dense"
            )


@dataclass(frozen=True)
class Vocabulary:
    """Size and special ids of one side's vocabulary; `size` counts every row of the embedding."""

    size: int
    pad_id: int
    bos_id: int
    eos_id: int
    unk_id: int
