"""Measuring a model: how fast it translates, how long one waits, and how much memory it takes."""

import json
import math
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from nmt.config import PRECISIONS, UserError, choice
from nmt.translation.parts import PARTS

PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from nmt.translation.measuring import main; main()"
)
"""A process that Ctrl-C ends without a word."""
Shown = Callable[[Sequence[tuple[int, int]]], Iterable[tuple[int, int]]]
COLUMNS = ("beam", "batch", "threads", "precision")


class BenchError(UserError):
    """A measurement that could not be made."""


@dataclass(frozen=True)
class Setup:
    """One way to translate; None: the model's beam and precision, torch's choice of threads."""

    beam_size: int | None
    batch_size: int
    threads: int | None
    precision: str | None = None


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        model: a run directory or a model package.
        lines: sentences to translate.
        device: `auto`, or a torch device.
        allow_packages: packages whose code may be run.
    """

    model: str
    lines: Sequence[str]
    device: str = "auto"
    allow_packages: Sequence[str] = ()

    def run(self, setup: Setup, *, profile: bool = False) -> dict[str, Any]:
        """Measures once, in a fresh process: nothing of another measurement is in its caches or its memory.

        Raises:
            BenchError: the process could not do it, or was killed.
        """
        order = {**vars(self), "lines": list(self.lines), **vars(setup), "profile": profile}
        command = [sys.executable, "-P", "-c", PROGRAM]
        done = subprocess.run(command, input=json.dumps(order).encode(), stdout=subprocess.PIPE, check=False)
        if done.returncode < 0:
            raise BenchError(f"the process that measures was killed by {signal.Signals(-done.returncode).name}")
        if done.returncode:
            raise BenchError(f"the process that measures ended with status {done.returncode}")
        answer: dict[str, Any] = json.loads(done.stdout)
        if "error" in answer:
            raise BenchError(answer["error"])
        return answer


def setups(
    beam_sizes: Iterable[int | None],
    batch_sizes: Iterable[int],
    threads: Iterable[int | None],
    precisions: Iterable[str | None],
) -> list[Setup]:
    """Returns all combinations.

    Raises:
        SettingsError: an unknown precision.
    """
    found = [Setup(*values) for values in product(beam_sizes, batch_sizes, threads, precisions)]
    for one in found:
        if one.precision is not None:
            choice(one.precision, PRECISIONS, "precision")
    return found


def measure_all(
    bench: Bench, ways: Sequence[Setup], repeat: int, *, profile: bool = False, shown: Shown = list
) -> list[dict[str, Any]]:
    """Measures every way `repeat` times, in rounds, so that a noisy minute troubles all alike.

    Args:
        bench: what to measure.
        ways: how.
        repeat: rounds.
        profile: whether to tell where the time goes, in one more round.
        shown: what passes the measurements on one by one, such as a progress bar.

    Returns:
        The figures of each way, see `figures`, with the shares of the parts as `profile`.
    """
    rounds: list[list[dict[str, Any]]] = [[] for _ in ways]
    shares: list[dict[str, Any]] = [{} for _ in ways]
    for number, index in shown(list(product(range(repeat + profile), range(len(ways))))):
        if number < repeat:
            rounds[index].append(bench.run(ways[index]))
        else:
            shares[index]["profile"] = bench.run(ways[index], profile=True)["shares"]
    return [
        {**figures(way, found, len(bench.lines)), **share}
        for way, found, share in zip(ways, rounds, shares, strict=True)
    ]


def figures(setup: Setup, rounds: Sequence[dict[str, Any]], sentences: int) -> dict[str, Any]:
    """Returns the figures of one way to translate: medians of its rounds, latencies of all rounds together."""
    latencies = sorted(seconds * 1000 for one in rounds for seconds in one["latencies"])
    last = rounds[-1]
    return {
        "beam_size": last["beam_size"],
        "batch_size": setup.batch_size,
        "threads": last["threads"],
        "precision": last["precision"],
        "device": last["device"],
        "sentences": sentences,
        "repeat": len(rounds),
        "sentences_per_second": spread([sentences / one["seconds"] for one in rounds]),
        "tokens_per_second": spread([one["tokens"] / one["seconds"] for one in rounds]),
        "latency_of": "sentence" if setup.batch_size == 1 else "batch",
        "latency_ms": {f"p{percent}": percentile(latencies, percent) for percent in (50, 90, 99)},
        "peak_mb": max(one["peak_mb"] for one in rounds),
        "cuda_peak_mb": last["cuda_peak_mb"],
        "load_seconds": statistics.median(one["load_seconds"] for one in rounds),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Returns median, least and most."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Returns the least of ascending values that so many percent of them do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def table(found: Sequence[dict[str, Any]]) -> str:
    """Returns the figures as lines of aligned columns."""
    head = [*COLUMNS, "sentences/s", "tokens/s", "p50 ms", "p90 ms", "p99 ms", "peak MB", "load s"]
    rows = []
    for one in found:
        rates = [_rate(one[name]) for name in ("sentences_per_second", "tokens_per_second")]
        times = [_short(value) for value in one["latency_ms"].values()]
        rows.append([*_setup(one), *rates, *times, f"{one['peak_mb']:.0f}", f"{one['load_seconds']:.2f}"])
    return aligned([head, *rows])


def profile_table(found: Sequence[dict[str, Any]]) -> str:
    """Returns the share of each part in percent as lines of aligned columns."""
    rows = [[*_setup(one), *(f"{100 * one['profile'][part]:.1f}" for part in PARTS)] for one in found]
    return aligned([[*COLUMNS, *(f"{part} %" for part in PARTS)], *rows])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Returns lines whose columns end below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _setup(one: dict[str, Any]) -> list[str]:
    return [str(one[name]) for name in ("beam_size", "batch_size", "threads", "precision")]


def _rate(rate: dict[str, float]) -> str:
    return f"{_short(rate['median'])} ({_short(rate['min'])}-{_short(rate['max'])})"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
