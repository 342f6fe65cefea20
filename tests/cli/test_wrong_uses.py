"""Every wrong use of `translate` is answered in one line that names the place, and nothing on stdout."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CallNmt, RunNmt


def assert_one_line(done: subprocess.CompletedProcess[str], status: int, *said: str) -> None:
    assert done.returncode == status
    assert done.stdout == ""
    *log, answer = done.stderr.splitlines()
    assert all(line.startswith("vocabulary: ") for line in log), done.stderr  # found before the error
    assert "error: " in answer
    assert "Traceback" not in answer
    for text in said:
        assert text in answer


def set_in_config(package: Path, **values: object) -> None:
    path = package / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def change_model(package: Path, **values: object) -> None:
    model = json.loads((package / "config.json").read_text(encoding="utf-8"))["model"]
    set_in_config(package, model=model | values)


def cut(package: Path, name: str, size: int) -> None:
    (package / name).write_bytes((package / name).read_bytes()[:size])


DAMAGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "weights cut short": (lambda p: cut(p, "model.safetensors", 5000), ("model.safetensors", "damaged")),
    "weights empty": (lambda p: cut(p, "model.safetensors", 0), ("model.safetensors", "damaged")),
    "weights missing": (lambda p: (p / "model.safetensors").unlink(), ("model.safetensors", "missing")),
    "vocabulary missing": (lambda p: (p / "source.spm").unlink(), ("source.spm",)),
    "vocabulary cut short": (lambda p: cut(p, "target.spm", 300), ("target.spm",)),
    "vocabulary empty": (lambda p: cut(p, "target.spm", 0), ("target.spm",)),
    "settings cut short": (lambda p: cut(p, "config.json", 100), ("config.json", "damaged")),
    "settings not UTF-8": (lambda p: (p / "config.json").write_bytes(b'{"\xff": 1}'), ("config.json", "damaged")),
    "settings are a list": (lambda p: (p / "config.json").write_text("[]"), ("config.json", "format")),
    "later format": (lambda p: set_in_config(p, format=2), ("config.json", "format 2")),
    "misspelt setting": (lambda p: change_model(p, decodr="luong"), ("config.json", "'decoder'")),
    "unknown score": (lambda p: change_model(p, attention={"score": "cosin"}), ("config.json", "'cosine'")),
    "settings of other weights": (lambda p: change_model(p, decoder_size=64), ("config.json", "does not fit")),
    "model is text": (lambda p: set_in_config(p, model="luong"), ("config.json", "model")),
    "size is text": (lambda p: change_model(p, encoder_size="96"), ("config.json", "encoder_size")),
    "shift of two": (lambda p: set_in_config(p, shift=2), ("config.json", "shift")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_package(call_nmt: CallNmt, trained: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(trained / "model", tmp_path / "package")
    change, said = DAMAGES[damage]
    change(tmp_path / "package")
    assert_one_line(call_nmt("translate", "package", stdin=b"three eggs\n"), 1, "package", *said)


def test_no_model(call_nmt: CallNmt, tmp_path: Path) -> None:
    assert_one_line(call_nmt("translate", "nowhere"), 1, "nowhere", "no such folder")
    (tmp_path / "empty").mkdir()
    assert_one_line(call_nmt("translate", "empty"), 1, "empty", "neither a run directory nor a model package")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").touch()
    assert_one_line(call_nmt("translate", "run"), 1, "run", "has not written one yet")
    (tmp_path / "file").touch()
    assert_one_line(call_nmt("translate", "file"), 1, "file")


def test_files_that_cannot_be_read_or_written(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"three eggs\n")
    (tmp_path / "folder").mkdir()
    assert_one_line(call_nmt("translate", trained, "-i", "missing"), 1, "missing", "No such file")
    assert_one_line(call_nmt("translate", trained, "-i", "folder"), 1, "folder")
    assert_one_line(call_nmt("translate", trained, "-i", "text", "-o", "folder"), 1, "folder", "directory")
    assert_one_line(call_nmt("translate", trained, "-i", "text", "-o", "nowhere/out"), 1, "nowhere/out")
    assert_one_line(call_nmt("translate", trained, "-i", "text", "--alignments", "nowhere/links"), 1, "nowhere/links")


def test_input_is_not_overwritten(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"three eggs\n")
    assert_one_line(call_nmt("translate", trained, "-i", "text", "-o", "text"), 1, "text")
    assert (tmp_path / "text").read_bytes() == b"three eggs\n"


def test_output_without_permission(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"three eggs\n")
    if os.geteuid() == 0:  # may write anywhere but there
        target = Path("/proc/out")
    else:
        target = tmp_path / "closed" / "out"
        target.parent.mkdir(mode=0o500)
    assert_one_line(call_nmt("translate", trained, "-i", "text", "-o", target), 1, str(target))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--n-best", "3"), ("jsonl",)),
        (("--n-best", "6", "--beam-size", "5", "--format", "jsonl"), ("--n-best 6", "--beam-size 5")),
        (("--beam-sizes", "3"), ("--beam-sizes",)),
        (("--beem-size", "3"), ("--beem-size",)),
        (("--beam-size", "0"), ("--beam-size", "at least 1")),
        (("--beam-size", "many"), ("--beam-size", "many")),
        (("--batch-size", "-1"), ("--batch-size",)),
        (("--max-length", "1.5"), ("--max-length",)),
        (("--precision", "half"), ("--precision", "half")),
        (("--format", "xml"), ("--format", "xml")),
        (("--alignment-format", "csv", "--alignments", "x"), ("--alignment-format", "csv")),
        (("--alignment-level", "char"), ("--alignment-level", "char")),
        (("--threads", "0"), ("--threads",)),
        (("--length-penalty", "much"), ("--length-penalty", "much")),
        (("another",), ("another",)),
    ],
)
def test_wrong_options(
    call_nmt: CallNmt, trained: Path, tmp_path: Path, arguments: tuple[str, ...], said: tuple[str, ...]
) -> None:
    assert_one_line(call_nmt("translate", trained, *arguments, stdin=b"three eggs\n"), 2, *said)
    assert list(tmp_path.iterdir()) == []


def test_more_hypotheses_than_the_beam_of_the_model(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    done = call_nmt("translate", trained, "--n-best", 6, "--format", "jsonl", "-o", "out", stdin=b"three eggs\n")
    assert done.returncode in {1, 2}
    assert_one_line(done, done.returncode, "6", "5")
    assert list(tmp_path.iterdir()) == []


def test_no_model_named(call_nmt: CallNmt) -> None:
    assert_one_line(call_nmt("translate"), 2, "MODEL")
    assert_one_line(call_nmt("heatmap"), 2, "MODEL")


def test_unknown_device(call_nmt: CallNmt, trained: Path) -> None:
    assert_one_line(call_nmt("translate", trained, "--device", "gpu"), 1, "gpu")


@pytest.mark.parametrize(("command", "meant"), [("translat", "translate"), ("trian", "train"), ("heat-map", "heatmap")])
def test_unknown_command(call_nmt: CallNmt, command: str, meant: str) -> None:
    assert_one_line(call_nmt(command, "x"), 2, command, f"did you mean '{meant}'?")


def test_no_command(call_nmt: CallNmt) -> None:
    done = call_nmt()
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: nmt" in done.stderr


def test_help_goes_to_stdout(call_nmt: CallNmt) -> None:
    for arguments in (("--help",), ("translate", "--help"), ("heatmap", "--help")):
        done = call_nmt(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "usage: nmt" in done.stdout


def test_version(run_nmt: RunNmt) -> None:
    import nmt

    done = run_nmt("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"nmt {nmt.__version__}\n", "")


def test_program_answers_in_one_line(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "model", tmp_path / "package")
    cut(tmp_path / "package", "model.safetensors", 5000)
    assert_one_line(run_nmt("translate", "package", stdin="three eggs\n"), 1, "model.safetensors", "damaged")
    debug = run_nmt("translate", "package", "--debug", stdin="three eggs\n")
    assert debug.returncode == 1
    assert "Traceback" in debug.stderr
