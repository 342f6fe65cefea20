"""Run directories: finding them, reading what they found, and naming them by what sets them apart."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nmt.config import SettingsError
from nmt.data.text import DataError, read_lines
from nmt.evaluation.run_settings import DEFAULTS, Settings, describe, differing, flatten
from nmt.evaluation.tokenizers import TOKENIZERS

SIGNS = ("metrics.json", "test.hypotheses")
"""A folder with one of these is a run directory; so is one with a `config.yaml` and no run inside."""
NEEDED = ("metrics.json", "test.hypotheses", "test.references")
"""A run without one of these has not finished, or has no test text."""


@dataclass(frozen=True, eq=False)
class Run:
    """A run that has finished.

    Attributes:
        folder: as it was given or found.
        metrics: of `metrics.json`.
        settings: of `config.yaml`, flat, as text; empty without that file.
        hypotheses: translations of the test text.
        references: what they should have been.
        sources: what was translated; None if the run does not tell.
    """

    folder: Path
    metrics: Mapping[str, Any]
    settings: Settings
    hypotheses: list[str]
    references: list[str]
    sources: list[str] | None

    def figure(self, name: str) -> float | None:
        """Returns a figure of `metrics.json`, None if it is not there or no finite number."""
        return _number(self.metrics.get(name))

    def curves(self) -> dict[str, list[dict[str, float]]] | None:
        """Returns the points of the learning curves, lists `train` and `valid`; None if no file of the run tells."""
        try:
            found = json.loads((self.folder / "curves.json").read_text(encoding="utf-8"))
            points = {part: [_numbers(point) for point in found[part]] for part in ("train", "valid")}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return {part: [point for point in found if "step" in point] for part, found in points.items()}

    @property
    def tokenizer(self) -> str | None:
        """BLEU's tokeniser, as the signature of the run tells it, which may add a version; None if it does not."""
        found = re.search(r"(?:^|\|)tok:([^|]+)", str(self.metrics.get("signature", "")))
        return next((one for one in TOKENIZERS if found and re.fullmatch(rf"{one}(-.*)?", found[1])), None)

    @property
    def target_lang(self) -> str | None:
        """The target language."""
        return self.settings.get("data.target_lang")


def find_runs(given: Sequence[Path]) -> list[Path]:
    """Returns run directories, and those within other folders in the order of their numbers, each once.

    Raises:
        SettingsError: what is given is no folder.
    """
    found: dict[Path, Path] = {}
    for folder in given:
        if not folder.is_dir():
            raise SettingsError(f"{folder} is no folder: give run directories, or folders that hold some")
        for run in _runs_in(folder, set()):
            found.setdefault(run.resolve(), run)
    return list(found.values())


def _runs_in(folder: Path, seen: set[Path]) -> Iterator[Path]:
    if folder.resolve() in seen:
        return
    seen.add(folder.resolve())
    if any((folder / sign).is_file() for sign in SIGNS):
        yield folder
        return
    inside = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
    # Links such as `latest` last: what they point at is found by its own name.
    found = [
        run
        for one in sorted(inside, key=lambda one: (one.is_symlink(), natural(one.name)))
        for run in _runs_in(one, seen)
    ]
    if not found and (folder / "config.yaml").is_file():
        yield folder
    yield from found


def natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Returns a key that sorts the numbers within names as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part)


def unfinished(folder: Path) -> str | None:
    """Returns why a run cannot be compared, None if it can."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    return f"no {missing[0]}: not finished, or without a test text" if missing else None


def read_run(folder: Path) -> Run:
    """Reads a finished run.

    Raises:
        UserError: a file of it cannot be read, in one line.
    """
    metrics = _mapping(folder / "metrics.json", json.loads, "JSON")
    config = folder / "config.yaml"
    settings = _mapping(config, lambda text: flatten(yaml.safe_load(text)), "YAML") if config.is_file() else {}
    settings = {**DEFAULTS, **settings} if settings else {}
    texts = {name: list(read_lines(folder / f"test.{name}")) for name in ("hypotheses", "references")}
    sources = list(read_lines(folder / "test.sources")) if (folder / "test.sources").is_file() else None
    expected = len(texts["references"])
    if not expected:
        raise DataError(f"{folder / 'test.references'} is empty")
    for name, lines in (("hypotheses", texts["hypotheses"]), ("sources", sources)):
        if lines is not None and len(lines) != expected:
            raise DataError(f"{folder}: test.{name} has {len(lines)} lines, test.references has {expected}")
    return Run(folder, metrics, settings, texts["hypotheses"], texts["references"], sources)


def _mapping(file: Path, parse: Any, form: str) -> dict[str, Any]:
    try:
        found = parse(file.read_text(encoding="utf-8"))
    except (ValueError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise DataError(f"{file} is damaged: no {form}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file} is damaged: no names and values")
    return found


def check_comparable(runs: Sequence[Run]) -> None:
    """Checks that runs were tested on one text, by one tokeniser.

    Raises:
        DataError: they were not; names two.
    """
    for run in runs:
        if run.references != runs[0].references:
            one, other = (each.folder / "test.references" for each in (runs[0], run))
            raise DataError(
                f"{one} and {other} differ: these runs were tested on different texts; compare those of one text, "
                "or translate one text with all and use nmt evaluate --reference"
            )
    told = [run for run in runs if run.tokenizer is not None]
    for run in told:
        if run.tokenizer != told[0].tokenizer:
            raise DataError(
                f"BLEU of {told[0].folder} is of tok:{told[0].tokenizer}, that of {run.folder} of tok:{run.tokenizer}: "
                "compare runs of one tokeniser, or use nmt evaluate --reference"
            )


def run_names(runs: Sequence[Run]) -> list[str]:
    """Returns a name for each run, none twice: the settings in which it differs, else its folder."""
    names = differing(run.settings for run in runs)
    told = [describe(run.settings, names) for run in runs]
    shown = [name or run.folder.resolve().name for name, run in zip(told, runs, strict=True)]
    return [
        name if shown.count(name) == 1 else f"{name} ({run.folder})" if settings else str(run.folder)
        for name, settings, run in zip(shown, told, runs, strict=True)
    ]


def _number(value: Any) -> float | None:
    try:
        return float(value) if type(value) in (int, float) and math.isfinite(value) else None
    except OverflowError:
        return None


def _numbers(point: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, raw in point.items() if (value := _number(raw)) is not None}
