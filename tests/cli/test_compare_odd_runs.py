"""`nmt compare` with runs as they turn up: repeated, of older releases, damaged, half written."""

import json
import shutil
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU

from nmt.evaluation.runs import read_run
from nmt.training.report import METRICS, forget_report
from tests.conftest import CallNmt
from tests.runs import REFERENCES, SIGNATURE, attention, compared, make_run, noisy, tables

PLAIN = ("--bootstrap", "0")


def bleu(noise: float) -> float:
    return float(BLEU().corpus_score(noisy(noise), [REFERENCES]).score)


def test_what_ends_training_is_a_setting_and_what_shows_it_is_none(call_nmt: CallNmt, tmp_path: Path) -> None:
    for name, patience, every in (("a", 10, 50), ("b", 2, 50), ("c", 2, 100)):
        early = {"_target_": "nmt.training.callbacks.EarlyStopping", "patience": patience}
        settings = {"callbacks": {"early_stopping": early, "samples": {"count": every}}}
        make_run(tmp_path / name, 0.1, {**attention("dot"), **settings, "trainer": {"log_every_n_steps": every}})
    rows = compared(call_nmt, "a", "b", *PLAIN)["Runs"]
    assert [row["run"] for row in rows] == ["patience=10", "patience=2"]
    rows = compared(call_nmt, "b", "c", *PLAIN)["Runs"]
    assert [row["run"] for row in rows] == ["b", "c"]


def test_runs_of_one_seed_count_as_their_mean(call_nmt: CallNmt, tmp_path: Path) -> None:
    for name, noise, seed in (("a", 0.1, 1), ("again", 0.4, 1), ("b", 0.2, 2)):
        make_run(tmp_path / name, noise, attention("dot", seed), {"test/aer": noise})
    values = [fmean([bleu(0.1), bleu(0.4)]), bleu(0.2)]
    for order in (("a", "again", "b"), ("b", "again", "a")):
        (row,) = compared(call_nmt, *order, *PLAIN)["Groups of seeds"]
        assert (row["group"], row["n"]) == ("all", "2")
        assert row["BLEU"] == f"{fmean(values):.2f} ± {stdev(values):.2f}"
        assert row["AER"] == f"{fmean([0.25, 0.2]):.3f} ± {stdev([0.25, 0.2]):.3f}"


def test_runs_of_older_releases_mean_the_defaults(call_nmt: CallNmt, tmp_path: Path) -> None:
    old: dict[str, Any] = {"model": {"attention": {"score": "dot"}}, "seed": 1}
    new: dict[str, Any] = {"model": {"attention": {"score": "dot", "heads": 1}, "residual": False}, "seed": 2}
    make_run(tmp_path / "old", 0.1, old)
    make_run(tmp_path / "new", 0.2, {**new, "coverage_loss": 0.0})
    found = compared(call_nmt, "old", "new", *PLAIN)
    assert [row["run"] for row in found["Runs"]] == ["seed=1", "seed=2"]
    assert [row["n"] for row in found["Groups of seeds"]] == ["2"]


def test_run_without_settings_leaves_names_alone(call_nmt: CallNmt, tmp_path: Path) -> None:
    for name, noise, settings in (("a", 0.1, attention("dot")), ("b", 0.2, attention("cosine")), ("lost", 0.3, None)):
        make_run(tmp_path / name, noise, settings)
    rows = compared(call_nmt, "a", "b", "lost", *PLAIN)["Runs"]
    assert [row["run"] for row in rows] == ["score=dot", "score=cosine", "lost"]


def test_figures_that_are_no_numbers_are_blank(call_nmt: CallNmt, tmp_path: Path) -> None:
    for seed, rate in enumerate((float("nan"), float("inf"), 10**400, 0.25), 1):
        make_run(tmp_path / str(seed), 0.1 * seed, attention("dot", seed), {"test/aer": rate})
    found = compared(call_nmt, "1", "2", "3", "4", *PLAIN)
    assert [row["AER"] for row in found["Runs"]] == ["", "", "", "0.250"]
    assert "AER" not in found["Groups of seeds"][0]


