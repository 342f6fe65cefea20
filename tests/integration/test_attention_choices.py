"""Attention as users choose it: scores of their own, models that do not attend, another temperature."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nmt import Translator
from nmt.config import SettingsError, UserError
from nmt.translation.result import NoAlignmentError
from tests.conftest import CallNmt, RunNmt
from tests.trained import TINY

OWN = """
import torch
from nmt.modules.attention import AttentionScore


class Manhattan(AttentionScore):
    def __init__(self, query_size, memory_size, *, scale: float = 10.0):
        super().__init__()
        self.scale, self.key = scale, torch.nn.Linear(memory_size, query_size)

    def project_keys(self, memory):
        return self.key(memory)

    def forward(self, query, keys, state):
        return -self.scale * torch.cdist(query, keys, p=1) / query.shape[-1]


class Other:
    pass
"""


@pytest.fixture
def _own_scores(tmp_path: Path) -> Iterator[None]:
    """A module in the folder of the test, not imported yet, and no longer when the test is over."""
    (tmp_path / "own_scores.py").write_text(OWN)
    sys.modules.pop("own_scores", None)
    yield
    sys.modules.pop("own_scores", None)


@pytest.mark.usefixtures("_own_scores")
def test_score_from_outside_is_trained_by_name_and_loaded_by_permission(
    run_nmt: RunNmt, call_nmt: CallNmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = ("model.attention.score=own_scores:Manhattan", "model.attention.options.scale=3")
    done = run_nmt("train", *TINY, *choice, "trainer.max_steps=2", "paths.output_dir=own")
    assert done.returncode == 0, done.stderr
    lost = run_nmt("translate", "own", "--allow-package", "own_scores", stdin="ten\n")
    assert "PYTHONPATH" in lost.stderr
    assert "Traceback" not in lost.stderr
    monkeypatch.syspath_prepend(tmp_path)
    refused = call_nmt("translate", "own", stdin=b"ten\n")
    assert refused.returncode == 1
    assert "--allow-package own_scores" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "own_scores" not in sys.modules
    found = run_nmt("translate", "own", "--allow-package", "own_scores", stdin="ten\n", env={"PYTHONPATH": "."})
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("\n") == 1
    allowed = ("--allow-package", "own_scores")
    for permission, left_out in (((), True), (allowed, False)):
        done = call_nmt("compare", "own", "-o", "page.html", *permission)
        assert done.returncode == 0, done.stderr
        assert ("--allow-package own_scores" in done.stderr) == left_out
        assert ("Left out: 1  own" in (tmp_path / "page.html").read_text()) == left_out


@pytest.mark.parametrize(
    ("score", "part"),
    [("own_scores:Other", "no subclass"), ("own_scores:None_", "imported"), ("gone:Score", "imported")],
)
@pytest.mark.usefixtures("_own_scores")
def test_what_is_no_score_is_refused_in_one_line(
    score: str, part: str, call_nmt: CallNmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    done = call_nmt("train", *TINY, f"model.attention.score={score}", "trainer.max_steps=2", "paths.output_dir=own")
    assert done.returncode == 1
    assert part in done.stderr.splitlines()[-1]
    assert score in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_model_without_attention_translates_and_says_that_it_has_no_alignment(
    call_nmt: CallNmt, tmp_path: Path
) -> None:
    settings = ("model.attention.score=none", "trainer.max_steps=2", "paths.output_dir=none")
    done = call_nmt("train", *TINY, *settings)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "none" / "metrics.json").read_text())
    assert "test/bleu" in figures
    assert not [name for name in figures if "attention" in name or "aer" in name]
    result = Translator.load(tmp_path / "none").translate("July tenth")
    with pytest.raises(NoAlignmentError, match="does not attend"):
        print(result.alignment)
    assert "svg" not in result._repr_html_()
    with pytest.raises(UserError, match="no alignment"):
        Translator.load(tmp_path / "none").align("July tenth", "zehnten Juli")
    shown = call_nmt("translate", "none", "--format", "jsonl", stdin=b"July tenth\n")
    assert "alignment" not in json.loads(shown.stdout)["hypotheses"][0]
    refused = call_nmt("translate", "none", "--alignments", "links", stdin=b"July tenth\n")
    assert refused.returncode == 1
    assert "no alignment" in refused.stderr
    assert not (tmp_path / "links").exists()
    assert call_nmt("compare", "none", "-o", "page.html").returncode == 0
    assert "Left out: 1  none" in (tmp_path / "page.html").read_text()


def test_temperature_sharpens_and_flattens_alignments(translator: Translator) -> None:
    line = "at half past five on July tenth"
    plain, sharp, flat = (
        translator.translate(line, attention_temperature=value).alignment.matrix for value in (None, 0.2, 20.0)
    )
    for matrix in (plain, sharp, flat):
        np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-5)
    assert sharp.max(1).mean() > plain.max(1).mean() > flat.max(1).mean()
    assert flat.max() < 0.5


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_temperature_must_be_above_zero(translator: Translator, value: float) -> None:
    with pytest.raises(SettingsError, match="attention_temperature"):
        translator.translate("ten", attention_temperature=value)
