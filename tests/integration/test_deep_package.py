"""A model of many layers from training to translation: what is read back translates as before."""

import json
from pathlib import Path

import pytest
import torch

from nmt import Translator
from nmt.translation import save_package
from nmt.translation.package import load_package
from tests.conftest import CallNmt
from tests.trained import TINY

DEEP = (
    *("model.encoder_layers=2", "model.decoder_layers=2", "model.encoder_merge=sum"),
    *("model.residual=true", "model.layer_norm=true", "model.variational_dropout=true"),
)
SOURCES = ["three apples", "", "the second of May", "forty-two euros"]


@pytest.mark.parametrize("model", ["bahdanau", "luong"])
def test_deep_model_is_trained_saved_and_read(call_nmt: CallNmt, tmp_path: Path, model: str) -> None:
    score = "model.attention.score=general"
    done = call_nmt("train", *TINY, *DEEP, f"model={model}", score, "trainer.max_steps=4", "paths.output_dir=run")
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "run/model/config.json").read_text(encoding="utf-8"))["model"]
    expected = {"encoder_merge": "sum", "residual": True, "layer_norm": True, "variational_dropout": True}
    assert {name: settings[name] for name in expected} == expected

    package = load_package(tmp_path / "run")
    save_package(tmp_path / "copy", package)
    again = load_package(tmp_path / "copy")
    assert again.settings == package.settings
    for (name, one), (other_name, other) in zip(
        package.model.named_parameters(), again.model.named_parameters(), strict=True
    ):
        assert name == other_name
        assert torch.equal(one, other)
    first, second = (Translator.load(tmp_path / name).translate(SOURCES) for name in ("run", "copy"))
    assert [one.text for one in first] == [one.text for one in second]
    assert first[1].text == ""


def test_package_without_the_settings_is_a_plain_model(call_nmt: CallNmt, tmp_path: Path) -> None:
    done = call_nmt("train", *TINY, "trainer.max_steps=2", "paths.output_dir=run")
    assert done.returncode == 0, done.stderr
    before = Translator.load("run").translate(SOURCES)
    config = tmp_path / "run/model/config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    for name in ("encoder_merge", "residual", "layer_norm", "variational_dropout"):
        del settings["model"][name]
    config.write_text(json.dumps(settings), encoding="utf-8")
    assert [one.text for one in Translator.load("run").translate(SOURCES)] == [one.text for one in before]
