"""One training run, from a composed configuration to a run directory."""

import logging
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import yaml
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Timer

from nmt.config import UserError
from nmt.data.corpus import Corpus, load_corpus
from nmt.data.text import ParallelText
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import load_tokenizers
from nmt.training.callbacks import LastValidation, PackageWriter, ProgressLines, TranslationScores, link_latest
from nmt.training.data import TranslationData
from nmt.training.module import TranslationModule
from nmt.training.report import Part, write_report
from nmt.training.resolve import RunSettings, resolve, resolved_config
from nmt.translation import Translator, save_package
from nmt.translation.package import Package, package_settings

log = logging.getLogger(__name__)


class RunError(UserError):
    """A run that cannot start."""


def train(config: Mapping[str, Any], *, link: bool = True, resume: Path | None = None) -> dict[str, Any]:
    """Trains a model.

    Args:
        config: a composed configuration as plain dictionaries.
        link: whether `runs/NAME/latest` shall point at this run.
        resume: the checkpoint to continue from.

    Returns:
        The figures of `metrics.json`.

    Raises:
        UserError: what the user can mend, in one line.
    """
    settings = resolve(config)
    config = resolved_config(config, settings)
    if resume is None and (settings.run / "config.yaml").exists():
        raise RunError(f"{settings.run} holds a run already: continue it with resume={settings.run}")
    _quiet()
    corpus = load_corpus(settings.data)
    tokenizers = load_tokenizers(corpus.train, settings.data.tokenizer, settings.cache)
    accumulate = int(config["trainer"]["accumulate_grad_batches"])
    data = TranslationData(corpus, tokenizers, settings.data, seed=settings.seed, accumulate=accumulate)
    module = _module(config, settings, tokenizers)
    described = package_settings(
        settings.model, settings.data.source_lang, settings.data.target_lang, search=settings.search
    )
    package = Package(described, module.model, *tokenizers)
    own = [
        _validation(settings, corpus.valid, package),
        PackageWriter(partial(_write_package, settings, package, link)),
        LastValidation(),
        _progress(int(config["trainer"]["log_every_n_steps"])),
    ]
    trainer, timer = _trainer(config, own)
    settings.run.mkdir(parents=True, exist_ok=True)
    (settings.run / "config.yaml").write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
    parameters = sum(parameter.numel() for parameter in module.parameters())
    _announce(settings, corpus, tokenizers, data, parameters)
    trainer.fit(module, datamodule=data, ckpt_path=resume)
    if trainer.interrupted:
        raise RunError(f"interrupted: continue with nmt train resume={settings.run}")
    figures = {
        "steps": trainer.global_step,
        "parameters": parameters,
        "train_seconds": round(timer.time_elapsed("train"), 1),
    }
    parts = [Part("valid", corpus.valid)] + ([Part("test", corpus.test)] if corpus.test is not None else [])
    return write_report(settings.run, parts, settings.data.target_lang, figures)


def _module(
    config: Mapping[str, Any], settings: RunSettings, tokenizers: tuple[Tokenizer, Tokenizer]
) -> TranslationModule:
    return TranslationModule(
        settings.model,
        tokenizers[0].vocabulary,
        tokenizers[1].vocabulary,
        optimizer=instantiate(config["optimizer"]),
        schedule=instantiate(config["schedule"]),
        label_smoothing=settings.label_smoothing,
        seed=settings.seed,
    )


def _validation(settings: RunSettings, text: ParallelText, package: Package) -> TranslationScores:
    translator = Translator(package.model, package.source, package.target, options=settings.validation)
    return TranslationScores(text, translator, settings.data.target_lang)


def _progress(every: int) -> pl.Callback:
    """Returns a bar on a terminal and plain lines elsewhere."""
    if not sys.stderr.isatty():
        return ProgressLines(every)
    from lightning.pytorch.callbacks import RichProgressBar

    return RichProgressBar()


def _write_package(settings: RunSettings, package: Package, link: bool, metrics: dict[str, float]) -> None:
    save_package(settings.run / "model", replace(package, settings=replace(package.settings, metrics=metrics)))
    if link:
        link_latest(settings.run, settings.root)


def _trainer(config: Mapping[str, Any], callbacks: list[pl.Callback]) -> tuple[pl.Trainer, Timer]:
    """Builds the trainer and the timer that ends it; the timer also tells how long training took."""
    settings = dict(config["trainer"])
    timer = Timer(duration=settings.pop("max_time"))
    if settings["max_epochs"] is None:
        settings["max_epochs"] = -1
    loggers = [instantiate(node) for node in (config["logger"] or {}).values() if node]
    configured = [instantiate(node) for node in (config["callbacks"] or {}).values() if node]
    trainer = instantiate(
        settings,
        callbacks=[*callbacks, *configured, timer],
        logger=loggers or False,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_model_summary=False,
        enable_progress_bar=any(isinstance(one, pl.callbacks.ProgressBar) for one in callbacks),
        _recursive_=False,
    )
    return trainer, timer


def _announce(
    settings: RunSettings,
    corpus: Corpus,
    tokenizers: tuple[Tokenizer, Tokenizer],
    data: TranslationData,
    parameters: int,
) -> None:
    pieces = " and ".join(f"{tokenizer.vocabulary.size:,}" for tokenizer in tokenizers)
    model = settings.model
    log.info("run directory: %s", settings.run)
    log.info("%s to %s: %s", settings.data.source_lang, settings.data.target_lang, data.report)
    log.info(
        "validation: %d pairs; test: %s; vocabulary: %s pieces%s; padding: %.1f %%",
        len(corpus.valid),
        f"{len(corpus.test)} pairs" if corpus.test is not None else "none",
        pieces,
        ", joint" if tokenizers[0] is tokenizers[1] else "",
        100 * data.padding_share(),
    )
    score = model.attention.score
    log.info("model: decoder %s, score %s, cell %s; %s parameters", model.decoder, score, model.cell, f"{parameters:,}")


def _quiet() -> None:
    """Keeps Lightning's advice on loaders, hardware and loggers off the terminal."""
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning.pytorch.*")
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
