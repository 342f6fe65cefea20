"""Several models that translate together."""

import copy
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from nmt.modules.decoders import Decoded, DecoderState, Source
from nmt.modules.seq2seq import Seq2Seq


class Sources(NamedTuple):
    """What the decoder of each model knows of a source sentence, and its mask, which is the same for all."""

    parts: tuple[Source, ...]
    mask: Bool[Tensor, "batch source"]


class Joined(NamedTuple):
    """`Decoded` of all models: attentional vectors end to end, the mean of the weights, a state each."""

    attentional: Float[Tensor, "batch target hidden"]
    weights: Float[Tensor, "batch target source"]
    state: tuple[DecoderState, ...]


class Ensemble(nn.Module):
    """Models of the same vocabularies that vote: the mean of their probabilities, and of their attention weights.

    It can be used wherever a `Seq2Seq` translates, scores or aligns. Models that do not attend have no say in weights.
    """

    def __init__(self, models: Sequence[Seq2Seq]) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.sizes = [model.decoder.attentional_size for model in models]
        self.voices = [float(model.aligns) for model in models]
        self.temperature: float | None = None

    @property
    def aligns(self) -> bool:
        """Whether any of the models attends."""
        return any(self.voices)

    def start(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        temperature: float | None = None,
    ) -> tuple[Sources, tuple[DecoderState, ...]]:
        """Encodes right-padded sources with every model; see `Seq2Seq.start`."""
        divisor = self.temperature if temperature is None else temperature
        sources, states = zip(*(model.start(source, source_lengths, divisor) for model in self._all()), strict=True)
        return Sources(sources, sources[0].mask), states

    def step(
        self, tokens: Int[Tensor, "batch target"], source: Sources, state: tuple[DecoderState, ...]
    ) -> tuple[
        Float[Tensor, "batch target vocabulary"], Float[Tensor, "batch target source"], tuple[DecoderState, ...]
    ]:
        """Advances each hypothesis by one token: logits of the next token, attention weights, new state."""
        found = self.advance(tokens, source, state)
        return self.output(found.attentional), found.weights, found.state

    def advance(self, tokens: Int[Tensor, "batch target"], source: Sources, state: tuple[DecoderState, ...]) -> Joined:
        """Advances each hypothesis by one token, without logits."""
        given = zip(self._all(), source.parts, state, strict=True)
        return self._join([model.advance(tokens, one, before) for model, one, before in given])

    def at_each_place(
        self, tokens: Int[Tensor, "batch 1"], source: Sources, state: tuple[DecoderState, ...]
    ) -> Float[Tensor, "batch source hidden"]:
        """Returns what predicts the next token from each place of the source alone; see `Seq2Seq.at_each_place`."""
        given = zip(self._all(), source.parts, state, strict=True)
        return torch.cat([model.at_each_place(tokens, one, before) for model, one, before in given], dim=-1)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target_input: Int[Tensor, "batch target"],
        temperature: float | None = None,
    ) -> Joined:
        """Runs given targets through every model."""
        divisor = self.temperature if temperature is None else temperature
        return self._join([model(source, source_lengths, target_input, divisor) for model in self._all()])

    def output(self, attentional: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        """Returns the logarithm of the mean probability of every token."""
        parts = torch.split(attentional, self.sizes, dim=-1)
        voices = [model.output(part).log_softmax(-1) for model, part in zip(self._all(), parts, strict=True)]
        return torch.stack(voices).logsumexp(0) - math.log(len(voices))

    def viewed(self, temperature: float | None = None, tokens: Int[Tensor, " columns"] | None = None) -> "Ensemble":
        """Returns the ensemble with another temperature; a shortlist, which is one model's own, it cannot have.

        Raises:
            ValueError: `tokens` are given.
        """
        if tokens is not None:
            raise ValueError("an ensemble looks at the whole vocabulary")
        seen = copy.copy(self)
        seen.temperature = temperature
        return seen

    def _all(self) -> Sequence[Any]:
        return list(self.models)

    def _join(self, found: Sequence[Decoded]) -> Joined:
        attentional = torch.cat([one.attentional for one in found], dim=-1)
        count = max(sum(self.voices), 1.0)
        weights = sum(voice / count * one.weights for voice, one in zip(self.voices, found, strict=True))
        assert isinstance(weights, Tensor)
        return Joined(attentional, weights, tuple(one.state for one in found))