def test_runs_of_different_tokenisers_are_not_compared(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.1)
    make_run(tmp_path / "b", 0.1, None, {"signature": SIGNATURE.replace("13a", "char")})
    done = call_nmt("compare", "a", "b")
    assert (done.returncode, done.stdout) == (1, "")
    assert "BLEU of a is of tok:13a, that of b of tok:char" in done.stderr
    make_run(tmp_path / "ja", 0.1, None, {"signature": SIGNATURE.replace("13a", "ja-mecab-0.996-IPA")})
    assert read_run(tmp_path / "ja").tokenizer == "ja-mecab"


@pytest.mark.parametrize(
    "content",
    [
        *(
            "{",
            "[]",
            "[" * 100_000,
            '{"train": [], "valid": [1]}',
            '{"train": null, "valid": []}',
            '{"train": ["step"]}',
        ),
    ],
)
def test_damaged_curves_are_no_curves(content: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", 0.1)
    (run / "curves.json").write_text(content)
    assert read_run(run).curves() is None


def test_points_of_curves_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", 0.1)
    points = [{"step": 1, "loss": 2.5}, {"step": None, "loss": 1}, {"step": 2, "loss": float("nan")}, {"step": "3"}]
    (run / "curves.json").write_text(json.dumps({"train": points, "valid": []}))
    assert read_run(run).curves() == {"train": [{"step": 1.0, "loss": 2.5}, {"step": 2.0}], "valid": []}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        *(("metrics.json", text) for text in ("", "[" * 100_000)),
        *(("config.yaml", text) for text in ("[1", "[1]", "[" * 5_000, "a: &a {b: *a}")),
    ],
)
def test_broken_run_is_refused_by_name_and_left_out_of_a_sweep(
    file: str, content: str, call_nmt: CallNmt, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (0, 1):
        make_run(tmp_path / "sweep" / str(number), 0.1, attention("dot", number))
    (tmp_path / "sweep" / "1" / file).write_text(content)
    done = call_nmt("compare", "sweep/0", "sweep/1", *PLAIN)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{Path('sweep/1') / file} is damaged" in done.stderr
    done = call_nmt("compare", "sweep", *PLAIN)
    assert done.returncode == 0
    assert done.stdout.count("\n|   1 | ") == 2
    assert "sweep/1 is left out" in caplog.text


def test_stray_settings_hide_no_runs(call_nmt: CallNmt, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_run(tmp_path / "sweep" / "0", 0.1)
    (tmp_path / "sweep" / "1").mkdir()
    for folder in ("sweep", "sweep/1"):
        (tmp_path / folder / "config.yaml").write_text("seed: 1\n")
    done = call_nmt("compare", "sweep", *PLAIN)
    assert [row["folder"] for row in tables(done.stdout)["Runs"]] == ["sweep/0"]
    assert "sweep/1 is left out: no metrics.json" in caplog.text


def test_models_that_cannot_be_read_are_left_out(call_nmt: CallNmt, tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", 0.1)
    (run / "model" / "model.safetensors").mkdir(parents=True)
    (run / "model" / "config.json").mkdir()
    done = call_nmt("compare", "a", *PLAIN, "-o", "page.html")
    assert done.returncode == 0, done.stderr
    assert "Left out: 1  a" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_run_that_goes_on_is_not_finished(call_nmt: CallNmt, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_run(tmp_path / "x" / "a", 0.1)
    shutil.copytree(make_run(tmp_path / "x" / "b", 0.1), tmp_path / "kept")
    (tmp_path / "x" / "b" / "config.yaml").write_text("seed: 1\n")
    forget_report(tmp_path / "x" / "b")
    assert not (tmp_path / "x" / "b" / METRICS).exists()
    assert call_nmt("compare", "x", *PLAIN).returncode == 0
    assert "b is left out: no metrics.json" in caplog.text
