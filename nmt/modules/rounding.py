"""Models whose weights are rounded to 8 bits."""

from collections.abc import Collection, Iterator
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.attention import Attention
from nmt.modules.attention.perceptron import AdditiveScore
from nmt.modules.attention.precise import PreciseAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders import LuongDecoder, ParallelDecoder
from nmt.modules.int8 import Int8Matrix, dequantise, quantise
from nmt.modules.int8_encoder import Int8Encoder
from nmt.modules.int8_layers import Int8Layers, Int8Linear
from nmt.modules.seq2seq import Seq2Seq

LARGEST_TABLE = 1 << 25
"""Most numbers of a table that saves the decoder a product: 128 MB."""

Rounded = tuple[Int[Tensor, "outputs inputs"], Float[Tensor, " outputs"]]
"""Numbers and scales, as `quantise` gives them."""


PROJECTIONS = ("query", "key", "value", "hidden")
"""The layers of an attention that are rounded, but for those of scores from outside."""


@torch.no_grad()
def rounded(model: Seq2Seq) -> dict[str, Rounded]:
    """Returns the weights that `to_int8` rounds, by name; those that are multiplied together have the same scales."""
    attention = "decoder.attention."
    projections = {f"{name}.weight" for name, _, _ in _projections(model.decoder.attention, attention)}
    weights = {
        name: weight
        for name, weight in model.named_parameters()
        if weight.dim() == 2 and (name in projections or not name.startswith(attention))
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

    Embeddings are rounded but kept in float32, as rows of them are looked up, not multiplied. What attention does
    beside its projections is done in float64, or row by row. So all that is rounded at a step is the same in any
    company. But for one thing: of a tensor, or of a thread's share of it, torch takes the last sigmoids, up to 15, one
    by one, and those may have other last bits.
    """
    for embedding in (model.source_embedding, model.target_embedding):
        embedding.weight.copy_(dequantise(*quantise(embedding.weight)))
    narrow = within_one(model)
    model.encoder = Int8Encoder(model.encoder, [name.removeprefix("encoder.") for name in narrow])
    for name in ("bridge", "decoder", "output"):
        _replace_layers(getattr(model, name), f"{name}.", narrow)
    attention = model.decoder.attention
    if isinstance(attention, Attention):
        precise = PreciseAttention(attention)
        for name, parent, linear in list(_projections(attention, "decoder.attention.")):
            single = isinstance(parent, AdditiveScore) and parent.feature is None
            dtype = torch.float32 if single else torch.float64  # an energy adds up in a fixed order anyway
            new = Int8Linear(linear, within_one=f"{name}.weight" in narrow, dtype=dtype)
            setattr(parent, name.rpartition(".")[2], new)
        model.decoder.attention = cast(Attention, precise)  # whose place it takes
    _tabulate(model)
    model.eval()  # modules begin in training, where encoders drop units


def within_one(model: Seq2Seq) -> set[str]:
    """Returns the names of the weights that only numbers between -1 and 1 meet.

    Such are states of cells, what a tanh gives, and the means that attention makes of such states.
    """
    encoder, decoder, attention = model.encoder, model.decoder, model.decoder.attention
    residual = encoder.options.residual
    sums = encoder.merge == "sum" or residual
    memory = not sums and getattr(attention, "heads", None) is None
    states = not sums or model.bridge.kind in ("zero", "dense")
    found = set() if model.output.projection is not None else {"output.linear.weight"}
    for name, _ in encoder.named_parameters(prefix="encoder"):
        if name.endswith(".weight_hh_l0") or (name.endswith(".weight_ih_l0") and ".0." not in name and not sums):
            found.add(name)
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
    if states and not residual:
        queries = ("heads.query", "score.query", "window.hidden")
        found.update(f"decoder.attention.{name}.weight" for name in queries)
    return found


def _projections(attention: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module, nn.Linear]]:
    """Yields name, parent and layer of each projection of an attention; scores from outside keep theirs."""
    for inside, parent in attention.named_modules(prefix=prefix.removesuffix(".")):
        if type(parent).__module__.startswith("nmt."):
            for name, child in parent.named_children():
                if name in PROJECTIONS and isinstance(child, nn.Linear):
                    yield f"{inside}.{name}", parent, child


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
            normalised = isinstance(module, Recurrence) and module.options.layer_norm
            setattr(module, name, Int8Layers(child, mine, normalised=normalised))
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
