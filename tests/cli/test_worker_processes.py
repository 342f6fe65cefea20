"""The processes of `nmt translate --workers` end together, whatever ends one of them; threads do, too."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import lacking

PROGRAM = str(Path(sys.executable).with_name("nmt"))
BATCH = ("--batch-size", "4")


def started(
    folder: Path, environment: Mapping[str, str], *arguments: str | Path, how: Sequence[str] = ("--workers", "2")
) -> subprocess.Popen[bytes]:
    """Starts a translation of an endless text in a process group of its own; returns it when it has put out a line."""
    command = f"yes 'at half past five on July tenth' | exec '{PROGRAM}' \"$@\""
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", "translate", *map(str, arguments), *BATCH, *how],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # What runs in the background of a script ignores Ctrl-C, and so would all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stdout is not None
    assert process.stdout.readline() != b""
    return process


def group(process: subprocess.Popen[bytes]) -> dict[int, list[str]]:
    """Returns the programs of a process group by number, ended ones left out."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == process.pid and fields[0] != "Z":
                found[int(folder.name)] = (folder / "cmdline").read_text().split("\0")
        except OSError:  # it has ended meanwhile
            continue
    return found


def translating(process: subprocess.Popen[bytes]) -> list[int]:
    """Returns the processes of `nmt translate`, the first of them first."""
    return sorted(number for number, command in group(process).items() if PROGRAM in command)


def emptied(process: subprocess.Popen[bytes]) -> bool:
    """Waits until nobody of a process group is left."""
    for _ in range(100):
        if not group(process):
            return True
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    return False


@pytest.fixture
def linux() -> None:
    """Skips a test that finds processes in /proc where there is none; under CI that is a failure."""
    if not Path("/proc/self/stat").exists():
        lacking("there is no /proc to find processes in")


@pytest.mark.usefixtures("linux")
def test_killed_worker_is_told_in_one_line(environment: dict[str, str], trained: Path, tmp_path: Path) -> None:
    process = started(tmp_path, environment, trained, "-o", "/dev/stdout")
    workers = translating(process)[1:]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert said.decode().splitlines() == [
        "nmt: error: a worker process was killed by SIGKILL before its work was done; "
        "is there too little memory? Fewer workers need less"
    ]
    assert emptied(process)


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize("how", [("--workers", "2"), ("--threads", "2"), ("--threads", "2", "--beam-size", "100")])
def test_interrupt_ends_all_quietly(
    environment: dict[str, str], trained: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    process = started(tmp_path, environment, trained, how=how)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert said == b""
    assert emptied(process)


@pytest.mark.usefixtures("linux")
def test_workers_do_not_outlive_whoever_reads(environment: dict[str, str], trained: Path, tmp_path: Path) -> None:
    process = started(tmp_path, environment, trained)
    main, *_ = translating(process)
    os.kill(main, signal.SIGKILL)
    process.communicate(timeout=60)
    assert emptied(process)


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize("how", [("--workers", "2"), ("--threads", "2")])
def test_closed_pipe_ends_all_quietly(
    environment: dict[str, str], trained: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    process = started(tmp_path, environment, trained, how=how)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0
    assert emptied(process)
