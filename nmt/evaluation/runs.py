"""Run directories: finding them, reading what they found, and naming them by what sets them apart."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nmt.config import SettingsError
from nmt.data.text import DataError, read_lines

SIGNS = ("metrics.json", "config.yaml", "test.hypotheses")
"""A folder with one of these is a run directory."""
NEEDED = ("metrics.json", "test.hypotheses", "test.references")
"""A run without one of these has not finished, or has no test text."""
UNNAMED = {"paths", "callbacks", "logger", "hydra", "resume", "name"}
"""Settings that do not change what is learnt."""

Settings = dict[str, str]


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
        """Returns a figure of `metrics.json`, None if it is not there or no number."""
        found = self.metrics.get(name)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    def curves(self) -> dict[str, list[dict[str, float]]] | None:
        """Returns the points of the learning curves, lists `train` and `valid`; None if the run has no such file."""
        try:
            found = json.loads((self.folder / "curves.json").read_text(encoding="utf-8"))
            return {name: [point for point in found[name] if "step" in point] for name in ("train", "valid")}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def tokenizer(self) -> str | None:
        """BLEU's tokeniser, as the signature of the run tells it."""
        found = re.search(r"(?:^|\|)tok:([^|]+)", str(self.metrics.get("signature", "")))
        return found[1] if found else None

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
    for one in sorted(inside, key=lambda one: (one.is_symlink(), natural(one.name))):
        yield from _runs_in(one, seen)


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
    settings = flatten(_mapping(config, yaml.safe_load, "YAML")) if config.is_file() else {}
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
    except (ValueError, yaml.YAMLError) as error:
        raise DataError(f"{file} is damaged: no {form}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file} is damaged: no names and values")
    return found


def check_references(runs: Sequence[Run]) -> None:
    """Checks that runs were tested on one text.

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


def flatten(config: Mapping[str, Any]) -> Settings:
    """Returns the settings that decide what is learnt, by their dotted names, as text."""
    return dict(_flat({str(key): value for key, value in config.items() if key not in UNNAMED}, ""))


def _flat(config: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif key == "_target_":  # the class that a group such as `optimizer` has chosen
            yield prefix.removesuffix("."), str(value).rpartition(".")[2]
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value, default=str)


def differing(runs: Sequence[Run]) -> Settings:
    """Returns the settings in which runs differ, the seed last, each with the shortest end of its name that is clear.

    So `model.attention.score` is `score`, while `data.train` stays, because there is `data.phrasebook.train`.
    """
    names = dict.fromkeys(name for run in runs for name in run.settings)
    found = [name for name in names if len({run.settings.get(name) for run in runs}) > 1]
    ends = Counter(end for name in names for end in _ends(name))
    return {
        name: next((end for end in _ends(name) if ends[end] == 1), name)
        for name in sorted(found, key=lambda name: name == "seed")
    }


def _ends(name: str) -> list[str]:
    """Returns the last part of a dotted name, the last two parts, and so on."""
    parts = name.split(".")
    return [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]


def describe(run: Run, names: Settings) -> str:
    """Returns settings of a run by the names that they are given."""
    return " ".join(f"{shown}={run.settings[name]}" for name, shown in names.items() if name in run.settings)


def run_names(runs: Sequence[Run]) -> list[str]:
    """Returns a name for each run, none twice: the settings in which it differs, else its folder."""
    names = differing(runs)
    told = [describe(run, names) or run.folder.resolve().name for run in runs]
    return [
        name if told.count(name) == 1 else f"{name} ({run.folder})" if describe(run, names) else str(run.folder)
        for name, run in zip(told, runs, strict=True)
    ]
