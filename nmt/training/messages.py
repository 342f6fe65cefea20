"""What Hydra and OmegaConf say over several lines, in one line with the nearest right name."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nmt.config import SettingsError, nearest


@contextmanager
def one_line(config: DictConfig | None = None) -> Iterator[None]:
    """Raises SettingsError for their errors; `config` is where names are looked for, by default the shipped one."""
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
