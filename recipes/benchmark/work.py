"""The work folder of the benchmark: where things lie, what has been measured, and how a process is measured.

Nothing here loads torch: the resident memory of a child counts from that of the process which starts it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Row = Mapping[str, Any]
"""One measurement: `case`, `side`, `round`, `amount`, and its figures."""


class BenchmarkError(Exception):
    """What ends the benchmark, in a line or with the end of a log."""


@dataclass(frozen=True)
class Ran:
    """A process that has ended well.

    Attributes:
        log: what it wrote to standard output and error.
        seconds: from its start to its end.
        peak_mb: highest resident memory of any process of it, in MiB.
    """

    log: str
    seconds: float
    peak_mb: int


@dataclass(frozen=True)
class Work:
    """The work folder.

    Attributes:
        folder: where everything lies; absolute.
        venvs: where the environments of the peers lie; absolute.
        threads: that each side computes with.
    """

    folder: Path
    venvs: Path
    threads: int = 2

    @property
    def data(self) -> Path:
        """Where the text lies."""
        return self.folder / "data"

    @property
    def model(self) -> Path:
        """The run directory of the model that is translated with."""
        return self.folder / "model"

    def made(self, name: str) -> Path:
        """Returns a folder within the work folder, made if need be."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def python(self, peer: str) -> Path:
        """Returns the interpreter of a peer's environment."""
        return self.venvs / f"venv-{peer}" / "bin" / "python"

    def program(self, peer: str, name: str) -> str:
        """Returns the path of a program in a peer's environment."""
        return str(self.python(peer).with_name(name))

    def run(self, command: Sequence[str], log: str) -> Ran:
        """Runs a command from the project's folder and measures it.

        Args:
            command: program and arguments.
            log: name of the file in `logs` that keeps what it writes.

        Raises:
            BenchmarkError: it failed; the message has the end of its log.
        """
        path = self.made("logs") / f"{log}.log"
        threads = str(self.threads)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "PYTHONUNBUFFERED": "1",
            "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",  # torch >= 2.6 refuses the options that peers pickle
        }
        begin = time.perf_counter()
        with path.open("wb") as output:
            child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=environment)
            _, status, usage = os.wait4(child.pid, 0)  # of this child alone, unlike resource.getrusage
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        text = path.read_text(encoding="utf-8", errors="replace")
        if child.returncode:
            raise BenchmarkError(f"{Path(command[0]).name} failed ({child.returncode}), see {path}\n{text[-2000:]}")
        return Ran(text, seconds, usage.ru_maxrss // (1024 if sys.platform == "linux" else 1024**2))


@dataclass(frozen=True)
class Results:
    """The file that gets a line as soon as something has been measured. Attributes: `path`, of the file."""

    path: Path

    def rows(self) -> list[Row]:
        """Returns what has been measured so far."""
        if not self.path.is_file():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def has(self, key: Row) -> bool:
        """Tells whether there is a measurement with all of these values."""
        return any(all(row.get(name) == value for name, value in key.items()) for row in self.rows())

    def add(self, row: Row) -> None:
        """Keeps a measurement."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
