"""The translation model: embeddings, encoder, bridge, decoder and output layer."""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.bridge import Bridge
from nmt.modules.decoders import Decoded, Decoder, DecoderState, Source
from nmt.modules.dropout import drop
from nmt.modules.encoder import Encoder
from nmt.modules.output import OutputLayer


class Seq2Seq(nn.Module):
    """A recurrent encoder and an attention decoder.

    `start` and `step` serve the search, `forward` training and forced decoding; both give the same numbers.
    """

    def __init__(
        self,
        *,
        source_embedding: nn.Embedding,
        target_embedding: nn.Embedding,
        encoder: Encoder,
        bridge: Bridge,
        decoder: Decoder,
        output: OutputLayer,
        dropout: float,
        variational: bool = False,
    ) -> None:
        super().__init__()
        self.source_embedding, self.target_embedding = source_embedding, target_embedding
        self.encoder, self.bridge, self.decoder, self.output = encoder, bridge, decoder, output
        self.dropout, self.variational = dropout, variational

    @property
    def aligns(self) -> bool:
        """Whether the decoder attends, so that its weights say anything."""
        return self.decoder.attention.aligns

    def start(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        temperature: float | None = None,
    ) -> tuple[Source, DecoderState]:
        """Encodes right-padded sources and returns the state before the first step.

        Args:
            source: token ids.
            source_lengths: real tokens of each source.
            temperature: what attention scores are divided by, instead of what the settings say.
        """
        encoded = self.encoder(self._drop(self.source_embedding(source)), source_lengths)
        encoded = encoded._replace(memory=self._drop(encoded.memory))
        if encoded.last is not None:
            encoded = encoded._replace(last=F.dropout(encoded.last, self.dropout, self.training))
        prepared = self.decoder.prepare(encoded, temperature)
        return prepared, self.decoder.start(self.bridge(encoded), prepared)

    def step(
        self, tokens: Int[Tensor, "batch target"], source: Source, state: DecoderState
    ) -> tuple[Float[Tensor, "batch target vocabulary"], Float[Tensor, "batch target source"], DecoderState]:
        """Advances each hypothesis by one token: logits of the next token, attention weights, new state."""
        decoded = self.decoder.step(self.target_embedding(tokens), source, state)
        return self.output(decoded.attentional), decoded.weights, decoded.state

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target_input: Int[Tensor, "batch target"],
        temperature: float | None = None,
    ) -> Decoded:
        """Runs given targets (teacher forcing): attentional vectors and weights of every step.

        `temperature` is that of `start`. The output layer is left to the caller, who knows which rows are padding.
        """
        prepared, state = self.start(source, source_lengths, temperature)
        decoded: Decoded = self.decoder(self._drop(self.target_embedding(target_input)), prepared, state)
        return decoded

    def at_temperature(self, temperature: float | None) -> "Seq2Seq | Tempered":
        """Returns the model with its attention scores divided by another temperature; None: as in the settings."""
        return self if temperature is None else Tempered(self, temperature)

    def _drop(self, values: Tensor) -> Tensor:
        return drop(values, self.dropout, self.training, self.variational)


class Tempered:
    """A view of a model for search and forced decoding, with a temperature of its own; see `Seq2Seq.start`."""

    def __init__(self, model: Seq2Seq, temperature: float) -> None:
        self._model, self._temperature = model, temperature
        self.step, self.output = model.step, model.output

    def start(
        self, source: Int[Tensor, "batch source"], source_lengths: Int[Tensor, " batch"]
    ) -> tuple[Source, DecoderState]:
        """Encodes sources."""
        return self._model.start(source, source_lengths, self._temperature)

    def __call__(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target_input: Int[Tensor, "batch target"],
    ) -> Decoded:
        """Runs given targets."""
        decoded: Decoded = self._model(source, source_lengths, target_input, self._temperature)
        return decoded
