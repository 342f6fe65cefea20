"""The settings of runs as flat text: which matter, and in which of them runs differ."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from nmt.config import DataSettings, GuidedSettings, ModelSettings, SearchOptions

UNNAMED = (
    *("paths", "logger", "hydra", "resume", "name", "callbacks"),
    *("trainer.log_every_n_steps", "trainer.accelerator", "trainer.devices"),
)
"""Settings, or groups of them, that do not change what is learnt ..."""
NAMED = ("callbacks.early_stopping", "callbacks.best.monitor", "callbacks.best.mode")
"""... and those within such a group that do."""

Settings = dict[str, str]


def flatten(config: Mapping[str, Any]) -> Settings:
    """Returns the settings that decide what is learnt, by their dotted names, as text."""
    return {name: text for name, text in _flat(config, "") if not _is(name, UNNAMED) or _is(name, NAMED)}


def _is(name: str, groups: Iterable[str]) -> bool:
    return any(name == group or name.startswith(f"{group}.") for group in groups)


def _flat(config: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif key == "_target_":  # the class that a group such as `optimizer` has chosen
            yield prefix.removesuffix("."), str(value).rpartition(".")[2]
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value, default=str)


def differing(runs: Iterable[Settings]) -> Settings:
    """Returns the settings in which runs differ, the seed last, each with the shortest end of its name that is clear.

    Runs without settings, whose `config.yaml` is lost, differ in none.

    So `model.attention.score` is `score`, while `data.train` stays, because there is `data.phrasebook.train`.
    """
    told = [settings for settings in runs if settings]
    names = dict.fromkeys(name for settings in told for name in settings)
    found = [name for name in names if len({settings.get(name) for settings in told}) > 1]
    ends = Counter(end for name in names for end in _ends(name))
    return {
        name: next((end for end in _ends(name) if ends[end] == 1), name)
        for name in sorted(found, key=lambda name: name == "seed")
    }


def _ends(name: str) -> list[str]:
    """Returns the last part of a dotted name, the last two parts, and so on."""
    parts = name.split(".")
    return [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]


def describe(settings: Settings, names: Settings) -> str:
    """Returns those of the settings that are named, by the names that they are given."""
    return " ".join(f"{shown}={settings[name]}" for name, shown in names.items() if name in settings)


DEFAULTS = flatten(
    {
        "coverage_loss": 0.0,
        "guided": asdict(GuidedSettings()),
        "model": asdict(ModelSettings()),
        "data": asdict(DataSettings()),
        "search": asdict(SearchOptions()),
    }
)
"""What a run means by settings that its `config.yaml`, of an older release, does not have."""
