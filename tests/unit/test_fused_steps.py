"""The steps of cells on CUDA: what torch's kernels there are asked, and what is made of their answers.

The kernels themselves do not run on a CPU. Stand-ins answer in their place, by the formulas of torch's documentation of
LSTMCell and GRUCell and their derivatives.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nmt.config import SearchOptions
from nmt.modules import cell_steps
from nmt.search import beam_search
from tests.unit.models import DECODERS, TARGET, random_batch, tiny_model
from tests.unit.test_deferred import assert_as_autograd


def checked(*values: Tensor) -> None:
    """Asserts what torch's kernels check of their arguments."""
    assert all(one.dim() == 2 and one.is_contiguous() for one in values)
    assert len({one.dtype for one in values}) == 1


def lstm(gates: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    entry, forget, new, out = gates.chunk(4, dim=1)
    cell = forget.sigmoid() * before + entry.sigmoid() * new.tanh()
    return out.sigmoid() * cell.tanh(), cell


def gru(gates: Tensor, recurrent: Tensor, before: Tensor) -> Tensor:
    (reset, update, new), (of_reset, of_update, of_new) = gates.chunk(3, dim=1), recurrent.chunk(3, dim=1)
    share = (update + of_update).sigmoid()
    return (1 - share) * (new + (reset + of_reset).sigmoid() * of_new).tanh() + share * before


class StandIns:
    """Stand-ins for torch's kernels; their workspaces hold what the backward pass begins from."""

    def __init__(self) -> None:
        self.calls = 0

    def lstm(self, gates: Tensor, recurrent: Tensor, before: Tensor, *biases: None) -> tuple[Tensor, ...]:
        checked(gates, recurrent, before)
        assert gates.shape == recurrent.shape == (len(before), 4 * before.shape[1])
        self.calls += 1
        return (*lstm(gates + recurrent, before), gates + recurrent)

    def lstm_backward(
        self, of_hidden: Any, of_cell: Any, before: Tensor, cell: Tensor, workspace: Tensor, has_bias: bool
    ) -> tuple[Tensor, ...]:
        checked(*(one for one in (of_hidden, of_cell) if one is not None), before, cell, workspace)
        assert torch.equal(cell, lstm(workspace, before)[1])
        entry, forget, new, out = workspace.chunk(4, dim=1)
        entry, forget, new, out, shown = entry.sigmoid(), forget.sigmoid(), new.tanh(), out.sigmoid(), cell.tanh()
        of_hidden, of_cell = (torch.zeros_like(cell) if one is None else one for one in (of_hidden, of_cell))
        inside = of_cell + of_hidden * out * (1 - shown**2)
        of_entry, of_forget = inside * new * entry * (1 - entry), inside * before * forget * (1 - forget)
        of_new, of_out = inside * entry * (1 - new**2), of_hidden * shown * out * (1 - out)
        gates = torch.cat([of_entry, of_forget, of_new, of_out], dim=1)
        self.calls += 1
        return gates, inside * forget, gates.sum(0)

    def gru(self, gates: Tensor, recurrent: Tensor, before: Tensor, *biases: None) -> tuple[Tensor, ...]:
        checked(gates, recurrent, before)
        self.calls += 1
        return gru(gates, recurrent, before), torch.cat([gates, recurrent, before], dim=1)

    def gru_backward(self, grad: Tensor, workspace: Tensor, has_bias: bool) -> tuple[Tensor, ...]:
        checked(grad, workspace)
        reset, update, new, of_reset, of_update, added, before = workspace.chunk(7, dim=1)
        opened, share = (reset + of_reset).sigmoid(), (update + of_update).sigmoid()
        fresh = (new + opened * added).tanh()
        of_fresh = grad * (1 - share) * (1 - fresh**2)
        of_opened, of_share = of_fresh * added * opened * (1 - opened), grad * (before - fresh) * share * (1 - share)
        gates = torch.cat([of_opened, of_share, of_fresh], dim=1)
        recurrent = torch.cat([of_opened, of_share, of_fresh * opened], dim=1)
        self.calls += 1
        return gates, recurrent, grad * share, gates.sum(0), recurrent.sum(0)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    """Takes the CPU for a device that has the kernels."""
    made = StandIns()
    library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name in ("lstm", "gru"):
        library.impl(f"_thnn_fused_{name}_cell", getattr(made, name), "CPU")
        end = "_impl" if name == "lstm" else ""
        library.impl(f"_thnn_fused_{name}_cell_backward{end}", getattr(made, f"{name}_backward"), "CPU")
    monkeypatch.setattr(cell_steps, "fuses", lambda device: True)
    yield made
    library._destroy()


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("wiring", DECODERS)
def test_gradients_are_those_of_autograd(stand_ins: StandIns, wiring: str, cell: str) -> None:
    assert_as_autograd(tiny_model(cell=cell, **DECODERS[wiring]).train())
    in_steps = wiring not in ("luong_unfed", "parallel")  # which run whole sequences in torch's fused layers
    assert (stand_ins.calls > 0) == in_steps


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_searches_find_the_same(request: pytest.FixtureRequest, cell: str) -> None:
    model, batch, options = tiny_model(cell=cell, decoder="luong"), random_batch([5, 3]), SearchOptions(beam_size=3)
    expected = beam_search(model, batch, TARGET, options)
    stand_ins: StandIns = request.getfixturevalue("stand_ins")
    found = beam_search(model, batch, TARGET, options)
    assert stand_ins.calls > 0
    for one, other in zip(found, expected, strict=True):
        assert [hypothesis.tokens for hypothesis in one] == [hypothesis.tokens for hypothesis in other]
        assert one[0].log_prob == pytest.approx(other[0].log_prob, abs=1e-6)


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("step", [cell_steps.lstm_step, cell_steps.gru_step])
def test_gates_of_mixed_precision_take_the_type_of_the_state(step: Any) -> None:
    gates = torch.randn(2, 1, 4 * 3 if step is cell_steps.lstm_step else 3 * 3)
    state = tuple(torch.randn(2, 1, 3) for _ in range(2 if step is cell_steps.lstm_step else 1))
    found = step(gates.bfloat16(), gates.bfloat16(), state)
    expected = step(gates.bfloat16().float(), gates.bfloat16().float(), state)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other)


def test_stand_ins_are_torchs_own_cells() -> None:
    long, short = nn.LSTMCell(5, 3), nn.GRUCell(5, 3)
    values, hidden, cell = torch.randn(2, 5), torch.randn(2, 3), torch.randn(2, 3)
    gates = [values @ one.weight_ih.T + one.bias_ih for one in (long, short)]
    recurrent = [hidden @ one.weight_hh.T + one.bias_hh for one in (long, short)]
    torch.testing.assert_close(lstm(gates[0] + recurrent[0], cell), long(values, (hidden, cell)))
    torch.testing.assert_close(gru(gates[1], recurrent[1], hidden), short(values, hidden))
