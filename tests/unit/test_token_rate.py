"""Target tokens a second of training: validations do not count, resumed parts do."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from nmt.training.callbacks import TokenRate


def test_validations_do_not_count_and_resumed_parts_do(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    nothing: Any = None
    batch: Any = SimpleNamespace(target_tokens=600)

    def step(rate: TokenRate, seconds: float) -> None:
        now[0] += seconds
        rate.on_train_batch_end(nothing, nothing, None, batch, 0)

    first = TokenRate()
    assert first.figures() == {}
    first.on_train_start(nothing, nothing)
    step(first, 2)
    first.on_validation_start(nothing, nothing)
    now[0] += 50
    kept = first.state_dict()
    assert kept == {"tokens": 600, "seconds": 2.0}
    first.on_validation_end(nothing, nothing)
    step(first, 4)
    assert first.state_dict() == {"tokens": 1200, "seconds": 6.0}

    second = TokenRate()
    second.load_state_dict(kept)  # the step after the checkpoint is lost
    now[0] += 1000
    second.on_train_start(nothing, nothing)
    step(second, 1)
    second.on_validation_start(nothing, nothing)
    now[0] += 50
    second.on_validation_end(nothing, nothing)
    second.on_train_end(nothing, nothing)
    now[0] += 50
    assert second.figures() == {"train_tokens_per_second": 400.0}
