"""Every wrong use of `train` is answered in one line that names the setting or the file and what would do."""

from pathlib import Path

import pytest

from nmt.data.phrasebook import phrasebook
from tests.cli.test_wrong_uses import assert_one_line
from tests.conftest import CallNmt, RunNmt
from tests.trained import TINY, write_lines

OWN = (*TINY[:4], "data.train=text/train", "data.valid=text/valid", "trainer.max_steps=1")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Parallel text in the folder `text` of the test."""
    book = phrasebook("en", "de", train=60, valid=6, test=0)
    for part, phrases in {"train": book.train, "valid": book.valid}.items():
        write_lines(tmp_path / "text" / f"{part}.en", [phrase.source for phrase in phrases])
        write_lines(tmp_path / "text" / f"{part}.de", [phrase.target for phrase in phrases])
    return tmp_path / "text"


def assert_nothing_is_left(folder: Path) -> None:
    assert not list(folder.glob("runs/*"))
    assert {path.name for path in folder.iterdir()} <= {"text", "runs"}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("model.atention.score=dot",), ("model.atention.score", "'model.attention.score'")),
        (("model.attention.score=cosin",), ("model.attention.score=cosin", "'cosine'")),
        (("modle=luong",), ("modle", "'model'")),
        (("model=luon",), ("model=luon", "'luong'")),
        (("optimizer=adm",), ("optimizer=adm", "'adam'")),
        (("experiment=luong_cosin",), ("experiment=luong_cosin", "'luong_cosine'")),
        (("model.decoder=luog",), ("model.decoder=luog", "'luong'")),
        (("model.tying=targt",), ("model.tying=targt", "'target'")),
        (("data.tokenizer.type=bpee",), ("data.tokenizer.type=bpee", "'bpe'")),
        (("data.tokenizer.sise=100",), ("data.tokenizer.sise", "'data.tokenizer.size'")),
        (("trainer.max_epoch=3",), ("trainer.max_epoch", "'trainer.max_epochs'")),
        (("trainer.max_epochs=abc",), ("trainer.max_epochs", "abc")),
        (("trainer.max_steps=abc",), ("trainer.max_steps", "abc")),
        (("trainer.max_time=soon",), ("trainer.max_time", "soon")),
        (("trainer.accelerator=abacus",), ("abacus",)),
        (("trainer.accumulate_grad_batches=0",), ("accumulate_grad_batches",)),
        (("trainer.val_check_interval=0",), ("val_check_interval",)),
        (("model.decoder_size=abc",), ("model.decoder_size=abc",)),
        (("model.decoder_size=0",), ("model.decoder_size=0", "at least 1")),
        (("model.dropout=1.5",), ("model.dropout=1.5",)),
        (("model=transformer",), ("model=transformer", "bahdanau")),
        (("optimizer.lr=abc",), ("optimizer.lr", "abc")),
        (("seed=abc",), ("seed", "abc")),
        (("label_smoothing=much",), ("label_smoothing", "much")),
        (("search.beam_size=0",), ("beam_size",)),
        (("search.beem_size=3",), ("search.beem_size", "'search.beam_size'")),
        (("data.batch_tokens=-5",), ("data.batch_tokens=-5",)),
        (("callbacks.samples.count=0",), ("callbacks.samples.count=0", "at least 1")),
        (("logger.csv=5",), ("logger.csv=5", "null")),
        (("data.source_lang=tlh",), ("'tlh'", "data.train")),
        (("data.tokenizer.size=9999",), ("data.tokenizer.size=9999", "choose from")),
        (("data.tokenizer.size=9",), ("data.tokenizer.size=9", "choose from")),
        (("data.tokenizer.source=one.spm",), ("data.tokenizer.target",)),
        (("data.tokenizer.source=one.spm", "data.tokenizer.target=two.spm"), ("one.spm",)),
        (("model.tying=all",), ("model.tying=all", "data.tokenizer.joint=true")),
        (("model.attention.score=dot", "model.decoder_size=10"), ("model.decoder_size", "general")),
        (("model.attention.score=dot", "model.attention.options.max_scale=30"), ("options.max_scale", "dot")),
        (("model.attention.score=cosine", "model.attention.options.max_scal=30"), ("'max_scale'",)),
        (("model.attention.score=cosine", "model.attention.options.max_scale=big"), ("max_scale",)),
        (("model.attention.score=pkg.module:Class",), ("model.attention.score=pkg.module:Class",)),
        (("luong",), ("luong", "name=value")),
        (("model.decoder_size=[1",), ("model.decoder_size=[1",)),
        (("resume=nowhere",), ("resume=nowhere", "last.ckpt")),
        (("resume=nowhere", "trainer.max_epochs=3"), ("resume=nowhere",)),
        (("paths.output_dir=text",), ("text",)),
    ],
    ids=lambda value: value[-1],
)
def test_wrong_settings(
    call_nmt: CallNmt, text: Path, tmp_path: Path, overrides: tuple[str, ...], said: tuple[str, ...]
) -> None:
    if overrides == ("paths.output_dir=text",):
        (text / "config.yaml").touch()  # another run
    done = call_nmt("train", *TINY, "trainer.max_steps=1", *overrides)
    assert_one_line(done, 1, *said)
    assert_nothing_is_left(tmp_path)


def test_sides_of_unequal_length(call_nmt: CallNmt, text: Path, tmp_path: Path) -> None:
    with open(text / "train.de", "ab") as file:
        file.write(b"eins\nzwei\n")
    assert_one_line(call_nmt("train", *OWN), 1, "text/train.de", "2 more lines", "text/train.en")
    assert_nothing_is_left(tmp_path)


def test_missing_side(call_nmt: CallNmt, text: Path, tmp_path: Path) -> None:
    (text / "valid.de").unlink()
    assert_one_line(call_nmt("train", *OWN), 1, "text/valid.de", "prefix")
    assert_nothing_is_left(tmp_path)


def test_training_file_that_is_not_utf8(call_nmt: CallNmt, text: Path, tmp_path: Path) -> None:
    lines = (text / "train.de").read_bytes().splitlines(keepends=True)
    (text / "train.de").write_bytes(b"".join([*lines[:4], b"f\xfcnf\n", *lines[5:]]))
    assert_one_line(call_nmt("train", *OWN), 1, "text/train.de", "line 5", "UTF-8")
    assert_nothing_is_left(tmp_path)


def test_damaged_gzip_file(call_nmt: CallNmt, text: Path, tmp_path: Path) -> None:
    (text / "train.de").unlink()
    (text / "train.de.gz").write_bytes(b"\x1f\x8b no gzip")
    assert_one_line(call_nmt("train", *OWN), 1, "text/train.de.gz", "damaged")
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n" * 60], ids=["no lines", "empty lines"])
def test_empty_corpus(call_nmt: CallNmt, text: Path, tmp_path: Path, content: bytes) -> None:
    for lang in ("en", "de"):
        (text / f"train.{lang}").write_bytes(content)
    assert_one_line(call_nmt("train", *OWN), 1)
    assert_nothing_is_left(tmp_path)


def test_empty_validation_text(call_nmt: CallNmt, text: Path, tmp_path: Path) -> None:
    for lang in ("en", "de"):
        (text / f"valid.{lang}").write_bytes(b"")
    assert_one_line(call_nmt("train", *OWN), 1, "text/valid")
    assert_nothing_is_left(tmp_path)


def test_nothing_left_after_filters(call_nmt: CallNmt, text: Path, tmp_path: Path) -> None:
    assert_one_line(call_nmt("train", *OWN, "data.max_length=1"), 1, "data.max_length")
    assert_nothing_is_left(tmp_path)


def test_sizes_that_are_named_are_possible(call_nmt: CallNmt, text: Path) -> None:
    import re

    refused = call_nmt("train", *OWN, "data.tokenizer.size=9999")
    found = re.search(r"choose from (\d+) to (\d+)", refused.stderr)
    assert found is not None
    for size in found.groups():
        done = call_nmt("train", *OWN, f"data.tokenizer.size={size}", f"paths.output_dir=run{size}")
        assert done.returncode == 0, done.stderr


def test_program_answers_in_one_line(run_nmt: RunNmt, text: Path, tmp_path: Path) -> None:
    assert_one_line(run_nmt("train", "model.atention.score=dot"), 1, "'model.attention.score'")
    assert_one_line(run_nmt("train", "data.train=text/missing", "data.valid=text/valid"), 1, "text/missing.en")
    assert_nothing_is_left(tmp_path)
