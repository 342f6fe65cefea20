"""The largest values of rows, with equals in the order of their places."""

import torch

from nmt.search.ranking import top


def test_equals_come_in_order_and_nothing_large_is_kept() -> None:
    generator = torch.Generator().manual_seed(1)
    values = torch.randint(0, 40, (4, 3, 200), generator=generator).float()  # rows full of equals
    values[0, 0] = torch.rand(200, generator=generator)  # and one without
    expected, places = values.sort(dim=-1, descending=True, stable=True)
    for count in (1, 5, 199, 200):
        best, index = top(values, count)
        assert torch.equal(best[..., :count], expected[..., :count])
        assert torch.equal(index[..., :count], places[..., :count])
        for part in (best, index):
            assert part.untyped_storage().nbytes() == part.numel() * part.element_size()
