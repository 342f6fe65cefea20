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

    def start(
        self, source: Int[Tensor, "batch source"], source_lengths: Int[Tensor, " batch"]
    ) -> tuple[Source, DecoderState]:
        """Encodes right-padded sources and returns the state before the first step."""
        encoded = self.encoder(self._drop(self.source_embedding(source)), source_lengths)
        encoded = encoded._replace(memory=self._drop(encoded.memory))
        if encoded.last is not None:
            encoded = encoded._replace(last=F.dropout(encoded.last, self.dropout, self.training))
        prepared = self.decoder.prepare(encoded)
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
    ) -> Decoded:
        """Runs given targets (teacher forcing): attentional vectors and weights of every step.

        The output layer is left to the caller, who knows which rows are padding.
        """
        prepared, state = self.start(source, source_lengths)
        decoded: Decoded = self.decoder(self._drop(self.target_embedding(target_input)), prepared, state)
        return decoded

    def _drop(self, values: Tensor) -> Tensor:
        return drop(values, self.dropout, self.training, self.variational)
