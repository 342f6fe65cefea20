"""Models from run directories and packages, ready to translate, alone or as an ensemble."""

from collections.abc import Collection, Sequence
from pathlib import Path

import torch

from nmt.config import PRECISIONS, SettingsError, choice
from nmt.modules.ensemble import Ensemble
from nmt.modules.rounding import to_int8
from nmt.modules.seq2seq import Seq2Seq
from nmt.translation.devices import available_device
from nmt.translation.package import Package, load_package


def load_models(
    paths: Sequence[str | Path], device: str, precision: str | None, allow_packages: Collection[str]
) -> tuple[Seq2Seq | Ensemble, Package, str]:
    """Loads the packages of one model, or of several that translate together.

    Returns:
        The model, the first of the packages, and the device.

    Raises:
        PackageError: no package there, a damaged one, or one that needs code which is not allowed.
        SettingsError: an unknown device or precision, no paths, or packages of different vocabularies.
    """
    if not paths:
        raise SettingsError("no model: name at least one run directory or model package")
    found = available_device(device)
    packages = [load_package(path, allow_packages) for path in paths]
    for path, package in zip(paths, packages, strict=True):
        for side in ("source", "target"):
            if getattr(package, side).model != getattr(packages[0], side).model:
                raise SettingsError(
                    f"{path} has another {side} vocabulary than {paths[0]}: models of an ensemble share them, as runs "
                    "on the same text do"
                )
    models = [_ready(package, found, precision) for package in packages]
    return models[0] if len(models) == 1 else Ensemble(models), packages[0], found


def _ready(package: Package, device: str, precision: str | None) -> Seq2Seq:
    """Returns the model of a package where and as it is wanted."""
    wanted = choice(package.settings.precision if precision is None else precision, PRECISIONS, "precision")
    model = package.model.to(device, torch.float64 if wanted == "double" else torch.float32)
    if wanted == "int8":
        if not device.startswith("cpu"):
            raise SettingsError(f"precision=int8 is for CPUs, not for device={device}: use precision=float")
        to_int8(model)
    return model
