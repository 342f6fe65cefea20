"""Writing translations and alignments to files, one line for each input line."""

import json
import zipfile
from collections.abc import Callable
from typing import IO, Any, Protocol

import numpy as np

from nmt.alignment import Alignment
from nmt.alignment.formats import json_line
from nmt.translation.result import Hypothesis, Translation

FORMATS = ("text", "jsonl")
ALIGNMENT_FORMATS = ("pharaoh", "pharaoh-probabilities", "jsonl", "npz")


def text_line(number: int, translation: Translation, level: str) -> str:
    """Returns the best translation."""
    return translation.text


def translation_line(number: int, translation: Translation, level: str) -> str:
    """Returns `{id, source, text, score, hypotheses}`; each hypothesis with its links at `level`."""
    hypotheses = [_hypothesis(one, level) for one in translation.hypotheses]
    return _json(
        id=number,
        source=translation.source,
        text=translation.text,
        score=translation.score,
        hypotheses=hypotheses,
    )


def _hypothesis(hypothesis: Hypothesis, level: str) -> dict[str, Any]:
    return {
        "text": hypothesis.text,
        "tokens": hypothesis.tokens,
        "log_prob": hypothesis.log_prob,
        "score": hypothesis.score,
        **({"alignment": hypothesis.alignment.links(level)} if hypothesis.aligned else {}),
    }


LINES: dict[str, Callable[[int, Translation, str], str]] = {"text": text_line, "jsonl": translation_line}


class AlignmentWriter(Protocol):
    """Writes the alignment of one input line after the other."""

    def write(self, number: int, alignment: Alignment) -> None:
        """Writes the alignment of line `number`, counted from 0."""
        ...

    def close(self) -> None:
        """Finishes the file."""
        ...


class LineWriter:
    """Pharaoh links, with or without weights, or JSON objects with links and matrix, one line each."""

    def __init__(self, file: IO[bytes], kind: str, level: str) -> None:
        self._file, self._kind, self._level = file, kind, level

    def write(self, number: int, alignment: Alignment) -> None:
        """Writes one line."""
        if self._kind == "jsonl":
            line = json_line(alignment, self._level, id=number)
        else:
            line = alignment.to_pharaoh(self._level, probabilities=self._kind == "pharaoh-probabilities")
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class ArchiveWriter:
    """A NumPy `.npz` archive of matrices, keyed by line number, written as they come."""

    def __init__(self, file: IO[bytes], level: str) -> None:
        self._file, self._level = file, level
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    def write(self, number: int, alignment: Alignment) -> None:
        """Adds one matrix."""
        with self._archive.open(f"{number}.npy", "w") as entry:
            np.lib.format.write_array(entry, alignment.at(self._level).matrix, allow_pickle=False)

    def close(self) -> None:
        """Writes the directory of the archive and closes the file."""
        self._archive.close()
        self._file.close()


def alignment_writer(file: IO[bytes], kind: str, level: str) -> AlignmentWriter:
    """Returns the writer for one of `ALIGNMENT_FORMATS`."""
    return ArchiveWriter(file, level) if kind == "npz" else LineWriter(file, kind, level)


def _json(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)
