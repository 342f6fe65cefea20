"""Guided training learns where to look: on gold links, and on those of an aligner by way of a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from nmt import Translator
from nmt.config import SettingsError
from nmt.training.resolve import resolve
from tests.config.test_conf import composed
from tests.conftest import CallNmt
from tests.trained import TINY, UNSEEN, write_lines

SHORT = (
    *("model=parallel", "model.decoder_layers=1", "model.cell=gru", "model.dropout=0", "logger=none"),
    *("model.embedding_size=48", "model.encoder_size=32", "model.decoder_size=64"),
    *("data.batch_tokens=512", "data.phrasebook.train=2000", "data.phrasebook.valid=10", "data.phrasebook.test=30"),
    *("optimizer.lr=1e-2", "schedule.warmup_steps=30", "trainer.max_steps=70", *UNSEEN),
)


def figures(call_nmt: CallNmt, run: str, *overrides: str) -> dict[str, Any]:
    done = call_nmt("train", *SHORT, f"paths.output_dir={run}", *overrides)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(Path(run, "metrics.json").read_text(encoding="utf-8"))
    return found


def test_links_teach_attention_where_to_look(call_nmt: CallNmt) -> None:
    plain = figures(call_nmt, "plain")["test/aer"]
    guided = figures(call_nmt, "guided", "data.alignments=gold")["test/aer"]
    assert Translator.load("guided").links.shift == 1
    assert guided < plain - 0.2


def test_a_file_and_resume(call_nmt: CallNmt, tmp_path: Path) -> None:
    write_lines(tmp_path / "text.en", [f"one two {word}" for word in "abcdef"])
    write_lines(tmp_path / "text.de", [f"eins zwei {word}" for word in "abcdef"])
    write_lines(tmp_path / "links", ["0-0 1-1 2-2"] * 6)
    own = ("data.train=text", "data.valid=text", "data.alignments=links", "guided.decay=0.5", "logger=csv")
    done = call_nmt("train", *TINY, *own, "paths.output_dir=run", "trainer.max_steps=2")
    assert done.returncode == 0, done.stderr
    assert "links of pieces in 6 pairs" in done.stderr
    done = call_nmt("train", "resume=run", "trainer.max_steps=4")
    assert done.returncode == 0, done.stderr
    table = next(Path("run").rglob("metrics.csv")).read_text(encoding="utf-8")
    assert "train/guided_loss" in table.split("\n")[0]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("guided.weight=0", "data.alignments=gold"), ("guided.weight=0", "data.alignments=null")),
        (("guided.shift=2", "data.alignments=gold"), ("guided.shift=2",)),
        (("guided.unlinked=ende", "data.alignments=gold"), ("guided.unlinked=ende", "'end'")),
        (("guided.wieght=2",), ("guided", "'guided.weight'")),
        (("guided.weight=2",), ("guided.weight=2", "data.alignments")),
        (("model.attention.score=none", "data.alignments=gold"), ("score 'none'",)),
        (("data.alignments=nowhere",), ("nowhere",)),
    ],
)
def test_settings_that_cannot_be(overrides: tuple[str, ...], said: tuple[str, ...], call_nmt: CallNmt) -> None:
    done = call_nmt("train", *TINY, *overrides, "trainer.max_steps=1", "paths.output_dir=run")
    assert done.returncode == 1
    assert all(part in done.stderr for part in said), done.stderr
    *log, _ = done.stderr.strip().split("\n")
    assert all(line.startswith("vocabulary: ") for line in log)  # found before the error
    assert not Path("run").exists()


@pytest.mark.parametrize(("decoder", "shift"), [("bahdanau", 0), ("luong", 1), ("parallel", 1), ("conditional", 1)])
def test_the_row_that_is_taught_knows_the_token_if_it_can(decoder: str, shift: int) -> None:
    settings = resolve(composed(f"model={decoder}", "data.alignments=gold"))
    assert settings.guided is not None
    assert settings.guided.shift == shift
    assert resolve(composed(f"model={decoder}")).guided is None
    with pytest.raises(SettingsError):
        resolve(composed("guided.decay=-1", "data.alignments=gold"))
