"""Where a model computes."""

import torch

from nmt.config import SettingsError


def find_device(name: str) -> str:
    """Returns the device of a name; `auto` is a GPU if there is one.

    Raises:
        SettingsError: it is not available.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SettingsError(f"device={name} is not available here: use auto or cpu") from error
    return name
