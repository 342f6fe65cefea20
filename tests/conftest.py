"""What all tests share: one torch thread a process, an environment of its own for every program that a test starts."""

import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

from tests.trained import train_once

if TYPE_CHECKING:
    from nmt import Translator

# Before anything imports torch: several pytest workers, each with as many threads as there are cores, would hold each
# other up, and sums would depend on the machine. Programs that tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

UNIT = Path(__file__).parent / "unit"


def lacking(what: str) -> NoReturn:
    """Skips a test for want of something; under continuous integration, which installs all, it fails."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)


class RunNmt(Protocol):
    """How tests call the console program; `env` adds to the environment of the fixture."""

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 240,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all workers of one test session share."""
    base = tmp_path_factory.getbasetemp()
    # Under xdist each worker has a folder of its own inside that of the session.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session")
def environment(session_folder: Path) -> dict[str, str]:
    """The environment for programs that a test starts: nothing of the user's is read or written, no colours."""
    home = session_folder / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_", "NMT_"))}
    return inherited | {
        "HOME": str(home),
        "NMT_CACHE": str(session_folder / "cache"),
        "MPLBACKEND": "Agg",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "120",
    }


@pytest.fixture
def run_nmt(environment: dict[str, str], tmp_path: Path) -> RunNmt:
    """Runs the installed `nmt` program, by default in the temporary folder of the test."""
    program = Path(sys.executable).with_name("nmt")

    def run(
        *arguments: str | Path,
        cwd: Path | None = None,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 240,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=cwd or tmp_path,
            # Without input the program must not wait for the terminal of whoever runs the tests.
            input=stdin or "",
            env=environment | dict(env or {}),
            timeout=timeout,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


class CallNmt(Protocol):
    """How tests call the program within their own process, which saves the seconds of its start."""

    def __call__(self, *arguments: str | int | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def call_nmt(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CallNmt:
    """Calls what the console program calls, in the temporary folder of the test; log lines count as stderr."""
    from nmt.cli.main import main

    for name in ("HOME", "NMT_CACHE", "NO_COLOR", "MPLBACKEND"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.setattr(sys, "argv", ["nmt"])
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | int | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        log, root = logging.getLogger("nmt"), logging.getLogger()
        before = log.level, log.handlers, log.propagate
        root_before = root.level, list(root.handlers)  # Hydra sets up the root logger, too
        raw, errors = io.BytesIO(), io.StringIO()
        output = io.TextIOWrapper(raw, "utf-8", newline="")
        handler = logging.StreamHandler(errors)
        log.addHandler(handler)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        try:
            with redirect_stdout(output), redirect_stderr(errors), pytest.raises(SystemExit) as ended:
                main([str(one) for one in arguments])
        finally:
            log.removeHandler(handler)
            log.setLevel(before[0])
            log.handlers, log.propagate = before[1:]
            root.setLevel(root_before[0])
            root.handlers = root_before[1]
        output.flush()
        written = raw.getvalue().decode()
        status = ended.value.code
        assert isinstance(status, int)
        return subprocess.CompletedProcess([str(one) for one in arguments], status, written, errors.getvalue())

    return call


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks what `make test` runs with the checks of shapes: unit tests, but for those of hundreds of combinations."""
    if UNIT in item.path.parents and item.get_closest_marker("grid") is None:
        item.add_marker("shapes")


def waits(item: pytest.Item) -> bool:
    """Returns whether a test needs the trained model."""
    return "trained" in getattr(item, "fixturenames", ())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts tests with a time limit of their own in front, and those of the trained model at the end.

    The first are long: so no worker is left with one when the others are done. Nobody waits for the model meanwhile.
    """
    items.sort(key=lambda item: (waits(item), item.get_closest_marker("timeout") is None))


@pytest.fixture(scope="session", autouse=True)
def _trained_ahead(request: pytest.FixtureRequest, session_folder: Path, environment: dict[str, str]) -> None:
    """Starts to train the model that tests at the end translate with, if there are any."""
    if any(waits(item) for item in request.session.items):
        threading.Thread(target=train_once, args=(session_folder, environment), daemon=True).start()


@pytest.fixture(scope="session")
def trained(session_folder: Path, environment: dict[str, str]) -> Path:
    """The run directory of a small model that has learnt the phrasebook, trained once for all workers."""
    return train_once(session_folder, environment)


@pytest.fixture(scope="session")
def translator(trained: Path) -> "Translator":
    """The trained model."""
    from nmt import Translator

    return Translator.load(trained)
