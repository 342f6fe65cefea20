"""The training loss."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.modules.seq2seq import Seq2Seq


def loss_sums(
    model: Seq2Seq,
    attentional: Float[Tensor, "batch target hidden"],
    target: Int[Tensor, "batch target"],
    pad_id: int,
    label_smoothing: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Returns two sums over the real target tokens: the smoothed cross-entropy and the plain one, in nats.

    Smoothing spreads `label_smoothing` of each target evenly over the vocabulary (Szegedy et al. 2016, section 7).
    Logits are made for real tokens alone, none for padding.
    """
    real = target != pad_id
    log_probs = F.log_softmax(model.output(attentional[real]).float(), dim=-1)
    plain = -log_probs.gather(1, target[real][:, None]).sum()
    if label_smoothing == 0:
        return plain, plain.detach()
    uniform = -log_probs.mean(dim=-1).sum()
    return (1 - label_smoothing) * plain + label_smoothing * uniform, plain.detach()


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
