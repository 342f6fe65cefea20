"""Prints what attention costs against the length of the source, as Markdown; a minute on one core.

    python -m recipes.attention_shootout.lengths

Time: microseconds of a step of a beam of 5, keys and values given, the median of 5 measurements in turn. Memory:
megabytes that 20 target steps of one sentence keep for the backward pass, weights of the network left out.
"""

import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

import torch
from torch import Tensor

from nmt.config.attention import AttentionSettings
from nmt.modules.attention import AttentionHistory, build_attention
from nmt.visual.tables import Table, markdown

LENGTHS = (100, 1_000, 10_000)
SIZE, BEAM, STEPS, REPEATS = 256, 5, 20, 20
CASES: list[tuple[str, str | None]] = [(score, None) for score in ("additive", "dot", "general", "cosine", "euclidean")]
CASES += [(score, window) for window in ("local_m", "local_p") for score in ("additive", "general")]


def step(settings: AttentionSettings, length: int) -> Callable[[], None]:
    """Returns a function that takes a step of a beam over a source of this length."""
    attention = build_attention(settings, SIZE, SIZE).eval()
    memory, query = torch.randn(1, length, SIZE), torch.randn(1, BEAM, SIZE)
    keys, values = attention.project_keys(memory), attention.project_values(memory)
    state = AttentionHistory(length // 2).state(torch.ones(1, length, dtype=torch.bool))

    def take() -> None:
        with torch.no_grad():
            attention(query, values, keys, state)

    return take


def microseconds(steps: list[Callable[[], None]]) -> Iterator[float]:
    """Yields the time of each of some functions, measured in turn."""
    for one in steps:
        one()
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(5):
        for found, one in zip(times, steps, strict=True):
            start = time.perf_counter()
            for _ in range(REPEATS):
                one()
            found.append((time.perf_counter() - start) / REPEATS * 1e6)
    return map(median, times)


def megabytes(settings: AttentionSettings, length: int) -> float:
    """Returns what is kept for the backward pass of all steps of a target."""
    attention = build_attention(settings, SIZE, SIZE)
    memory = torch.randn(1, length, SIZE, requires_grad=True)
    query = torch.randn(1, STEPS, SIZE, requires_grad=True)
    kept = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    state = AttentionHistory().state(torch.ones(1, length, dtype=torch.bool))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        attended = attention(query, attention.project_values(memory), attention.project_keys(memory), state)
    own = sum(kept.get(one.untyped_storage().data_ptr(), 0) for one in attention.parameters())
    return (sum(kept.values()) - own) / 1e6 if attended.context.requires_grad else 0.0


def main() -> None:
    """Prints a table of both."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rows = []
    for score, window in CASES:
        settings = AttentionSettings(score, window=window)
        times = microseconds([step(settings, length) for length in LENGTHS])
        sizes = [megabytes(settings, length) for length in LENGTHS]
        rows.append([score, window or "", *(f"{one:,.0f}" for one in times), *(f"{one:.1f}" for one in sizes)])
    head = ["score", "window", *(f"{one:,}: µs" for one in LENGTHS), *(f"{one:,}: MB" for one in LENGTHS)]
    whole = STEPS * LENGTHS[-1] * SIZE * 4 / 1e6
    notes = [
        f"source tokens; vectors of {SIZE}, windows of {AttentionSettings().window_size} tokens to either side",
        f"a tensor over target, source and size of the longest would be {whole:.0f} MB",
    ]
    table = Table("Cost against the length of the source", head, rows, frozenset({0, 1}), notes)
    sys.stdout.buffer.write(f"{markdown(table)}\n".encode())


if __name__ == "__main__":
    main()
