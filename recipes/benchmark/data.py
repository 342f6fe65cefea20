"""The text that all sides get: Multi30k, cut by one SentencePiece model, and lists of its pieces for the peers."""

import sys
from pathlib import Path

import sentencepiece

from recipes.benchmark.work import ROOT, Work

SOURCE, TARGET = "de", "en"
PARTS = {"train": "train", "val": "val", "test": "test_2016_flickr"}
SIZE = 8000
END = "</s>"
COPIES = 20
"""How often the long text holds the test text: its sentences are as long on average, so rates can be compared."""


def prepare(work: Work, source: Path | None) -> None:
    """Brings the text and makes everything that is derived from it, unless it is there.

    Args:
        work: where to.
        source: a folder that has the files of Multi30k; None: they are downloaded.
    """
    if (work.data / "vocabulary.fairseq").is_file():
        return
    fetch = [
        sys.executable,
        str(ROOT / "recipes" / "multi30k" / "prepare.py"),
        "--to",
        str(work.made("data").resolve()),
    ]
    work.run([*fetch, *(["--from", str(source.resolve())] if source else [])], "data")
    for part, name in PARTS.items():
        for language in (SOURCE, TARGET):
            if part != name:
                (work.data / f"{name}.{language}").replace(work.data / f"{part}.{language}")
    _cut(work)
    for language in (SOURCE, TARGET):
        test = read(work.data / f"test.{language}")
        write(work.data / f"long.{language}", test * COPIES)
    _lists(work)


def _cut(work: Work) -> None:
    """Makes the SentencePiece model and the files in pieces; ids of special pieces are those of OpenNMT-py and eole."""
    sentencepiece.SentencePieceTrainer.train(
        input=[str(work.data / f"train.{language}") for language in (TARGET, SOURCE)],
        model_prefix=str(work.data / "pieces"),
        vocab_size=SIZE,
        character_coverage=1.0,
        unk_id=0,
        pad_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    model = processor(work)
    for part in PARTS:
        for language in (SOURCE, TARGET):
            lines = model.encode(read(work.data / f"{part}.{language}"), out_type=str)
            write(work.data / f"{part}.pieces.{language}", [" ".join(pieces) for pieces in lines])
    # Our models read an end mark after the source; peers that are given their weights must see it too.
    sources = read(work.data / f"test.pieces.{SOURCE}")
    write(work.data / f"test.ended.{SOURCE}", [f"{line} {END}" for line in sources])


def _lists(work: Work) -> None:
    model = processor(work)
    pieces = [model.id_to_piece(index) for index in range(4, model.get_piece_size())]
    write(work.data / "vocabulary.onmt", [f"{piece}\t100" for piece in pieces])
    write(work.data / "vocabulary.fairseq", [f"{piece} 100" for piece in pieces])


def processor(work: Work) -> sentencepiece.SentencePieceProcessor:
    """Returns the SentencePiece model."""
    return sentencepiece.SentencePieceProcessor(model_file=str(work.data / "pieces.model"))


def first_lines(work: Work, name: str, count: int) -> Path:
    """Returns a file with the first lines of a file of the text."""
    path = work.made("parts") / f"{name}.{count}"
    write(path, read(work.data / name)[:count])
    return path


def read(path: Path) -> list[str]:
    """Returns the lines of a file, which end at line feeds alone."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def write(path: Path, lines: list[str]) -> None:
    """Writes lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
