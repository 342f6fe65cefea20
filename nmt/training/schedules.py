"""Learning rate schedules that torch does not have."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


class _InverseSqrt:
    """Factor of the learning rate at a step; a class, so that checkpoints hold plain numbers."""

    def __init__(self, warmup_steps: int) -> None:
        self.warmup_steps = warmup_steps

    def __call__(self, step: int) -> float:
        return float(min((step + 1) / self.warmup_steps, (self.warmup_steps / (step + 1)) ** 0.5))


def warmup_inverse_sqrt(optimizer: Optimizer, warmup_steps: int = 200) -> LambdaLR:
    """Rises linearly to the optimizer's rate in `warmup_steps`, then falls with the inverse square root of the step.

    The shape is that of Vaswani et al. 2017, equation 3, with the peak given by the optimizer.

    Raises:
        ValueError: `warmup_steps` is less than 1.
    """
    if warmup_steps < 1:
        raise ValueError(f"schedule.warmup_steps={warmup_steps} is too small: at least 1")
    return LambdaLR(optimizer, _InverseSqrt(warmup_steps))
