"""Reading lines and line-parallel files."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmt.data.text import DataError, read_lines, read_parallel


def write(path: Path, content: bytes | str) -> Path:
    """Writes a file, compressed if its name ends in .gz."""
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def failure(prefixes: list[Path]) -> str:
    with pytest.raises(DataError) as caught:
        read_parallel([str(prefix) for prefix in prefixes], "de", "en")
    text = str(caught.value)
    assert "\n" not in text
    return text


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


class TestParallel:
    def test_plain_and_gzip_files_are_line_parallel(self, tmp_path: Path) -> None:
        write(tmp_path / "a.de", "eins\nzwei\n")
        write(tmp_path / "a.en.gz", "one\ntwo")
        text = read_parallel([str(tmp_path / "a")], "de", "en")
        assert (text.sources, text.targets, len(text)) == (["eins", "zwei"], ["one", "two"], 2)
        assert (text.sure, text.possible) == (None, None)

    def test_plain_file_comes_before_a_gzip_one(self, tmp_path: Path) -> None:
        for name, content in (("a.de", "plain\n"), ("a.de.gz", "zipped\n"), ("a.en", "text\n")):
            write(tmp_path / name, content)
        assert read_parallel([str(tmp_path / "a")], "de", "en").sources == ["plain"]

    def test_prefixes_are_joined_in_order(self, tmp_path: Path) -> None:
        for name in "ab":
            for lang in ("de", "en"):
                write(tmp_path / f"{name}.{lang}", f"{name}1 {lang}\n{name}2 {lang}\n")
        text = read_parallel([str(tmp_path / "b"), str(tmp_path / "a")], "de", "en")
        assert text.sources == ["b1 de", "b2 de", "a1 de", "a2 de"]
        assert text.targets == ["b1 en", "b2 en", "a1 en", "a2 en"]

    def test_empty_lines_keep_the_sides_together(self, tmp_path: Path) -> None:
        write(tmp_path / "a.de", "eins\n\ndrei\n")
        write(tmp_path / "a.en", "one\ntwo\n\n")
        text = read_parallel([str(tmp_path / "a")], "de", "en")
        assert list(zip(text.sources, text.targets, strict=True)) == [("eins", "one"), ("", "two"), ("drei", "")]

    @pytest.mark.parametrize("missing", ["de", "en"])
    def test_missing_side_is_named(self, tmp_path: Path, missing: str) -> None:
        write(tmp_path / f"a.{'en' if missing == 'de' else 'de'}", "x\n")
        assert f"{tmp_path}/a.{missing} or {tmp_path}/a.{missing}.gz" in failure([tmp_path / "a"])

    def test_folder_of_that_name_is_no_side(self, tmp_path: Path) -> None:
        (tmp_path / "a.de").mkdir()
        write(tmp_path / "a.en", "x\n")
        assert "no file" in failure([tmp_path / "a"])

    @pytest.mark.parametrize(("source", "target", "longer", "shorter"), [(5, 3, "de", "en"), (2, 4, "en", "de")])
    def test_unequal_sides_are_named_with_their_difference(
        self, tmp_path: Path, source: int, target: int, longer: str, shorter: str
    ) -> None:
        for name in "ab":
            write(tmp_path / f"{name}.de", "x\n" * (source if name == "b" else 3))
            write(tmp_path / f"{name}.en", "x\n" * (target if name == "b" else 3))
        text = failure([tmp_path / "a", tmp_path / "b"])
        assert text == f"{tmp_path}/b.{longer} has 2 more lines than {tmp_path}/b.{shorter}"

    def test_unequal_sides_that_add_up_are_noticed(self, tmp_path: Path) -> None:
        for name, source, target in (("a", 2, 1), ("b", 1, 2)):
            write(tmp_path / f"{name}.de", "x\n" * source)
            write(tmp_path / f"{name}.en", "x\n" * target)
        assert "a.de has 1 more lines" in failure([tmp_path / "a", tmp_path / "b"])

    def test_files_without_lines_are_refused(self, tmp_path: Path) -> None:
        write(tmp_path / "a.de", "")
        write(tmp_path / "a.en", "")
        assert "no lines" in failure([tmp_path / "a"])
