"""The output layer: from attentional vectors to logits over the target vocabulary."""

from typing import NamedTuple, cast

from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.int8 import Int8Matrix
from nmt.modules.products import product


class OutputLayer(nn.Module):
    """logits = E (P h) + b, with E the target embeddings when tied (Press & Wolf 2017), else a matrix of its own.

    P brings h to the width of the embeddings; it is left out where the widths agree or E is the layer's own.
    """

    def __init__(self, hidden_size: int, embedding: nn.Embedding, tied: bool) -> None:
        super().__init__()
        size = embedding.embedding_dim
        self.projection = nn.Linear(hidden_size, size, bias=False) if tied and size != hidden_size else None
        self.linear = nn.Linear(size if tied else hidden_size, embedding.num_embeddings)
        nn.init.zeros_(self.linear.bias)
        if tied:
            self.linear.weight = embedding.weight
        else:
            # As embeddings would be: Xavier's rule counts the vocabulary, and Adam's steps soon drown what it gives.
            nn.init.normal_(self.linear.weight, std=hidden_size**-0.5)

    def forward(self, attentional: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        """Returns unnormalised log-probabilities of every token."""
        return product(self.project(attentional), self.linear.weight, self.linear.bias)

    def project(self, attentional: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows size"]:
        """Returns P h, what E is multiplied with."""
        projected: Tensor = attentional if self.projection is None else self.projection(attentional)
        return projected

    def of(self, tokens: Int[Tensor, " chosen"]) -> "SomeOutputs":
        """Returns an output layer for some tokens alone."""
        weight, bias = self.linear.weight, cast(Tensor | None, self.linear.bias)
        return SomeOutputs(self, weight[tokens], None if bias is None else bias[tokens])


class SomeOutputs(NamedTuple):
    """An output layer for some of the tokens."""

    layer: OutputLayer
    weight: Float[Tensor, "chosen size"] | Int8Matrix
    bias: Float[Tensor, " chosen"] | None

    def __call__(self, attentional: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows chosen"]:
        """Returns unnormalised log-probabilities of these tokens."""
        return product(self.layer.project(attentional), self.weight, self.bias)
