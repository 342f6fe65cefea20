"""Gold links of files, in both formats, and what is wrong with them."""

import gzip
from pathlib import Path

import pytest

from nmt.alignment import GoldSentence, read_gold
from nmt.data.text import DataError


def gold(folder: Path, text: str) -> Path:
    path = folder / "gold"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def sentence(sure: set[tuple[int, int]], other: set[tuple[int, int]] | None = None) -> GoldSentence:
    return GoldSentence(frozenset(sure), frozenset(sure | (other or set())))


PAIRS = [sentence({(0, 0), (2, 1)}, {(1, 2)}), sentence(set()), sentence({(0, 0)})]


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("0-0 1p2 2-1\n\n0-0\n", None),
        ("0-0 1p2 2-1\r\n \r\n0-0", 0),
        ("1-1 2p3 3-2\n\n1-1\n", 1),
        ("1 1 1\n1 2 3 P\n1 3 2 S\n3 1 1 S 0.9\n", None),
        ("0001 1 1 S\n0003 1 1\n0001 2 3 P 0.25\n0001 3 2 S\n", 1),
        ("1 0 0\n\n1 1 2 p\n1 2 1 S 1e-3\n3 0 0\n", 0),
    ],
)
def test_formats_say_the_same(tmp_path: Path, text: str, base: int | None) -> None:
    path = gold(tmp_path, text)
    assert read_gold(path, base) == PAIRS
    assert read_gold(path, base, [(3, 3), (1, 1), (1, 1)]) == PAIRS


def test_compressed_and_empty_files(tmp_path: Path) -> None:
    (tmp_path / "gold.gz").write_bytes(gzip.compress(b"0-0\n"))
    assert read_gold(tmp_path / "gold.gz") == [sentence({(0, 0)})]
    assert read_gold(gold(tmp_path, "")) == []


def test_link_that_is_sure_and_possible_is_sure(tmp_path: Path) -> None:
    assert read_gold(gold(tmp_path, "0p0 0-0 0p0\n")) == [sentence({(0, 0)})]


def test_last_sentences_may_have_no_line_in_the_naacl_format_alone(tmp_path: Path) -> None:
    assert read_gold(gold(tmp_path, "1 1 1\n"), lengths=[(1, 1)] * 3) == [sentence({(0, 0)}), *[sentence(set())] * 2]
    with pytest.raises(DataError, match="gold has gold links of 1 sentences, but there are 3 pairs"):
        read_gold(gold(tmp_path, "0-0\n"), lengths=[(1, 1)] * 3)
    with pytest.raises(DataError, match="2 sentences, but there are 1 pairs"):
        read_gold(gold(tmp_path, "1 1 1\n2 1 1\n"), lengths=[(1, 1)])


@pytest.mark.parametrize(
    ("text", "base", "said"),
    [
        ("0-0\n0-0 1x2\n", None, "line 2: '1x2'"),
        ("0-0\n0-0 -1-2\n", None, "line 2: '-1-2'"),
        ("0-0\n1-0\n", 1, "line 1: a link to word 0"),
        ("1 1 1\n1 0 1\n", None, "line 2: a link to word 0"),
        ("1 1 1\n1 1\n", None, "line 2: not 'SENTENCE SOURCE TARGET"),
        ("1 1 1\n0 1 1\n", None, "line 2: not 'SENTENCE"),
        ("1 1 1\n99999999999 1 1\n", None, "line 2: not 'SENTENCE"),
        ("one two three\n", None, "line 1: not"),
        ("0-0\n0-5 1-1\n", 0, "line 2: link to target word 5, counted from 0, but there are 2"),
        ("0-0\n2p1 0-0\n", 0, "line 2: link to source word 2"),
        ("1 1 1 S\n\n2 3 1 P\n", 1, "line 3: link to source word 2"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(tmp_path: Path, text: str, base: int | None, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_gold(gold(tmp_path, text), base, [(2, 2), (2, 2)])
    assert f"gold, {said}" in str(caught.value)
    assert "\n" not in str(caught.value)
