"""`nmt translate --sample`: translations that are drawn, each with its alignment."""

import json
from pathlib import Path

import pytest

from nmt import Translator
from tests.conftest import CallNmt
from tests.trained import lines_of, write_lines

OPTIONS = ("--sample", "--n-best", 7, "--format", "jsonl", "--temperature", "1.5")


def test_draws_are_told_with_their_alignments(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "in", lines_of(trained / "test.sources")[:6])
    once, again, alone, other = (
        call_nmt("translate", trained, "-i", "in", *OPTIONS, *more)
        for more in ((), (), ("--batch-size", 1), ("--seed", 2, "--top-k", 5, "--top-p", 0.9))
    )
    assert (once.returncode, once.stderr, other.returncode) == (0, "", 0)
    assert once.stdout == again.stdout != other.stdout
    for line, same in zip(once.stdout.splitlines(), alone.stdout.splitlines(), strict=True):
        found, hypotheses = json.loads(line)["hypotheses"], json.loads(same)["hypotheses"]
        assert [one["text"] for one in found] == [one["text"] for one in hypotheses]
        assert len(found) == 7
        assert len({one["text"] for one in found}) > 1
        assert all(one["alignment"] for one in found)


def test_python(trained: Path) -> None:
    translator = Translator.load(trained)
    result = translator.translate("three eggs", sample=True, n_best=2, seed=5)
    assert result.hypotheses[0].score >= result.hypotheses[1].score
    assert result.alignment.matrix.sum(1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("option", ["--temperature", "--top-k", "--top-p", "--seed"])
def test_options_of_sampling_need_it(call_nmt: CallNmt, tmp_path: Path, option: str) -> None:
    done = call_nmt("translate", "none", option, "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{option} needs --sample" in done.stderr
