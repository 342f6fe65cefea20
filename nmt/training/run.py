"""One training run, from a composed configuration to a run directory."""

import logging
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Timer

from nmt.config import DECODER_LINKS, UserError
from nmt.data.corpus import Corpus, load_corpus
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import load_tokenizers
from nmt.training import loggers
from nmt.training.callbacks import LastValidation, PackageWriter, ProgressLines, TokenRate, link_latest
from nmt.training.data import TranslationData
from nmt.training.guidance import guiding_links
from nmt.training.links import choose_links
from nmt.training.memory import keep_freed_memory
from nmt.training.module import TranslationModule, typed_packages
from nmt.training.readme import RunFacts, RunReadme
from nmt.training.report import Part, forget_report, write_report
from nmt.training.resolve import (
    RunSettings,
    resolve,
    resolved_config,
    saved_vocabularies,
    with_size,
    write_config,
)
from nmt.training.validation import AttentionWarning, TranslationScores, ValidationListener
from nmt.translation import Translator, save_package
from nmt.translation.package import Package, package_settings

log = logging.getLogger(__name__)


class RunError(UserError):
    """A run that cannot start."""


@dataclass(frozen=True)
class Prepared:
    """Everything a run needs, checked before the first file is written."""

    settings: RunSettings
    config: Mapping[str, Any]
    corpus: Corpus
    data: TranslationData
    module: TranslationModule
    package: Package


def train(
    config: Mapping[str, Any], *, link: bool = True, resume: Path | None = None, command: str = "nmt train"
) -> dict[str, Any]:
    """Trains a model.

    Args:
        config: a composed configuration as plain dictionaries.
        link: whether `runs/NAME/latest` shall point at this run.
        resume: the checkpoint to continue from.
        command: what the run's README says it was started with.

    Returns:
        The figures of `metrics.json`.

    Raises:
        UserError: what the user can mend, in one line.
    """
    _quiet()
    keep_freed_memory()
    config = {"callbacks": None, "logger": None, **config}  # `logger=null` takes the whole group away
    loggers.check_loggers(config["logger"] or {})
    settings = resolve(config)
    if resume is None:
        _refuse_used(settings.run)
    run = prepare(resolved_config(config, settings), settings, resume)
    readme = RunReadme(RunFacts(settings, run.corpus, run.data.report, run.module.parameter_count(), command))
    rate = TokenRate()
    trainer, timer = _trainer(run, [*_callbacks(run, readme, link), rate])
    forget_report(settings.run)
    write_config(settings.run, run.config)
    _announce(run)
    with loggers.running(trainer.loggers, run.config):
        _fit(trainer, run, resume)
        figures = _report(run, trainer.global_step, timer.time_elapsed("train"), rate.figures())
        loggers.log_figures(trainer.loggers, figures, trainer.global_step)
    readme.write(figures, finished=True)
    return figures


def _report(run: Prepared, steps: int, seconds: float, rate: Mapping[str, float]) -> dict[str, Any]:
    figures = {"steps": steps, "parameters": run.module.parameter_count(), "train_seconds": round(seconds, 1), **rate}
    corpus, target_lang = run.corpus, run.settings.data.target_lang
    parts = [Part("valid", corpus.valid)] + ([Part("test", corpus.test)] if corpus.test is not None else [])
    allowed = typed_packages(run.settings.model)
    choose_links(run.settings.run, corpus.valid, allowed)
    return write_report(run.settings.run, parts, target_lang, figures, allowed)


def prepare(config: Mapping[str, Any], settings: RunSettings, resume: Path | None = None) -> Prepared:
    """Reads the text and builds tokenizers, batches and model.

    Args:
        config: a resolved configuration; see `resolved_config`.
        settings: its typed part.
        resume: the checkpoint to continue from, whose weights know the ids of the run's own vocabularies alone.

    Raises:
        UserError: text or settings that cannot be used.
    """
    corpus = load_corpus(settings.data, settings.cache)
    asked = settings.data.tokenizer if resume is None else saved_vocabularies(settings)
    tokenizers = load_tokenizers(corpus.train, asked, settings.cache)
    accumulate = int(config["trainer"]["accumulate_grad_batches"])
    data = TranslationData(
        corpus,
        tokenizers,
        settings.data,
        cache=settings.cache,
        seed=settings.seed,
        accumulate=accumulate,
        links=guiding_links(corpus.train, tokenizers, settings.data.alignments, settings.cache),
    )
    module = _module(config, settings, tokenizers)
    languages = settings.data.source_lang, settings.data.target_lang
    links = DECODER_LINKS[settings.model.decoder]
    if settings.guided is not None:  # the row that is taught
        links = replace(links, shift=settings.guided.shift or 0)
    described = package_settings(settings.model, *languages, search=settings.search, links=links)
    made = with_size(config, tokenizers)
    return Prepared(settings, made, corpus, data, module, Package(described, module.model, *tokenizers))


