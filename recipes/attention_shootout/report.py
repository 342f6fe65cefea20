"""Prints what the runs of the shoot-out have found, as Markdown, or as JSON with every figure of every seed.

    python -m recipes.attention_shootout.report > recipes/attention_shootout/RESULTS.md
    python -m recipes.attention_shootout.report --json > recipes/attention_shootout/expected.json

A difference counts as real if it is beyond two standard deviations of the seeds, 2 √(sd² + sd²) of the two means.
`--seeds 5 6 7` looks at those alone.
"""

import argparse
import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

from nmt.evaluation.ranking import Spread
from nmt.visual.tables import Table, markdown
from recipes.attention_shootout.run import ATTENTIONS, DECODERS, ROOT, SCORES

RUNS = ROOT / "runs" / "attention_shootout"
RECORDED = ("test/bleu", "test/chrf", "test/aer", "test/attention_relative_entropy", "test/attention_end_weight")
Figures = Mapping[str, Sequence[Mapping[str, Any]]]
"""The figures of all seeds of a model, by its name."""


def read(part: Path, seeds: Collection[int] = ()) -> dict[str, list[dict[str, Any]]]:
    """Returns the figures of the runs that have finished, by their names without the seed, in the order of seeds.

    Args:
        part: the folder of the runs.
        seeds: those that count; all by default.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(part.glob("*/metrics.json"), key=_seed):
        if not seeds or _seed(file) in seeds:
            figures = {"seed": _seed(file), **json.loads(file.read_text(encoding="utf-8"))}
            found.setdefault(file.parent.name.rpartition("-")[0], []).append(figures)
    return found


def _seed(file: Path) -> int:
    return int(file.parent.name.rpartition("-")[2])


def spread(seeds: Iterable[Mapping[str, Any]], figure: str) -> Spread | None:
    """Returns mean and deviation of a figure over seeds; None if there is no seed, or one without it."""
    values = [float(one.get(figure, nan)) for one in seeds]
    return Spread.of(values) if values and not any(map(isnan, values)) else None


def grid(title: str, found: Figures, figure: str, digits: int, *, sign: int) -> Table:
    """Returns a figure of every score with every decoder, and what is no worse than the best of a decoder.

    Args:
        title: of the table.
        found: by `DECODER-SCORE`.
        figure: its name in `metrics.json`.
        digits: to show.
        sign: 1 if more is better, -1 if less is.
    """
    columns = []
    for decoder in DECODERS:
        cells = [spread(found.get(f"{decoder}-{score}", ()), figure) for score in SCORES]
        best = max((one for one in cells if one is not None), key=lambda one: sign * one.mean, default=None)
        columns.append([_cell(one, best, digits) for one in cells])
    rows = [[score, *cells] for score, *cells in zip(SCORES, *columns, strict=True)]
    notes = ["mean ± standard deviation of the seeds; ^: the best of a decoder; =: no real difference from that"]
    return Table(title, ["score", *DECODERS], rows, frozenset({0}), notes)


def _cell(one: Spread | None, best: Spread | None, digits: int) -> str:
    if one is None or best is None:
        return ""
    return f"{one.show(digits)} {'^' if one is best else '=' if one.beyond(best) is False else ' '}"


def attentions(found: Figures) -> Table:
    """Returns all figures of the attentions that were compared at equal size."""
    columns = (
        ("BLEU", "test/bleu", 2),
        ("chrF2", "test/chrf", 2),
        ("attention entropy", "test/attention_relative_entropy", 3),
        ("weight on </s>", "test/attention_end_weight", 3),
    )
    rows = []
    for name in ATTENTIONS:
        seeds = found.get(name, ())
        spreads = [(spread(seeds, figure), digits) for _, figure, digits in columns]
        cells = ["" if one is None else one.show(digits) for one, digits in spreads]
        rows.append([name, str(len(seeds)), *cells, f"{seeds[0]['parameters']:,}" if seeds else ""])
    head = ["attention", "n", *(title for title, _, _ in columns), "parameters"]
    return Table("Tatoeba, German to English", head, rows, frozenset({0}))


def differences(found: Figures) -> Table:
    """Returns by how much BLEU the attention of a row is better than that of a column, real differences with a mark."""
    spreads = {name: one for name in ATTENTIONS if (one := spread(found.get(name, ()), "test/bleu")) is not None}

    def show(one: Spread, other: Spread) -> str:
        return "" if one is other else f"{one.mean - other.mean:+.2f}{'*' if one.beyond(other) else ''}"

    rows = [[name, *(show(one, other) for other in spreads.values())] for name, one in spreads.items()]
    notes = ["BLEU of the row's attention less that of the column's; * beyond two standard deviations of the seeds"]
    return Table("Differences of BLEU on Tatoeba", ["", *spreads], rows, frozenset({0}), notes)


def records(part: str, found: Figures) -> list[dict[str, Any]]:
    """Returns what is on record of each model: the figures of all seeds, and how they came about."""
    command = f"python -m recipes.attention_shootout.run {part}"
    return [
        {
            "model": f"{part}/{name}",
            "command": command,
            "seeds": [one["seed"] for one in seeds],
            "parameters": seeds[0]["parameters"],
            **{figure: [one[figure] for one in seeds] for figure in RECORDED if figure in seeds[0]},
        }
        for name, seeds in sorted(found.items())
    ]


def page(phrases: Figures, sentences: Figures) -> str:
    """Returns all tables as one page of Markdown."""
    tables = [
        grid("Phrasebook: BLEU", phrases, "test/bleu", 1, sign=1),
        grid("Phrasebook: alignment error rate", phrases, "test/aer", 3, sign=-1),
        attentions(sentences),
        differences(sentences),
    ]
    phrase_runs, sentence_runs = (sum(map(len, part.values())) for part in (phrases, sentences))
    counts = f"{phrase_runs} runs on the phrasebook, {sentence_runs} on Tatoeba."
    return "\n\n".join(["# Results of the shoot-out", counts, *map(markdown, tables)]) + "\n"


def main() -> None:
    """Prints tables or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[], metavar="N", help="default: all")
    parser.add_argument("--json", action="store_true", help="records instead of tables")
    arguments = parser.parse_args()
    phrases, sentences = (read(RUNS / part, arguments.seeds) for part in ("phrasebook", "tatoeba"))
    if arguments.json:
        rows = ",\n".join(map(json.dumps, [*records("phrasebook", phrases), *records("tatoeba", sentences)]))
        print(f"[\n{rows}\n]")
        return
    sys.stdout.buffer.write(page(phrases, sentences).encode())


if __name__ == "__main__":
    main()
