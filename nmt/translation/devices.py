"""Where a model computes."""

import torch

from nmt.config import SettingsError


def available_device(name: str) -> str:
    """Returns the torch device for `auto` (a GPU if there is one), or the name given.

    Raises:
        SettingsError: there is no such device here.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SettingsError(f"device={name} is not available here: use auto or cpu") from error
    return name
