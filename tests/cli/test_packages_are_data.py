"""A package is data: whatever it holds, nothing of it is executed."""

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CallNmt


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that appears if the module `intruder` is imported, or a pickle is read."""
    marker = tmp_path / "executed"
    code = f"import os\nos.mkdir({str(marker)!r})\nclass Score:\n    def __init__(self, *_, **__): pass\n"
    (tmp_path / "intruder.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return marker


@pytest.fixture
def package(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "model", tmp_path / "package"))


def test_the_traps_work(marker: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(marker)))
    assert marker.is_dir()
    marker.rmdir()
    __import__("intruder")
    assert marker.is_dir()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("model", "attention", "score"), "intruder:Score"),
        (("model", "attention", "score"), "intruder.Score"),
        (("model", "attention", "options"), {"_target_": "intruder.Score"}),
        (("model", "attention", "_target_"), "intruder.Score"),
        (("model", "decoder"), "intruder:Score"),
        (("model", "_target_"), "intruder.Score"),
        (("_target_",), "intruder.Score"),
        (("search", "stopping"), "intruder:Score"),
    ],
)
def test_foreign_class_is_refused(
    call_nmt: CallNmt, package: Path, marker: Path, place: tuple[str, ...], value: object
) -> None:
    settings = json.loads((package / "config.json").read_text(encoding="utf-8"))
    node = settings
    for name in place[:-1]:
        node = node[name]
    node[place[-1]] = value
    (package / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    done = call_nmt("translate", package, stdin=b"three eggs\n")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "config.json" in done.stderr
    assert not marker.exists()


def test_pickles_beside_the_weights_are_not_read(call_nmt: CallNmt, package: Path, marker: Path) -> None:
    for name in ("model.pt", "model.ckpt", "model.pkl", "pytorch_model.bin", "config.pkl", "source.pkl"):
        (package / name).write_bytes(pickle.dumps(Bomb(marker)))
    done = call_nmt("translate", package, stdin=b"three eggs\n")
    assert done.returncode == 0
    assert not marker.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "source.spm", "target.spm", "config.json"])
def test_pickle_in_place_of_a_file_is_not_read(call_nmt: CallNmt, package: Path, marker: Path, name: str) -> None:
    (package / name).write_bytes(pickle.dumps(Bomb(marker)))
    done = call_nmt("translate", package, stdin=b"three eggs\n")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr
    assert not marker.exists()


def test_package_holds_no_pickle(trained: Path) -> None:
    for path in (trained / "model").iterdir():
        assert not path.read_bytes().startswith((b"\x80", b"PK"))
