"""Local attention against its dense form: all scores, -inf outside of the window, the Gaussian's logarithm added."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.config.attention import NORMALIZERS as NAMES
from nmt.config.attention import WINDOWS
from nmt.modules.attention import SCORES, Attention, AttentionScore
from nmt.modules.attention.normalizers import NORMALIZERS
from tests.unit.attention.asking import attend, build_layer, gradients, mask_of, state_of, vectors

pytestmark = pytest.mark.grid

LENGTHS, TARGET, SIZE = (9, 1, 4, 7), 12, 6
MASK = mask_of(LENGTHS)
REFUSED = ("uniform", "fertility")
EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}

both = pytest.mark.parametrize("window", WINDOWS)
scores = pytest.mark.parametrize("score", sorted(SCORES))


def inputs(width: int = 9) -> tuple[Tensor, Tensor]:
    """Returns queries that ask along the source and beyond its end, and a memory."""
    return 2 * vectors(1, 4, TARGET, SIZE), vectors(2, 4, width, SIZE)


def layer_of(score: str, window: str | None, size: int = 2, **settings: Any) -> Attention:
    return build_layer(SIZE, SIZE, score=score, window=window, window_size=size, **settings)


def centres_of(layer: Attention, query: Tensor) -> list[list[float]]:
    """Returns where each query of each sentence looks, by the formulas of the paper, positions counted from 0."""
    weights = dict(layer.named_parameters())
    found = []
    for sentence, length in zip(query, LENGTHS, strict=True):
        row = []
        for place, one in enumerate(sentence):
            centre = float(min(place, length - 1))
            if "window.hidden.weight" in weights:
                inner = torch.tanh(weights["window.hidden.weight"] @ one)
                share = float((weights["window.place.weight"][0] @ inner).detach())
                centre = (length - 1) / (1 + math.exp(-share))
            row.append(centre)
        found.append(row)
    return found


def dense(layer: Attention, query: Tensor, size: int, normalizer: str, **settings: Any) -> Attention:
    """Returns the same attention without a window, which sees nothing outside of it all the same."""
    twin = build_layer(SIZE, SIZE, **settings)
    twin.load_state_dict({name: one for name, one in layer.state_dict().items() if not name.startswith("window.")})
    inside = torch.zeros(4, 1, TARGET, 9, dtype=torch.bool)
    log_gauss = torch.zeros(4, 1, TARGET, 9, dtype=torch.float64)
    predicted = layer.window is not None and any(True for _ in layer.window.parameters())
    for b, row in enumerate(centres_of(layer, query)):
        for t, centre in enumerate(row):
            for s in range(9):
                inside[b, 0, t, s] = abs(s - round(centre)) <= size
                if predicted:
                    log_gauss[b, 0, t, s] = -((s - centre) ** 2) / (2 * (size / 2) ** 2)
    if twin.heads is None:
        inside, log_gauss = inside[:, 0], log_gauss[:, 0]
    twin.normalizer = lambda found, mask: NORMALIZERS[normalizer](found + log_gauss, mask & inside)
    return twin


@pytest.mark.parametrize(
    ("score", "coverage"),
    [(score, coverage) for score in sorted(SCORES) for coverage in (None, "fertility") if (score, coverage) != REFUSED],
)
@pytest.mark.parametrize(("heads", "size"), [(1, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("normalizer", NAMES)
@both
def test_window_is_its_dense_form(
    window: str, score: str, normalizer: str, heads: int, coverage: str | None, size: int
) -> None:
    settings: dict[str, Any] = {"score": score, "heads": heads, "coverage": coverage, "temperature": 0.7}
    layer = layer_of(score, window, size, heads=heads, coverage=coverage, temperature=0.7, normalizer=normalizer)
    query, memory = inputs()
    twin = dense(layer, query, size, normalizer, **settings)
    found, expected = attend(layer, query, memory, MASK), attend(twin, query, memory, MASK)
    torch.testing.assert_close(found.weights, expected.weights, **EXACT)
    torch.testing.assert_close(found.context, expected.context, **EXACT)
    torch.testing.assert_close(found.weights.sum(-1), torch.ones(4, TARGET).double(), **EXACT)
    for b, row in enumerate(centres_of(layer, query)):
        for t, centre in enumerate(row):
            outside = [s for s in range(9) if abs(s - round(centre)) > size or s >= LENGTHS[b]]
            assert (found.weights[b, t, outside] == 0).all()


@scores
@both
def test_gradients_are_those_of_the_dense_form(window: str, score: str) -> None:
    layer = layer_of(score, window)
    query, memory = (one.requires_grad_() for one in inputs())
    twin = dense(layer, query.detach(), 2, "softmax", score=score)
    pull = vectors(5, 4, TARGET, SIZE)
    shared = dict(twin.named_parameters())
    variables = [memory, *(one for name, one in layer.named_parameters() if name in shared)]
    got = gradients((attend(layer, query, memory, MASK).context * pull).sum(), variables)
    wanted = gradients((attend(twin, query, memory, MASK).context * pull).sum(), [memory, *shared.values()])
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other, **EXACT)


@pytest.mark.parametrize("normalizer", NAMES)
@scores
def test_window_of_the_whole_source_is_none(score: str, normalizer: str) -> None:
    wide = layer_of(score, "local_m", 20, normalizer=normalizer)
    whole = layer_of(score, None, normalizer=normalizer)
    query, memory = inputs()
    for found, expected in zip(attend(wide, query, memory, MASK), attend(whole, query, memory, MASK), strict=True):
        torch.testing.assert_close(found, expected, **EXACT)


def test_monotonic_centre_goes_along_and_stays_at_the_last_token() -> None:
    weights = attend(layer_of("uniform", "local_m", 1), *inputs(), MASK).weights
    seen = [[row.nonzero()[:, 0].tolist() for row in sentence] for sentence in weights]
    assert seen[0][:3] == [[0, 1], [0, 1, 2], [1, 2, 3]]
    assert seen[0][8:] == [[7, 8]] * 4
    assert seen[1] == [[0]] * TARGET
    assert seen[2][2:] == [[1, 2, 3]] + [[2, 3]] * (TARGET - 3)


@pytest.mark.parametrize("share", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@both
def test_centre_is_a_real_token_whatever_is_predicted(window: str, dtype: torch.dtype, share: float) -> None:
    """Also where bfloat16 knows every fourth position only."""
    lengths = [519, 600, 1]
    layer = layer_of("general", window, 1).to(dtype)
    if window == "local_p":
        with torch.no_grad():
            layer.get_parameter("window.hidden.weight").fill_(1.0)
            layer.get_parameter("window.place.weight").fill_(share)
    query = torch.ones(3, 2, SIZE, dtype=dtype)
    mask = mask_of(lengths)
    context, weights = attend(layer, query, vectors(2, 3, 600, SIZE).to(dtype), mask)
    assert context.dtype == weights.dtype == dtype
    assert context.isfinite().all()
    assert ((weights.double().sum(-1) - 1).abs() < 0.02).all()
    if window == "local_p":
        place = {-1e4: 0.0, 0.0: 0.5, 1e4: 1.0}[share]
        for row, length in zip(weights[:, 0], lengths, strict=True):
            assert abs(int(row.argmax()) - place * (length - 1)) <= 1


def test_gaussian_is_that_of_the_paper() -> None:
    layer = layer_of("uniform", "local_p", 4)
    query, memory = inputs()
    weights = attend(layer, query, memory, MASK).weights[0, 0]
    centre = centres_of(layer, query)[0][0]
    raw = [
        math.exp(-((s - centre) ** 2) / (2 * 2.0**2)) if abs(s - round(centre)) <= 4 else 0.0 for s in range(LENGTHS[0])
    ]
    torch.testing.assert_close(weights, torch.tensor([one / sum(raw) for one in raw]).double())


@pytest.mark.parametrize("normalizer", NAMES)
def test_predictor_is_learned(normalizer: str) -> None:
    layer = layer_of("uniform", "local_p", 4, normalizer=normalizer)
    query, memory = inputs()
    predictor = [layer.get_parameter("window.hidden.weight"), layer.get_parameter("window.place.weight")]
    found = gradients((attend(layer, query, memory, MASK).context * vectors(5, 4, TARGET, SIZE)).sum(), predictor)
    assert all(one.isfinite().all() and (one != 0).all() for one in found)


@pytest.mark.parametrize("heads", [1, 2])
@scores
@both
def test_company_and_padding_change_nothing(window: str, score: str, heads: int) -> None:
    layer = layer_of(score, window, heads=heads)
    query, memory = inputs(14)
    context, weights = attend(layer, query, memory[:, :9], MASK)
    far = attend(layer, query, memory, mask_of(LENGTHS, 14))
    torch.testing.assert_close(far.context, context, **EXACT)
    torch.testing.assert_close(far.weights[:, :, :9], weights, **EXACT)
    assert (far.weights[:, :, 9:] == 0).all()
    for row, length in enumerate(LENGTHS):
        alone = attend(layer, query[row : row + 1], memory[row : row + 1, :length], mask_of([length]))
        torch.testing.assert_close(alone.context[0], context[row], **EXACT)
        torch.testing.assert_close(alone.weights[0], weights[row, :, :length], **EXACT)


@both
def test_convolution_sees_beyond_the_edge_of_the_window(window: str) -> None:
    """Weights of the step before count also for tokens that this step's window leaves out."""
    layer = build_layer(
        SIZE, SIZE, score="location_aware", window=window, window_size=1, options={"kernel_size": 7, "channels": 2}
    )
    query, memory = inputs()
    state = state_of(MASK, TARGET)
    last = state.last
    assert last is not None
    before = attend(layer, query, memory, MASK, state).weights
    for s in range(9):
        moved = last.clone()
        moved[0, :, s] += 0.5
        after = attend(layer, query, memory, MASK, state._replace(last=moved)).weights
        for t, centre in enumerate(centres_of(layer, query)[0]):
            reach = min(abs(s - edge) for edge in range(9) if abs(edge - round(centre)) <= 1)
            differs = bool((after[0, t] - before[0, t]).abs().max() > 1e-9)
            assert differs == (reach <= 3), (s, t, centre)


