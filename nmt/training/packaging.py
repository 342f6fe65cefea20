"""Packages of a finished run for other uses: weights of 8 bits, lexical shortlists, and what these cost in BLEU."""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from nmt.config import DataSettings, UserError, build
from nmt.data.corpus import encode_pairs, load_corpus
from nmt.data.text import ParallelText
from nmt.evaluation import corpus_scores
from nmt.training.resolve import cache_folder
from nmt.translation import Translator, save_package
from nmt.translation.package import Package, load_package
from nmt.translation.shortlist import Shortlist, learn_shortlist

MEGABYTE = 1e6


@dataclass(frozen=True)
class PackageOptions:
    """What a package shall be.

    Attributes:
        precision: `float` or `int8`; None: as the run's own.
        shortlist: whether it gets a shortlist, learnt from the training text of the run.
        best: likeliest target pieces that each source piece brings to a shortlist.
        frequent: most frequent target pieces, which are on every shortlist.
        check: whether BLEU on the validation text is compared.
    """

    precision: str | None = None
    shortlist: bool = False
    best: int = 20
    frequent: int = 100
    check: bool = True


@dataclass(frozen=True)
class Checked:
    """How a package translates the validation text: BLEU, sentences a second, and the megabytes it takes on disk."""

    folder: Path
    bleu: float
    rate: float
    megabytes: float


def write_package(
    run: Path, folder: Path, options: PackageOptions, allow_packages: Collection[str] = ()
) -> list[Checked]:
    """Writes a package of a run into a new folder.

    Returns:
        The run's own package and the new one, compared on the validation text; nothing unless `options.check`.

    Raises:
        UserError: no such run, its text is gone, or the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} holds something already: choose another folder for -o")
    package = load_package(run, allow_packages)
    settings = package.settings
    if options.precision is not None:
        settings = replace(settings, precision=options.precision)
    corpus = data = cache = None
    if options.shortlist or options.check:
        data, cache = _data_of(run)
        corpus = load_corpus(data, cache)
    shortlist = package.shortlist
    if options.shortlist and corpus is not None and data is not None and cache is not None:
        shortlist = _learn(package, corpus.train, data, cache, options)
    _save_whole(folder, replace(package, settings=settings, shortlist=shortlist))
    if not options.check or corpus is None:
        return []
    return [_check(one, corpus.valid, settings.target_lang, allow_packages) for one in (run, folder)]


def _save_whole(folder: Path, package: Package) -> None:
    """Writes a package into a new or an empty folder; a failure, such as a full disk, leaves it as it was."""
    existed = folder.exists()
    try:
        save_package(folder, package)
    except BaseException:
        for file in folder.glob("*"):
            file.unlink()
        if not existed and folder.exists():
            folder.rmdir()
        raise


def _data_of(run: Path) -> tuple[DataSettings, Path]:
    path = run / "config.yaml"
    if not path.is_file():
        raise UserError(f"{run} is no run directory, whose text is needed: leave --shortlist out and give --no-check")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    return build(DataSettings, config["data"], "data"), cache_folder(config["paths"]["cache_dir"])


def _learn(package: Package, text: ParallelText, data: DataSettings, cache: Path, options: PackageOptions) -> Shortlist:
    pairs, _ = encode_pairs(text, package.source, package.target, data, cache)
    pairs = pairs.select(np.random.default_rng(1).permutation(len(pairs)))  # if not all are read, a fair sample
    target = {piece: number for number, piece in enumerate(package.target.pieces())}
    alike = [(number, target[piece]) for number, piece in enumerate(package.source.pieces()) if piece in target]
    return learn_shortlist(
        ((pairs.source[index], pairs.target[index]) for index in range(len(pairs))),
        package.source.vocabulary,
        package.target.vocabulary,
        best=options.best,
        frequent=options.frequent,
        same=alike,
    )


def _check(folder: Path, text: ParallelText, target_lang: str, allow_packages: Collection[str]) -> Checked:
    translator = Translator.load(folder, allow_packages=allow_packages)
    translator.translate(text.sources[:8])  # warms up
    begin = time.perf_counter()
    found = [result.text for result in translator.translate(text.sources)]
    seconds = time.perf_counter() - begin
    scores = corpus_scores(found, text.targets, target_lang, tokenize=text.bleu_tokenizer)
    size = sum(file.stat().st_size for file in (folder / "model" if (folder / "model").is_dir() else folder).iterdir())
    return Checked(folder, scores.bleu, len(found) / seconds, size / MEGABYTE)
