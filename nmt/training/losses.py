"""The training loss, and its gradients without a (tokens, vocabulary) tensor.

Autograd would keep the log-probabilities of every token for the backward pass and make a gradient of their size. Here
the logits of some rows at a time become, in place, their own gradient, and the products that need it are made at once;
the backward pass scales what is there.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.modules.output import OutputLayer

CHUNK_NUMBERS = 1 << 23
"""How many logits are held at a time: 32 MB, a thousand rows of 8,000; with half of it products take 4 % more time."""

LEAST_WEIGHT = 1e-8
"""Is added to weights before their logarithm: sparse ones may be 0."""


def loss_sums(
    output: OutputLayer,
    attentional: Float[Tensor, "batch target hidden"],
    target: Int[Tensor, "batch target"],
    pad_id: int,
    label_smoothing: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Returns two sums over the real target tokens: the smoothed cross-entropy and the plain one, in nats.

    Smoothing spreads `label_smoothing` of each target evenly over the vocabulary (Szegedy et al. 2016, section 7).
    Logits are made for real tokens alone, none for padding, and never for all of them together.
    """
    tokens = target.flatten()
    real = (tokens != pad_id).nonzero()[:, 0]
    rows = output.project(attentional.flatten(0, 1).index_select(0, real))
    weight, bias = output.linear.weight, output.linear.bias
    sums: tuple[Tensor, Tensor] = _LossSums.apply(rows, weight, bias, tokens[real], label_smoothing)  # type: ignore[no-untyped-call]
    return sums


def coverage_sum(
    weights: Float[Tensor, "batch target source"], real: Bool[Tensor, "batch target"]
) -> Float[Tensor, ""]:
    """Returns the sum over real target tokens of sum_s min(weights_ts, weights of s summed over the steps before t).

    It punishes looking again at what has been looked at already (See et al. 2017, equation 12).

    Args:
        weights: attention weights of each target token's step.
        real: True = real token.
    """
    before = weights.cumsum(1) - weights
    return torch.minimum(weights, before).sum(-1)[real].sum()


def guided_sum(
    weights: Float[Tensor, "batch target source"],
    links: Int[Tensor, "links 3"],
    target: Int[Tensor, "batch target"],
    source_lengths: Int[Tensor, " batch"],
    *,
    pad_id: int,
    shift: int,
    unlinked: str,
) -> Float[Tensor, ""]:
    """Returns the sum over target tokens of the cross-entropy between their given links and their attention, in nats.

    Token t with n links gives -sum_s log(weights_{t+shift,s}) / n over its linked source tokens (Chen et al. 2016,
    equation 6; Mi et al. 2016). A token whose row would stand after the last, which is the end mark with shift 1, gives
    nothing.

    Args:
        weights: attention weights of each step.
        links: row, target token and source token of each link.
        target: ids with the end mark, right-padded.
        source_lengths: real tokens of each source, end mark counted.
        pad_id: id of padding in `target`.
        shift: 1 teaches the row of the step after the token's.
        unlinked: `end`: tokens without a link shall look at the end mark of the source; `skip`: they give nothing.
    """
    rows, places, sources = links.unbind(1)
    counts = torch.bincount(rows * target.shape[1] + places, minlength=target.numel()).view(target.shape)
    shares = counts[rows, places].to(weights.dtype).reciprocal()
    if unlinked == "end":
        other_rows, others = ((counts == 0) & (target != pad_id)).nonzero().unbind(1)
        rows, places = torch.cat([rows, other_rows]), torch.cat([places, others])
        sources = torch.cat([sources, source_lengths[other_rows] - 1])
        shares = torch.cat([shares, shares.new_ones(len(others))])
    places = places + shift
    inside = places < (target != pad_id).sum(1)[rows]  # rows of padding depend on what else is in the batch
    chosen = weights[rows[inside], places[inside], sources[inside]]
    return -(shares[inside] * torch.log(chosen + LEAST_WEIGHT)).sum()


class _LossSums(torch.autograd.Function):
    """Sums over rows x, with logits z = W x + b and target t, of log sum exp z - (1 - e) z_t - e mean z, e smoothing.

    The gradient in z is softmax z, less 1 - e at the target and e / V everywhere. The second sum is that with e = 0.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, target: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        device, given = rows.device.type, (rows, weight, bias)
        reduced = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        with torch.autocast(device, enabled=False):
            operands = (rows.to(reduced), weight.to(reduced), bias.to(reduced))
            sums = _Sums(*operands, smoothing, ctx.needs_input_grad[:3])
            size = max(1, CHUNK_NUMBERS // weight.shape[0])
            for start in range(0, len(target), size):
                sums.add(slice(start, start + size), target[start : start + size])
            sums.smooth()
        ctx.dtypes = [one.dtype for one in given]
        ctx.save_for_backward(*sums.grads)
        ctx.mark_non_differentiable(sums.plain)
        return sums.smoothed, sums.plain

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        pairs = zip(ctx.saved_tensors, ctx.dtypes, strict=True)
        return (*(None if one is None else (one * grad).to(dtype) for one, dtype in pairs), None, None)


class _Sums:
    """Both sums, and the gradients of the first that are wanted, in float32 or better.

    What smoothing adds is linear in the logits, so that it takes the mean of W over the vocabulary, not of each logit.
    """

    def __init__(
        self, rows: Tensor, weight: Tensor, bias: Tensor, smoothing: float, wanted: tuple[bool, bool, bool]
    ) -> None:
        self.rows, self.weight, self.bias, self.smoothing = rows, weight, bias, smoothing
        self.dtype = torch.promote_types(rows.dtype, torch.float32)
        self.smoothed, self.plain = (rows.new_zeros((), dtype=self.dtype) for _ in range(2))
        self.grads = [
            torch.zeros_like(one, dtype=self.dtype) if want else None
            for one, want in zip((rows, weight, bias), wanted, strict=True)
        ]

    def add(self, part: slice, target: Tensor) -> None:
        """Adds what some rows give."""
        rows, places, smoothing = self.rows[part], target[:, None], self.smoothing
        logits = F.linear(rows, self.weight, self.bias).to(self.dtype)
        top, chosen = logits.amax(1), logits.gather(1, places)[:, 0]
        grad = torch.softmax(logits, dim=1, out=logits)
        total = top - grad.amax(1).log()  # log sum exp z; the largest probability is at least 1 / V
        self.plain += (total - chosen).sum()
        self.smoothed += (total - (1 - smoothing) * chosen).sum()
        grad.scatter_add_(1, places, grad.new_full(places.shape, smoothing - 1))
        of_rows, of_weight, of_bias = self.grads
        if of_bias is not None:
            of_bias += grad.sum(0)
        grad = grad.to(self.weight.dtype)
        if of_rows is not None:
            of_rows[part] = grad @ self.weight
        if of_weight is not None:
            if grad.dtype == self.dtype:
                of_weight.addmm_(grad.T, rows)
            else:
                of_weight += grad.T @ rows

    def smooth(self) -> None:
        """Adds what the even share of every target gives: -e mean z, whose gradient in z is -e / V."""
        if not self.smoothing:
            return
        weight, bias = (one.to(self.dtype).mean(0) for one in (self.weight, self.bias))
        rows, share = self.rows.to(self.dtype), self.smoothing / len(self.weight)
        self.smoothed -= self.smoothing * ((rows @ weight).sum() + len(rows) * bias)
        of_rows, of_weight, of_bias = self.grads
        if of_rows is not None:
            of_rows -= self.smoothing * weight
        if of_weight is not None:
            of_weight -= share * rows.sum(0)
        if of_bias is not None:
            of_bias -= share * len(rows)
