"""Training on text of every format and kind, by the program."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from nmt import Translator
from nmt.data.phrasebook import phrasebook
from tests.cli.test_wrong_uses import assert_one_line
from tests.conftest import CallNmt
from tests.trained import TINY, lines_of, write_lines

OWN = (*TINY[:4], "data.valid=text/valid", "trainer.max_steps=2")


@pytest.fixture
def pairs(tmp_path: Path) -> list[tuple[str, str]]:
    """Parallel text in the folder `text` of the test; returns what is trained on."""
    book = phrasebook("en", "de", train=60, valid=6, test=0)
    for part, phrases in {"train": book.train, "valid": book.valid}.items():
        write_lines(tmp_path / "text" / f"{part}.en", [phrase.source for phrase in phrases])
        write_lines(tmp_path / "text" / f"{part}.de", [phrase.target for phrase in phrases])
    return [(phrase.source, phrase.target) for phrase in book.train]


def test_same_text_in_other_formats_gives_the_same_model(
    call_nmt: CallNmt, tmp_path: Path, pairs: list[tuple[str, str]]
) -> None:
    write_lines(tmp_path / "a.tsv", ["de\ten", *(f"{target}\t{source}" for source, target in pairs[:20])])
    write_lines(tmp_path / "b.jsonl", [json.dumps({"translation": {"en": s, "de": t}}) for s, t in pairs[20:40]])
    rest = {"en": [source for source, _ in pairs[40:]], "de": [target for _, target in pairs[40:]]}
    pq.write_table(pa.table(rest), tmp_path / "c.parquet")
    for name, train in (("lines", "text/train"), ("tables", "[a.tsv,b.jsonl,c.parquet]")):
        done = call_nmt("train", *OWN, f"data.train={train}", f"paths.output_dir={name}")
        assert done.returncode == 0, done.stderr
    first, second = (tmp_path / name / "model" / "model.safetensors" for name in ("lines", "tables"))
    assert first.read_bytes() == second.read_bytes()


def test_text_that_is_cut_into_tokens_stays_so(call_nmt: CallNmt, tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    tokens = ["'t", "n't", ",", "a▁b", "犬"]
    write_lines(tmp_path / "cut.tsv", [f"{source}\t{' '.join(tokens)} {target}" for source, target in pairs])
    done = call_nmt(
        "train",
        *TINY[:4],
        "data.train=cut.tsv",
        "data.valid=cut.tsv",
        "data.test=cut.tsv",
        "data.pretokenized=true",
        "trainer.max_steps=2",
        "paths.output_dir=run",
    )
    assert done.returncode == 0, done.stderr
    tokenizer = yaml.safe_load((tmp_path / "run/config.yaml").read_text(encoding="utf-8"))["data"]["tokenizer"]
    assert (tokenizer["type"], tokenizer["normalization"], tokenizer["joint"]) == ("word", "identity", False)
    assert "|tok:none|" in json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))["signature"]
    known = {word for _, target in pairs for word in target.split()} | set(tokens)
    for line in lines_of(tmp_path / "run/test.hypotheses"):
        assert set(line.split(" ")) <= known | {""}


def test_broken_line_is_refused_or_left_out(call_nmt: CallNmt, tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    lines = [f"{source}\t{target}" for source, target in pairs]
    write_lines(tmp_path / "t.tsv", [*lines[:30], "no target", *lines[30:]])
    refused = call_nmt("train", *OWN, "data.train=t.tsv")
    assert_one_line(refused, 1, "t.tsv, line 31", "data.skip_broken=true")
    assert not list(tmp_path.glob("runs/*"))
    done = call_nmt("train", *OWN, "data.train=t.tsv", "data.skip_broken=true")
    assert done.returncode == 0, done.stderr
    assert "1 broken pairs left out, the first: t.tsv, line 31" in done.stderr
    assert "60 of 60 pairs kept" in done.stderr


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("data.train=text/train.en",), ("text/train.en", "prefix", ".tsv, .jsonl or .parquet")),
        (("data.train=missing.tsv",), ("no file missing.tsv",)),
        (("data.train=[text/train,missing.parquet]",), ("no file missing.parquet",)),
        (("data.train=text/train", "data.columns=de"), ("data.columns=de", "[de,en]")),
        (("data.train=other.jsonl",), ("other.jsonl, line 1", "there are: fr, it", "data.columns=[SOURCE,TARGET]")),
        (("data.train=other.jsonl", "data.columns=[fr,es]"), ("no column 'es'", "there are: fr, it")),
        (("data.train=hf://a b",), ("hf://NAME",)),
    ],
    ids=lambda value: value[-1],
)
def test_wrong_text(
    call_nmt: CallNmt, tmp_path: Path, pairs: list[tuple[str, str]], overrides: tuple[str, ...], said: tuple[str, ...]
) -> None:
    write_lines(tmp_path / "other.jsonl", ['{"fr": "oui", "it": "si"}'])
    assert_one_line(call_nmt("train", *OWN, *overrides), 1, *said)
    assert not list(tmp_path.glob("runs/*"))


def test_continued_run_keeps_its_vocabulary(call_nmt: CallNmt, tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    done = call_nmt("train", *OWN, "data.train=text/train", "paths.output_dir=run")
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((tmp_path / "run/config.yaml").read_text(encoding="utf-8"))
    package = Translator.load(tmp_path / "run")
    assert config["data"]["tokenizer"]["size"] == package.source.vocabulary.size
    before = package.source.model
    for lang in ("en", "de"):  # other text would give another vocabulary, whose ids the weights do not know
        write_lines(
            tmp_path / f"text/train.{lang}", [f"zebra {line}" for line in lines_of(tmp_path / f"text/train.{lang}")]
        )
    done = call_nmt("train", "resume=run", "trainer.max_steps=4")
    assert done.returncode == 0, done.stderr
    assert Translator.load(tmp_path / "run").source.model == before
    checkpoint = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 4
