"""What every decoder is: a state that asks an attention, one step or a whole sentence at a time."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nmt.modules.attention import Attended, Attention, AttentionHistory, NoAttention
from nmt.modules.cell_steps import LayerState
from nmt.modules.cells import CellOptions, Recurrence
from nmt.modules.deferred import shared_products
from nmt.modules.encoder import Encoded


class Source(NamedTuple):
    """What a decoder knows of a source sentence; every tensor has the batch in front.

    Attributes:
        memory: encoder outputs, or with several heads what each makes of them; what contexts are made of.
        keys: the encoder outputs as the score projects them, once.
        mask: True = real token.
        temperature: what attention scores are divided by; None: as in the settings.
    """

    memory: Float[Tensor, "batch source memory"]
    keys: Float[Tensor, "batch source key"]
    mask: Bool[Tensor, "batch source"]
    temperature: float | None = None


class DecoderState(NamedTuple):
    """State between two steps; every tensor is (batch, target, ...), the target axis holding parallel hypotheses.

    Attributes:
        layers: state of each recurrent layer.
        feed: Luong's attentional vector of the step before, or None for a decoder that feeds none.
        history: what the attention handed back.
    """

    layers: tuple[LayerState, ...]
    feed: Float[Tensor, "batch target hidden"] | None
    history: AttentionHistory


class Decoded(NamedTuple):
    """Output of decoder steps.

    Attributes:
        attentional: the vector that predicts the next token.
        weights: attention weights of the step, rows sum to one; 0 from a decoder that does not attend.
        state: the state after the last step.
    """

    attentional: Float[Tensor, "batch target hidden"]
    weights: Float[Tensor, "batch target source"]
    state: DecoderState


@dataclass(frozen=True)
class DecoderSizes:
    """The recurrent layers of a decoder, and what they read.

    Attributes:
        cells: what its layers have in common.
        embedding: width of target embeddings.
        memory: width of contexts; 0 for a decoder that does not attend.
        hidden: width of states, queries and attentional vectors.
        layers: how many recurrent layers there are.
    """

    cells: CellOptions
    embedding: int
    memory: int
    hidden: int
    layers: int

    def recurrence(self, input_size: int, *, feed_size: int = 0, layers: int | None = None) -> Recurrence:
        """Returns fresh layers, all of them by default, over inputs of a width."""
        count = self.layers if layers is None else layers
        return Recurrence(self.cells, input_size=input_size, feed_size=feed_size, hidden_size=self.hidden, layers=count)


class Decoder(nn.Module):
    """Base of the decoders. In `step` the target axis holds parallel hypotheses, in `forward` successive steps."""

    feeds_back = False
    """Whether a step reads the attentional vector of the step before."""

    def __init__(self, attention: Attention | NoAttention, attentional_size: int) -> None:
        super().__init__()
        self.attention, self.attentional_size = attention, attentional_size

    @property
    def reader(self) -> Recurrence | None:
        """The layers that target embeddings go into, if they go nowhere else."""
        return None

    def prepare(self, encoded: Encoded, temperature: float | None = None) -> Source:
        """Returns what all steps of a sentence share."""
        memory, attention = encoded.memory, self.attention
        return Source(attention.project_values(memory), attention.project_keys(memory), encoded.mask, temperature)

    def start(self, layers: tuple[LayerState, ...], source: Source) -> DecoderState:
        """Returns the state before the first step of one hypothesis a sentence."""
        hidden = layers[0][0]
        feed = hidden.new_zeros(hidden.shape[0], 1, self.attentional_size) if self.feeds_back else None
        history = AttentionHistory.start(source.mask, self.attention.needs_history, hidden.dtype)
        return DecoderState(layers, feed, history)

    def attend(
        self, query: Float[Tensor, "batch target query"], source: Source, history: AttentionHistory, successive: int = 1
    ) -> tuple[Attended, AttentionHistory]:
        """Asks the attention, for one step of parallel hypotheses or for `successive` steps of one."""
        state = history.state(source.mask, successive)
        attended: Attended = self.attention(query, source.memory, source.keys, state, source.temperature)
        return attended, history.after(attended.weights, successive)

    def attend_all(
        self, query: Float[Tensor, "batch target query"], source: Source, history: AttentionHistory
    ) -> tuple[Attended, AttentionHistory]:
        """Asks for successive steps of one hypothesis: all at once, or one by one if each wants the weights before."""
        if not self.attention.needs_history:
            return self.attend(query, source, history, successive=query.shape[1])
        found = []
        with shared_products():
            for one in each_step(query):
                attended, history = self.attend(one, source, history)
                found.append(attended)
        contexts, weights = zip(*found, strict=True)
        return Attended(along_target(list(contexts)), along_target(list(weights))), history

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        """Advances each hypothesis by one token."""
        raise NotImplementedError(f"{type(self).__name__} does not define step")

    def at_each_place(
        self, embedded: Float[Tensor, "batch 1 embedding"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch source hidden"]:
        """Returns the attentional vectors of a step whose context is made of one source token alone, of each in turn.

        Args:
            embedded: what the step read.
            source: the sources.
            state: after the step.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define at_each_place")

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        """Runs successive tokens of one hypothesis (teacher forcing)."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")


def each_step(values: Float[Tensor, "batch target size"]) -> list[Tensor]:
    """Cuts (batch, target, size) into steps of (batch, 1, size)."""
    return [step[:, None] for step in values.unbind(1)]  # slices would each fill a whole gradient of zeros


def along_target(steps: list[Tensor]) -> Tensor:
    """Joins the (batch, 1, ...) outputs of successive steps to (batch, target, ...)."""
    return torch.cat(steps, dim=1)
