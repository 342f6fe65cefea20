"""What a configuration leaves open, decided by the corpus, so that `config.yaml` says what was run."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nmt.config import DataSettings, ModelSettings, SearchOptions, SettingsError, at_least, build, plain, search_options
from nmt.data.vocabulary import decide

DEFAULT_TIME = "00:00:40:00"
PHRASEBOOK_EPOCHS = 7
PHRASEBOOK_MODEL = {"embedding_size": 128, "encoder_size": 64, "decoder_size": 128, "dropout": 0.1}
TEXT_MODEL = {"embedding_size": 256, "encoder_size": 128, "decoder_size": 256, "dropout": 0.3}
PHRASEBOOK_BATCH, TEXT_BATCH = 1024, 2048
# A phrase has one right translation: smoothing would only help wrong ends into the beam.
PHRASEBOOK_SMOOTHING, TEXT_SMOOTHING = 0.0, 0.1


@dataclass(frozen=True)
class RunSettings:
    """The typed part of a configuration; trainer, callbacks, loggers, optimizer and schedule stay as they are."""

    data: DataSettings
    model: ModelSettings
    search: SearchOptions
    validation: SearchOptions
    seed: int
    label_smoothing: float
    run: Path
    root: Path
    cache: Path


def run_name(name: str | None, train: Any) -> str:
    """Returns the folder of a run: its name, else `phrasebook`, else the folder of the first training prefix."""
    if name:
        return str(name)
    first = train if isinstance(train, str) else next(iter(train or []), None)
    if first is None:
        return "phrasebook"
    return Path(str(first)).resolve().parent.name or "text"


def cache_folder(setting: str | None) -> Path:
    """Returns where caches are kept: as set, else `$NMT_CACHE`, else the user's cache folder."""
    if setting or os.environ.get("NMT_CACHE"):
        return Path(setting or os.environ["NMT_CACHE"]).expanduser()
    base = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "nmt" if base else Path.home() / ".cache" / "nmt"


def resolve(config: Mapping[str, Any]) -> RunSettings:
    """Checks the typed part of a configuration and decides what it leaves open.

    Raises:
        SettingsError: a key or value that cannot be, in one line.
    """
    phrasebook = config["data"].get("train") is None
    batch = {"batch_tokens": PHRASEBOOK_BATCH if phrasebook else TEXT_BATCH}
    data = build(DataSettings, _filled(config["data"], batch), "data")
    data = replace(data, tokenizer=decide(data.tokenizer, phrasebook))
    check_trainer(config["trainer"])
    model = build(ModelSettings, _filled(config["model"], PHRASEBOOK_MODEL if phrasebook else TEXT_MODEL), "model")
    if model.tying is None:
        model = replace(model, tying="all" if data.tokenizer.joint else "target")
    search = search_options(SearchOptions(), **config["search"])
    smoothing = config["label_smoothing"]
    if smoothing is None:
        smoothing = PHRASEBOOK_SMOOTHING if phrasebook else TEXT_SMOOTHING
    if not isinstance(smoothing, float | int) or not 0 <= smoothing < 1:
        raise SettingsError(f"label_smoothing={smoothing} is no number in [0, 1)")
    return RunSettings(
        data=data,
        model=model,
        search=search,
        validation=search_options(search, **config["validation"]),
        seed=int(config["seed"]),
        label_smoothing=smoothing,
        run=Path(config["paths"]["output_dir"]),
        root=Path(config["paths"]["root"]),
        cache=cache_folder(config["paths"]["cache_dir"]),
    )


def _filled(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values with those that are None taken from `defaults`."""
    return {name: defaults.get(name) if value is None else value for name, value in values.items()}


def resolved_config(config: Mapping[str, Any], settings: RunSettings) -> dict[str, Any]:
    """Returns the configuration with everything decided, ready to be written and to be resumed."""
    return {
        **config,
        "data": plain(settings.data),
        "model": plain(settings.model),
        "label_smoothing": settings.label_smoothing,
        "trainer": with_end(config["trainer"], phrasebook=settings.data.train is None),
    }


@dataclass(frozen=True)
class TrainerNumbers:
    """The settings of the trainer that we read ourselves."""

    max_epochs: int | None
    max_steps: int
    max_time: str | None
    accumulate_grad_batches: int
    val_check_interval: int
    log_every_n_steps: int

    def __post_init__(self) -> None:
        for name in ("accumulate_grad_batches", "val_check_interval", "log_every_n_steps"):
            at_least(getattr(self, name), 1, f"trainer.{name}")
        if self.max_time is not None and not re.fullmatch(r"\d+:\d\d:\d\d:\d\d", self.max_time):
            raise SettingsError(f"trainer.max_time={self.max_time} is no time: write DD:HH:MM:SS, such as 00:00:40:00")


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Raises SettingsError if a number of the trainer is of the wrong type or size."""
    names = TrainerNumbers.__dataclass_fields__
    build(TrainerNumbers, {name: value for name, value in trainer.items() if name in names}, "trainer")


def with_end(trainer: Mapping[str, Any], phrasebook: bool) -> dict[str, Any]:
    """Returns the trainer's settings with an end: the demo's epochs or 40 minutes, if none is set."""
    ends = (trainer.get("max_epochs"), trainer.get("max_time"), max(0, trainer.get("max_steps") or 0) or None)
    if any(end is not None for end in ends):
        return dict(trainer)
    return {**trainer, "max_epochs": PHRASEBOOK_EPOCHS} if phrasebook else {**trainer, "max_time": DEFAULT_TIME}