def _refuse_used(run: Path) -> None:
    """Raises RunError if a folder holds a run already."""
    if (run / "checkpoints" / "last.ckpt").exists():
        raise RunError(f"{run} holds a run already: continue it with resume={run}, or choose another paths.output_dir")
    if (run / "config.yaml").exists():
        raise RunError(f"{run} holds a run that wrote no checkpoint to resume=: delete it or choose another folder")


def _fit(trainer: pl.Trainer, run: Prepared, resume: Path | None) -> None:
    try:
        trainer.fit(run.module, datamodule=run.data, ckpt_path=resume)
    except SystemExit as error:  # what Lightning makes of Ctrl-C
        folder = run.settings.run
        if (folder / "checkpoints" / "last.ckpt").exists():
            log.warning("interrupted: continue with nmt train resume=%s", folder)
        else:
            log.warning("interrupted before the first checkpoint: nothing to continue in %s", folder)
        raise KeyboardInterrupt from error


def _module(
    config: Mapping[str, Any], settings: RunSettings, tokenizers: tuple[Tokenizer, Tokenizer]
) -> TranslationModule:
    module = TranslationModule(
        settings.model,
        tokenizers[0].vocabulary,
        tokenizers[1].vocabulary,
        optimizer=instantiate(config["optimizer"]),
        schedule=instantiate(config["schedule"]),
        label_smoothing=settings.label_smoothing,
        coverage_loss=settings.coverage_loss,
        guided=settings.guided,
        seed=settings.seed,
    )
    try:
        module.configure_optimizers()  # shows now whether their settings can be
    except (TypeError, ValueError) as error:
        raise RunError(f"optimizer or schedule: {error}") from error
    return module


def _callbacks(run: Prepared, readme: RunReadme, link: bool) -> list[pl.Callback]:
    settings, package = run.settings, run.package
    translator = Translator(package.model, package.source, package.target, options=settings.validation)
    configured = [instantiate(node) for node in (run.config["callbacks"] or {}).values() if node]
    watching = [AttentionWarning(), *configured]
    listeners = [one for one in watching if isinstance(one, ValidationListener)]
    return [
        TranslationScores(run.corpus.valid, translator, settings.data.target_lang, listeners),
        PackageWriter(partial(_write_package, settings, package, link)),
        LastValidation(),
        *watching,
        readme,  # after what it shows
        _progress(int(run.config["trainer"]["log_every_n_steps"])),  # last, so that the others do not count as training
    ]


def _progress(every: int) -> pl.Callback:
    """Returns a bar on a terminal and plain lines elsewhere."""
    if not sys.stderr.isatty():
        return ProgressLines(every)
    from nmt.training.bar import ProgressBar

    return ProgressBar()


def _write_package(settings: RunSettings, package: Package, link: bool, metrics: dict[str, float]) -> None:
    first = not (settings.run / "model" / "config.json").exists()
    save_package(settings.run / "model", replace(package, settings=replace(package.settings, metrics=metrics)))
    if link and first:
        link_latest(settings.run, settings.root)


def _trainer(run: Prepared, callbacks: list[pl.Callback]) -> tuple[pl.Trainer, Timer]:
    """Builds the trainer and the timer that ends it; the timer also tells how long training took."""
    settings = dict(run.config["trainer"])
    timer = Timer(duration=settings.pop("max_time"))
    if settings["max_epochs"] is None:
        settings["max_epochs"] = -1
    trainer = instantiate(
        settings,
        callbacks=[*callbacks, timer],
        logger=[instantiate(node) for node in (run.config["logger"] or {}).values() if node],
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_model_summary=False,
        enable_progress_bar=any(isinstance(one, pl.callbacks.ProgressBar) for one in callbacks),
        _recursive_=False,
    )
    return trainer, timer


def _announce(run: Prepared) -> None:
    settings, corpus, model = run.settings, run.corpus, run.settings.model
    tokenizers = (run.package.source, run.package.target)
    log.info("run directory: %s", settings.run)
    log.info("%s to %s: %s", settings.data.source_lang, settings.data.target_lang, run.data.report)
    log.info(
        "validation: %d pairs; test: %s; vocabulary: %s pieces%s; padding: %.1f %%",
        len(corpus.valid),
        f"{len(corpus.test)} pairs" if corpus.test is not None else "none",
        " and ".join(f"{tokenizer.vocabulary.size:,}" for tokenizer in tokenizers),
        ", joint" if tokenizers[0] is tokenizers[1] else "",
        100 * run.data.padding_share(),
    )
    log.info(
        "model: decoder %s, score %s, cell %s; %s parameters",
        model.decoder,
        model.attention.score,
        model.cell,
        f"{run.module.parameter_count():,}",
    )


def _quiet() -> None:
    """Keeps Lightning's advice on loaders, hardware and loggers off the terminal."""
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch.loggers").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning.pytorch.*")
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
