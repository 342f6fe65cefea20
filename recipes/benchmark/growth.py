"""Measures how time and memory of our reference model grow with source length, vocabulary, beam and batch.

    python -m recipes.benchmark.growth              a table, and growth.png in runs/benchmark; some minutes

Weights are random, so that every translation takes the steps that it is allowed: 50, or 30 in training. Each point is
a process of its own, because peak memory never falls. The exponent is the slope between the last two points, on scales
of powers: 1 is proportional, 0 does not grow.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from nmt.visual.tables import Table, markdown
from recipes.benchmark.work import ROOT, Results

STEPS = {"translation": 50, "training": 30}
"""Target tokens of a sentence."""
REPEATS = 3
PARTS = tuple(STEPS)


@dataclass(frozen=True)
class Point:
    """What is measured.

    Attributes:
        part: `translation` or `training`.
        source: tokens of each sentence.
        vocabulary: pieces of each side.
        beam: hypotheses; 1 in training.
        batch: sentences.
    """

    part: str
    source: int = 25
    vocabulary: int = 8000
    beam: int = 5
    batch: int = 16


AXES: Mapping[str, Sequence[int]] = {
    "source": (25, 100, 400, 1600),
    "vocabulary": (2000, 8000, 32000),
    "beam": (1, 5, 20),
    "batch": (1, 4, 16, 64),
}


def points() -> Iterator[tuple[str, Point]]:
    """Yields all points, each with the axis along which it lies."""
    for part in PARTS:
        start = Point(part) if part == "translation" else Point(part, beam=1)
        for axis, values in AXES.items():
            if part == "translation" or axis != "beam":
                yield from ((axis, Point(**{**asdict(start), axis: value})) for value in values)


def work(point: Point) -> Callable[[], object]:
    """Returns a function that translates or trains on a batch once; the model is built here."""
    import torch

    from nmt.config import ModelSettings, SearchOptions, Vocabulary
    from nmt.config.attention import AttentionSettings
    from nmt.modules.build import build_model
    from nmt.search import Batch, beam_search
    from nmt.training.losses import loss_sums

    torch.manual_seed(1)
    vocabulary = Vocabulary(size=point.vocabulary, pad_id=1, bos_id=2, eos_id=3, unk_id=0)
    widths = {"embedding_size": 256, "encoder_size": 256, "decoder_size": 512}
    kinds = {"decoder": "luong", "cell": "lstm", "bridge": "last", "tying": "none"}
    settings = ModelSettings(**kinds, **widths, attention=AttentionSettings(score="general"))  # type: ignore[arg-type]
    model = build_model(settings, vocabulary, vocabulary)
    sources = torch.randint(4, point.vocabulary, (point.batch, point.source))
    lengths = torch.full((point.batch,), point.source)
    steps = STEPS[point.part]
    if point.part == "translation":
        with torch.no_grad():
            model.output.linear.bias[vocabulary.eos_id] = -50.0  # ends at the limit alone
        model.eval()
        options = SearchOptions(beam_size=point.beam, max_length=steps)
        return lambda: beam_search(model, Batch(sources, lengths), vocabulary, options)
    targets = torch.randint(4, point.vocabulary, (point.batch, steps))

    def train() -> None:
        model.zero_grad()
        decoded = model(sources, lengths, targets)
        loss_sums(model.output, decoded.attentional, targets, vocabulary.pad_id, 0.1)[0].backward()  # type: ignore[no-untyped-call]

    return train


def measure(point: Point) -> dict[str, float]:
    """Returns seconds, the median of some repetitions, and by how many MiB the peak of memory has grown."""
    once = work(point)
    with suppress(OSError):  # lets the peak begin anew, where the kernel can; building a model takes more than using it
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = peak()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        once()
        times.append(time.perf_counter() - begin)
    return {"seconds": median(times), "mb": peak() - before}


def peak() -> float:
    """Returns the highest resident memory of this process so far, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 if sys.platform == "linux" else 1024**2)


def exponent(values: Sequence[float], figures: Sequence[float]) -> float:
    """Returns the slope of the last two points on logarithmic scales."""
    return math.log(figures[-1] / figures[-2]) / math.log(values[-1] / values[-2])


def curves(rows: Sequence[Mapping[str, object]]) -> dict[tuple[str, str], list[tuple[int, float, float]]]:
    """Returns (value, seconds, MiB) of each part and axis, in the order of values."""
    found: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for row in rows:
        value, seconds, memory = (float(str(row[name])) for name in (str(row["axis"]), "seconds", "mb"))
        found.setdefault((str(row["part"]), str(row["axis"])), []).append((int(value), seconds, memory))
    return {name: sorted(curve) for name, curve in found.items()}


def table(rows: Sequence[Mapping[str, object]]) -> Table:
    """Returns all curves as a table."""
    cells = []
    for (part, axis), curve in curves(rows).items():
        values, seconds, memory = zip(*curve, strict=True)
        cells.append(
            [
                part,
                axis,
                ", ".join(f"{value:,}" for value in values),
                ", ".join(f"{1000 * one:,.0f}" for one in seconds),
                f"{exponent(values, seconds):.2f}",
                ", ".join(f"{one:,.0f}" for one in memory),
                f"{exponent(values, memory):.2f}" if min(memory[-2:]) > 0 else "",
            ]
        )
    steps = " and ".join(f"{count} target steps in {part}" for part, count in STEPS.items())
    start = ", ".join(f"{name} {value:,}" for name, value in asdict(Point("")).items() if name != "part")
    notes = [f"{steps}; what is not varied: {start}", "MiB: beyond those of the model and the libraries"]
    head = ["", "grows with", "values", "ms", "exponent", "MiB", "exponent"]
    return Table("Growth", head, cells, frozenset({0, 1, 2}), notes)


def draw(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Draws all curves into a PNG, each with a dotted line of proportional growth up to its last point."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, len(AXES), figsize=(3.2 * len(AXES), 6), constrained_layout=True)
    for (part, axis), curve in curves(rows).items():
        values, *figures = zip(*curve, strict=True)
        for row, (label, one) in enumerate(zip(("seconds", "MiB"), figures, strict=True)):
            place = axes[row][list(AXES).index(axis)]
            place.loglog(values, one, marker="o", label=part)
            place.loglog(values, [one[-1] * value / values[-1] for value in values], ":", color="gray", zorder=0)
            place.set(xlabel=axis, ylabel=label)
            place.set_xticks(values, [f"{value:,}" for value in values])
            place.yaxis.set_major_formatter("{x:g}")
            place.minorticks_off()
    axes[0][0].legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Measures what is missing, prints the table and draws the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "runs" / "benchmark", metavar="DIR", help="default: runs/benchmark"
    )
    parser.add_argument("--only", nargs="+", default=list(AXES), choices=AXES, metavar="AXIS", help=", ".join(AXES))
    parser.add_argument("--point", metavar="JSON", help="measure one point and print it")
    given = parser.parse_args()
    if given.point:
        print(json.dumps(measure(Point(**json.loads(given.point)))))
        return
    results = Results(given.work / "growth.jsonl")
    for axis, point in points():
        key = {"axis": axis, **asdict(point)}
        if axis in given.only and not results.has(key):
            command = [sys.executable, "-m", "recipes.benchmark.growth", "--point", json.dumps(asdict(point))]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            results.add({**key, **json.loads(done.stdout)})
            print(results.rows()[-1], file=sys.stderr, flush=True)
    rows = results.rows()
    draw(rows, given.work / "growth.png")
    sys.stdout.buffer.write(f"{markdown(table(rows))}\n".encode())


if __name__ == "__main__":
    main()
