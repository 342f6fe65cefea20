"""`--ensemble`: several models that translate, score and align together."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nmt import Translator
from nmt.config import SettingsError
from nmt.translation import loading
from tests.conftest import CallNmt
from tests.trained import lines_of, write_lines


def test_a_model_with_itself_is_itself(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "in", lines_of(trained / "test.sources")[:30])
    options = ("-i", "in", "--format", "jsonl", "--beam-size", 3, "--n-best", 2)
    alone = call_nmt("translate", trained, *options)
    twice = call_nmt("translate", trained, "--ensemble", trained, *options)
    assert (twice.returncode, twice.stderr) == (0, "")
    for mine, its in zip(twice.stdout.splitlines(), alone.stdout.splitlines(), strict=True):
        for one, other in zip(json.loads(mine)["hypotheses"], json.loads(its)["hypotheses"], strict=True):
            assert one["text"] == other["text"]
            assert one["score"] == pytest.approx(other["score"], abs=1e-4)
            assert one["alignment"] == other["alignment"]


def numbers(text: str) -> list[float]:
    return [float(one) for one in text.split()]


def test_given_pairs_and_pictures(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "en", ["three eggs", "room five"])
    write_lines(tmp_path / "de", ["drei Eier", "Zimmer fünf"])
    pair = ("--source", "en", "--target", "de")
    for command in ("score", "align"):
        alone, twice = (call_nmt(command, trained, *more, *pair) for more in ((), ("--ensemble", trained)))
        assert twice.returncode == 0
        if command == "score":
            assert numbers(twice.stdout) == pytest.approx(numbers(alone.stdout), abs=1e-4)
        else:
            assert twice.stdout == alone.stdout
    both = call_nmt("align", trained, "--ensemble", trained, "--posterior", *pair, "--format", "jsonl")
    for line in both.stdout.splitlines():
        assert np.allclose(np.sum(json.loads(line)["matrix"], axis=1), 1, atol=1e-4)
    drawn = call_nmt("heatmap", trained, "three eggs", "--ensemble", trained)
    assert drawn.returncode == 0, drawn.stderr


def test_members_are_named_that_do_not_fit(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call_nmt: CallNmt
) -> None:
    missing = call_nmt("translate", trained, "--ensemble", "none")
    assert missing.returncode == 1
    assert len(missing.stderr.splitlines()) == 1
    assert "none" in missing.stderr
    with pytest.raises(SettingsError, match="no model"):
        Translator.load([])
    models = {"a": b"1", "b": b"2"}
    side = SimpleNamespace(model=b"0")
    packages = {name: SimpleNamespace(source=side, target=SimpleNamespace(model=one)) for name, one in models.items()}
    monkeypatch.setattr(loading, "load_package", lambda path, allowed: packages[path])
    with pytest.raises(SettingsError, match=r"^b has another target vocabulary than a:"):
        Translator.load(["a", "b"])
