"""Makes the table of the recipe: AER of every system, and how far it is above eflomal's.

python -m recipes.alignment.report results.json > RESULTS.md
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nmt.visual.tables import Table, markdown

Records = Sequence[Mapping[str, Any]]
HEADS = {
    "forward": "source to target",
    "backward": "target to source",
    "intersection": "intersection",
    "grow-diag": "grow-diag",
    "grow-diag-final-and": "grow-diag-final-and",
}


def name(record: Mapping[str, Any]) -> str:
    """Returns what a system is called in the table."""
    links = record.get("links")
    if links is None:
        return str(record["system"])
    return f"{record['system']}, tuned" if links[0] is not None else str(record["system"])


def rates(records: Records) -> Table:
    """Returns the AER of every system, one way and with both directions joined."""
    rows = [[name(one), *(f"{one['aer'][column]:.3f}" for column in HEADS), _time(one), _steps(one)] for one in records]
    notes = ["AER is a fraction, lower is better; time: processor seconds, or those of each training"]
    return Table("Alignment error rate", ["", *HEADS.values(), "time", "steps"], rows, frozenset({0}), notes)


def _time(record: Mapping[str, Any]) -> str:
    if "seconds" in record:
        return f"{record['seconds']:.0f} s"
    return " + ".join(f"{seconds:.0f} s" for seconds in record["train_seconds"])


def _steps(record: Mapping[str, Any]) -> str:
    return " + ".join(f"{steps:,.0f}" for steps in record.get("steps", ()))


def differences(records: Records) -> Table:
    """Returns how far each system is above eflomal in the same column, with the interval of the paired bootstrap."""
    rows = [
        [name(one), *(_interval(*one["above_eflomal"][column]) for column in HEADS)]
        for one in records
        if one["system"] != "eflomal"
    ]
    notes = ["AER less that of eflomal in the same column; middle 95 % of 1,000 samples of sentences"]
    return Table("Above eflomal", ["", *HEADS.values()], rows, frozenset({0}), notes)


def _interval(found: float, low: float, high: float) -> str:
    return f"{found:+.3f} [{low:+.3f}, {high:+.3f}]"


def readings(records: Records) -> Table:
    """Returns how links of tuned systems are read."""
    rows = []
    for one in records:
        for direction, settings in zip(("forward", "backward"), one.get("links") or (), strict=False):
            if settings is not None:
                threshold = "none" if settings["threshold"] is None else f"{settings['threshold']:g}"
                rows.append([one["system"], direction, str(settings["shift"]), settings["end"], threshold])
    return Table("Tuned", ["", "direction", "shift", "end", "threshold"], rows, frozenset({0, 1, 3}), [])


def page(records: Records) -> str:
    """Returns all tables as Markdown."""
    tables = [rates(records)]
    tables += [differences(records)] if len(records) > 1 else []
    tables += [readings(records)] if any(one.get("links", [None])[0] for one in records) else []
    return "# Results\n\n" + "\n\n".join(markdown(one) for one in tables) + "\n"


def main() -> None:
    """Prints the page of a file of records."""
    print(page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")


if __name__ == "__main__":
    main()
