"""Models whose weights are rounded to 8 bits."""

from collections.abc import Collection
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.cells import Recurrence
from nmt.modules.decoders import LuongDecoder, ParallelDecoder
from nmt.modules.int8 import Int8Matrix, dequantise, quantise
from nmt.modules.seq2seq import Seq2Seq


class Int8Linear(nn.Module):
    """nn.Linear with a weight of 8 bits, for inference."""

    def __init__(self, linear: nn.Linear, *, within_one: bool = False) -> None:
        super().__init__()
        self.weight = Int8Matrix.of(linear.weight, within_one=within_one)
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, inputs: Float[Tensor, "*rows inputs"]) -> Float[Tensor, "*rows outputs"]:
        """Returns W x + b."""
        return self.weight.product(inputs, self.bias)


class Int8Layers(nn.Module):
    """The weights of a fused stack under the same names, those of matrices in 8 bits.

    Args:
        stack: the stack.
        within_one: names of weights; those of what lies between -1 and 1.
    """

    def __init__(self, stack: nn.RNNBase, within_one: Collection[str] = ()) -> None:
        super().__init__()
        self.mode = stack.mode
        for name, weight in stack.named_parameters():
            matrix = Int8Matrix.of(weight, within_one=name in within_one) if weight.dim() == 2 else weight.detach()
            setattr(self, name, matrix)


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
    narrow = within_one(model)
    for name in ("decoder", "output"):
        _replace_layers(getattr(model, name), f"{name}.", narrow)
    _tabulate(model)


def within_one(model: Seq2Seq) -> set[str]:
    """Returns the names of the decoder's and output layer's weights that only numbers between -1 and 1 meet.

    Such are states of cells, what a tanh gives, and the means that attention makes of such states.
    """
    encoder, decoder, attention = model.encoder, model.decoder, model.decoder.attention
    sums = encoder.merge == "sum" or encoder.options.residual
    memory = not sums and getattr(attention, "heads", None) is None
    states = not sums or model.bridge.kind in ("zero", "dense")
    found = set() if model.output.projection is not None else {"output.linear.weight"}
    for prefix, part in decoder.named_modules(prefix="decoder"):
        if isinstance(part, Recurrence):
            fed = decoder.feeds_back or memory
            for layer in range(part.layers if states else 0):
                if fed or layer or not part.joinable:
                    found.add(f"{prefix}.rnn.weight_hh_l{layer}")
            if fed:
                found.add(f"{prefix}.feed.weight")
    if memory and isinstance(decoder, LuongDecoder | ParallelDecoder):
        found.add("decoder.readout.weight")
    return found


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


def _replace_layers(module: nn.Module, prefix: str, narrow: Collection[str]) -> None:
    if isinstance(module, Recurrence) and module.joinable:
        _join(module)
    for name, child in list(module.named_children()):
        inside = f"{prefix}{name}."
        if isinstance(child, nn.RNNBase):
            mine = [one.removeprefix(inside) for one in narrow if one.startswith(inside)]
            setattr(module, name, Int8Layers(child, mine))
        elif isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child, within_one=f"{inside}weight" in narrow))
        elif name != "attention":
            _replace_layers(child, inside, narrow)


def _join(recurrence: Recurrence) -> None:
    """Makes one product of what the first layer does with its state and with what it is fed."""
    assert recurrence.feed is not None
    first = recurrence.rnn
    first.weight_hh_l0 = nn.Parameter(torch.cat([recurrence.feed.weight, cast(Tensor, first.weight_hh_l0)], dim=1))
    recurrence.feed, recurrence.joined = None, True
