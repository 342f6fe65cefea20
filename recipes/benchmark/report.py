"""Prints what has been measured, as Markdown, or as JSON with every figure of every round.

    python -m recipes.benchmark.report runs/benchmark
    python -m recipes.benchmark.report runs/benchmark --json > recipes/benchmark/expected.json

Figures are medians over rounds, with the least and the greatest. A ratio is taken within each round, where both sides
met the same machine, and then its median; the fastest peer is that of the best median. A share of the bound is what a
side reaches of the speed at which it would do nothing but multiply matrices, in fp32, as fast as this machine can.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from nmt.visual.tables import Table, markdown
from recipes.benchmark.bound import REFERENCE
from recipes.benchmark.peers import PEERS
from recipes.benchmark.work import Results, Row

TITLES = {
    "feeding": "Training, input feeding",
    "plain": "Training, no input feeding",
    "small": "Training, small model",
    "beam": "Translation, beam 5, batches of 64",
    "greedy": "Translation, greedy, batches of 64",
    "single": "Translation, beam 5, one sentence at a time",
}
TRAINING = ("feeding", "plain", "small")
HYPOTHESES = {"beam": (5, 320), "greedy": (1, 64), "single": (5, 5)}
"""Hypotheses of a sentence, and of a step."""
SOURCE_TOKENS = 16
"""Source tokens of a sentence of the test text, end mark counted, on average."""
SIZE, BLEU = 0.01, 0.2
"""By how much parameters may differ, as a share, and BLEU."""
Sides = Mapping[str, Sequence[Row]]


def groups(rows: Sequence[Row]) -> dict[tuple[str, int], dict[str, list[Row]]]:
    """Returns rows by case and amount, and then by side."""
    found: dict[tuple[str, int], dict[str, list[Row]]] = {}
    for row in rows:
        found.setdefault((row["case"], row["amount"]), {}).setdefault(row["side"], []).append(row)
    return found


def fastest(sides: Sides, figure: str) -> str | None:
    """Returns the peer with the best median."""
    peers = [name for name in sides if name in PEERS]
    return max(peers, key=lambda name: middle(sides[name], figure), default=None)


def middle(rows: Sequence[Row], figure: str) -> float:
    """Returns the median of a figure."""
    return median(float(row[figure]) for row in rows)


def ratios(rows: Sequence[Row], others: Sequence[Row], figure: str) -> list[float]:
    """Returns how many times the figure of the others one has, in each round that both have."""
    by_round = {row["round"]: float(row[figure]) for row in others}
    return [float(row[figure]) / by_round[row["round"]] for row in rows if row["round"] in by_round]


def spread(values: Sequence[float], form: str = "{:,.0f}") -> str:
    """Returns the median of values, with the least and the greatest of several."""
    if not values:
        return ""
    ends = f" ({form.format(min(values))} to {form.format(max(values))})" if len(values) > 1 else ""
    return form.format(median(values)) + ends


def bound(case: str, rows: Sequence[Row], machine: Sequence[Row]) -> float | None:
    """Returns the speed that products alone would allow a side of a case: tokens, or sentences a second.

    In translation every hypothesis of the beam takes as many steps as the translation has tokens, end mark counted.

    Args:
        case: its name.
        rows: of the side.
        machine: what the machine does.
    """
    if not machine:
        return None
    if case in TRAINING:
        return middle(machine, case)
    hypotheses, together = HYPOTHESES[case]
    tokens = middle(rows, "tokens") / middle(rows, "sentences")
    work = hypotheses * tokens * REFERENCE.step_flop() + SOURCE_TOKENS * REFERENCE.encoder_flop()
    return middle(machine, f"step {together}") / work


Column = tuple[str, Callable[[Sequence[Row]], str]]


def figure(name: str, form: str) -> Callable[[Sequence[Row]], str]:
    """Returns a function that shows the median of a figure, or nothing where a row lacks it."""

    def show(rows: Sequence[Row]) -> str:
        values = [float(row[name]) for row in rows if row.get(name) is not None]
        return form.format(median(values)) if len(values) == len(rows) else ""

    return show


def table(case: str, amount: int, sides: Sides, machine: Sequence[Row]) -> Table:
    """Returns the table of a case of training or translation."""
    is_training = case in TRAINING
    speed = "tokens_s" if is_training else "sentences_s"
    best = fastest(sides, speed)
    columns: list[Column] = [
        (
            speed.replace("_s", "/s"),
            lambda rows: spread([row[speed] for row in rows], "{:,.0f}" if is_training else "{:,.1f}"),
        ),
        (f"to {best or 'a peer'}", lambda rows: spread(ratios(rows, sides[best], speed), "{:.2f}") if best else ""),
        ("of the bound", lambda rows: share(rows, speed, bound(case, rows, machine))),
    ]
    if is_training:
        columns += [
            ("tokens an update", figure("tokens_update", "{:,.0f}")),
            ("loss on dev", figure("valid_loss", "{:.3f}")),
            ("parameters", figure("parameters", "{:,.0f}")),
        ]
    else:
        columns += [
            ("tokens/s", figure("tokens_s", "{:,.0f}")),
            ("tokens", figure("tokens", "{:,.0f}")),
            ("BLEU", figure("bleu", "{:.2f}")),
            ("whole s", figure("whole_s", "{:.1f}")),
        ]
    columns.append(("peak MiB", figure("peak_mb", "{:,.0f}")))
    cells = [[name, *(show(rows) for _, show in columns)] for name, rows in sides.items()]
    what = "updates" if is_training else "sentences"
    notes = [f"rounds: {max(map(len, sides.values()))}, of {amount:,} {what}", *checks(case, sides)]
    return Table(TITLES[case], ["", *(name for name, _ in columns)], cells, frozenset({0}), notes)


def share(rows: Sequence[Row], speed: str, most: float | None) -> str:
    """Returns what a side reaches of the bound."""
    return "" if most is None else f"{middle(rows, speed) / most:.2f}"


def checks(case: str, sides: Sides) -> list[str]:
    """Returns whether the sides are alike: as large, and of the same quality with the same search."""
    if "ours" not in sides:
        return []
    name, most = ("parameters", SIZE) if case in TRAINING else ("bleu", BLEU)
    mine = middle(sides["ours"], name)
    unlike = []
    for side, rows in sides.items():
        difference = middle(rows, name) - mine
        if abs(difference / mine if case in TRAINING else difference) > most:
            unlike.append(f"{side} ({difference:+,.2f})" if case not in TRAINING else f"{side} ({difference:+,.0f})")
    what = "parameters within 1 % of ours" if case in TRAINING else "BLEU within 0.2 of ours"
    return [f"{what}: all" if not unlike else f"{what}: all but {', '.join(unlike)}"]


def machine_table(machine: Sequence[Row]) -> Table:
    """Returns what the machine allows."""
    rates = ("peak", "step 320", "step 64", "step 5", "step 1")
    rows = [
        [f"products, {name.replace('step', 'rows of a step:')}, GFLOP/s", spread([row[name] / 1e9 for row in machine])]
        for name in rates
    ]
    rows += [[f"bound, {TITLES[name].lower()}, tokens/s", spread([row[name] for row in machine])] for name in TRAINING]
    return Table("The machine", ["", "rate"], rows, frozenset({0}))


def long_table(sides: Sides) -> Table:
    """Returns how a long file compares with a short one."""
    short = next(iter(sides.values()))
    rows = [
        [
            name,
            spread([row["sentences_s"] for row in found], "{:,.1f}"),
            spread(ratios(found, short, "sentences_s"), "{:.2f}"),
            f"{middle(found, 'peak_mb'):,.0f}",
            f"{middle(found, 'bleu'):.2f}",
        ]
        for name, found in sides.items()
    ]
    return Table("A long file", ["", "sentences/s", "ratio", "peak MiB", "BLEU"], rows, frozenset({0}))


def startup_table(sides: Sides) -> Table:
    """Returns how long a first translation takes."""
    least = next(iter(sides.values()))
    rows = [
        [name, spread([row["whole_s"] for row in found], "{:.2f}"), spread(ratios(found, least, "whole_s"), "{:.2f}")]
        for name, found in sides.items()
    ]
    return Table("Start-up", ["", "seconds", "ratio"], rows, frozenset({0}))


def page(rows: Sequence[Row]) -> str:
    """Returns all tables as one page of Markdown."""
    machine = [row for row in rows if row["case"] == "bound"]
    tables = [machine_table(machine)] if machine else []
    for (case, amount), sides in groups(rows).items():
        if case in TITLES:
            tables.append(table(case, amount, sides, machine))
        elif case == "long":
            tables.append(long_table(sides))
        elif case == "startup":
            tables.append(startup_table(sides))
    return "\n\n".join(["# Benchmark", *map(markdown, tables)]) + "\n"


def records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Returns a record of each side of each case, with the figures of all rounds."""
    found = []
    for (case, amount), sides in groups(rows).items():
        for side, measured in sides.items():
            names = [name for name in measured[0] if name not in ("case", "amount", "side", "round")]
            figures = {name: [row.get(name) for row in measured] for name in names}
            found.append(
                {"case": case, "amount": amount, "side": side, "round": [row["round"] for row in measured], **figures}
            )
    return found


def recorded(records: Sequence[Row]) -> list[Row]:
    """Returns the rows that records were made from."""
    rows: list[Row] = []
    for record in records:
        key = {name: record[name] for name in ("case", "amount", "side")}
        for place in range(len(record["round"])):
            rows.append({**key, **{name: values[place] for name, values in record.items() if name not in key}})
    return rows


def main() -> None:
    """Prints tables or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="the work folder, or a file of records such as expected.json")
    parser.add_argument("--json", action="store_true", help="records instead of tables")
    given = parser.parse_args()
    if given.work.is_file():
        rows = recorded(json.loads(given.work.read_text(encoding="utf-8")))
    else:
        rows = Results(given.work / "results.jsonl").rows()
    if given.json:
        print("[\n" + ",\n".join(map(json.dumps, records(rows))) + "\n]")
        return
    sys.stdout.buffer.write(page(rows).encode())


if __name__ == "__main__":
    main()
