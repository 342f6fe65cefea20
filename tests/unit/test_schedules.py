import math

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR

from nmt.training.schedules import warmup_inverse_sqrt


def schedule(warmup_steps: int, rate: float = 0.5) -> LambdaLR:
    return warmup_inverse_sqrt(SGD([nn.Parameter(torch.zeros(1))], lr=rate), warmup_steps)


def rates(scheduler: LambdaLR, steps: int) -> list[float]:
    """Returns the learning rate of each of the next optimizer steps."""
    found = []
    for _ in range(steps):
        found.append(float(scheduler.get_last_lr()[0]))
        scheduler.optimizer.step()
        scheduler.step()
    return found


def test_rate_by_hand() -> None:
    expected = [0.125, 0.25, 0.375, 0.5, 0.5 * math.sqrt(4 / 5), 0.5 * math.sqrt(4 / 6)]
    assert rates(schedule(4), 6) == pytest.approx(expected)
    assert rates(schedule(4), 16)[15] == pytest.approx(0.25)  # four times the warm-up: half the peak


def test_peak_is_the_optimizers_rate_at_the_last_step_of_the_warmup() -> None:
    found = rates(schedule(50, rate=0.002), 200)
    assert max(found) == pytest.approx(0.002)
    assert found.index(max(found)) == 49
    assert found[:50] == sorted(found[:50])
    assert found[49:] == sorted(found[49:], reverse=True)


def test_warmup_of_one_step_begins_at_the_peak() -> None:
    assert rates(schedule(1), 4) == pytest.approx([0.5, 0.5 / math.sqrt(2), 0.5 / math.sqrt(3), 0.25])


@pytest.mark.parametrize("warmup_steps", [0, -1])
def test_warmup_below_one_is_one_line(warmup_steps: int) -> None:
    with pytest.raises(ValueError, match=f"schedule.warmup_steps={warmup_steps} is too small: at least 1"):
        schedule(warmup_steps)


def test_saved_schedule_goes_on_and_holds_plain_numbers(tmp_path: object) -> None:
    first = schedule(4)
    rates(first, 7)
    path = f"{tmp_path}/schedule.pt"
    torch.save(first.state_dict(), path)
    second = schedule(4)
    second.load_state_dict(torch.load(path, weights_only=True))
    assert rates(second, 3) == pytest.approx(rates(schedule(4), 10)[7:])
