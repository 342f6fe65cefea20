"""The settings that the other tests count on hold in the process that runs them, also in a worker of xdist."""

import jaxtyping
import pytest
import torch

from nmt.modules.attention.additive import additive_energy

pytestmark = pytest.mark.shapes


def test_one_torch_thread() -> None:
    assert torch.get_num_threads() == 1


def test_shapes_in_signatures_are_checked() -> None:
    query, keys = torch.zeros(2, 3, 4), torch.zeros(2, 5, 4)
    assert additive_energy(query, keys, torch.zeros(4)).shape == (2, 3, 5)
    with pytest.raises(jaxtyping.TypeCheckError):
        additive_energy(query, keys, torch.zeros(4, 1))


def test_dtypes_in_signatures_are_checked() -> None:
    query, keys = torch.zeros(2, 3, 4, dtype=torch.long), torch.zeros(2, 5, 4)
    with pytest.raises(jaxtyping.TypeCheckError):
        additive_energy(query, keys, torch.zeros(4))
