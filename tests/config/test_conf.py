"""Every file under conf/ composes, and what it describes can be built."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

import hydra
import lightning.pytorch as pl
import pytest
import torch
from hydra.utils import get_object, instantiate
from omegaconf import OmegaConf

from nmt.config import DataSettings, ModelSettings, SearchOptions, SettingsError, Vocabulary
from nmt.modules.attention import SCORES
from nmt.modules.build import build_model
from nmt.training.loggers import check_loggers
from nmt.training.resolve import resolve, resolved_config, run_name

CONF = Path(str(files("nmt.conf")))
FILES = sorted(path.relative_to(CONF) for path in CONF.rglob("*.yaml"))
OPTIONS = [f"{path.parent}={path.stem}" for path in FILES if path.parent != Path()]
MODELS = [path.stem for path in FILES if path.parent == Path("model")]
EXTRAS = {"wandb", "mlflow"}  # what they need is not installed everywhere
NO_LOGGERS = {"logger=none", *(f"logger={name}" for name in EXTRAS)}
VOCABULARY = Vocabulary(size=12, pad_id=0, bos_id=1, eos_id=2, unk_id=3)
SIZES = ("model.embedding_size=4", "model.encoder_size=3", "model.decoder_size=6")


def composed(*overrides: str) -> dict[str, Any]:
    """Returns the configuration as `nmt train` composes it, with an output folder of its own."""
    OmegaConf.register_new_resolver("run_name", run_name, replace=True)
    with hydra.initialize_config_module("nmt.conf", version_base="1.3"):
        config = hydra.compose("config", overrides=["paths.output_dir=run", *overrides])
    found: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return found


def built(*overrides: str) -> torch.nn.Module:
    settings = resolve(composed(*SIZES, *overrides))
    return build_model(settings.model, VOCABULARY, VOCABULARY)


def test_files_are_found() -> None:
    assert len(FILES) >= 15
    assert {path.parts[0] for path in FILES if path.parent != Path()} >= {
        *("callbacks", "data", "experiment", "logger", "model", "optimizer", "schedule", "trainer")
    }
    assert set(MODELS) >= {"bahdanau", "luong"}


@pytest.mark.parametrize("option", OPTIONS)
def test_option_composes_resolves_and_builds(option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = composed(option, *SIZES)
    settings = resolve(config)
    config = resolved_config(config, settings)
    model = build_model(settings.model, VOCABULARY, VOCABULARY)
    optimizer = instantiate(config["optimizer"])(model.parameters())
    instantiate(config["schedule"])(optimizer)
    check_loggers({name: node for name, node in config["logger"].items() if name not in EXTRAS})
    loggers = [instantiate(node) for name, node in config["logger"].items() if node and name not in EXTRAS]
    callbacks = [instantiate(node) for node in config["callbacks"].values() if node]
    trainer = instantiate(config["trainer"], callbacks=callbacks, logger=loggers, _recursive_=False)
    assert isinstance(trainer, pl.Trainer)
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert callbacks
    assert bool(loggers) == (option not in NO_LOGGERS)


@pytest.mark.parametrize(
    ("override", "names"),
    [
        ("seed=1", ["csv", "tensorboard"]),
        ("logger=csv", ["csv"]),
        ("logger=[csv,wandb]", ["csv", "wandb"]),
        ("logger=[mlflow,tensorboard]", ["mlflow", "tensorboard"]),
        ("logger=[csv,tensorboard,wandb,mlflow]", ["csv", "tensorboard", "wandb", "mlflow"]),
        ("logger=none", []),
    ],
)
def test_loggers_are_combined(override: str, names: list[str]) -> None:
    found = {name: node for name, node in composed(override)["logger"].items() if node}
    assert list(found) == names
    for node in found.values():
        assert callable(get_object(node["_target_"]))


@pytest.mark.parametrize("score", sorted(SCORES))
@pytest.mark.parametrize("model", MODELS)
def test_every_score_goes_with_every_model(model: str, score: str) -> None:
    made = built(f"model={model}", f"model.attention.score={score}")
    assert any(isinstance(module, SCORES[score]) for module in made.modules())


def test_scores_are_those_that_are_promised() -> None:
    assert SCORES.keys() >= {"additive", "dot", "scaled_dot", "general", "cosine"}


def leaves(settings: type, prefix: str) -> Iterator[str]:
    """Yields the dotted names of all settings of a dataclass."""
    assert is_dataclass(settings)
    hints = get_type_hints(settings)
    for item in fields(settings):
        inner = hints[item.name]
        if isinstance(inner, type) and is_dataclass(inner):
            yield from leaves(inner, f"{prefix}{item.name}.")
        else:
            yield prefix + item.name


def dotted(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.startswith(("model", "data"))])
def test_settings_and_files_have_the_same_names(option: str) -> None:
    config = composed(option)
    assert set(dotted(config["model"])) == set(leaves(ModelSettings, ""))
    assert set(dotted(config["data"])) == set(leaves(DataSettings, ""))


def test_search_settings_are_known() -> None:
    config = composed()
    for part in ("search", "validation"):
        assert set(config[part]) <= set(leaves(SearchOptions, ""))
    assert resolve(config).validation.beam_size == 1
    assert resolve(config).search.beam_size == 5


@pytest.mark.parametrize(
    "override",
    [
        "experiment=luong_cosine",
        "model=luong",
        "model.attention.score=dot",
        "seed=7",
        "resume=runs/x",
        "paths.output_dir=elsewhere",
        "paths.cache_dir=cache",
        "data.train=text/train",
        "data.train=[a/train,b/train]",
        "data.valid=text/valid",
        "data.test=text/test",
        "data.source_lang=fr",
        "data.target_lang=pt",
        "data.batch_tokens=4096",
        "data.tokenizer.type=bpe",
        "data.tokenizer.size=500",
        "trainer.max_steps=10",
        "trainer.max_epochs=20",
        "trainer.max_time=00:01:00:00",
        "trainer.devices=2",
        "trainer.accelerator=cpu",
        "optimizer=adamw",
        "schedule=plateau",
        "logger=csv",
        "search.beam_size=1",
        "label_smoothing=0",
    ],
)
def test_promised_names_need_no_plus(override: str) -> None:
    name, value = override.split("=")
    config = composed(override)
    if name in {"experiment", "model", "optimizer", "schedule", "logger"}:
        return
    found: Any = config
    for key in name.split("."):
        found = found[key]
    assert found == OmegaConf.create({"value": OmegaConf.from_dotlist([f"value={value}"]).value}).value


def test_options_of_a_score_reach_its_class() -> None:
    model = built("model.attention.score=cosine", "++model.attention.options.max_scale=30")
    (score,) = [module for module in model.modules() if type(module) is SCORES["cosine"]]
    assert score.max_scale == 30


def test_options_of_another_score_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"options\.max_scale: score 'dot' has no such option"):
        built("model.attention.score=dot", "++model.attention.options.max_scale=30")


@pytest.mark.parametrize(
    ("overrides", "joint", "tying", "end"),
    [
        ((), False, "target", "max_epochs"),
        (("data.tokenizer.joint=true",), True, "all", "max_epochs"),
        (("data.train=text/train", "data.valid=text/valid"), True, "all", "max_time"),
        (("data.train=text/train", "data.tokenizer.joint=false", "trainer.max_steps=3"), False, "target", "max_steps"),
    ],
)
def test_what_is_open_is_decided(overrides: tuple[str, ...], joint: bool, tying: str, end: str) -> None:
    config = composed(*overrides)
    found = resolved_config(config, resolve(config))
    assert found["data"]["tokenizer"]["joint"] is joint
    assert found["model"]["tying"] == tying
    ends = {name for name in ("max_epochs", "max_time") if found["trainer"][name] is not None}
    ends |= {"max_steps"} if found["trainer"]["max_steps"] > 0 else set()
    assert ends == {end}
    again = resolved_config(found, resolve(found))
    assert again == found
