"""The entry of `nmt train`: Hydra composes, we check, run and answer in one line what went wrong."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nmt.config import SettingsError, nearest
from nmt.training.resolve import run_name

OPTIONS = "model.attention.options."


def main(arguments: Sequence[str]) -> None:
    """Runs `nmt train` with Hydra overrides.

    Raises:
        UserError: what the user can mend, in one line.
    """
    overrides = [_open(argument) for argument in arguments]
    resume = next((one.split("=", 1)[1] for one in overrides if one.startswith("resume=")), "null")
    if resume not in ("null", ""):
        _resume(Path(resume), [one for one in overrides if not one.startswith("resume=")])
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us instead of being printed
    OmegaConf.register_new_resolver("run_name", run_name, replace=True)
    sys.argv = ["nmt train", *overrides]
    failures: list[Exception] = []
    with _one_line():
        hydra.main(version_base="1.3", config_path="pkg://nmt.conf", config_name="config")(partial(_job, failures))()
        if failures:
            raise failures[0]


def _open(argument: str) -> str:
    """Lets `model.attention.options.X=` through, which Hydra would refuse as a new key."""
    return f"++{argument}" if argument.startswith(OPTIONS) else argument


def _job(failures: list[Exception], config: DictConfig) -> float:
    """What Hydra calls for each run; returns the validation BLEU, for sweepers.

    A failure is kept for later: Hydra would print several lines, and the other runs of a sweep may well succeed.
    """
    try:
        return _run(config)
    except Exception as error:
        failures.append(error)
        return float("nan")


def _run(config: DictConfig) -> float:
    current = HydraConfig.get()
    folder = Path(current.runtime.output_dir)
    values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    values["paths"]["output_dir"] = str(folder)
    try:
        with _log_to(folder / "train.log"):
            figures = _train(values, link=current.mode == RunMode.RUN)
    finally:
        _remove_if_empty(folder)
    return float(figures["valid/bleu"])


def _train(values: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    from nmt.training.run import train

    figures = train(values, **options)
    for name in sorted(name for name in figures if "/" in name):
        print(f"{name}\t{figures[name]}")  # noqa: T201
    return figures


def _resume(run: Path, overrides: Sequence[str]) -> None:
    """Continues a run with its own configuration; a new end replaces the old one."""
    checkpoint = run / "checkpoints" / "last.ckpt"
    if not (run / "config.yaml").is_file() or not checkpoint.is_file():
        raise SettingsError(f"resume={run}: no run with a checkpoint there (looked for {checkpoint})")
    saved: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    config = OmegaConf.create(saved)
    OmegaConf.set_struct(config, True)
    with _one_line(config):
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        ends = {"trainer.max_epochs": None, "trainer.max_time": None, "trainer.max_steps": -1}
        if any(one.key_or_group in ends for one in parsed):
            for key, unset in ends.items():
                OmegaConf.update(config, key, unset)
        for one in parsed:
            if one.key_or_group is None or OmegaConf.is_missing(config, one.key_or_group):
                raise SettingsError(f"{one.input_line} cannot be changed when a run is resumed")
            OmegaConf.update(config, one.key_or_group, one.value())
        values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
        values["paths"]["output_dir"] = str(run)
        with _log_to(run / "train.log"):
            _train(values, link=False, resume=checkpoint)


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Logs to stderr and to a file that is made with its first line."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger("nmt")
    root.setLevel(logging.INFO)
    root.handlers = [console, handler]
    root.propagate = False
    try:
        yield
    finally:
        handler.close()
        root.handlers = []


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        if folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()


@contextmanager
def _one_line(config: DictConfig | None = None) -> Iterator[None]:
    """Turns what Hydra and OmegaConf say, over several lines, into one line with the nearest right name."""
    try:
        yield
    except OverrideParseException as error:
        raise SettingsError(f"cannot read the override '{error.override}': write name=value") from error
    except (ConfigCompositionException, HydraException, OmegaConfBaseException) as error:
        raise SettingsError(_explain(str(error), config)) from error


def _explain(message: str, config: DictConfig | None) -> str:
    unknown = "Could not override" in message or "is not in struct" in message
    found = re.search(r"Could not override '([^']+)'", message) or re.search(r"full_key: (\S+)", message)
    if unknown and found:
        return f"there is no setting '{found[1]}'{nearest(found[1], _keys(config))}"
    if found := re.search(r"Could not find '([^']+)/([^'/]+)'", message):
        known = re.findall(r"^\t(\S+)$", message, re.MULTILINE)
        return f"{found[1]}={found[2]} is not known{nearest(found[2], known)}"
    return " ".join(message.split())


def _keys(config: DictConfig | None) -> list[str]:
    """Returns the dotted names of all settings."""
    if config is None:
        with hydra.initialize_config_module("nmt.conf", version_base="1.3"):
            config = hydra.compose("config")
    found: list[str] = []
    todo: list[tuple[str, Any]] = [("", OmegaConf.to_container(config, resolve=False))]
    while todo:
        prefix, node = todo.pop()
        for key, value in node.items():
            found.append(f"{prefix}{key}")
            if isinstance(value, dict):
                todo.append((f"{prefix}{key}.", value))
    return found
