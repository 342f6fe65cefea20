"""`nmt bench`: figures of a user's own model."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nmt import Translator
from nmt.translation import bench
from nmt.translation.measuring import peak_memory
from nmt.translation.parts import PARTS, Stopwatch, time_parts
from nmt.translation.shortlist import Shortlist
from tests.conftest import CallNmt, RunNmt
from tests.trained import TINY, lines_of, write_lines

SMALL = ("--sentences", "8", "--repeat", "1")


def objects(text: str) -> list[dict[str, Any]]:
    found = json.loads(text)
    assert isinstance(found, list)
    return found


def test_every_combination_has_its_figures(call_nmt: CallNmt, trained: Path) -> None:
    lists = ("--beam-size", "1,2", "--batch-size", "4", "--precision", "float,double", "--threads", "1")
    done = call_nmt("bench", trained, *SMALL, *lists, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = objects(done.stdout)
    ways = [(one["beam_size"], one["batch_size"], one["threads"], one["precision"]) for one in found]
    assert ways == [(beam, 4, 1, kind) for beam in (1, 2) for kind in ("float", "double")]
    for one in found:
        assert one["sentences"] == 8
        assert one["latency_of"] == "batch"
        latency = one["latency_ms"]
        assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"]
        rate = one["sentences_per_second"]
        assert 0 < rate["min"] == rate["median"] == rate["max"]
        assert one["tokens_per_second"]["median"] > rate["median"]
        assert 50 < one["peak_mb"] < 2000
        assert one["load_seconds"] > 0
        assert one["device"] == "cpu"


def test_a_package_is_measured_in_its_own_precision(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    assert call_nmt("package", trained, "-o", tmp_path / "small", "--precision", "int8", "--no-check").returncode == 0
    text = ("-i", trained / "test.sources", *SMALL, "--batch-size", "8", "--format", "json")
    found = [objects(call_nmt("bench", model, *text).stdout) for model in (trained, tmp_path / "small")]
    assert [one["precision"] for (one,) in found] == ["float", "int8"]


def test_rates_and_latencies_agree(call_nmt: CallNmt, trained: Path) -> None:
    """The time of all requests is that of all sentences; tokens are those of the translations."""
    options = ("--beam-size", "2", "--batch-size", "1")
    (one,) = objects(call_nmt("bench", trained, *SMALL, *options, "--format", "json").stdout)
    mean = 1000 / one["sentences_per_second"]["median"]
    assert one["latency_of"] == "sentence"
    assert one["latency_ms"]["p50"] < 2 * mean
    assert one["latency_ms"]["p99"] > 0.99 * mean
    sources = lines_of(trained / "test.sources")[:8]
    results = Translator.load(trained).translate(sources, beam_size=2)
    tokens = sum(len(result.hypotheses[0].tokens) for result in results)
    ratio = one["tokens_per_second"]["median"] / one["sentences_per_second"]["median"]
    assert ratio == pytest.approx(tokens / 8)


def test_table_lines_up(run_nmt: RunNmt, trained: Path) -> None:
    done = run_nmt("bench", trained, *SMALL, "--profile", "--beam-size", "2")
    assert (done.returncode, done.stderr) == (0, "")
    for part in done.stdout.split("\n\n"):
        lines = part.strip("\n").split("\n")
        assert len(lines) == 3  # a head, batch sizes 1 and 64
        assert len({len(line) for line in lines}) == 1
        assert lines[0].split()[:4] == ["beam", "batch", "threads", "precision"]
        assert lines[1].split()[:2] == ["2", "1"]
        assert lines[2].split()[:2] == ["2", "64"]
    shares = [float(cell) for cell in done.stdout.splitlines()[-1].split()[4:]]
    assert len(shares) == len(PARTS)
    assert sum(shares) == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize(
    ("decoder", "score"),
    [*((one, "general") for one in ("bahdanau", "luong", "conditional", "parallel")), ("luong", "none")],
)
def test_profile_of_every_decoder(call_nmt: CallNmt, tmp_path: Path, decoder: str, score: str) -> None:
    settings = (f"model={decoder}", f"model.attention.score={score}", "trainer.max_steps=1", "paths.output_dir=run")
    assert call_nmt("train", *TINY, *settings).returncode == 0
    translator = Translator.load(tmp_path / "run")
    before = [one.text for one in translator.translate(["three eggs", "room five"], max_length=8)]
    watch = time_parts(translator)
    assert [one.text for one in translator.translate(["three eggs", "room five"], max_length=8)] == before
    translator.translate(["three eggs"], max_length=8, attention_temperature=0.5, beam_size=1)
    shares = watch.shares()
    assert list(shares) == list(PARTS)
    assert all(share > 0 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1)


def test_profile_of_a_shortlist(trained: Path, translator: Translator) -> None:
    """Logits of some pieces alone are the output's, and what is around them is not the search's."""
    own = Translator.load(trained)  # the stopwatch stays in it
    ids = np.arange(own.target.vocabulary.size)
    everything = Shortlist(ids, np.zeros(own.source.vocabulary.size + 1, dtype=np.int64), ids[:0])
    listed = Translator(own.model, own.source, own.target, shortlist=everything)
    watch = time_parts(listed)
    assert listed.translate("three eggs", max_length=8).text == translator.translate("three eggs", max_length=8).text
    shares = watch.shares()
    assert list(shares) == list(PARTS)
    assert all(share > 0 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1)


def test_parts_get_the_time_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    watch = Stopwatch(torch.device("cpu"))
    inner = watch.of("attention", lambda: wait(1))

    def outer() -> None:
        wait(2)
        inner()
        wait(4)

    wait(8)
    watch.of("recurrent", outer)()
    assert {part: seconds for part, seconds in watch.seconds.items() if seconds} == {
        "search": 8,
        "recurrent": 6,
        "attention": 1,
    }
    assert watch.shares()["recurrent"] == 6 / 15


def test_percentiles_are_nearest_ranks() -> None:
    hundred = list(range(1, 101))
    assert [bench.percentile(hundred, percent) for percent in (50, 90, 99)] == [50, 90, 99]
    assert [bench.percentile([7.0], percent) for percent in (1, 50, 99)] == [7.0] * 3
    assert bench.percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_rounds_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Medians of the rounds, percentiles of all requests; no way is measured twice in a row."""
    seen = []
    seconds = iter([1.0, 10.0, 2.0, 20.0, 4.0, 80.0])

    def run(self: bench.Bench, setup: bench.Setup, *, profile: bool = False) -> dict[str, Any]:
        seen.append(setup.beam_size)
        took = next(seconds)
        return {
            "beam_size": setup.beam_size,
            "threads": 2,
            "precision": setup.precision or "int8",
            "device": "cpu",
            "seconds": took,
            "tokens": 40,
            "latencies": [took / 4] * 4,
            "load_seconds": took,
            "peak_mb": 100 + took,
            "cuda_peak_mb": None,
        }

    monkeypatch.setattr(bench.Bench, "run", run)
    ways = bench.setups([1, 5], [1], [None], [None])
    one, five = bench.measure_all(bench.Bench("model", ["line"] * 4), ways, 3)
    assert seen == [1, 5, 1, 5, 1, 5]
    assert one["precision"] == "int8"
    assert one["sentences_per_second"] == {"median": 2.0, "min": 1.0, "max": 4.0}
    assert five["tokens_per_second"] == {"median": 2.0, "min": 0.5, "max": 4.0}
    assert one["latency_ms"] == {"p50": 500.0, "p90": 1000.0, "p99": 1000.0}
    assert five["peak_mb"] == 180.0
    assert one["load_seconds"] == 2.0


