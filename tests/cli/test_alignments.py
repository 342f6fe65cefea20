"""`nmt translate --alignments`: the alignment of every line, in three formats and at two levels."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmt import Translator
from tests.conftest import CallNmt
from tests.trained import lines_of

LINES = ["three eggs and one lamp", "", "on May eighth, at half past five", "   ", "for  two\u2028euros"]


class Written:
    """What the program wrote for `LINES`: translations and an alignment file."""

    def __init__(self, call_nmt: CallNmt, trained: Path, folder: Path, *options: str) -> None:
        text = "\n".join(LINES).encode()
        done = call_nmt("translate", trained, "--alignments", "alignments", *options, stdin=text)
        assert (done.returncode, done.stderr) == (0, "")
        self.texts = done.stdout.removesuffix("\n").split("\n")
        self.path = folder / "alignments"


def links_of(line: str) -> list[tuple[int, int]]:
    return [(int(source), int(target)) for source, target in (pair.split("-") for pair in line.split())]


def test_pharaoh_links_words(call_nmt: CallNmt, trained: Path, tmp_path: Path, translator: Translator) -> None:
    written = Written(call_nmt, trained, tmp_path)
    lines = lines_of(written.path)
    assert len(lines) == len(LINES)
    assert (lines[1], lines[3]) == ("", "")
    for line, source, text in zip(lines, LINES, written.texts, strict=True):
        links = links_of(line)
        assert links == sorted(set(links))
        assert all(link[0] < len(source.split()) and link[1] < len(text.split()) for link in links)
        assert links == translator.translate(source).alignment.links("word")
    assert len(links_of(lines[0])) >= 3


def test_pharaoh_links_pieces(call_nmt: CallNmt, trained: Path, tmp_path: Path, translator: Translator) -> None:
    written = Written(call_nmt, trained, tmp_path, "--alignment-level", "piece")
    for line, source in zip(lines_of(written.path), LINES, strict=True):
        alignment = translator.translate(source).alignment
        assert links_of(line) == alignment.links("piece")
        ends = len(alignment.source_tokens) - 1, len(alignment.target_tokens) - 1
        assert all(link[0] < ends[0] and link[1] < ends[1] for link in links_of(line))


@pytest.mark.parametrize("level", ["word", "piece"])
def test_json_holds_links_and_matrix(
    call_nmt: CallNmt, trained: Path, tmp_path: Path, translator: Translator, level: str
) -> None:
    written = Written(call_nmt, trained, tmp_path, "--alignment-format", "jsonl", "--alignment-level", level)
    found: list[dict[str, Any]] = [json.loads(line) for line in lines_of(written.path)]
    assert [one["id"] for one in found] == list(range(len(LINES)))
    for one, source in zip(found, LINES, strict=True):
        expected = translator.translate(source).alignment
        shown = expected.at(level)
        assert one["source_tokens"] == list(shown.source_tokens)
        assert one["target_tokens"] == list(shown.target_tokens)
        assert [tuple(link) for link in one["alignment"]] == expected.links(level)
        if source.strip():
            matrix = np.array(one["matrix"])
            assert matrix.shape == shown.matrix.shape
            np.testing.assert_allclose(matrix, shown.matrix, atol=1e-4)
            np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-4)
        else:
            assert one["matrix"] == []


def test_archive_holds_matrices_of_pieces(
    call_nmt: CallNmt, trained: Path, tmp_path: Path, translator: Translator
) -> None:
    written = Written(call_nmt, trained, tmp_path, "--alignment-format", "npz", "--alignment-level", "piece")
    with np.load(written.path, allow_pickle=False) as archive:
        assert list(archive) == [str(number) for number in range(len(LINES))]
        for number, source in enumerate(LINES):
            matrix = archive[str(number)]
            assert matrix.dtype == np.float32
            if not source.strip():
                assert matrix.size == 0
                continue
            np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)
            np.testing.assert_allclose(matrix, translator.translate(source).alignment.matrix, atol=1e-4)


def test_archive_holds_matrices_of_words(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    written = Written(call_nmt, trained, tmp_path, "--alignment-format", "npz")
    with np.load(written.path, allow_pickle=False) as archive:
        for number, (source, text) in enumerate(zip(LINES, written.texts, strict=True)):
            assert archive[str(number)].shape == (len(text.split()), len(source.split()))


def test_alignments_change_no_translation(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    written = Written(call_nmt, trained, tmp_path, "--alignment-format", "npz")
    alone = call_nmt("translate", trained, stdin="\n".join(LINES).encode())
    assert alone.stdout.removesuffix("\n").split("\n") == written.texts
