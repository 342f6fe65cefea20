"""The entry of `nmt train`: Hydra composes, we check, run and answer in one line what went wrong."""

import logging
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from nmt.config import UserError
from nmt.training.messages import one_line
from nmt.training.resolve import run_name
from nmt.training.resume import resumed

OPTIONS = "model.attention.options."


def main(arguments: Sequence[str]) -> None:
    """Runs `nmt train` with Hydra overrides.

    Raises:
        UserError: what the user can mend, in one line.
    """
    overrides = [_open(argument) for argument in arguments]
    resume = next((one.split("=", 1)[1] for one in overrides if one.startswith("resume=")), "null")
    if resume not in ("null", ""):
        values, checkpoint = resumed(Path(resume), [one for one in overrides if not one.startswith("resume=")])
        with _log_to(Path(resume) / "train.log"):
            _train(values, link=False, resume=checkpoint, command=_command(arguments))
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us instead of being printed
    OmegaConf.register_new_resolver("run_name", run_name, replace=True)
    sys.argv = ["nmt train", *overrides]
    jobs = _Jobs(_existing(overrides))
    with one_line():
        hydra.main(version_base="1.3", config_path="pkg://nmt.conf", config_name="config")(jobs.run)()
    jobs.raise_failures()


def _open(argument: str) -> str:
    """Lets through what Hydra would refuse: the new key `model.attention.options.X=`, and null for a list of files."""
    if argument == "logger=null":
        return "logger=none"
    return f"++{argument}" if argument.startswith(OPTIONS) else argument


def _existing(overrides: Sequence[str]) -> set[Path]:
    """Returns the output folder if one is given that exists before Hydra makes it."""
    given = [Path(one.split("=", 1)[1]) for one in overrides if one.startswith("paths.output_dir=")]
    return {path.resolve() for path in given if path.exists()}


@dataclass
class _Jobs:
    """The runs that Hydra starts, one or those of a sweep.

    A failure is kept until all are done: Hydra would print several lines, and the other runs may well succeed.
    """

    existing: set[Path]
    count: int = 0
    failures: list[Exception] = field(default_factory=list)

    def run(self, config: DictConfig) -> float:
        """What Hydra calls for each run; returns the validation BLEU, for sweepers."""
        self.count += 1
        current = HydraConfig.get()
        folder = Path(current.runtime.output_dir)
        OmegaConf.update(config, "paths.output_dir", str(folder))  # that of the job, in all that is made from it
        try:
            values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
            with _log_to(folder / "train.log"):
                is_single = current.mode == RunMode.RUN
                command = _command(current.overrides.task)
                figures = _train(values, named=not is_single, link=is_single, command=command)
        except Exception as error:
            self.failures.append(error)
            return float("nan")
        finally:
            self._remove_if_empty(folder, Path(config.paths.root))
        return float(figures["valid/bleu"])

    def raise_failures(self) -> None:
        """Raises the failure of a single run, or says how many runs of a sweep have failed."""
        if not self.failures:
            return
        if self.count == 1:
            raise self.failures[0]
        first = self.failures[0]
        raise UserError(f"{len(self.failures)} of {self.count} runs failed, the first with: {first}") from first

    def _remove_if_empty(self, folder: Path, root: Path) -> None:
        """Removes the folder that Hydra made for a run that never began, and what is empty then up to the root."""
        if {path.name for path in folder.iterdir()} - {"train.log"} or folder.resolve() in self.existing:
            return
        (folder / "train.log").unlink(missing_ok=True)
        folder.rmdir()
        above = [parent for parent in folder.resolve().parents if parent.is_relative_to(root.resolve())]
        for parent in above:
            if any(parent.iterdir()) or parent == Path.cwd().resolve():
                return
            parent.rmdir()


def _command(overrides: Sequence[str]) -> str:
    return shlex.join(["nmt", "train", *overrides])


def _train(values: Mapping[str, Any], *, named: bool = False, **options: Any) -> dict[str, Any]:
    """Trains and prints the figures; `named` prints the run directory first, to tell runs of a sweep apart."""
    from nmt.training.run import train

    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # where a score of the user's own may lie
    figures = train(values, **options)
    if named:
        print(f"run\t{values['paths']['output_dir']}")  # noqa: T201
    for name in sorted(name for name in figures if "/" in name):
        print(f"{name}\t{figures[name]}")  # noqa: T201
    return figures


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Logs to stderr and to a file that is made with its first line."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("nmt")
    before = log.level, log.handlers, log.propagate
    log.setLevel(logging.INFO)
    log.handlers, log.propagate = [console, handler], False
    try:
        yield
    finally:
        handler.close()
        log.setLevel(before[0])
        log.handlers, log.propagate = before[1:]