def test_memory_is_that_of_the_process() -> None:
    """What the process that started it holds does not count."""
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    code = "from nmt.translation.measuring import peak_memory; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert float(done.stdout) < peak_memory() - 200_000_000
    assert held


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--beam-size", "1,0"), "0 is not a whole number of at least 1"),
        (("--batch-size", "1;2"), "1;2 is not a whole number of at least 1"),
        (("--threads", ""), " is not a whole number of at least 1"),
        (("--precision", "float,flaot"), "flaot"),
        (("--repeat", "0"), "0 is not a whole number of at least 1"),
    ],
)
def test_wrong_usage(call_nmt: CallNmt, trained: Path, options: tuple[str, ...], said: str) -> None:
    done = call_nmt("bench", trained, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_failures_are_one_line(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "empty", ["", "  "])
    (tmp_path / "folder").mkdir()
    cases: list[tuple[tuple[str | Path, ...], str]] = [
        ((trained / "model",), "give a text by -i FILE"),
        (("nowhere",), "no model at nowhere: no such folder"),
        ((trained, "-i", "empty"), "empty: no text in it"),
        ((trained, "-i", "missing"), "missing: No such file or directory"),
        ((trained, "-i", "folder"), "folder: Is a directory"),
        (("folder", "-i", trained / "test.sources"), "no model at folder"),
        ((trained, "--device", "cuda:9"), "device=cuda:9 is not available here"),
    ]
    for arguments, said in cases:
        done = call_nmt("bench", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert said in line


def test_killed_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "PROGRAM", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(bench.BenchError, match=signal.SIGKILL.name):
        bench.Bench("model", ["line"]).run(bench.Setup(1, 1, 1, "float"))


def test_full_disk_is_told(environment: dict[str, str], trained: Path) -> None:
    program = Path(sys.executable).with_name("nmt")
    command = f"'{program}' bench '{trained}' --sentences 1 --repeat 1 --batch-size 1 > /dev/full"
    done = subprocess.run(command, shell=True, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["nmt: error: standard output: No space left on device"]
