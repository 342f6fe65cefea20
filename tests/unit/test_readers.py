"""Readers of line-parallel files and tables: what comes out of each, and what is said about what is broken."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmt.data.columns import Columns, Pair
from nmt.data.readers import kind_of, read_pairs
from nmt.data.text import DataError

DE_EN = Columns("de", "en")
PAIRS = [("ein Hund", "a dog"), ('"zwei"', "'t were"), ("", "nothing"), ("犬 \u2028 e\u0301", "\u200fשלום\x0b")]


def write(path: Path, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


def read(path: str | Path, columns: Columns = DE_EN) -> list[Pair]:
    found = list(read_pairs(str(path), columns))
    return [one if not isinstance(one, DataError) else pytest.fail(str(one)) for one in found]


def broken(path: str | Path, columns: Columns = DE_EN) -> list[str]:
    """Returns what is said about the broken pairs of a file."""
    said = [str(one) for one in read_pairs(str(path), columns) if isinstance(one, DataError)]
    assert all("\n" not in one and "data.skip_broken=true" in one for one in said)
    return said


def refused(path: str | Path, columns: Columns = DE_EN) -> str:
    with pytest.raises(DataError) as caught:
        list(read_pairs(str(path), columns))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def as_prefix(folder: Path, pairs: list[Pair], end: str = "\n") -> Path:
    for place, lang in enumerate(("de", "en")):
        write(folder / f"p.{lang}", "".join(pair[place] + end for pair in pairs))
    return folder / "p"


def as_tsv(folder: Path, pairs: list[Pair], name: str = "t.tsv") -> str:
    return write(folder / name, "".join(f"{source}\t{target}\n" for source, target in pairs))


def as_jsonl(folder: Path, pairs: list[Pair], name: str = "j.jsonl") -> str:
    return write(folder / name, "".join(json.dumps({"en": pair[1], "de": pair[0]}) + "\n" for pair in pairs))


def as_parquet(folder: Path, pairs: list[Pair]) -> Path:
    table = pa.table({"en": [pair[1] for pair in pairs], "de": [pair[0] for pair in pairs]})
    pq.write_table(table.cast(pa.schema({"en": pa.string(), "de": pa.string()})), folder / "q.parquet")
    return folder / "q.parquet"


WRITERS: list[Callable[[Path, list[Pair]], Path | str]] = [
    as_prefix,
    as_tsv,
    as_jsonl,
    as_parquet,
    lambda folder, pairs: as_prefix(folder, pairs, "\r\n"),
    lambda folder, pairs: as_tsv(folder, pairs, "t.tsv.gz"),
    lambda folder, pairs: as_jsonl(folder, pairs, "j.jsonl.gz"),
]


@pytest.mark.parametrize("writer", WRITERS)
def test_pairs_come_back_as_written(tmp_path: Path, writer: Callable[[Path, list[Pair]], Path | str]) -> None:
    assert read(writer(tmp_path, PAIRS)) == PAIRS


# What no line can hold, and what no tab-separated cell can.
SIDE = st.text(st.characters(exclude_characters="\n\r\t\ufeff", exclude_categories=["Cs"]), max_size=12)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(SIDE, SIDE), max_size=5))
def test_all_formats_say_the_same(tmp_path: Path, pairs: list[Pair]) -> None:
    header = [("de", "en")]
    for writer in WRITERS:
        assert read(writer(tmp_path, pairs)) == pairs
    assert read(as_tsv(tmp_path, header + pairs)) == pairs


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), name=st.sampled_from(["b.tsv", "b.jsonl", "b.parquet", "b.tsv.gz"]))
def test_any_bytes_are_pairs_or_said_in_one_line(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found: list[Pair | DataError] = []
    try:
        found.extend(read_pairs(str(path), DE_EN))
    except DataError as error:
        found.append(error)
    said = [str(one) for one in found if isinstance(one, DataError)]
    assert all(str(path) in one and "\n" not in one for one in said)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/b", "prefix"),
        ("a.tsv/b", "prefix"),
        ("a.parquet.gz", "prefix"),
        ("a.b.tsv", "tsv"),
        ("a.tsv.gz", "tsv"),
        ("a.jsonl.gz", "jsonl"),
        ("a.parquet", "parquet"),
        ("hf://a/b.tsv", "hub"),
    ],
)
def test_names_say_what_they_are(name: str, kind: str) -> None:
    assert kind_of(name) == kind


class TestPrefix:
    def test_plain_file_comes_before_a_gzip_one(self, tmp_path: Path) -> None:
        for name, content in (("p.de", "plain\n"), ("p.de.gz", "zipped\n"), ("p.en", "text\n")):
            write(tmp_path / name, content)
        assert read(tmp_path / "p") == [("plain", "text")]

    @pytest.mark.parametrize("missing", ["de", "en"])
    def test_missing_side_is_named(self, tmp_path: Path, missing: str) -> None:
        write(tmp_path / f"p.{'en' if missing == 'de' else 'de'}", "x\n")
        (tmp_path / f"p.{missing}").mkdir()  # a folder is no side
        assert f"{tmp_path}/p.{missing} or {tmp_path}/p.{missing}.gz" in refused(tmp_path / "p")

    def test_file_that_is_no_prefix_is_answered_with_the_kinds_there_are(self, tmp_path: Path) -> None:
        assert ".tsv, .jsonl or .parquet" in refused(write(tmp_path / "all.csv", "a,b\n"))

    @pytest.mark.parametrize(("source", "target", "longer", "shorter"), [(5, 3, "de", "en"), (2, 4, "en", "de")])
    def test_unequal_sides_are_named_with_their_difference(
        self, tmp_path: Path, source: int, target: int, longer: str, shorter: str
    ) -> None:
        write(tmp_path / "p.de", "x\n" * source)
        write(tmp_path / "p.en", "x\n" * target)
        assert refused(tmp_path / "p") == f"{tmp_path}/p.{longer} has 2 more lines than {tmp_path}/p.{shorter}"

    def test_broken_line_is_named_and_the_others_are_read(self, tmp_path: Path) -> None:
        write(tmp_path / "p.de", b"eins\nzw\xffei\ndrei\n")
        write(tmp_path / "p.en", b"one\ntwo\nthr\xffee\n")
        found = list(read_pairs(str(tmp_path / "p"), DE_EN))
        assert found[0] == ("eins", "one")
        source, target = broken(tmp_path / "p")
        assert source.startswith(f"{tmp_path}/p.de, line 2: byte 3 is not UTF-8; ")
        assert target.startswith(f"{tmp_path}/p.en, line 3: byte 4 is not UTF-8; ")


class TestTsv:
    @pytest.mark.parametrize(
        ("header", "row"),
        [
            ("de\ten", "ja\tyes"),
            ("en\tde", "yes\tja"),
            ("id\ten\tnote\tde", "7\tyes\t\tja"),
            ("source\ttarget", "ja\tyes"),
            ("target\tx\tsource", "yes\t\tja"),
            ("\ufeffde\ten", "ja\tyes"),
            ("de\ten\r", "ja\tyes\r"),
        ],
    )
    def test_first_line_may_name_the_columns(self, tmp_path: Path, header: str, row: str) -> None:
        assert read(write(tmp_path / "t.tsv", f"{header}\n{row}\n")) == [("ja", "yes")]

    @pytest.mark.parametrize("first", ["de\tfr", "de", "English\tGerman", "de en\tx"])
    def test_other_first_lines_are_text(self, tmp_path: Path, first: str) -> None:
        path = write(tmp_path / "t.tsv", f"a\tb\n{first}\tmore\n")
        assert read(path)[0] == ("a", "b")
        assert read(write(tmp_path / "u.tsv", f"{first}\tmore\n"))[0][0] == first.split("\t", maxsplit=1)[0]

    def test_quotes_are_text(self, tmp_path: Path) -> None:
        path = write(tmp_path / "t.tsv", '"a\tb"\n""\t"\n')
        assert read(path) == [('"a', 'b"'), ('""', '"')]

    def test_columns_by_number_take_every_line_as_text(self, tmp_path: Path) -> None:
        path = write(tmp_path / "t.tsv", "en\t7\tde\nyes\t8\tja\n")
        assert read(path, Columns("de", "en", (2, 0))) == [("de", "en"), ("ja", "yes")]

    def test_columns_by_name(self, tmp_path: Path) -> None:
        path = write(tmp_path / "t.tsv", "src\tde\ten\ttgt\na\tx\ty\tb\n")
        assert read(path, Columns("de", "en", ("tgt", "src"))) == [("b", "a")]
        assert "no column 'foo', as data.columns asks for; there are: src, de, en, tgt" in refused(
            path, Columns("de", "en", ("foo", "src"))
        )

    def test_line_without_the_column_is_broken(self, tmp_path: Path) -> None:
        path = write(tmp_path / "t.tsv", "a\tb\n\nc\n\td\ne\t\tf\n")
        assert [one.partition(":")[0] for one in broken(path)] == [f"{path}, line 2", f"{path}, line 3"]
        assert [one for one in read_pairs(path, DE_EN) if not isinstance(one, DataError)] == [
            ("a", "b"),
            ("", "d"),
            ("e", ""),
        ]

    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        assert refused(tmp_path / "t.tsv") == f"no file {tmp_path}/t.tsv"

    def test_damaged_gzip_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "t.tsv.gz").write_bytes(b"no gzip")
        assert "t.tsv.gz, after line 0: the gzip file is damaged" in refused(tmp_path / "t.tsv.gz")


def jsonl(folder: Path, *records: Any) -> str:
    return write(folder / "j.jsonl", "".join(json.dumps(record) + "\n" for record in records))


def parquet(folder: Path, *records: Any) -> str:
    pq.write_table(pa.Table.from_pylist(list(records)), folder / "q.parquet")
    return str(folder / "q.parquet")


@pytest.mark.parametrize("table", [jsonl, parquet])
class TestTables:
    @pytest.mark.parametrize(
        "record",
        [
            {"de": "ja", "en": "yes"},
            {"id": 1, "en": "yes", "de": "ja", "source": "x", "target": "y"},
            {"translation": {"en": "yes", "de": "ja", "fr": "oui"}},
            {"source": "ja", "target": "yes", "more": [1, 2]},
            {"translation": {"fr": "x", "cs": "y"}, "source": "ja", "target": "yes"},
        ],
    )
    def test_columns_are_found(self, tmp_path: Path, table: Callable[..., str], record: dict[str, Any]) -> None:
        assert read(table(tmp_path, record, record)) == [("ja", "yes")] * 2

    def test_columns_by_name(self, tmp_path: Path, table: Callable[..., str]) -> None:
        path = table(tmp_path, {"a": "ja", "b": "yes", "de": "x", "en": "y"})
        assert read(path, Columns("de", "en", ("a", "b"))) == [("ja", "yes")]
        assert "there are: a, b, de, en" in refused(path, Columns("de", "en", ("a", "c")))

    def test_columns_inside_of_others_by_name(self, tmp_path: Path, table: Callable[..., str]) -> None:
        path = table(tmp_path, {"text": {"a": "ja", "b": "yes"}})
        assert read(path, Columns("de", "en", ("text.a", "text.b"))) == [("ja", "yes")]

    def test_columns_that_are_not_there_are_answered_with_those_that_are(
        self, tmp_path: Path, table: Callable[..., str]
    ) -> None:
        said = refused(table(tmp_path, {"text": "x", "translation": {"fr": "x", "cs": "y"}}))
        assert "no columns 'de' and 'en'; there are: text, translation.fr, translation.cs; name two with" in said

    def test_line_feeds_inside_become_spaces(self, tmp_path: Path, table: Callable[..., str]) -> None:
        path = table(tmp_path, {"de": "eins \r\n zwei\n", "en": "\none\n\ntwo"})
        assert read(path) == [("eins zwei", "one two")]

    def test_values_that_are_no_text_are_broken(self, tmp_path: Path, table: Callable[..., str]) -> None:
        path = table(tmp_path, {"de": "a", "en": "b"}, {"de": None, "en": "b"})
        place = "line" if path.endswith("jsonl") else "row"
        assert broken(path)[0].startswith(f"{path}, {place} 2: 'de' is empty (null) and no text; ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "not JSON at character 1"),
        (b'{"de": "a", "en": "b"', "not JSON at character 22"),
        (b'["a", "b"]', "not a JSON object"),
        (b'{"de": "a"}', "there is no 'en'"),
        (b'{"de": "a", "en": 5}', "'en' is of type int and no text"),
        (b'{"de": "a", "en": ["b"]}', "'en' is of type list and no text"),
        (rb'{"de": "a", "en": "\ud83d"}', "'en' holds half a character"),
        (b'{"de": "a", "en": "\xff"}', "byte 20 is not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 10_000, "not JSON"),
    ],
)
def test_broken_json_lines(tmp_path: Path, line: bytes, said: str) -> None:
    sound = b'{"de": "ja", "en": "yes"}\n'
    path = write(tmp_path / "j.jsonl", sound + line + b"\n" + sound)
    (message,) = broken(path)
    assert message.startswith(f"{path}, line 2: {said}")
    assert [one for one in read_pairs(path, DE_EN) if not isinstance(one, DataError)] == [("ja", "yes")] * 2


def test_parquet_of_numbers_and_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert "'de' is of type int" in broken(parquet(tmp_path, {"de": 1, "en": "b"}))[0]
    bad = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    pq.write_table(pa.table({"de": bad, "en": ["x", "y", "z"]}), tmp_path / "b.parquet")
    assert broken(tmp_path / "b.parquet")[0].startswith(f"{tmp_path}/b.parquet, row 2: bytes that are not UTF-8")


def test_damaged_parquet_is_named(tmp_path: Path) -> None:
    path = as_parquet(tmp_path, PAIRS)
    path.write_bytes(path.read_bytes()[:-20])
    assert f"{path} cannot be read as Parquet" in refused(path)


def test_first_record_may_be_the_broken_one(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"de": "nein"}, {"de": "ja", "en": "yes"})
    found = list(read_pairs(path, DE_EN))
    assert isinstance(found[0], DataError)
    assert found[1:] == [("ja", "yes")]


@pytest.mark.parametrize(
    ("header", "named"), [("de\ten", True), ("deu\teng", True), ("ja\tja", False), ("oh\tAh!", False)]
)
def test_names_of_other_languages_are_no_pair(tmp_path: Path, header: str, named: bool) -> None:
    path = write(tmp_path / "t.tsv", f"{header}\nja\toui\n")
    if named:
        assert "no columns 'en' and 'fr'" in refused(path, Columns("en", "fr"))
    else:
        assert read(path, Columns("en", "fr"))[0] == tuple(header.split("\t"))
    assert len(read(path, Columns("en", "fr", (0, 1)))) == 2
