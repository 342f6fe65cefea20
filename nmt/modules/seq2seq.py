"""The translation model: embeddings, encoder, bridge, decoder and output layer."""

from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.bridge import Bridge
from nmt.modules.decoders import Decoded, Decoder, DecoderState, Source
from nmt.modules.dropout import drop, dropout
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
            encoded = encoded._replace(last=dropout(encoded.last, self.dropout, self.training))
        prepared = self.decoder.prepare(encoded, temperature)
        return prepared, self.decoder.start(self.bridge(encoded), prepared)

    def step(
        self, tokens: Int[Tensor, "batch target"], source: Source, state: DecoderState
    ) -> tuple[Float[Tensor, "batch target vocabulary"], Float[Tensor, "batch target source"], DecoderState]:
        """Advances each hypothesis by one token: logits of the next token, attention weights, new state."""
        decoded = self.advance(tokens, source, state)
        return self.output(decoded.attentional), decoded.weights, decoded.state

    def advance(self, tokens: Int[Tensor, "batch target"], source: Source, state: DecoderState) -> Decoded:
        """Advances each hypothesis by one token, without logits."""
        decoded: Decoded = self.decoder.step(self.target_embedding(tokens), source, state)
        return decoded

    def at_each_place(
        self, tokens: Int[Tensor, "batch 1"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch source hidden"]:
        """Returns what predicts the next token if one source token alone is looked at, for each of them.

        `tokens` is what the step has read, `state` the state after it.
        """
        found: Tensor = self.decoder.at_each_place(self.target_embedding(tokens), source, state)
        return found

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

    def viewed(
        self, temperature: float | None = None, tokens: Int[Tensor, " columns"] | None = None
    ) -> "Seq2Seq | View":
        """Returns the model as search and forced decoding shall see it.

        Args:
            temperature: what attention scores are divided by; None: as in the settings.
            tokens: what logits are wanted of; None: the whole vocabulary.
        """
        return self if temperature is None and tokens is None else View(self, temperature, tokens)

    def _drop(self, values: Tensor) -> Tensor:
        return drop(values, self.dropout, self.training, self.variational)


class View:
    """A model with another temperature, or with logits of some tokens alone; see `Seq2Seq.viewed`."""

    def __init__(self, model: Seq2Seq, temperature: float | None, tokens: Int[Tensor, " columns"] | None) -> None:
        self._model, self._temperature = model, temperature
        self.advance, self.at_each_place = model.advance, model.at_each_place
        self.output: Any = model.output if tokens is None else model.output.of(tokens)

    def start(
        self, source: Int[Tensor, "batch source"], source_lengths: Int[Tensor, " batch"]
    ) -> tuple[Source, DecoderState]:
        """Encodes sources."""
        return self._model.start(source, source_lengths, self._temperature)

    def step(
        self, tokens: Int[Tensor, "batch target"], source: Source, state: DecoderState
    ) -> tuple[Float[Tensor, "batch target columns"], Float[Tensor, "batch target source"], DecoderState]:
        """Advances each hypothesis by one token."""
        decoded = self._model.advance(tokens, source, state)
        return self.output(decoded.attentional), decoded.weights, decoded.state

    def __call__(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target_input: Int[Tensor, "batch target"],
    ) -> Decoded:
        """Runs given targets."""
        decoded: Decoded = self._model(source, source_lengths, target_input, self._temperature)
        return decoded
