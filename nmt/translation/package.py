"""The model package: a folder with plain settings, weights and SentencePiece models, and nothing that can execute."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
import safetensors.torch
import torch
from torch import Tensor, nn

from nmt.config import (
    PRECISIONS,
    LinkSettings,
    ModelSettings,
    SearchOptions,
    SettingsError,
    UserError,
    build,
    choice,
    plain,
)
from nmt.data.text import DataError, replace_file
from nmt.data.tokenizer import Tokenizer
from nmt.modules.build import build_model
from nmt.modules.int8 import dequantise, quantise
from nmt.modules.rounding import rounded
from nmt.modules.seq2seq import Seq2Seq
from nmt.modules.undrawn import Undrawn
from nmt.translation.card import model_card
from nmt.translation.shortlist import Shortlist

FORMAT = 1
"""Version of the package format; a package of another one is refused."""


SHORTLIST = "shortlist.safetensors"


class PackageError(UserError):
    """A model package that cannot be loaded."""


@dataclass(frozen=True)
class PackageSettings:
    """What `config.json` holds.

    Attributes:
        format: version of the package format.
        source_lang: code of the source language.
        target_lang: code of the target language.
        model: the shape of the network.
        search: options that translations are made with unless others are given.
        links: how links are read off attention weights.
        precision: what the model computes in unless another is asked for; with `int8` so is what its file holds.
        made_with: version of this toolkit.
        metrics: figures of the model at the time it was written.
    """

    format: int
    source_lang: str
    target_lang: str
    model: ModelSettings
    search: SearchOptions = field(default_factory=SearchOptions)
    links: LinkSettings = field(default_factory=LinkSettings)
    precision: str = "float"
    made_with: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        choice(self.precision, PRECISIONS, "precision")


@dataclass(frozen=True)
class Package:
    """A loaded package."""

    settings: PackageSettings
    model: Seq2Seq
    source: Tokenizer
    target: Tokenizer
    shortlist: Shortlist | None = None


def package_settings(model: ModelSettings, source_lang: str, target_lang: str, **others: Any) -> PackageSettings:
    """Returns settings in today's format."""
    version = metadata.version("nmt-attention")
    return PackageSettings(FORMAT, source_lang, target_lang, model, made_with=version, **others)