@scores
@both
def test_what_is_scored_does_not_grow_with_the_source(window: str, score: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer, shapes = layer_of(score, window, 3), []
    cls: type[AttentionScore] = SCORES[score]
    forward = cls.forward

    def measured(self: AttentionScore, query: Tensor, keys: Tensor, state: Any) -> Tensor:
        shapes.append((query.shape[:2], keys.shape[:2], state.mask.shape))
        return forward(self, query, keys, state)

    monkeypatch.setattr(cls, "forward", measured)
    for source in (10, 100, 1000):
        attend(layer, vectors(1, 2, 5, SIZE), vectors(2, 2, source, SIZE), mask_of([source, source]))
    assert set(shapes) == {((10, 1), (10, 7), (10, 7))}


@scores
@both
def test_half_positions_and_narrow_numbers(window: str, score: str) -> None:
    layer = layer_of(score, window).to(torch.bfloat16)
    query, memory = (one.to(torch.bfloat16).requires_grad_() for one in inputs())
    context, weights = attend(layer, query, memory, MASK)
    assert context.dtype == weights.dtype == torch.bfloat16
    assert ((weights.double().sum(-1) - 1).abs() < 0.02).all()
    assert all(one.isfinite().all() for one in gradients(context.sum(), [query, memory, *layer.parameters()]))
