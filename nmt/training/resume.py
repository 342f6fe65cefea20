"""Continuing a run with its own configuration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from nmt.config import SettingsError
from nmt.training.messages import one_line

CHANGEABLE = ("trainer.", "callbacks.", "validation.", "search.")
"""What may be given beside `resume=`; anything else would not fit the checkpoint."""

ENDS = {"trainer.max_epochs": None, "trainer.max_time": None, "trainer.max_steps": -1}
"""The ends of a run, and their values when unset: a new one replaces all."""


def resumed(run: Path, overrides: Sequence[str]) -> tuple[dict[str, Any], Path]:
    """Returns the configuration of a run with overrides, and the checkpoint to continue from.

    Raises:
        SettingsError: no run there, or an override that cannot be changed.
    """
    checkpoint = run / "checkpoints" / "last.ckpt"
    if not (run / "config.yaml").is_file() or not checkpoint.is_file():
        raise SettingsError(f"resume={run}: no run with a checkpoint there (looked for {checkpoint})")
    saved: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    config = OmegaConf.create(saved)
    OmegaConf.set_struct(config, True)
    with one_line(config):
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        if any(one.key_or_group in ENDS for one in parsed):
            for key, unset in ENDS.items():
                OmegaConf.update(config, key, unset)
        for one in parsed:
            if not one.key_or_group.startswith(CHANGEABLE) or one.is_sweep_override():
                raise SettingsError(f"{one.input_line} cannot be changed when a run is resumed")
            OmegaConf.update(config, one.key_or_group, one.value())
        OmegaConf.update(config, "paths.output_dir", str(run))  # a run may have been moved
        values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return values, checkpoint
