"""Models whose weights are rounded to 8 bits."""

from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.cells import Recurrence
from nmt.modules.int8 import Int8Matrix, dequantise, quantise
from nmt.modules.seq2seq import Seq2Seq


class Int8Linear(nn.Module):
    """nn.Linear with a weight of 8 bits, for inference."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = Int8Matrix.of(linear.weight)
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, inputs: Float[Tensor, "*rows inputs"]) -> Float[Tensor, "*rows outputs"]:
        """Returns W x + b."""
        return self.weight.product(inputs, self.bias)


class Int8Layers(nn.Module):
    """The weights of a fused stack under the same names, those of matrices in 8 bits."""

    def __init__(self, stack: nn.RNNBase) -> None:
        super().__init__()
        self.mode = stack.mode
        for name, weight in stack.named_parameters():
            setattr(self, name, Int8Matrix.of(weight) if weight.dim() == 2 else weight.detach())


LARGEST_TABLE = 1 << 25
"""Most numbers of a table that saves the decoder a product: 128 MB."""

Rounded = tuple[Int[Tensor, "outputs inputs"], Float[Tensor, " outputs"]]
"""Numbers and scales, as `quantise` gives them."""


@torch.no_grad()
def rounded(model: Seq2Seq) -> dict[str, Rounded]:
    """Returns the weights that `to_int8` rounds, by name: embeddings, and what the decoder multiplies at each step.

    The encoder, the bridge and the attention stay as they are: most of their work is done once a sentence. Weights
    that are multiplied together have the same scales.
    """
    kept = ("encoder.", "bridge.", "decoder.attention.")
    weights = {
        name: weight for name, weight in model.named_parameters() if weight.dim() == 2 and not name.startswith(kept)
    }
    found = {name: quantise(weight) for name, weight in weights.items()}
    for prefix, part in model.named_modules():
        if isinstance(part, Recurrence) and part.joinable:
            names = [f"{prefix}.feed.weight", f"{prefix}.rnn.weight_hh_l0"]
            numbers, scale = quantise(torch.cat([weights[name] for name in names], dim=1))
            sizes = [weights[name].shape[1] for name in names]
            found.update(zip(names, ((one, scale) for one in torch.split(numbers, sizes, dim=1)), strict=True))
    return found


@torch.no_grad()
def to_int8(model: Seq2Seq) -> None:
    """Rounds the weights of a model on a CPU to 8 bits, for inference alone.

    Embeddings are rounded but kept in float32, as rows of them are looked up, not multiplied.
    """
    for embedding in (model.source_embedding, model.target_embedding):
        embedding.weight.copy_(dequantise(*quantise(embedding.weight)))
    for part in (model.decoder, model.output):
        _replace_layers(part)
    _tabulate(model)


class _Done(Int8Matrix):
    """Stands for a matrix where inputs are its products already."""

    def __init__(self) -> None:
        pass

    def __reduce__(self) -> tuple[Any, ...]:
        return _Done, ()

    def product(
        self, inputs: Float[Tensor, "*rows inputs"], bias: Float[Tensor, " outputs"] | None = None
    ) -> Float[Tensor, "*rows inputs"]:
        """Returns the inputs."""
        return inputs


def _tabulate(model: Seq2Seq) -> None:
    """Puts what the decoder's first layer makes of each target embedding in the place of the embedding."""
    reader, embedding = model.decoder.reader, model.target_embedding
    if reader is None or embedding.num_embeddings * len(cast(Tensor, reader.rnn.bias_ih_l0)) > LARGEST_TABLE:
        return
    table = reader.project(embedding.weight[:, None])[:, 0]
    model.target_embedding = nn.Embedding.from_pretrained(table)  # type: ignore[no-untyped-call]
    reader.rnn.weight_ih_l0 = _Done()


def _replace_layers(module: nn.Module) -> None:
    if isinstance(module, Recurrence) and module.joinable:
        _join(module)
    for name, child in list(module.named_children()):
        if isinstance(child, nn.RNNBase):
            setattr(module, name, Int8Layers(child))
        elif isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child))
        elif name != "attention":
            _replace_layers(child)


def _join(recurrence: Recurrence) -> None:
    """Makes one product of what the first layer does with its state and with what it is fed."""
    assert recurrence.feed is not None
    first = recurrence.rnn
    first.weight_hh_l0 = nn.Parameter(torch.cat([recurrence.feed.weight, cast(Tensor, first.weight_hh_l0)], dim=1))
    recurrence.feed, recurrence.joined = None, True
