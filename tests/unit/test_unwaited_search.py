"""Search on a device that works behind: the same results, and no look at a number but every few steps."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nmt.config import SearchOptions, UserError
from nmt.search import beam, beam_search, greedy_search, ranking
from tests.unit.models import TARGET, PrefixModel, random_batch, tiny_model
from tests.unit.test_search import batch_of, random_logits, vocabulary

LOOKS = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "_to_copy.cpu", "index.Tensor_mask")


class Looks(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations whose result a program on a processor has to wait for."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().removeprefix("aten::")
        masked = name.startswith(("index.", "index_put")) and any(
            isinstance(one, torch.Tensor) and one.dtype == torch.bool for one in args[1]
        )
        if name.split(".")[0] in LOOKS or masked:
            self.found[name] += 1
        return func(*args, **(kwargs or {}))


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets search take the CPU for a device that does not answer at once."""
    monkeypatch.setattr(ranking, "answers_at_once", lambda device: False)


@pytest.mark.parametrize("stopping", ["complete", "first"])
@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_results_are_the_same(monkeypatch: pytest.MonkeyPatch, beam_size: int, stopping: str) -> None:
    for seed in range(6):
        model, batch = PrefixModel(random_logits(seed, 9, end=-1.0)), batch_of(range(6), [5, 1, 4, 2, 7, 3])
        options = SearchOptions(beam_size=beam_size, n_best=beam_size, stopping=stopping)
        results = []
        for at_once in (True, False):
            monkeypatch.setattr(ranking, "answers_at_once", lambda device, answer=at_once: answer)
            results.append(beam_search(model, batch, vocabulary(9), options))
            results.append([[one] for one in greedy_search(model, batch, vocabulary(9), options)])
        for some, others in ((results[0], results[2]), (results[1], results[3])):
            for one, other in zip(some, others, strict=True):
                assert [found.tokens for found in one] == [found.tokens for found in other]
                assert [found.log_prob for found in one] == pytest.approx([found.log_prob for found in other])
                for a, b in zip(one, other, strict=True):
                    assert torch.equal(a.weights, b.weights)


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("search", ["beam", "greedy"])
@pytest.mark.parametrize("decoder", ["bahdanau", "luong", "conditional", "parallel"])
def test_steps_are_not_waited_for(decoder: str, search: str) -> None:
    model, batch = tiny_model(decoder=decoder), random_batch([5, 3, 4])
    counts = {}
    for steps in (8, 40):
        options = SearchOptions(beam_size=3 if search == "beam" else 1, n_best=1, max_length=steps)
        steps_done = 0
        step = model.step

        def counted(*given: Any, step: Any = step) -> Any:
            nonlocal steps_done
            steps_done += 1
            logits, weights, state = step(*given)
            logits[..., TARGET.eos_id] = -1e9  # so that it lasts as long as it may
            return logits, weights, state

        model.step = counted  # type: ignore[method-assign, assignment]
        with Looks() as looks:
            if search == "beam":
                beam_search(model, batch, TARGET, options)
            else:
                greedy_search(model, batch, TARGET, options)
        model.step = step  # type: ignore[method-assign]
        counts[steps] = (steps_done, sum(looks.found.values()))
    (few, before), (many, after) = counts[8], counts[40]
    assert many - few >= 32
    # One look in STEPS_UNSEEN steps at who is done and one at whether there are numbers, each of two operations.
    assert after - before <= 5 * (many - few) // beam.STEPS_UNSEEN


@pytest.mark.usefixtures("behind")
def test_no_numbers_are_told() -> None:
    model = PrefixModel(lambda key, prefix: [float("nan")] * 7)
    for search in (beam_search, greedy_search):
        with pytest.raises(UserError, match="no numbers"):
            search(model, batch_of([0], [2]), vocabulary(7), SearchOptions(beam_size=2))
