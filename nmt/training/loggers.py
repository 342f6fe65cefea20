"""The loggers of a run, which Hydra configures: what each needs, and how each is shown text and pictures."""

import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from nmt.config import SettingsError

EXTRAS = {"WandbLogger": "wandb", "MLFlowLogger": "mlflow", "mlflow_logger": "mlflow"}
"""Targets of Hydra that need an extra of this distribution; it is named like the module."""


def check_loggers(config: Mapping[str, Any]) -> None:
    """Raises SettingsError if the package that a logger needs is not installed.

    Args:
        config: the nodes of the group `logger`, by name; those that are None are off.
    """
    for name, node in config.items():
        if not isinstance(node, Mapping | None):
            raise SettingsError(f"logger.{name}={node} is no logger: null switches it off")
        module = EXTRAS.get(str((node or {}).get("_target_", "")).rpartition(".")[2])
        if module is not None and not _is_installed(module):
            remedy = f"pip install 'nmt-attention[{module}]'"
            raise SettingsError(f"logger={name} needs a package that is not installed: {remedy}")


def _is_installed(module: str) -> bool:
    found = importlib.util.find_spec(module)
    return found is not None and found.origin is not None  # a folder of this name is no package


def mlflow_logger(root: str, tracking_uri: str | None = None, **options: Any) -> MLFlowLogger:
    """Returns a logger that writes to a tracking server, else to a data base and files of its own.

    Args:
        root: the folder of all runs, for `mlflow.db` and `mlflow/`.
        tracking_uri: where to; by default `$MLFLOW_TRACKING_URI`, else the folder.
        **options: of Lightning's logger.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    given = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if given:
        return MLFlowLogger(tracking_uri=given, **options)
    Path(root).mkdir(parents=True, exist_ok=True)
    folder = Path(root).resolve()
    return MLFlowLogger(
        tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", artifact_location=(folder / "mlflow").as_uri(), **options
    )


@contextmanager
def running(loggers: Sequence[Logger], config: Mapping[str, Any]) -> Iterator[None]:
    """Begins and ends what Lightning does not: settings are kept beside figures, and no run writes to that of another.

    Raises:
        SettingsError: a logger cannot start.
    """
    for logger in loggers:
        if isinstance(logger, WandbLogger | MLFlowLogger):
            try:
                logger.log_hyperparams(dict(config))
            except Exception as error:  # whatever their clients raise
                name = EXTRAS[type(logger).__name__]
                raise SettingsError(f"logger={name} cannot start: {' '.join(str(error).split())}") from error
    try:
        yield
    finally:
        for logger in loggers:
            if isinstance(logger, WandbLogger):
                logger.experiment.finish()


def log_figures(loggers: Iterable[Logger], figures: Mapping[str, Any], step: int) -> None:
    """Shows the figures of the test text, which are known only after Lightning is done."""
    found = {name: value for name, value in figures.items() if name.startswith("test/")}
    for logger in loggers if found else ():
        logger.log_metrics(found, step)
        logger.finalize("success")


def log_texts(
    loggers: Iterable[Logger], key: str, columns: Sequence[str], rows: Sequence[Sequence[str]], step: int
) -> None:
    """Shows a table of texts in each logger that can."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text(key, markdown_table(columns, rows), step)
        elif isinstance(logger, WandbLogger):
            logger.log_text(key, list(columns), [list(row) for row in rows], step=step)
        elif isinstance(logger, MLFlowLogger):
            text, file = markdown_table(columns, rows), f"{key}/step_{step:06d}.md"
            logger.experiment.log_text(str(logger.run_id), text, file)


def log_picture(loggers: Iterable[Logger], key: str, path: Path, step: int) -> None:
    """Shows a PNG in each logger that can."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            from nmt.visual.pixels import read_png

            logger.experiment.add_image(key, read_png(path), step, dataformats="HWC")
        elif isinstance(logger, WandbLogger):
            logger.log_image(key, [str(path)], step=step)
        elif isinstance(logger, MLFlowLogger):
            logger.experiment.log_artifact(str(logger.run_id), str(path), key)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table in Markdown; what a cell holds is shown as it is."""
    lines = [columns, ["---"] * len(columns), *([_cell(text) for text in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    for special, shown in {"&": "&amp;", "<": "&lt;", "|": "&#124;", "`": "&#96;", "*": "&#42;", "_": "&#95;"}.items():
        text = text.replace(special, shown)
    return " ".join(text.split())
