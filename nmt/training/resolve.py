"""What a configuration leaves open, decided by the corpus, so that `config.yaml` says what was run."""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from nmt.config import (
    DataSettings,
    GuidedSettings,
    ModelSettings,
    SearchOptions,
    SettingsError,
    TokenizerSettings,
    at_least,
    build,
    convert,
    plain,
    search_options,
)
from nmt.config.attention import NO_SCORE
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import decide


@dataclass(frozen=True)
class Defaults:
    """What stands for settings that are left open, by corpus."""

    model: Mapping[str, Any]
    batch_tokens: int
    stopping: str
    end: Mapping[str, Any]


PHRASEBOOK = Defaults(
    model={"embedding_size": 128, "encoder_size": 64, "decoder_size": 128, "dropout": 0.1},
    batch_tokens=1024,
    stopping="first",  # a sure model's other hypotheses end early, and would end the search before the best one
    end={"max_epochs": 7},
)
TEXT = Defaults(
    model={"embedding_size": 256, "encoder_size": 128, "decoder_size": 256, "dropout": 0.3},
    batch_tokens=2048,
    stopping="complete",
    end={"max_time": "00:00:40:00"},
)


UPDATES_FIRST = ("luong", "parallel", "conditional")
"""Decoders that ask with a state which knows the last token: at the step after a token's own they know which it was."""


@dataclass(frozen=True)
class RunSettings:
    """The typed part of a configuration; trainer, callbacks, loggers, optimizer and schedule stay as they are."""

    data: DataSettings
    model: ModelSettings
    search: SearchOptions
    validation: SearchOptions
    seed: int
    label_smoothing: float
    coverage_loss: float
    guided: GuidedSettings | None
    run: Path
    root: Path
    cache: Path


def run_name(name: str | None, train: Any) -> str:
    """Returns the folder of a run: its name, else `phrasebook`, else the folder of the first training text.

    A data set of the hub gives its own name without that of its owner.
    """
    if name:
        return str(name)
    first = train if isinstance(train, str) else next(iter(train or []), None)
    if first is None:
        return "phrasebook"
    if found := re.match(r"hf://(?:[^/@:]+/)?([^/@:]+)", str(first)):
        return found[1]
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
    defaults = defaults_for(config)
    check_trainer(config["trainer"])
    data = build(DataSettings, _filled(config["data"], {"batch_tokens": defaults.batch_tokens}), "data")
    data = replace(data, tokenizer=decide(data))
    model = build(ModelSettings, _filled(config["model"], defaults.model), "model")
    if model.tying is None:
        model = replace(model, tying="all" if data.tokenizer.joint else "target")
    if model.tying == "all" and not data.tokenizer.joint:
        raise SettingsError("model.tying=all needs one vocabulary for both sides: set data.tokenizer.joint=true")
    at_least(convert(config["optimizer"].get("lr", 0.0), float, "optimizer.lr"), 0, "optimizer.lr")
    search = search_options(SearchOptions(), **_filled(config["search"], {"stopping": defaults.stopping}))
    seed = convert(config["seed"], int, "seed")
    at_least(seed, 0, "seed")
    smoothing = convert(config["label_smoothing"], float, "label_smoothing")
    if not 0 <= smoothing < 1:
        raise SettingsError(f"label_smoothing={smoothing} is no number in [0, 1)")
    coverage_loss = convert(config.get("coverage_loss", 0.0), float, "coverage_loss")
    at_least(coverage_loss, 0, "coverage_loss")
    if coverage_loss and model.attention.score == NO_SCORE:
        raise SettingsError(f"coverage_loss={coverage_loss} has nothing to act on: score 'none' does not attend")
    return RunSettings(
        data=data,
        model=model,
        search=search,
        validation=search_options(search, **config["validation"]),
        seed=seed,
        label_smoothing=smoothing,
        coverage_loss=coverage_loss,
        guided=guided_settings(config, data, model),
        run=Path(config["paths"]["output_dir"]),
        root=Path(config["paths"]["root"]),
        cache=cache_folder(config["paths"]["cache_dir"]),
    )


def guided_settings(config: Mapping[str, Any], data: DataSettings, model: ModelSettings) -> GuidedSettings | None:
    """Returns how attention learns from given links, the row decided; None without links.

    Raises:
        SettingsError: settings that cannot be, or an attention that has no weights.
    """
    settings = build(GuidedSettings, config.get("guided", {}), "guided")
    if data.alignments is None:
        if settings.weight is not None:
            raise SettingsError(f"guided.weight={settings.weight} has no links to learn from: set data.alignments")
        return None
    if model.attention.score == NO_SCORE:
        raise SettingsError(f"data.alignments={data.alignments} has nothing to act on: score 'none' does not attend")
    shift = int(model.decoder in UPDATES_FIRST) if settings.shift is None else settings.shift
    return replace(settings, shift=shift, weight=1.0 if settings.weight is None else settings.weight)


