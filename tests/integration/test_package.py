"""A model package, written and read back."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nmt import Translator
from nmt.config import LinkSettings
from nmt.translation import save_package
from nmt.translation.package import PackageError, find_package, load_package, write_links

FILES = {"README.md", "config.json", "model.safetensors", "source.spm", "target.spm"}


def test_writing_what_was_read_gives_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    save_package(tmp_path / "copy", load_package(trained))
    assert {path.name for path in (tmp_path / "copy").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "copy" / name).read_bytes() == (trained / "model" / name).read_bytes(), name


def test_writing_twice_replaces(trained: Path, tmp_path: Path) -> None:
    package = load_package(trained)
    for score in (1.0, 2.0):
        save_package(tmp_path, replace(package, settings=replace(package.settings, metrics={"valid/bleu": score})))
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["metrics"] == {"valid/bleu": 2.0}
    assert "| BLEU | 2.000 |" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_run_and_package_are_found(trained: Path) -> None:
    assert find_package(trained) == trained / "model"
    assert find_package(str(trained / "model")) == trained / "model"
    with pytest.raises(PackageError, match="no model"):
        find_package(trained / "checkpoints")


def test_stored_search_options_and_shift_are_used(trained: Path, tmp_path: Path) -> None:
    package = load_package(trained)
    search = replace(package.settings.search, beam_size=2, length_penalty=0.0)
    settings = replace(package.settings, search=search, links=LinkSettings(shift=1))
    save_package(tmp_path, replace(package, settings=settings))
    translator = Translator.load(tmp_path)
    assert translator.options == search
    result = translator.translate("three eggs", n_best=2)
    assert result.score == result.hypotheses[0].log_prob
    assert result.alignment.shift == 1
    assert result.alignment.links("piece") == result.alignment.links("piece", shift=1)
    assert result.alignment.rows().tolist() == result.alignment.matrix[1:].tolist()


def test_package_of_an_older_release_is_read(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "model", tmp_path / "old")
    values = json.loads((tmp_path / "old" / "config.json").read_text(encoding="utf-8"))
    del values["links"]
    (tmp_path / "old" / "config.json").write_text(json.dumps({**values, "shift": 1}), encoding="utf-8")
    assert load_package(tmp_path / "old").settings.links == LinkSettings(shift=1)
    write_links(tmp_path / "old", LinkSettings(end="drop", threshold=0.5))
    assert load_package(tmp_path / "old").settings.links == LinkSettings(0, "drop", 0.5)


def test_loading_draws_nothing(trained: Path) -> None:
    """Drawing weights that those of the file replace would be most of the time of a start."""
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first = load_package(trained).model.state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    for name, values in load_package(trained).model.state_dict().items():
        assert torch.equal(values, first[name])
    fresh = torch.nn.Linear(4, 4)  # outside of loading, modules draw as ever
    assert not torch.equal(torch.random.get_rng_state(), before)
    assert fresh.weight.std() > 0


def test_loaded_model_is_ready_to_translate(trained: Path) -> None:
    model = load_package(trained).model
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
