"""The table of all attentions and decoders: what works, what is refused, and why.

`python -m tests.unit.attention.combinations`, run where pyproject.toml lies, writes it anew.
"""

import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from nmt.config import SettingsError
from nmt.config.attention import COVERAGES, NORMALIZERS, WINDOWS
from nmt.modules.seq2seq import Seq2Seq
from tests.unit.models import DECODERS, random_batch, random_ids, tiny_model

FILE = Path(__file__).parents[3] / "nmt" / "modules" / "attention" / "COMBINATIONS.md"
SCORES = (
    *("additive", "concat", "dot", "scaled_dot", "general", "cosine", "euclidean", "squared_euclidean"),
    *("location", "location_aware", "uniform", "none"),
)
WIRINGS = {
    "bahdanau": "`bahdanau`",
    "luong": "`luong`",
    "conditional": "`conditional`",
    "luong_unfed": "`luong` without `input_feeding`",
    "parallel": "`parallel`",
}
WORKS = AT_ONCE, BY_STEP, NOTHING = "at once", "by step", "asks nothing"
MARKS = "¹²³⁴⁵⁶⁷⁸⁹"


class Cell(NamedTuple):
    """One combination; `heads` is 1 and 2 in turn, and 1 where there is nothing to have heads."""

    score: str
    wiring: str
    normalizer: str
    window: str | None
    coverage: str | None
    heads: int

    def model(self) -> Seq2Seq:
        """Builds a tiny model, or raises SettingsError."""
        names = ("score", "normalizer", "window", "coverage", "heads")
        attention = {name: getattr(self, name) for name in names} | {"window_size": 1}
        layers = 2 if self.wiring == "parallel" else 1  # of one layer it would be luong
        return tiny_model(3, decoder_layers=layers, attention=attention, **DECODERS[self.wiring])


def cells(score: str, wiring: str) -> Iterator[Cell]:
    """Yields all combinations with a score and a decoder."""
    around = product(NORMALIZERS, (None, *WINDOWS), (None, *COVERAGES))
    for index, (normalizer, window, coverage) in enumerate(around):
        yield Cell(score, wiring, normalizer, window, coverage, 1 if score == "none" else 1 + index % 2)


def refusal(error: SettingsError) -> str:
    """Returns what a refusal says, whatever setting of the attention it names."""
    return re.sub(r"^model\.attention\.\w+=\S+ has nothing", "model.attention.NAME=VALUE has nothing", str(error))


def outcome(cell: Cell, measured: dict[tuple[str, bool], str]) -> str:
    """Returns how the attention of a combination is asked under teacher forcing, or why it is refused.

    Args:
        cell: the combination.
        measured: how that is, by decoder and whether there is a history; what is not known yet is measured.
    """
    try:
        model = cell.model()
    except SettingsError as error:
        return refusal(error)
    if not model.aligns:
        return NOTHING
    kind = cell.wiring, model.decoder.attention.needs_history
    if kind not in measured:
        measured[kind] = asking(model)
    return measured[kind]


def asking(model: Seq2Seq) -> str:
    """Returns how the attention of a model is asked for a target of two tokens: by one call or by two."""
    asked: list[int] = []
    handle = model.decoder.attention.register_forward_hook(lambda *_: asked.append(1))
    model(*random_batch([3]), random_ids(7, 1, 2))
    handle.remove()
    return {1: AT_ONCE, 2: BY_STEP}[len(asked)]


COLUMNS: dict[str, Callable[[Cell], bool]] = {
    "alone": lambda cell: cell.normalizer == "softmax" and not cell.window and not cell.coverage,
    "sparsemax, entmax15": lambda cell: cell.normalizer != "softmax" and not cell.window and not cell.coverage,
    "local_m, local_p": lambda cell: bool(cell.window) and not cell.coverage,
    "coverage": lambda cell: bool(cell.coverage),
}
"""Combinations that are shown together; what a column does not name may have any value."""


class Row(NamedTuple):
    """A row of the table: decoders and scores of which the same holds, and for each column all that happens in it."""

    scores: list[str]
    wirings: list[str]
    columns: list[list[str]]


