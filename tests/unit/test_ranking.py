"""The largest values of rows, with equals in the order of their places."""

import torch

from nmt.search.ranking import largest, top


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


def test_long_rows_are_ranked_as_short_ones() -> None:
    generator = torch.Generator().manual_seed(2)
    for columns in (3001, 4096, 20_000):
        values = torch.randn(3, 2, columns, generator=generator)
        values[0, 0] = values[0, 0].round()  # full of equals
        values[0, 1, ::3] = float("-inf")
        values[1, 0, 5:] = float("-inf")
        values[1, 1, -3:] = 9.0  # beyond the last whole block
        expected, places = values.sort(dim=-1, descending=True, stable=True)
        for count in (1, 3, 10):
            best, index = top(values, count)
            assert torch.equal(best[..., :count], expected[..., :count])
            assert torch.equal(index[..., :count], places[..., :count])


def test_the_largest_is_the_first_of_equals() -> None:
    values = torch.tensor([[[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]], [[float("-inf")] * 3, [0.0, 1.0, 2.0]]])
    best, index = largest(values)
    assert best.tolist() == [[3.0, 2.0], [float("-inf"), 2.0]]
    assert index.tolist() == [[1, 0], [0, 2]]
    halves, places = largest(values.bfloat16())
    assert torch.equal(halves, best.bfloat16())
    assert torch.equal(places, index)
