"""Reading lines and line-parallel files."""

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmt.data.text import DataError, ParallelText, read_lines


def write(path: Path, content: bytes | str) -> Path:
    """Writes a file, compressed if its name ends in .gz."""
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["text.de", "text.de.gz"])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", []),
        ("a\nb\n", ["a", "b"]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\r", ["a"]),
        ("a\r\r\n", ["a\r"]),
        ("a\rb\n", ["a\rb"]),
        ("\n\na\n\n", ["", "", "a", ""]),
        ("\r\n \n", ["", " "]),
        ("a\u2028b\u2029c\x0bd\x0ce\x85f\x1cg\n", ["a\u2028b\u2029c\x0bd\x0ce\x85f\x1cg"]),
        ("\ufeffa\n\ufeffb\n", ["a", "\ufeffb"]),
        ("\ufeff\n", [""]),
        ("ä 犬 😀\n", ["ä 犬 😀"]),
        ("a\0b\n", ["a\0b"]),
    ],
)
def test_lines_end_at_newlines_alone(tmp_path: Path, name: str, content: str, lines: list[str]) -> None:
    assert list(read_lines(write(tmp_path / name, content))) == lines


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]))))
def test_any_lines_come_back_as_written(tmp_path: Path, lines: list[str]) -> None:
    for name, ending in (("plain.de", "\n"), ("dos.de", "\r\n"), ("zipped.de.gz", "\n")):
        path = write(tmp_path / name, "".join(line + ending for line in lines))
        assert list(read_lines(path)) == lines


def test_lines_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    lines = read_lines(write(tmp_path / "text.de", b"good\n\xff\n"))
    assert next(lines) == "good"
    with pytest.raises(DataError):
        next(lines)


@pytest.mark.parametrize("name", ["text.de", "text.de.gz"])
@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b"ok\nfine\nb\xe4d\n", 3, 2),
        (b"\xff", 1, 1),
        (b"\xef\xbb\xbfb\xe4d\n", 1, 5),
        ("größe\n".encode("latin-1"), 1, 3),
        (b"caf\xc3\n", 1, 4),
    ],
)
def test_bytes_that_are_no_text_are_named_by_file_and_line(
    tmp_path: Path, name: str, content: bytes, line: int, byte: int
) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        list(read_lines(path))
    assert str(caught.value).startswith(f"{path}, line {line}: byte {byte} is not UTF-8; ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "not gzip at all"])
def test_damaged_gzip_is_named(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "text.de.gz", "".join(f"line {number}\n" for number in range(5000)))
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "truncated": whole[:middle],
            "overwritten": whole[:middle] + bytes(50) + whole[middle + 50 :],
            "not gzip at all": b"line 1\nline 2\n",
        }[damage]
    )
    with pytest.raises(DataError, match=r"text\.de\.gz, after line \d+: the gzip file is damaged") as caught:
        list(read_lines(path))
    assert "\n" not in str(caught.value)


PAIRS = st.lists(st.tuples(st.text("ab ", max_size=3), st.text("ab ", max_size=3)), max_size=4)


@settings(deadline=None, max_examples=60)
@given(one=PAIRS, other=PAIRS)
def test_fingerprint_names_the_pairs(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    first, second = (
        ParallelText([source for source, _ in pairs], [target for _, target in pairs]) for pairs in (one, other)
    )
    assert (first.fingerprint == second.fingerprint) == (one == other)
    assert len(first.fingerprint) == 16
    assert int(first.fingerprint, 16) >= 0


def test_fingerprint_by_hand() -> None:
    sides = hashlib.sha256(b"eins\nzwei\n"), hashlib.sha256(b"one\ntwo\n")
    expected = hashlib.sha256(" ".join(side.hexdigest() for side in sides).encode()).hexdigest()[:16]
    assert ParallelText(["eins", "zwei"], ["one", "two"]).fingerprint == expected
