"""What a run leaves behind."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from nmt import Translator
from nmt.data.phrasebook import phrasebook
from nmt.data.tokenizer import Tokenizer
from tests.conftest import CallNmt
from tests.trained import TINY, lines_of, write_lines

PACKAGE = {"README.md", "config.json", "model.safetensors", "source.spm", "target.spm"}
TEST_FILES = {"test.sources", "test.references", "test.hypotheses"}


def config_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def text(tmp_path: Path) -> dict[str, int]:
    """Parallel text of one's own in the folder `text`; returns the number of lines of each part."""
    sizes = {"train": 60, "valid": 6, "test": 5}
    book = phrasebook("en", "de", **sizes)
    for part in sizes:
        phrases = getattr(book, part)
        write_lines(tmp_path / "text" / f"{part}.en", [phrase.source for phrase in phrases])
        write_lines(tmp_path / "text" / f"{part}.de", [phrase.target for phrase in phrases])
    return sizes


OWN = (*TINY[:4], "data.train=text/train", "data.valid=text/valid", "trainer.max_steps=2")


def test_run_holds_all_its_files(trained: Path) -> None:
    assert names(trained) == {
        *("README.md", "config.yaml", "metrics.json", "train.log", "curves.png", "curves.json"),
        *("logs", "checkpoints", "model", "validation"),
        *TEST_FILES,
    }
    assert names(trained / "checkpoints") == {"last.ckpt", "best.ckpt"}
    assert names(trained / "model") == PACKAGE
    assert {len(lines_of(trained / name)) for name in TEST_FILES} == {200}


def test_configuration_is_resolved(trained: Path) -> None:
    config = config_of(trained)
    assert config["data"]["tokenizer"]["joint"] is False
    assert config["data"]["tokenizer"]["size"] == 110
    assert config["data"]["batch_tokens"] == 1024
    assert config["model"]["tying"] == "target"
    assert config["model"]["attention"]["score"] == "general"
    assert not [name for name, value in config["model"].items() if value is None]
    assert config["trainer"]["max_epochs"] or config["trainer"]["max_steps"] > 0
    assert config["paths"]["output_dir"] == str(trained)
    text = (trained / "config.yaml").read_text(encoding="utf-8")
    assert "${" not in text.replace("${paths.output_dir}", "")  # which moves with the run


def test_checkpoints_hold_plain_data(trained: Path) -> None:
    for name in ("last.ckpt", "best.ckpt"):
        checkpoint = torch.load(trained / "checkpoints" / name, weights_only=True)
        assert checkpoint["state_dict"]
        assert checkpoint["optimizer_states"]


def test_best_checkpoint_is_the_package(trained: Path) -> None:
    best = torch.load(trained / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    for name, weights in load_file(trained / "model" / "model.safetensors").items():
        torch.testing.assert_close(best[f"model.{name}"], weights, rtol=0, atol=0)


def test_package_describes_itself(trained: Path) -> None:
    settings = json.loads((trained / "model" / "config.json").read_text(encoding="utf-8"))
    assert settings["format"] == 1
    assert (settings["source_lang"], settings["target_lang"], settings["links"]["threshold"]) == ("en", "de", None)
    assert settings["model"]["decoder"] == "luong"
    assert settings["metrics"]["valid/bleu"] > 90
    card = (trained / "model" / "README.md").read_text(encoding="utf-8")
    assert "luong" in card
    assert "nmt translate" in card


def test_tied_weights_are_stored_once(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    weights = load_file(trained / "model" / "model.safetensors")
    assert sum(weight.numel() for weight in weights.values()) == metrics["parameters"]
    assert [tuple(weight.shape) for weight in weights.values()].count((110, 64)) == 2  # source and target embeddings


def test_two_steps_end_with_figures_and_a_package(call_nmt: CallNmt, tmp_path: Path) -> None:
    done = call_nmt("train", *TINY, "trainer.max_steps=2", "paths.output_dir=run")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["steps"] == 2
    assert {"valid/bleu", "test/bleu", "test/aer"} <= metrics.keys()
    assert names(run / "model") == PACKAGE
    assert names(run / "checkpoints") == {"last.ckpt", "best.ckpt"}
    assert names(run) >= TEST_FILES
    assert names(tmp_path) == {"run"}  # no `latest`, no folder of Hydra's
    assert Translator.load(run).translate("one").source == "one"

    again = call_nmt("train", *TINY, "trainer.max_steps=2", "paths.output_dir=run")
    assert again.returncode == 1
    assert f"resume={run}" in again.stderr
    assert json.loads((run / "metrics.json").read_text(encoding="utf-8")) == metrics


def test_own_text_gives_a_run_of_its_name(call_nmt: CallNmt, tmp_path: Path, text: dict[str, int]) -> None:
    done = call_nmt("train", *OWN, "data.test=text/test")
    assert done.returncode == 0, done.stderr
    latest = tmp_path / "runs" / "text" / "latest"
    assert latest.is_symlink()
    config = config_of(latest)
    assert latest.resolve() == (tmp_path / config["paths"]["output_dir"]).resolve()
    assert config["data"]["tokenizer"]["joint"] is True
    assert config["model"]["tying"] == "all"
    assert digest(latest / "model" / "source.spm") == digest(latest / "model" / "target.spm")
    assert len(lines_of(latest / "test.hypotheses")) == text["test"]
    metrics = json.loads((latest / "metrics.json").read_text(encoding="utf-8"))
    weights = load_file(latest / "model" / "model.safetensors")
    assert sum(weight.numel() for weight in weights.values()) == metrics["parameters"]
    size = Tokenizer.load(latest / "model" / "source.spm").vocabulary.size
    assert [tuple(weight.shape) for weight in weights.values()].count((size, 8)) == 1  # for both sides and the output
    assert "test/bleu" in metrics
    assert "test/aer" not in metrics  # there are no gold links


def test_without_test_text_there_are_no_test_figures(call_nmt: CallNmt, tmp_path: Path, text: dict[str, int]) -> None:
    done = call_nmt("train", *OWN, "paths.output_dir=run")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert "valid/bleu" in metrics
    assert not [name for name in metrics if name.startswith("test/")]
    assert not TEST_FILES & names(tmp_path / "run")
    assert "test/" not in done.stdout


def test_without_validation_text_training_is_refused(call_nmt: CallNmt, tmp_path: Path, text: dict[str, int]) -> None:
    done = call_nmt("train", *OWN, "data.valid=null")
    assert done.returncode == 1
    assert "data.valid=PREFIX" in done.stderr
    assert not list(tmp_path.glob("runs/*"))


def test_compressed_and_joined_text_is_the_same_text(call_nmt: CallNmt, tmp_path: Path, text: dict[str, int]) -> None:
    import gzip

    for lang in ("en", "de"):
        lines = lines_of(tmp_path / "text" / f"train.{lang}")
        write_lines(tmp_path / "parts" / f"a.{lang}", lines[:20])
        packed = gzip.compress("\n".join(lines[20:]).encode())
        (tmp_path / "parts" / f"b.{lang}.gz").write_bytes(packed)
    whole = call_nmt("train", *OWN, "paths.output_dir=whole")
    parts = call_nmt("train", *OWN, "data.train=[parts/a,parts/b]", "paths.output_dir=parts_run")
    assert (whole.returncode, parts.returncode) == (0, 0), parts.stderr
    assert digest(tmp_path / "whole/model/model.safetensors") == digest(tmp_path / "parts_run/model/model.safetensors")
