"""Compares the figures of a run with those that its recipe has on record.

python recipes/check.py runs/multi30k/latest
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent


def recorded() -> Iterator[dict[str, Any]]:
    """Yields what the recipes' `expected.json` files hold of training runs."""
    for path in sorted(HERE.glob("*/expected.json")):
        yield from (one for one in json.loads(path.read_text(encoding="utf-8")) if "experiment" in one)


def belongs(entry: dict[str, Any], config: dict[str, Any]) -> bool:
    """Tells whether a record is of the experiment and the languages of a run."""
    return (entry["experiment"], entry["source_lang"], entry["target_lang"]) == (
        config["name"],
        config["data"]["source_lang"],
        config["data"]["target_lang"],
    )


def main() -> None:
    """Prints a line for each figure; ends with status 1 if one lies outside its tolerance or none is on record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run directory")
    run = parser.parse_args().run
    try:
        config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"check.py: error: {error.filename}: {error.strerror}; is {run} a finished run?")
    entries = [entry for entry in recorded() if belongs(entry, config)]
    if not entries:
        sys.exit(f"check.py: error: no figure of {run} is on record")
    missed = 0
    for entry in entries:
        value, expected, tolerance = metrics[entry["metric"]], entry["value"], entry["tolerance"]
        inside = abs(value - expected) <= tolerance
        missed += not inside
        print(f"{'ok' if inside else 'OUTSIDE'}\t{entry['metric']} {value:.2f}, expected {expected:.2f} ± {tolerance}")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
