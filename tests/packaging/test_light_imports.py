"""Looking at the package or at its help must not take the seconds that torch takes to load."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "lightning", "pytorch_lightning", "hydra", "omegaconf", "matplotlib", "sentencepiece", "datasets"}
NMT = str(Path(sys.executable).with_name("nmt"))


def imported(arguments: list[str], cwd: Path, environment: dict[str, str]) -> set[str]:
    """The top-level modules that a run of Python loads, read from its import times."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("arguments", [["-c", "import nmt; dir(nmt)"], [NMT, "--help"], [NMT, "--version"]])
def test_loads_nothing_heavy(arguments: list[str], tmp_path: Path, environment: dict[str, str]) -> None:
    modules = imported(arguments, tmp_path, environment)
    assert "nmt" in modules
    assert not modules & HEAVY
