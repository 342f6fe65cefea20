"""`nmt compare`: runs side by side, with the figures of sacreBLEU, named by what sets them apart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from nmt.visual.tables import Table, in_markdown, markdown, table_html
from tests.conftest import CallNmt
from tests.runs import REFERENCES, SIGNATURE, attention, compared, make_run, noisy, tables, train_sweep
from tests.trained import write_lines


def test_scores_are_those_of_sacrebleu_and_of_evaluate(call_nmt: CallNmt, tmp_path: Path) -> None:
    figures = {
        "test/aer": 0.125,
        "test/attention_relative_entropy": 0.3333,
        "test/attention_end_weight": 0.05,
        "train_tokens_per_second": 12345.6,
    }
    make_run(tmp_path / "a", 0.3, attention("dot"))
    make_run(tmp_path / "b", 0.1, attention("cosine"), figures)
    make_run(tmp_path / "c", 0.12, attention("general"))
    first, second, third = compared(call_nmt, "a", "b", "c")["Runs"]
    assert [row["run"] for row in (first, second, third)] == [
        f"score={score}" for score in ("cosine", "general", "dot")
    ]
    for row, noise in ((first, 0.1), (second, 0.12), (third, 0.3)):
        bleu, chrf = (metric.corpus_score(noisy(noise), [REFERENCES]).score for metric in (BLEU(), CHRF()))
        assert row["BLEU"].startswith(f"{bleu:.2f} ± ")
        assert row["chrF2"].startswith(f"{chrf:.2f} ± ")
    done = call_nmt("evaluate", "b", "c", "a", "--format", "json")
    for row, system in zip((first, second, third), json.loads(done.stdout)["systems"], strict=True):
        assert row["BLEU"] == f"{system['bleu']['score']:.2f} ± {system['bleu']['margin']:.2f}"
    assert third["folder"] == "a"
    assert (first["AER"], first["attention entropy"], first["weight on \\</s\\>"]) == ("0.125", "0.333", "0.050")
    assert (first["tokens/s"], first["parameters"]) == ("12,346", "1,234,567")
    assert (second["AER"], second["tokens/s"]) == ("", "")


def test_p_is_against_the_best(call_nmt: CallNmt, tmp_path: Path) -> None:
    for name, noise in (("a", 0.5), ("b", 0.1)):
        make_run(tmp_path / name, noise)
    done = call_nmt("compare", "a", "b")
    lines = [line for line in done.stdout.split("\n## ")[1].split("\n") if line.startswith("|")]
    best, worse = ([cell.strip() for cell in line.split("|")] for line in lines[2:])
    assert best[2:5:2] == ["b", ""]
    assert worse[2] == "a"
    assert worse[4].endswith("*")
    assert float(worse[4][:-1]) < 0.05
    assert "AER" not in lines[0]
    assert "BLEU: nrefs:1|bs:1000|seed:12345|" in done.stdout


def test_one_run_and_no_bootstrap(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "only", 0.2, attention("dot"))
    found = compared(call_nmt, "only")
    (row,) = found["Runs"]
    assert (row["run"], "p" in row) == ("only", False)
    assert "Groups of seeds" not in found
    (row,) = compared(call_nmt, "only", "--bootstrap", "0")["Runs"]
    assert "±" not in row["BLEU"]


def test_lengths(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.2)
    lines, row = compared(call_nmt, "a")["BLEU by words of the source"]
    ranges = list(lines)[2:]
    assert sum(int(lines[one]) for one in ranges) == 60
    start, end = map(int, ranges[0].split("-"))
    chosen = [index for index, line in enumerate(REFERENCES) if start <= len(line.split()) <= end]
    expected = BLEU().corpus_score([noisy(0.2)[i] for i in chosen], [[REFERENCES[i] for i in chosen]]).score
    assert row[ranges[0]] == f"{expected:.2f}"
    (tmp_path / "a" / "test.sources").unlink()
    assert list(compared(call_nmt, "a")) == ["Runs"]


def test_folders_are_searched_in_the_order_of_numbers(call_nmt: CallNmt, tmp_path: Path) -> None:
    for number in (10, 9, 2):
        make_run(tmp_path / "sweep" / "time" / str(number), 0.2)
    (tmp_path / "sweep" / "latest").symlink_to("time")
    (tmp_path / "sweep" / "time" / "latest").symlink_to("10")
    done = call_nmt("compare", "sweep", "sweep/time/2", "sweep/latest", "--bootstrap", "0")
    rows = tables(done.stdout)["Runs"]  # of equal scores, so in the order found
    assert [row["run"] for row in rows] == ["2", "9", "10"]
    assert [row["folder"] for row in rows] == [f"sweep/time/{number}" for number in (2, 9, 10)]


def test_names_without_what_does_not_matter(call_nmt: CallNmt, tmp_path: Path) -> None:
    optimizer = {"optimizer": {"_target_": "torch.optim.Adam", "betas": [0.9, 0.98]}}
    make_run(tmp_path / "x" / "run", 0.1, {**attention("dot"), "logger": {"csv": 1}})
    make_run(tmp_path / "y" / "run", 0.2, {**attention("dot", 2), **optimizer})
    names = [row["run"] for row in compared(call_nmt, "x", "y", "--bootstrap", "0")["Runs"]]
    assert names == ["seed=1", r"optimizer=Adam betas=\[0.9, 0.98\] seed=2"]
    make_run(tmp_path / "y" / "run", 0.2, attention("dot"))
    assert [row["run"] for row in compared(call_nmt, "x", "y", "--bootstrap", "0")["Runs"]] == ["x/run", "y/run"]
    make_run(tmp_path / "z", 0.3, attention("cosine"))
    names = [row["run"] for row in compared(call_nmt, "x", "y", "z", "--bootstrap", "0")["Runs"]]
    same = "score=dot"
    assert names == [f"{same} (x/run)", f"{same} (y/run)", "score=cosine"]


def test_groups_of_seeds(call_nmt: CallNmt, tmp_path: Path) -> None:
    noises = {("dot", 1): 0.10, ("dot", 2): 0.12, ("cosine", 1): 0.5, ("cosine", 2): 0.52, ("general", 1): 0.3}
    for (score, seed), noise in noises.items():
        make_run(tmp_path / f"{score}{seed}", noise, attention(score, seed), {"test/aer": noise})
    make_run(tmp_path / "dot1again", 0.10, attention("dot", 1))
    arguments = [f"{score}{seed}" for score, seed in noises]
    bleu = {key: BLEU().corpus_score(noisy(noise), [REFERENCES]).score for key, noise in noises.items()}
    rows = compared(call_nmt, *arguments, "--bootstrap", "0")["Groups of seeds"]
    assert [row["group"] for row in rows] == [f"score={s}" for s in ("dot", "general", "cosine")]
    assert [row["n"] for row in rows] == ["2", "1", "2"]
    for row, score in ((rows[0], "dot"), (rows[2], "cosine")):
        one, other = bleu[score, 1], bleu[score, 2]
        deviation = abs(one - other) / 2**0.5  # of two values, with n - 1
        assert row["BLEU"] == f"{(one + other) / 2:.2f} ± {deviation:.2f}"
    assert rows[0]["AER"] == "0.110 ± 0.014"
    assert rows[1]["BLEU"] == f"{bleu['general', 1]:.2f}"
    assert [row["beyond 2 sd"] for row in rows] == ["", "", "yes"]
    best = (bleu["dot", 1] + bleu["dot", 2]) / 2
    assert rows[1]["BLEU to best"] == f"{bleu['general', 1] - best:+.2f}"
    done = call_nmt("compare", *arguments, "dot1again", "--bootstrap", "0")
    assert tables(done.stdout)["Groups of seeds"][0]["n"] == "2"  # a seed that ran twice counts once


def test_difference_within_the_deviations(call_nmt: CallNmt, tmp_path: Path) -> None:
    for (score, seed), noise in {("a", 1): 0.1, ("a", 2): 0.4, ("b", 1): 0.2, ("b", 2): 0.38}.items():
        make_run(tmp_path / f"{score}{seed}", noise, attention(score, seed))
    rows = compared(call_nmt, "a1", "a2", "b1", "b2", "--bootstrap", "0")["Groups of seeds"]
    assert rows[1]["beyond 2 sd"] == "no"


def test_seeds_alone_are_one_group(call_nmt: CallNmt, tmp_path: Path) -> None:
    for seed in (1, 2):
        make_run(tmp_path / str(seed), 0.1 * seed, attention("dot", seed))
    found = compared(call_nmt, "1", "2", "--bootstrap", "0")
    assert [row["run"] for row in found["Runs"]] == ["seed=1", "seed=2"]
    assert [(row["group"], row["n"]) for row in found["Groups of seeds"]] == [("all", "2")]


def test_unfinished_runs_are_left_out(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "1", 0.1, attention("dot"))
    (make_run(tmp_path / "runs" / "2", 0.1, attention("dot", 2)) / "metrics.json").unlink()
    (make_run(tmp_path / "runs" / "3", 0.1) / "test.hypotheses").unlink()
    done = call_nmt("compare", "runs", "--bootstrap", "0")
    assert done.returncode == 0
    second, third = done.stderr.splitlines()
    assert "runs/2 is left out: no metrics.json" in second
    assert "runs/3 is left out: no test.hypotheses" in third
    assert len(tables(done.stdout)["Runs"]) == 1


def test_tokeniser_is_that_of_the_run(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.1, attention("dot"), {"signature": SIGNATURE.replace("13a", "none")})
    assert "|tok:none|" in call_nmt("compare", "a", "--bootstrap", "0").stdout
    make_run(tmp_path / "a", 0.1, {"data": {"target_lang": "zh"}}, {"signature": "tok:unheard-of-1.0|"})
    assert "|tok:zh|" in call_nmt("compare", "a", "--bootstrap", "0").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, ("DIRECTORY",)),
        (("missing",), 1, ("missing is no folder",)),
        (("empty",), 1, ("empty: no finished run", "resume=")),
        (("good", "other"), 1, ("good/test.references", "other/test.references", "differ", "nmt evaluate")),
        (("short",), 1, ("short", "59 lines", "60")),
        (("damaged",), 1, ("damaged/metrics.json", "JSON")),
        (("listed",), 1, ("listed/metrics.json", "names and values")),
        (("tabs",), 1, ("tabs/config.yaml", "YAML")),
        (("good", "--bootstrap", "x"), 2, ("--bootstrap",)),
    ],
)
def test_wrong_uses(
    call_nmt: CallNmt, tmp_path: Path, arguments: tuple[str, ...], status: int, said: tuple[str, ...]
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("good", "other", "short", "damaged", "listed", "tabs"):
        make_run(tmp_path / name, 0.1)
    write_lines(tmp_path / "other" / "test.references", REFERENCES[::-1])
    write_lines(tmp_path / "short" / "test.hypotheses", REFERENCES[1:])
    write_lines(tmp_path / "damaged" / "metrics.json", ["{"])
    write_lines(tmp_path / "listed" / "metrics.json", ["[]"])
    write_lines(tmp_path / "tabs" / "config.yaml", ["a: [\t"])
    done = call_nmt("compare", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    (answer,) = done.stderr.splitlines()
    for one in said:
        assert one in answer


HOSTILE = "a|b *c* _d_ snake_case <b>&amp;\n`e` [f](g) \\"


def test_cells_show_what_they_hold() -> None:
    assert in_markdown(HOSTILE) == r"a|b \*c\* \_d\_ snake_case \<b\>\&amp; \`e\` \[f\](g) " + "\\\\"
    table = Table("T", ["x"], [[HOSTILE]], frozenset({0}))
    row = markdown(table).split("\n")[4]
    assert row.startswith(r"| a\|b \*c")
    assert row.count("|") - row.count(r"\|") == 2
    assert "<b>" not in table_html(table)
    assert "&lt;b&gt;&amp;amp;" in table_html(table)


def test_hostile_settings_and_folders(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "a|b", 0.1, attention("x|y\n| z"))
    make_run(tmp_path / "c", 0.2, attention("<script>"))
    first, second = compared(call_nmt, "a|b", "c", "--bootstrap", "0")["Runs"]
    assert (first["run"], first["folder"]) == (r"score=x\|y \| z", r"a\|b")
    assert second["run"] == r"score=\<script\>"


def test_torch_is_not_loaded(tmp_path: Path, environment: dict[str, str]) -> None:
    make_run(tmp_path / "a", 0.1, attention("dot"))
    make_run(tmp_path / "b", 0.2, attention("cosine"))
    heavy = "{'torch', 'matplotlib', 'hydra', 'lightning'}"
    code = f"import sys; from nmt.cli.compare import run; run(sys.argv[1:]); sys.exit(bool({heavy} & set(sys.modules)))"
    command = [sys.executable, "-W", "error", "-c", code, "a", "b", "--bootstrap", "0"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def sweep(session_folder: Path, environment: dict[str, str]) -> Path:
    return train_sweep(session_folder, environment)


def test_real_sweep(call_nmt: CallNmt, sweep: Path) -> None:
    found = compared(call_nmt, sweep, "--bootstrap", "20")
    assert {row["run"] for row in found["Runs"]} == {
        f"score={score} seed={seed}" for score in ("additive", "cosine") for seed in (1, 2)
    }
    for row in found["Runs"]:
        metrics = json.loads((Path(row["folder"].replace("\\", "")) / "metrics.json").read_text(encoding="utf-8"))
        assert row["AER"] == f"{metrics['test/aer']:.3f}"
        assert row["tokens/s"] == f"{metrics['train_tokens_per_second']:,.0f}"
        assert row["BLEU"].startswith(f"{metrics['test/bleu']:.2f}")
    assert [row["n"] for row in found["Groups of seeds"]] == ["2", "2"]