def save_package(folder: Path, package: Package) -> None:
    """Writes a package. Each file is replaced in one step, so that a reader never sees half of one."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: parameter.detach().cpu() for name, parameter in package.model.named_parameters()}  # tied: once
    if package.settings.precision == "int8":
        for name in rounded(package.model):
            weights[name], weights[f"{name}.scale"] = quantise(weights[name])
    replace_file(folder / "source.spm", package.source.model)
    replace_file(folder / "target.spm", package.target.model)
    _write_settings(folder, package.settings)
    if package.shortlist is not None:
        replace_file(folder / SHORTLIST, safetensors.numpy.save(vars(package.shortlist)))
    else:
        (folder / SHORTLIST).unlink(missing_ok=True)
    replace_file(folder / "model.safetensors", safetensors.torch.save(weights, {"format": "pt"}))


def write_links(path: Path, links: LinkSettings) -> None:
    """Writes how links are read into the package of a run directory, or a package folder.

    Raises:
        PackageError: there is none, or a damaged one.
    """
    folder = find_package(path)
    settings = replace(_read_settings(folder / "config.json"), links=links)
    _write_settings(folder, settings)


def _write_settings(folder: Path, settings: PackageSettings) -> None:
    replace_file(folder / "README.md", model_card(plain(settings)).encode())
    replace_file(folder / "config.json", (json.dumps(plain(settings), indent=2, ensure_ascii=False) + "\n").encode())


def find_package(path: str | Path) -> Path:
    """Returns the package folder of a run directory or of a package itself.

    Raises:
        PackageError: there is none.
    """
    folder = Path(path)
    for candidate in (folder / "model", folder):
        if (candidate / "config.json").is_file():
            return candidate
    if not folder.exists():
        raise PackageError(f"no model at {folder}: no such folder")
    if (folder / "config.yaml").is_file():
        raise PackageError(f"no model at {folder}: this run has not written one yet")
    raise PackageError(f"no model at {folder}: neither a run directory nor a model package")


def load_package(path: str | Path, allow_packages: Collection[str] = ()) -> Package:
    """Loads a package in float32 on the CPU.

    Args:
        path: a run directory or a package folder.
        allow_packages: packages whose code may be run for an attention score from outside.

    Raises:
        PackageError: no package, a damaged one, one of another format or with code that is not allowed, in one line.
    """
    folder = find_package(path)
    settings = _read_settings(folder / "config.json")
    try:
        source, target = Tokenizer.load(folder / "source.spm"), Tokenizer.load(folder / "target.spm")
    except DataError as error:
        raise PackageError(f"{folder} is damaged: {error}") from error
    weights = _read_weights(folder / "model.safetensors")
    try:
        model = _unfilled(settings.model, source, target, allow_packages)
    except SettingsError as error:
        raise PackageError(f"{folder}/config.json: {error}") from error
    _fill(model, _floats(weights), folder)
    return Package(settings, model.eval(), source, target, _read_shortlist(folder / SHORTLIST, source, target))


def _unfilled(
    settings: ModelSettings, source: Tokenizer, target: Tokenizer, allow_packages: Collection[str]
) -> Seq2Seq:
    """Builds a network without the time of drawing weights, which those of the file replace."""
    if ":" in settings.attention.score:  # a score from outside may keep other tensors than parameters
        return build_model(settings, source.vocabulary, target.vocabulary, allow_packages)
    with Undrawn():
        return build_model(settings, source.vocabulary, target.vocabulary, allow_packages)


def _read_settings(path: Path) -> PackageSettings:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise PackageError(f"{path} is damaged: {error}") from error
    version = values.get("format") if isinstance(values, dict) else None
    if version != FORMAT:
        known = f"this version of nmt reads format {FORMAT}"
        raise PackageError(f"{path} has package format {version}, but {known}")
    if "shift" in values:  # all that packages of release 0.1 say of links
        values["links"] = {**values.get("links", {}), "shift": values.pop("shift")}
    try:
        return build(PackageSettings, values, "config")
    except SettingsError as error:
        raise PackageError(f"{path}: {error}") from error


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise PackageError(f"{path} is missing")
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, ValueError) as error:
        raise PackageError(f"{path} is damaged or cut short ({error}): copy or train the model again") from error


def _floats(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the weights as floats, those stored in 8 bits multiplied by their scale."""
    scales = {f"{name}.scale" for name, weight in weights.items() if weight.dtype == torch.int8}
    return {
        name: dequantise(weight, weights[f"{name}.scale"]) if f"{name}.scale" in weights else weight
        for name, weight in weights.items()
        if name not in scales
    }


def _read_shortlist(path: Path, source: Tokenizer, target: Tokenizer) -> Shortlist | None:
    if not path.is_file():
        return None
    try:
        found = Shortlist(**safetensors.numpy.load_file(path))
    except (safetensors.SafetensorError, ValueError, TypeError) as error:
        raise PackageError(f"{path} is damaged or cut short ({error})") from error
    if not found.fits(source.vocabulary, target.vocabulary):
        raise PackageError(f"{path} does not fit the vocabularies of the package")
    return found


@torch.no_grad()
def _fill(model: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    expected = dict(model.named_parameters())
    wrong = sorted(expected.keys() ^ weights.keys())
    wrong += [name for name in expected.keys() & weights.keys() if expected[name].shape != weights[name].shape]
    if wrong:
        raise PackageError(f"{folder}: model.safetensors does not fit config.json at '{wrong[0]}'")
    for name, parameter in expected.items():
        parameter.copy_(weights[name])
