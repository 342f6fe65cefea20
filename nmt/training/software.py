"""What a run was made with: versions, machine, the state of a checkout."""

import os
import platform
import subprocess
from importlib import metadata

import torch

DISTRIBUTIONS = ("nmt-attention", "torch", "lightning", "hydra-core", "sentencepiece", "sacrebleu")


def software() -> list[tuple[str, str]]:
    """Returns names and versions, then the machine."""
    found = [("Python", platform.python_version())]
    found += [(name, metadata.version(name)) for name in DISTRIBUTIONS]
    cores = f"{os.cpu_count()} cores, {torch.get_num_threads()} torch threads"
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    found.append(("machine", f"{platform.system()} {platform.machine()}, {cores}{gpu}"))
    commit = git_commit()
    return [*found, ("git commit of the working directory", commit)] if commit else found


def git_commit() -> str | None:
    """Returns the commit of the working directory, with `-dirty` if files differ from it; None outside a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=10, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip() or None
