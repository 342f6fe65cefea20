"""`nmt evaluate`: the figures of the `sacrebleu` command, from files and run directories, on stdout alone."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CallNmt, RunNmt
from tests.trained import lines_of, write_lines

WORDS = ["the", "a", "dog", "man", "child", "old", "runs", "sleeps", "over", "hill", "house,", "sea.", "and", "with"]
NUMBER = r"(-?[\d.]+)"


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ref`, `src` and systems `a`, `b`, `c` that drop and swap words."""
    folder = tmp_path_factory.mktemp("texts")
    chance = random.Random(3)
    reference = [[chance.choice(WORDS) for _ in range(chance.randint(3, 18))] for _ in range(120)]
    write_lines(folder / "ref", [" ".join(words) for words in reference])
    write_lines(folder / "src", [" ".join(reversed(words)) for words in reference])
    for name, noise in (("a", 0.2), ("b", 0.22), ("c", 0.4)):
        lines = [[word if chance.random() > noise else chance.choice(["", "dog"]) for word in w] for w in reference]
        write_lines(folder / name, [" ".join(filter(None, words)) or "a" for words in lines])
    return folder


def sacrebleu(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    program = Path(sys.executable).with_name("sacrebleu")
    command = [str(program), *arguments, "-m", "bleu", "chrf", "ter", "-w", "4", "--no-color"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


def evaluated(call_nmt: CallNmt, *arguments: str | Path) -> dict[str, Any]:
    done = call_nmt("evaluate", *arguments, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def files(folder: Path, *names: str) -> list[str]:
    return [str(folder / name) for name in names]


def test_confidence_is_that_of_sacrebleu(call_nmt: CallNmt, texts: Path, environment: dict[str, str]) -> None:
    expected = json.loads(sacrebleu(texts, environment, "ref", "-i", "a", "--confidence", "-f", "json"))
    found = evaluated(call_nmt, "--reference", *files(texts, "ref", "a"))
    (system,) = found["systems"]
    for metric, theirs in zip(("bleu", "chrf", "ter"), expected, strict=True):
        ours = system[metric]
        assert round(ours["score"], 4) == theirs["score"]
        assert ours["mean"] == pytest.approx(theirs["confidence_mean"], abs=2e-4)  # theirs is rounded
        assert ours["margin"] == pytest.approx(theirs["confidence_var"], abs=2e-4)
        assert ours["margin"] == pytest.approx((ours["upper"] - ours["lower"]) / 2)
        assert found["signatures"][metric] == theirs["signature"]
    assert found["lines"] == 120
    assert found["bootstrap"] == {"samples": 1000, "seed": "12345"}


@pytest.mark.parametrize(("samples", "seed"), [("1000", "12345"), ("300", "7")])
def test_comparison_is_that_of_sacrebleu(
    run_nmt: RunNmt, texts: Path, environment: dict[str, str], samples: str, seed: str
) -> None:
    changed = {} if seed == "12345" else {"SACREBLEU_SEED": seed}  # that number is the default
    arguments = ("ref", "-i", "a", "b", "c", "--paired-bs", "--paired-bs-n", samples, "-f", "latex")
    lines = sacrebleu(texts, environment | changed, *arguments).splitlines()
    options = ("--bootstrap", samples, "--reference", "ref", "--format", "json")
    found = json.loads(run_nmt("evaluate", *options, "a", "b", "c", cwd=texts, env=changed).stdout)
    for name, system in zip("abc", found["systems"], strict=True):
        (row,) = (line for line in lines if re.search(rf"(^|Baseline:)\s*{name}\s*&", line))
        for cell, metric in zip(row.split("&")[1:], ("bleu", "chrf", "ter"), strict=True):
            ours, theirs = system[metric], [float(one) for one in re.findall(r"\d+\.\d+", cell)]
            values = [ours["score"], ours["mean"], ours["margin"], *([] if name == "a" else [ours["p_value"]])]
            assert values == pytest.approx(theirs, abs=1.1e-4), row
    for signature in found["signatures"].values():
        assert f"bs:{samples}|seed:{seed}|" in signature


def test_table(run_nmt: RunNmt, texts: Path) -> None:
    done = run_nmt("evaluate", "--reference", "ref", "a", "b", "--source", "src", cwd=texts)
    assert (done.returncode, done.stderr) == (0, "")
    table, notes, lengths, signatures = done.stdout.removesuffix("\n").split("\n\n")
    assert table.split()[:7] == ["system", "BLEU", "p", "chrF2", "p", "TER", "p"]
    assert re.fullmatch(rf"b\s+{NUMBER} ± {NUMBER}  0\.\d{{4}}.*", table.splitlines()[2])
    assert "120 lines" in notes
    assert "against a" in notes
    assert sum(map(int, lengths.splitlines()[2].split()[1:])) == 120
    assert signatures.count("nrefs:1") == 3


def test_without_bootstrap(call_nmt: CallNmt, texts: Path) -> None:
    found = evaluated(call_nmt, "--bootstrap", "0", "--reference", *files(texts, "ref", "a", "b"))
    assert found["bootstrap"] is None
    assert found["systems"][1]["bleu"]["p_value"] is None
    assert "bs:" not in found["signatures"]["bleu"]
    done = call_nmt("evaluate", "--bootstrap", "0", "--reference", *files(texts, "ref", "a", "b"))
    assert "±" not in done.stdout


def test_two_references_a_tokeniser_and_sources(call_nmt: CallNmt, texts: Path, tmp_path: Path) -> None:
    ref, a, b, src = files(texts, "ref", "a", "b", "src")
    options = ("--reference", ref, "--reference", b, "--tokenize", "none", "--bootstrap", "0", "--source", src)
    found = evaluated(call_nmt, *options, a)
    assert found["references"] == [ref, b]
    assert "nrefs:2|" in found["signatures"]["bleu"]
    assert "tok:none" in found["signatures"]["bleu"]
    by_length = found["by_source_length"]
    assert by_length["unit"] == "words"
    assert sum(one["lines"] for one in by_length["ranges"]) == 120
    assert all(len(one["bleu"]) == 1 for one in by_length["ranges"])


def test_standard_input(call_nmt: CallNmt, texts: Path) -> None:
    ref, a = files(texts, "ref", "a")
    text = Path(a).read_bytes().replace(b"\n", b"\r\n")
    done = call_nmt("evaluate", "--reference", ref, "-", "--format", "json", "--bootstrap", "0", stdin=text)
    expected = evaluated(call_nmt, "--reference", ref, a, "--bootstrap", "0")
    assert json.loads(done.stdout)["systems"][0]["bleu"] == expected["systems"][0]["bleu"]


def test_run_directories(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    lines, references = lines_of(trained / "test.hypotheses"), lines_of(trained / "test.references")
    write_lines(other / "test.hypotheses", lines[1:] + lines[:1])
    write_lines(other / "test.references", references)
    found = evaluated(call_nmt, trained, "other", "--bootstrap", "20")
    metrics = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    assert found["systems"][0]["bleu"]["score"] == pytest.approx(metrics["test/bleu"], abs=1e-4)
    assert found["systems"][0]["chrf"]["score"] == pytest.approx(metrics["test/chrf"], abs=1e-4)
    assert found["systems"][1]["bleu"]["score"] < found["systems"][0]["bleu"]["score"]
    write_lines(other / "test.references", references[1:] + references[:1])
    done = call_nmt("evaluate", trained, "other")
    assert (done.returncode, done.stdout) == (1, "")
    assert "differ" in done.stderr
    found = evaluated(call_nmt, trained, "other", "--reference", trained / "test.references", "--bootstrap", "0")
    assert len(found["systems"]) == 2


def test_language_of_a_run_directory(call_nmt: CallNmt, tmp_path: Path) -> None:
    write_lines(tmp_path / "run" / "test.hypotheses", ["今日はとても暑いです。"])
    write_lines(tmp_path / "run" / "test.references", ["今日はとても暑いです。"])
    write_lines(tmp_path / "run" / "model" / "config.json", ['{"target_lang": "zh"}'])
    assert "tok:zh" in evaluated(call_nmt, "run", "--bootstrap", "0")["signatures"]["bleu"]
    for name in ("hypotheses", "references"):
        write_lines(tmp_path / "run" / f"test.{name}", ["Heute ist es sehr warm."])
    assert "tok:13a" in evaluated(call_nmt, "run", "--target-lang", "de", "--bootstrap", "0")["signatures"]["bleu"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("two", "--reference", "three"), 1, ("three has 3 lines", "two has 2")),
        (("three", "two", "--reference", "three"), 1, ("three has 3 lines", "two has 2")),
        (("three", "--reference", "three", "--reference", "two"), 1, ("three has 3 lines", "two has 2")),
        (("three", "--reference", "three", "--source", "two"), 1, ("three has 3 lines", "two has 2")),
        (("-", "--reference", "three"), 1, ("three has 3 lines", "standard input has 1")),
        (("none", "--reference", "three"), 1, ("none is empty",)),
        (("none", "--reference", "none"), 1, ("none is empty",)),
        (("missing", "--reference", "three"), 1, ("missing", "No such file")),
        (("three", "--reference", "missing"), 1, ("missing", "No such file")),
        (("bytes", "--reference", "two"), 1, ("bytes, line 2", "UTF-8")),
        (("folder", "--reference", "two"), 1, ("folder", "test.hypotheses")),
        (("folder",), 1, ("folder", "test.hypotheses")),
        (("two", "--reference", "folder"), 1, ("folder",)),
        (("two",), 2, ("--reference",)),
        (("--reference", "two"), 2, ("HYPOTHESES",)),
        (("-", "--reference", "-"), 2, ("standard input",)),
        (("two", "two", "--reference", "two"), 2, ("two is given twice",)),
        (("two", "--reference", "two", "--tokenize", "13b"), 2, ("--tokenize", "13b")),
        (("two", "--reference", "two", "--bootstrap", "-1"), 2, ("--bootstrap",)),
        (("two", "--reference", "two", "--seed", "x"), 2, ("--seed",)),
        (("two", "--reference", "two", "--format", "xml"), 2, ("--format",)),
    ],
)
def test_wrong_uses(
    call_nmt: CallNmt, tmp_path: Path, arguments: tuple[str, ...], status: int, said: tuple[str, ...]
) -> None:
    (tmp_path / "folder").mkdir()
    for name, content in {"two": b"a\nb\n", "three": b"a\nb\nc", "none": b"", "bytes": b"a\n\xff\n"}.items():
        (tmp_path / name).write_bytes(content)
    done = call_nmt("evaluate", *arguments, stdin=b"a\n")
    assert (done.returncode, done.stdout) == (status, "")
    (answer,) = done.stderr.splitlines()
    for one in said:
        assert one in answer


def test_warnings_go_to_stderr(run_nmt: RunNmt, tmp_path: Path) -> None:
    write_lines(tmp_path / "plain", ["The dog runs.", "Yes, it does."] * 100)
    write_lines(tmp_path / "apart", ["The dog runs .", "Yes , it does ."] * 100)
    done = run_nmt("evaluate", "--reference", "plain", "apart", "--format", "json", "--bootstrap", "0")
    assert done.returncode == 0
    assert json.loads(done.stdout)["lines"] == 200
    (warning,) = done.stderr.splitlines()
    assert "apart: looks tokenised" in warning


def test_torch_is_not_loaded(texts: Path, environment: dict[str, str]) -> None:
    code = "import sys; from nmt.cli.evaluate import run; run(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-W", "error", "-c", code, "--reference", "ref", "a", "--bootstrap", "0"]
    done = subprocess.run(command, cwd=texts, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