def defaults_for(config: Mapping[str, Any]) -> Defaults:
    """Returns the defaults of the corpus that a configuration names."""
    return PHRASEBOOK if config["data"].get("train") is None else TEXT


def _filled(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values with those that are None taken from `defaults`."""
    return {name: defaults.get(name) if value is None else value for name, value in values.items()}


def resolved_config(config: Mapping[str, Any], settings: RunSettings) -> dict[str, Any]:
    """Returns the configuration with everything decided, ready to be written and to be resumed."""
    return {
        **config,
        "data": plain(settings.data),
        "model": plain(settings.model),
        **({} if settings.guided is None else {"guided": plain(settings.guided)}),
        "search": {name: getattr(settings.search, name) for name in config["search"]},
        "trainer": with_end(config["trainer"], defaults_for(config)),
    }


def saved_vocabularies(settings: RunSettings) -> TokenizerSettings:
    """Returns the settings with the vocabularies that a run has saved, if it came so far."""
    paths = [settings.run / "model" / f"{side}.spm" for side in ("source", "target")]
    if not all(path.is_file() for path in paths):
        return settings.data.tokenizer
    return replace(settings.data.tokenizer, source=str(paths[0]), target=str(paths[1]))


def with_size(config: Mapping[str, Any], tokenizers: Iterable[Tokenizer]) -> Mapping[str, Any]:
    """Returns a configuration with the size of the vocabularies, if it was left open and is the same on both sides."""
    data, sizes = config["data"], {tokenizer.vocabulary.size for tokenizer in tokenizers}
    settings = data["tokenizer"]
    if settings["size"] is not None or settings["source"] is not None or len(sizes) > 1:
        return config
    return {**config, "data": {**data, "tokenizer": {**settings, "size": sizes.pop()}}}


def write_config(run: Path, config: Mapping[str, Any]) -> None:
    """Writes `config.yaml`; paths in the run directory are written by its name, so that a run can be moved."""
    run.mkdir(parents=True, exist_ok=True)
    portable = {name: _by_name(config[name], str(run)) for name in ("callbacks", "logger")}
    part = run / ".config.yaml"
    part.write_text(yaml.safe_dump({**config, **portable}, sort_keys=False, allow_unicode=True), encoding="utf-8")
    part.replace(run / "config.yaml")


def _by_name(node: Any, run: str) -> Any:
    if isinstance(node, dict):
        return {key: _by_name(value, run) for key, value in node.items()}
    if isinstance(node, str) and (node == run or node.startswith(run + os.sep)):
        return "${paths.output_dir}" + node[len(run) :]
    return node


@dataclass(frozen=True)
class TrainerNumbers:
    """The settings of the trainer that we read ourselves."""

    max_epochs: int | None
    max_steps: int
    max_time: str | None
    accumulate_grad_batches: int
    val_check_interval: int
    log_every_n_steps: int
    devices: Any

    def __post_init__(self) -> None:
        at_least(self.max_epochs, 1, "trainer.max_epochs")
        if self.max_steps != -1:
            at_least(self.max_steps, 1, "trainer.max_steps")
        if self.devices != 1 and not (isinstance(self.devices, list) and len(self.devices) == 1):
            raise SettingsError(f"trainer.devices={self.devices}: training uses one device")
        for name in ("accumulate_grad_batches", "val_check_interval", "log_every_n_steps"):
            at_least(getattr(self, name), 1, f"trainer.{name}")
        if self.max_time is not None and not re.fullmatch(r"\d+:\d\d:\d\d:\d\d", self.max_time):
            raise SettingsError(f"trainer.max_time={self.max_time} is no time: write DD:HH:MM:SS, such as 00:00:40:00")


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Raises SettingsError if a number of the trainer is of the wrong type or size."""
    names = TrainerNumbers.__dataclass_fields__
    build(TrainerNumbers, {name: value for name, value in trainer.items() if name in names}, "trainer")


def with_end(trainer: Mapping[str, Any], defaults: Defaults) -> dict[str, Any]:
    """Returns the trainer's settings with the default end, if none is set."""
    is_set = trainer["max_epochs"] is not None or trainer["max_time"] is not None or trainer["max_steps"] > 0
    return dict(trainer) if is_set else {**trainer, **defaults.end}
