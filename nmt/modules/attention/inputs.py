"""What the plain functions of attention are given: checked, as tensors, and handed back as it came."""

from collections.abc import Collection
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch
from torch import Tensor

from nmt.config import SettingsError, nearest
from nmt.config.attention import NO_SCORE
from nmt.modules.attention.score import SCORES

UNLEARNT = ("uniform", NO_SCORE)
"""Scores without parameters that do not compare a query with keys either."""

Shape = tuple[int, ...]


class Inputs(NamedTuple):
    """Tensors in float32 or better.

    Attributes:
        query: (..., T, d).
        keys: (..., S, d).
        values: (..., S, m), or None.
        mask: (..., T or 1, S), or None.
        dtype: that of the query as it was given.
        is_array: whether NumPy arrays were given, and are wanted.
        is_single: whether the query was one vector.
    """

    query: Tensor
    keys: Tensor
    values: Tensor | None
    mask: Tensor | None
    dtype: torch.dtype
    is_array: bool
    is_single: bool

    def give_back(self, result: Tensor) -> Any:
        """Returns a result (..., T, any) in the type and dtype of the query."""
        result = result.to(self.dtype)
        if self.is_single:
            result = result.squeeze(-2)
        return result.numpy() if self.is_array else result


def read_inputs(query: Any, keys: Any, values: Any, mask: Any) -> Inputs:
    """Reads what a user gave; `values` and `mask` may be None.

    Raises:
        SettingsError: types, dtypes or shapes that do not go together, in one line.
    """
    given = {"query": query, "keys": keys} | ({} if values is None else {"values": values})
    tensors = {name: _tensor(value, name) for name, value in given.items()}
    for name, tensor in tensors.items():
        if isinstance(given[name], Tensor) != isinstance(query, Tensor):
            raise SettingsError(
                f"query is a {_kind(query)}, {name} a {_kind(given[name])}: give both as one of the two"
            )
        if tensor.dtype != tensors["query"].dtype:
            raise SettingsError(
                f"query is {_dtype(tensors['query'])}, {name} {_dtype(tensor)}: convert one to the dtype of the other"
            )
    dtype, is_single = tensors["query"].dtype, tensors["query"].dim() == 1
    if is_single:
        tensors["query"] = tensors["query"][None]
    leading = _check_shapes({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    target, source = tensors["query"].shape[-2], tensors["keys"].shape[-2]
    precise = {name: tensor.to(torch.promote_types(dtype, torch.float32)) for name, tensor in tensors.items()}
    usable = None
    if mask is not None:
        usable = _mask(mask, (*leading, target, source), is_single).to(tensors["query"].device)
        # What nobody may use may hold anything, such as NaN.
        unused = ~usable.any(-2)[..., None]
        precise |= {name: precise[name].masked_fill(unused, 0.0) for name in precise if name != "query"}
    return Inputs(
        precise["query"],
        precise["keys"],
        precise.get("values"),
        usable,
        dtype,
        not isinstance(query, Tensor),
        is_single,
    )


def refuse_score(name: str, plain: Collection[str]) -> NoReturn:
    """Raises SettingsError for a score that is not one of `plain`, saying what it is or what may be meant."""
    if name in UNLEARNT:
        why = "does not compare a query with keys"
    elif name in SCORES:
        why = "has parameters that are learnt"
    else:
        raise SettingsError(f"score={name} is not known{nearest(str(name), plain)}")
    raise SettingsError(f"score '{name}' {why}: use a model with it, or one of {', '.join(plain)}")


def _tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, np.ndarray):
        if value.dtype not in (np.float16, np.float32, np.float64):
            raise SettingsError(f"{name} is {value.dtype}, no floating point that torch knows: {name}.astype(float)")
        # A copy, because torch takes no negative strides, and warns of what is read-only.
        return torch.from_numpy(np.array(value, order="C"))
    if not isinstance(value, Tensor):
        raise SettingsError(f"{name} is a {type(value).__name__}, neither torch tensor nor array: numpy.array({name})")
    if value.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise SettingsError(f"{name} is {_dtype(value)}, no real floating point: {name}.float()")
    return value


def _check_shapes(shapes: dict[str, Shape]) -> Shape:
    """Returns the leading dimensions that all have in common."""
    query, keys = shapes["query"], shapes["keys"]
    for name, shape in shapes.items():
        if len(shape) < 2:
            raise SettingsError(f"{name} of shape {shape} should be {_wanted(name)}")
    if query[-1] != keys[-1] or not query[-1]:
        raise SettingsError(f"query {query} and keys {keys} should have the same last dimension, at least 1")
    values = shapes.get("values", keys)
    if values[-2] != keys[-2]:
        raise SettingsError(f"keys {keys} and values {values} should have the same S, the dimension before the last")
    leading = query[:-2]
    for name, shape in shapes.items():
        # Fewer in the query are not spread: (batch, d) with keys (batch, S, d) would be taken for T = batch queries.
        if len(shape) > len(query):
            raise SettingsError(
                f"query {query} has fewer dimensions than {name} {shape}: make it (..., T, d): query[..., None, :]"
            )
        try:
            leading = tuple(torch.broadcast_shapes(leading, shape[:-2]))  # type: ignore[no-untyped-call]
        except RuntimeError:
            raise SettingsError(f"query {query} and {name} {shape} differ in their leading dimensions") from None
    return leading


def _mask(mask: Any, weights: Shape, is_single: bool) -> Tensor:
    """Returns a mask that broadcasts to weights of this shape."""
    if not isinstance(mask, (Tensor, np.ndarray)) or mask.dtype not in (torch.bool, np.bool_):
        what = f"is {_dtype(mask)}" if isinstance(mask, (Tensor, np.ndarray)) else f"is a {type(mask).__name__}"
        raise SettingsError(f"mask {what}, but should be a tensor or array of booleans, True = use: mask == 1")
    usable = mask if isinstance(mask, Tensor) else torch.from_numpy(np.array(mask))
    by_query = usable.dim() in (0, len(weights))
    rows = usable if by_query else usable[..., None, :]
    # Broadcast in one direction only: a mask gives no dimensions to the weights.
    wrong = not usable.dim() or rows.dim() > len(weights) or usable.shape[-1] != weights[-1]
    if wrong or any(a not in (1, b) for a, b in zip(reversed(rows.shape), reversed(weights), strict=False)):
        or_rows = "" if is_single else f" or, with a row for each query, {weights}"
        raise SettingsError(f"mask of shape {tuple(mask.shape)} should be {(*weights[:-2], weights[-1])}{or_rows}")
    return rows


def _wanted(name: str) -> str:
    return {"query": "(..., T, d)", "keys": "(..., S, d)", "values": "(..., S, m)"}[name]


def _kind(value: Any) -> str:
    return "torch tensor" if isinstance(value, Tensor) else "NumPy array"


def _dtype(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")
