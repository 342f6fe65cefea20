"""The README of a run directory: what was run, on what, with what result, and what to do with it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from nmt.alignment.health import COVERED
from nmt.config import plain
from nmt.data.corpus import Corpus, FilterReport
from nmt.data.text import ParallelText
from nmt.training.resolve import RunSettings
from nmt.training.software import software
from nmt.training.validation import MOST_END_WEIGHT, MOST_ENTROPY
from nmt.translation.card import describe, figures_table, usage

TITLES = {"train": "training", "valid": "validation", "test": "test"}


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run before it starts.

    Attributes:
        settings: of the run.
        corpus: its text.
        report: what was filtered from the training text.
        parameters: of the model.
        command: what started the run, or continued it, as one would type it.
        software: names and versions.
    """

    settings: RunSettings
    corpus: Corpus
    report: FilterReport
    parameters: int
    command: str
    software: Sequence[tuple[str, str]] = field(default_factory=software)


class RunReadme(pl.Callback):
    """Writes `README.md` after each validation, as that of a run that is not finished, and at the end."""

    def __init__(self, facts: RunFacts) -> None:
        self._facts = facts
        self._commands = [facts.command]

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Writes what is known after a validation."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("valid/")}
        self.write({**metrics, "steps": trainer.global_step}, finished=False)

    def write(self, metrics: Mapping[str, Any], *, finished: bool) -> None:
        """Writes the file; `metrics` are those of `metrics.json`, or of a validation if the run is not finished."""
        folder = self._facts.settings.run
        part = folder / ".README.md"
        part.write_text(run_readme(self._facts, self._commands, metrics, finished=finished), encoding="utf-8")
        part.replace(folder / "README.md")

    def state_dict(self) -> dict[str, Any]:
        """Returns the commands that started and continued the run."""
        return {"commands": self._commands}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Puts the commands so far before this one."""
        self._commands = [*state_dict["commands"], self._facts.command]


def run_readme(facts: RunFacts, commands: Sequence[str], metrics: Mapping[str, Any], *, finished: bool) -> str:
    """Returns the Markdown of a run directory."""
    settings = facts.settings
    folder, source, target = _as_typed(settings.run), settings.data.source_lang, settings.data.target_lang
    sections = [
        [f"# {folder}: {source} to {target}", ""],
        [*_state(folder, metrics, finished), ""],
        [*figures_table(metrics), *_signature(metrics), *_meaning(metrics)],
        ["![Learning curves](curves.png)", ""] if (settings.run / "curves.png").is_file() else [],
        ["## Translate with it", "", *usage(folder, source, target)],
        ["## Look at it, go on with it", "", *_further(settings.run, folder)],
        ["## Model and text", "", *_model(facts), *_data(facts)],
        ["## Made by", "", "```sh", *commands, "```", ""],
        ["| | |", "| --- | --- |", *(f"| {name} | {version} |" for name, version in facts.software), ""],
    ]
    return "\n".join(line for section in sections for line in section)


def _as_typed(run: Path) -> str:
    """Returns the path of a run from the working directory, if it lies there."""
    path, here = run.resolve(), Path.cwd().resolve()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _state(folder: str, metrics: Mapping[str, Any], finished: bool) -> list[str]:
    if finished:
        length = f"{metrics['steps']:,} steps and {metrics['train_seconds']:,.0f} seconds"
        return [f"Finished after {length} of training. The figures are those of `model/`, the best state."]
    return [
        f"**Not finished** when this was written, after {metrics['steps']:,} steps. If it is not running any more,",
        f"`nmt train resume={shlex.quote(folder)}` continues it. The figures are those of the last validation, whose",
        "translations are searched for more simply than the final ones.",
    ]


def _signature(metrics: Mapping[str, Any]) -> list[str]:
    names = {"signature": "BLEU", "chrf_signature": "chrF"}
    found = [f"{label} `{metrics[name]}`" for name, label in names.items() if name in metrics]
    return [f"Signatures: {', '.join(found)}.", ""] if found else []


def _meaning(metrics: Mapping[str, Any]) -> list[str]:
    """Returns what the figures are of, and which figures of the attention are bad."""
    health = [
        f"An attention entropy above {MOST_ENTROPY} of uniform, or more than {MOST_END_WEIGHT} of the weight on",
        "`</s>`, is that of a model that has not learnt to attend; coverage is the share of source tokens whose",
        f"weights sum to {COVERED} or more.",
    ]
    return [
        "The texts were translated by the search that is stored in `model/`; at validations, so in `train.log` and",
        "`curves.png`, by that of `validation` in `config.yaml`, which is greedy unless it was set.",
        *(health if "valid/attention_entropy" in metrics else []),
        "",
    ]


def _further(run: Path, folder: str) -> list[str]:
    quoted = shlex.quote(folder)
    logs = [f"tensorboard --logdir {quoted}/logs"] if (run / "logs" / "tensorboard").is_dir() else []
    logs += [f"wandb sync {quoted}/wandb/offline-run-*"] if any(run.glob("wandb/offline-run-*")) else []
    return [
        "```sh",
        *logs,
        f"nmt train resume={quoted} trainer.max_epochs=20    # a later end",
        "```",
        "",
        "`config.yaml` holds every setting, `metrics.json` the figures, `validation/` translations and a heatmap of",
        "each validation, `logs/` the figures of all steps, `train.log` what was said.",
        "",
    ]


def _model(facts: RunFacts) -> list[str]:
    return [f"{describe(plain(facts.settings.model))}; {facts.parameters:,} parameters.", ""]


def _data(facts: RunFacts) -> list[str]:
    data, corpus = facts.settings.data, facts.corpus
    texts = {"train": corpus.train, "valid": corpus.valid, "test": corpus.test}
    rows = [
        f"| {TITLES[name]} | {_files(getattr(data, name), data.train)} | {len(text):,} | `{text.fingerprint}` |"
        for name, text in texts.items()
        if isinstance(text, ParallelText)
    ]
    head = ["| text | from | pairs | fingerprint |", "| --- | --- | ---: | --- |"]
    return [*head, *rows, "", f"Of the training text, {facts.report}.", ""]


def _files(names: Any, train: Any) -> str:
    if train is None:
        return "phrasebook, generated"
    return ", ".join(f"`{name}`" for name in ([names] if isinstance(names, str) else names or []))