def joined(results: dict[Cell, str]) -> list[Row]:
    """Returns the rows of the table."""
    rows: list[Row] = []
    for score in SCORES:
        own: list[Row] = []
        for wiring in WIRINGS:
            here = [(cell, result) for cell, result in results.items() if (cell.score, cell.wiring) == (score, wiring)]
            columns = [list(dict.fromkeys(one for cell, one in here if belongs(cell))) for belongs in COLUMNS.values()]
            same = next((row for row in own if row.columns == columns), None)
            if same is None:
                own.append(Row([score], [wiring], columns))
            else:
                same.wirings.append(wiring)
        for row in own:
            same = next((other for other in rows if other[1:] == row[1:]), None)
            if same is None:
                rows.append(row)
            else:
                same.scores.append(score)
    return rows


SIZES: list[dict[str, Any]] = [
    {"attention": {"score": "dot"}, "encoder_size": 3, "decoder_size": 5},
    {"attention": {"score": "general", "heads": 4}, "encoder_size": 4, "decoder_size": 6},
    {"attention": {"score": "general", "heads": 4}, "encoder_size": 3, "decoder_size": 8},
    {"attention": {"score": "none"}, "bridge": "zero"},
]
"""Settings that are refused for their sizes, or for what the rest of the model is."""


def refused_sizes() -> list[str]:
    """Returns what is said to them."""
    lines = []
    for settings in SIZES:
        try:
            tiny_model(**settings)
        except SettingsError as error:
            lines.append(str(error))
    return lines


TEXT = """\
# Which attention goes with which decoder

`model.attention.score`, `normalizer`, `window` and `coverage` can be combined with each other and with every decoder.
A test builds all {count:,} combinations, with one head and two in turn. **{works:,} work**: one step at a time they
give the same numbers as all at once, rows of weights sum to one, each hypothesis of a beam has the score that forced
decoding gives it, and a gradient reaches every parameter. **{refused:,} are refused** before anything is trained, each
with one line.

{table}

- **at once**: under teacher forcing all target steps ask together, in a few large products.
- **by step**: they ask one after the other. `bahdanau`, `luong` and `conditional` always do, because their state reads
  what the step before has found. In the other two only the attention goes by step, and only if it looks at earlier
  weights (`needs_history`), as `location_aware` and every `coverage` do; the recurrent layers still run over the whole
  target at once.
- **alone** is `normalizer=softmax` without window and coverage; what else a column does not name may have any value, so
  `coverage` is `sum` or `fertility` under any normalizer and window.
- **asks nothing**: `none` has no attention, so that such a decoder knows of the source only what the bridge gives it.
- `options`, `heads`, `temperature` and `dropout` go with all others.

Refused:

{notes}

Refused for sizes, or for the rest of the model, for example:

{sizes}

This file is written by `python -m tests.unit.attention.combinations`; a test compares it with what the code does.
"""


def render() -> str:
    """Returns the file."""
    measured: dict[tuple[str, bool], str] = {}
    results = {cell: outcome(cell, measured) for pair in product(SCORES, WIRINGS) for cell in cells(*pair)}
    reasons = [one for one in dict.fromkeys(results.values()) if one not in WORKS]
    shown = {reason: f"refused {mark}" for reason, mark in zip(reasons, MARKS, strict=False)}
    lines = ["| score | decoder | " + " | ".join(COLUMNS) + " |", "| --- " * (2 + len(COLUMNS)) + "|"]
    for row in joined(results):
        names = " ".join(f"`{score}`" for score in row.scores), ", ".join(WIRINGS[one] for one in row.wirings)
        columns = [", ".join(shown.get(one, one) for one in column) for column in row.columns]
        lines.append("| " + " | ".join([*names, *columns]) + " |")
    works = sum(one in WORKS for one in results.values())
    return TEXT.format(
        count=len(results),
        works=works,
        refused=len(results) - works,
        table="\n".join(lines),
        notes="\n".join(f"- {mark} `{reason}`" for reason, mark in zip(reasons, MARKS, strict=False)),
        sizes="\n".join(f"- `{line}`" for line in refused_sizes()),
    )


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
