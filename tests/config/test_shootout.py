"""The recipe of the shoot-out: its runs, of equal size where it says so, and its tables."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from nmt.config import Vocabulary
from nmt.modules.build import build_model
from nmt.training.resolve import resolve
from recipes.attention_shootout import report, run
from tests.config.test_conf import composed

FOLDER = Path(report.__file__).parent
PIECES = Vocabulary(size=2000, pad_id=0, bos_id=1, eos_id=2, unk_id=3)


def parameters(trial: run.Trial) -> int:
    settings = resolve(composed(*trial.overrides))
    return sum(one.numel() for one in build_model(settings.model, PIECES, PIECES).parameters())


def test_every_score_meets_every_decoder() -> None:
    trials = list(run.phrasebook([1, 2, 3]))
    assert len({trial.name for trial in trials}) == len(trials) == 3 * len(run.SCORES) * len(run.DECODERS)
    for trial in trials[: len(run.SCORES) * len(run.DECODERS)]:
        settings = resolve(composed(*trial.overrides))
        assert trial.name == f"phrasebook/{settings.model.decoder}-{settings.model.attention.score}-1"


def test_attentions_are_compared_at_equal_size() -> None:
    sizes = [parameters(trial) for trial in run.tatoeba([1])]
    assert len(sizes) == 7
    assert max(sizes) < 1.005 * min(sizes)


def test_finished_runs_stay_and_interrupted_ones_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ROOT", tmp_path)
    trial = run.Trial("tatoeba/dot-1", ("model.attention.score=dot", "seed=1"))
    assert trial.command()[1:] == ["train", *trial.overrides, f"paths.output_dir={trial.folder}"]
    (tmp_path / trial.folder / "checkpoints").mkdir(parents=True)
    (tmp_path / trial.folder / "checkpoints" / "last.ckpt").touch()
    assert trial.command()[1:] == ["train", f"resume={trial.folder}"]
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a finished run was trained again"))
    (tmp_path / trial.folder / "metrics.json").touch()
    assert run.finish(trial) is None


def found(bleu: Mapping[str, Sequence[float]]) -> report.Figures:
    return {name: [{"test/bleu": value} for value in values] for name, values in bleu.items()}


def test_differences_are_real_beyond_two_deviations() -> None:
    # Deviations of 1; so 2 √(1 + 1) = 2.83 is the least real difference.
    table = report.differences(
        found({"additive": [9, 10, 11], "dot": [11.8, 12.8, 13.8], "general": [11.9, 12.9, 13.9]})
    )
    assert table.head == ["", "additive", "dot", "general"]
    assert [list(row) for row in table.rows] == [
        ["additive", "", "-2.80", "-2.90*"],
        ["dot", "+2.80", "", "-0.10"],
        ["general", "+2.90*", "+0.10", ""],
    ]


@pytest.mark.parametrize(("sign", "marks"), [(1, " =^"), (-1, "^= ")])
def test_grid_marks_the_best_and_its_equals(sign: int, marks: str) -> None:
    seeds: dict[str, list[float]] = {
        "bahdanau-additive": [9.0, 10, 11],
        "bahdanau-dot": [11, 12, 13],
        "bahdanau-scaled_dot": [12.9, 13.9, 14.9],
    }
    table = report.grid("BLEU", found(seeds), "test/bleu", 1, sign=sign)
    assert [row[1][-1] for row in table.rows[:3]] == list(marks)
    assert table.rows[0][1].startswith("10.0 ± 1.0")
    assert table.rows[3][1:] == ["", "", "", ""]


def test_figures_are_read_in_the_order_of_seeds(tmp_path: Path) -> None:
    for seed in (10, 9, 1):
        (tmp_path / f"luong-scaled_dot-{seed}").mkdir()
        figures = {"test/bleu": seed / 2, "parameters": 7}
        (tmp_path / f"luong-scaled_dot-{seed}" / "metrics.json").write_text(json.dumps(figures))
    (tmp_path / "luong-dot-1").mkdir()  # not finished
    found = report.read(tmp_path)
    assert {name: [one["seed"] for one in seeds] for name, seeds in found.items()} == {"luong-scaled_dot": [1, 9, 10]}
    assert [one["seed"] for one in report.read(tmp_path, [9, 1])["luong-scaled_dot"]] == [1, 9]
    (record,) = report.records("phrasebook", found)
    assert record.pop("command").endswith("run phrasebook")
    assert record == {
        "model": "phrasebook/luong-scaled_dot",
        "seeds": [1, 9, 10],
        "parameters": 7,
        "test/bleu": [0.5, 4.5, 5.0],
    }


def recorded(part: str) -> report.Figures:
    records = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return {
        one["model"].removeprefix(f"{part}/"): [
            {"parameters": one["parameters"], **{name: one[name][place] for name in report.RECORDED if name in one}}
            for place in range(len(one["seeds"]))
        ]
        for one in records
        if one["model"].startswith(f"{part}/")
    }


def test_results_are_those_on_record() -> None:
    page = report.page(recorded("phrasebook"), recorded("tatoeba"))
    assert page == (FOLDER / "RESULTS.md").read_text(encoding="utf-8")
    assert "192 runs on the phrasebook, 28 on Tatoeba" in page


def test_readme_quotes_what_is_on_record() -> None:
    rows = (FOLDER / "README.md").read_text(encoding="utf-8").replace("*", "").split("\n")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("| ")]
    labels = {"general_local_p": "general, window local-p of 5"}
    for name, seeds in recorded("tatoeba").items():
        bleu = report.spread(seeds, "test/bleu")
        assert bleu is not None
        assert [labels.get(name, name), bleu.show(1)] in [row[:2] for row in cells]
    phrases = recorded("phrasebook")
    for name in ("cosine", "squared_euclidean", "euclidean", "dot", "general", "additive", "uniform", "none"):
        spreads = [report.spread(phrases[f"{decoder}-{name}"], "test/bleu") for decoder in ("bahdanau", "conditional")]
        assert [name, *(one.show(1) for one in spreads if one)] in [row[:3] for row in cells]
