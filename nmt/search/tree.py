"""States are trees of tuples and tensors; a search selects sentences and hypotheses in all of their tensors at once."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

Tree = TypeVar("Tree")


def map_tensors(function: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    """Returns the tree with `function` applied to each tensor; what is neither tensor nor tuple stays as it is."""
    return _map(function, tree)  # type: ignore[no-any-return]


def _map(function: Callable[[Tensor], Tensor], tree: Any) -> Any:
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, tuple):
        parts = [_map(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return tree


def select_sentences(tree: Tree, rows: Tensor) -> Tree:
    """Keeps the sentences that `rows` (n,) names."""
    return map_tensors(lambda tensor: tensor.index_select(0, rows), tree)


def select_hypotheses(tree: Tree, parents: Tensor) -> Tree:
    """Makes hypothesis w of sentence b a copy of the earlier hypothesis `parents[b, w]`; `parents` is (B, W)."""
    beams: dict[int, Tensor] = {}
    if len(parents) == 1:
        only = parents[0]
        return map_tensors(lambda tensor: tensor.index_select(1, only), tree)

    def select(tensor: Tensor) -> Tensor:
        beam = tensor.shape[1]
        if beam not in beams:  # one index into both dimensions is several times faster than two
            beams[beam] = (parents + _firsts(parents, beam)).flatten()
        return tensor.flatten(0, 1).index_select(0, beams[beam]).view(*parents.shape, *tensor.shape[2:])

    return map_tensors(select, tree)


def _firsts(parents: Tensor, beam: int) -> Tensor:
    """Returns (B, 1) where each sentence's hypotheses begin among those of all sentences."""
    return torch.arange(0, beam * len(parents), beam, device=parents.device)[:, None]
