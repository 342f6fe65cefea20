"""`nmt package`: smaller and faster models of a run, what they say, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from nmt import Translator
from nmt.training.packaging import PackageOptions, write_package
from nmt.translation.package import PackageError
from tests.conftest import CallNmt
from tests.trained import lines_of, write_lines


@pytest.fixture(scope="module")
def small(environment: dict[str, str], trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a package with weights of 8 bits and a shortlist."""
    folder = tmp_path_factory.mktemp("packages") / "small"
    command = [str(Path(sys.executable).with_name("nmt")), "package", str(trained), "-o", str(folder)]
    options = ["--precision", "int8", "--shortlist", "--best", "20"]
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    head, before, after, difference = done.stdout.splitlines()
    assert head.split() == ["BLEU", "sentences/s", "MB", "package"]
    bleu = [float(line.split()[0]) for line in (before, after)]
    assert float(difference.split()[0]) == pytest.approx(bleu[1] - bleu[0], abs=0.011)
    assert bleu[0] > 80
    assert abs(bleu[1] - bleu[0]) < 3
    return folder


def test_it_is_smaller_and_holds_whole_numbers(trained: Path, small: Path) -> None:
    before, after = (folder / "model.safetensors" for folder in (trained / "model", small))
    assert after.stat().st_size < 0.3 * before.stat().st_size
    weights = load_file(after)
    rounded = ("target_embedding", "decoder.readout", "decoder.attention.score.key", "bridge.dense")
    layers = ("decoder.recurrence.rnn", "encoder.forwards.0", "encoder.backwards.0")
    for name in [*(f"{one}.weight" for one in rounded), *(f"{one}.weight_hh_l0" for one in layers)]:
        assert weights[name].dtype == torch.int8
        assert weights[name].abs().max() == 127
    assert weights["encoder.forwards.0.bias_hh_l0"].dtype == torch.float32
    settings = json.loads((small / "config.json").read_text(encoding="utf-8"))
    assert settings["precision"] == "int8"


def test_translations_are_nearly_as_good(trained: Path, small: Path) -> None:
    sources, references = (lines_of(trained / f"test.{side}") for side in ("sources", "references"))
    exact = {}
    for name, folder in (("whole", trained), ("small", small)):
        results = Translator.load(folder).translate(sources)
        exact[name] = np.mean([one.text == line for one, line in zip(results, references, strict=True)])
        for result in results:
            assert np.allclose(result.alignment.matrix.sum(1), 1, atol=1e-5)
    assert exact["small"] > exact["whole"] - 0.05


def test_company_changes_nothing(trained: Path, small: Path) -> None:
    translator, lines = Translator.load(small), lines_of(trained / "test.sources")[:80]
    together = translator.translate(lines, batch_size=64, n_best=3)
    for batch_size in (1, 7):
        for one, other in zip(together, translator.translate(lines, batch_size=batch_size, n_best=3), strict=True):
            assert [found.text for found in one.hypotheses] == [found.text for found in other.hypotheses]
            assert one.score == pytest.approx(other.score, abs=1e-5)


def test_precision_and_shortlist_are_options(call_nmt: CallNmt, trained: Path, small: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "in", lines_of(trained / "test.sources")[:40])
    packed = call_nmt("translate", small, "-i", "in", "--no-shortlist", "--format", "jsonl")
    rounded = call_nmt("translate", trained, "-i", "in", "--precision", "int8", "--format", "jsonl")
    scores = []
    for done in (packed, rounded):
        assert (done.returncode, done.stderr) == (0, "")
        scores.append([json.loads(line)["score"] for line in done.stdout.splitlines()])
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    listed = call_nmt("translate", small, "-i", "in", "--format", "jsonl")
    assert [json.loads(line)["score"] for line in listed.stdout.splitlines()] != scores[0]
    floats = call_nmt("translate", small, "-i", "in", "--precision", "float", "--no-shortlist")
    assert floats.returncode == 0


def test_a_shortlist_alone_keeps_the_weights(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    done = call_nmt("package", trained, "-o", tmp_path / "listed", "--shortlist", "--no-check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    whole, listed = (load_file(folder / "model.safetensors") for folder in (trained / "model", tmp_path / "listed"))
    assert all(torch.equal(weight, listed[name]) for name, weight in whole.items())
    assert (tmp_path / "listed" / "shortlist.safetensors").is_file()


def test_wrong_uses_are_one_line(call_nmt: CallNmt, trained: Path, small: Path, tmp_path: Path) -> None:
    def fails(*arguments: str | Path, status: int = 1) -> str:
        done = call_nmt("package", *arguments)
        assert (done.returncode, done.stdout) == (status, "")
        assert done.stderr.count("\n") == 1
        return done.stderr

    assert "holds something already" in fails(trained, "-o", small)
    assert "no such folder" in fails(tmp_path / "nothing", "-o", tmp_path / "a")
    assert "no run directory" in fails(small, "-o", tmp_path / "b", "--shortlist")
    assert "invalid choice" in fails(trained, "-o", tmp_path / "c", "--precision", "double", status=2)
    assert "-o" in fails(trained, status=2)
    assert not list(tmp_path.iterdir())
    # A package can be made of a package, if nothing of the run's text is asked for.
    done = call_nmt("package", small, "-o", tmp_path / "again", "--precision", "float", "--no-check")
    assert (done.returncode, done.stderr) == (0, "")


def test_int8_is_for_cpus(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nmt.translation.loading.available_device", lambda name: "meta")
    with pytest.raises(Exception, match="precision=int8 is for CPUs"):
        Translator.load(trained, precision="int8")


def test_damaged_shortlists_are_told(small: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in small.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    path = copy / "shortlist.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackageError, match="damaged"):
        Translator.load(copy)
    save_file({"always": torch.tensor([10**6]), "offsets": torch.tensor([0]), "pieces": torch.tensor([1])}, path)
    with pytest.raises(PackageError, match="does not fit"):
        Translator.load(copy)


def test_a_failure_leaves_nothing(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> bytes:
        raise OSError(28, "No space left on device")

    (tmp_path / "empty").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save", full)
        for folder in ("new", "empty"):
            with pytest.raises(OSError, match="No space left"):
                write_package(trained, tmp_path / folder, PackageOptions(check=False))
    assert [one.name for one in tmp_path.rglob("*")] == ["empty"]
    assert write_package(trained, tmp_path / "new", PackageOptions(check=False)) == []
    assert write_package(trained, tmp_path / "empty", PackageOptions(check=False)) == []
    for folder in ("new", "empty"):
        assert Translator.load(tmp_path / folder).translate("room five").text
