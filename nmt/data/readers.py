"""Readers of parallel text: line-parallel files, tables, and data sets of the hub, pair by pair.

A reader yields a pair or, in its place, the error that says what is wrong with it, so that whoever reads on can.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nmt.data.columns import SKIP, Columns, Keys, Pair, Row, broken, one_line, pair_of, ways
from nmt.data.text import DataError, decoded, raw_lines, side

Found = Pair | DataError

HUB = "hf://"
LANGUAGE_CODE = re.compile("[a-z]{2,3}([-_][A-Za-z]{2,4})?")
"""What a table whose columns are named calls them; a first line of these alone is no pair."""
CONVERT = f"convert the file first, or {SKIP}"


def kind_of(path: str) -> str:
    """Returns what a name in `data.train` and its like stands for: hub, tsv, jsonl, parquet or prefix."""
    if path.startswith(HUB):
        return "hub"
    suffix = Path(path.removesuffix(".gz")).suffix
    return suffix[1:] if suffix in {".tsv", ".jsonl"} or path.endswith(".parquet") else "prefix"


def files_of(path: str, columns: Columns) -> list[Path]:
    """Returns the files that a prefix or the name of a table stands for; none for the hub.

    Raises:
        DataError: a file that is not there.
    """
    kind = kind_of(path)
    if kind == "hub":
        return []
    if kind == "prefix":
        return [side(path, columns.source_lang), side(path, columns.target_lang)]
    if not Path(path).is_file():
        raise DataError(f"no file {path}")
    return [Path(path)]


def read_pairs(path: str, columns: Columns, part: str = "train") -> Iterator[Found]:
    """Yields the pairs of a prefix, a table or a data set of the hub, with an error in place of each broken one.

    Args:
        path: what the user names.
        columns: where the sides of a pair stand in a table.
        part: which split is meant when a data set of the hub is named without one.

    Raises:
        DataError: files that are missing, unequal or damaged, or columns that are not there.
    """
    kind = kind_of(path)
    if kind == "hub":
        from nmt.data.hub import hub_rows

        return _records(hub_rows(path, columns, part), path)
    files = files_of(path, columns)
    if kind == "prefix":
        return _lines(files[0], files[1])
    if kind == "parquet":
        from nmt.data.tables import parquet_rows

        return _records(parquet_rows(files[0], columns), path)
    return _tsv(files[0], columns) if kind == "tsv" else _jsonl(files[0], columns)


def _lines(source: Path, target: Path) -> Iterator[Found]:
    sides = raw_lines(source), raw_lines(target)
    for number, (left, right) in enumerate(zip_longest(*sides), 1):
        if left is None or right is None:
            longer, shorter = (target, source) if left is None else (source, target)
            extra = 1 + sum(1 for _ in sides[left is None])
            raise DataError(f"{longer} has {extra} more lines than {shorter}")
        try:
            pair = decoded(left, source, number, CONVERT), decoded(right, target, number, CONVERT)
        except DataError as error:
            yield error
        else:
            yield pair


def _tsv(path: Path, columns: Columns) -> Iterator[Found]:
    """Reads a table of tab-separated columns without quoting; its first line may name them."""
    places: tuple[int, int] | None = None
    for number, line in enumerate(raw_lines(path), 1):
        place = f"{path}, line {number}"
        try:
            cells = decoded(line, path, number, CONVERT).split("\t")
            if places is None:
                places, is_header = _tsv_columns(cells, columns, path)
                if is_header:
                    continue
            if max(places) >= len(cells):
                raise broken(place, f"{len(cells)} columns, but column {max(places) + 1} is asked for")
        except _ColumnsError:
            raise
        except DataError as error:
            yield error
        else:
            yield one_line(cells[places[0]]), one_line(cells[places[1]])


class _ColumnsError(DataError):
    """Columns that a table lacks as a whole."""


def _tsv_columns(cells: list[str], columns: Columns, path: Path) -> tuple[tuple[int, int], bool]:
    """Returns where source and target stand, and whether the line that was read names the columns."""
    chosen = columns.chosen
    if chosen is not None and isinstance(chosen[0], int) and isinstance(chosen[1], int):
        return (chosen[0], chosen[1]), False
    names: list[Keys] = [(cell.strip(),) for cell in cells]
    try:
        source, target = columns.locate(names, str(path))
    except DataError as error:
        if chosen is not None:
            raise _ColumnsError(str(error)) from error
        if len(set(cells)) > 1 and all(LANGUAGE_CODE.fullmatch(cell) for cell in cells):
            raise _ColumnsError(f"{error}; or, if the first line is text, data.columns=[0,1]") from error
        return (0, 1), False
    return (names.index(source), names.index(target)), True


def _jsonl(path: Path, columns: Columns) -> Iterator[Found]:
    keys: tuple[Keys, Keys] | None = None
    missing: DataError | None = None
    for number, line in enumerate(raw_lines(path), 1):
        place = f"{path}, line {number}"
        try:
            record = _record(decoded(line, path, number, CONVERT), place)
        except DataError as error:
            yield error
            continue
        try:
            keys = keys or columns.locate(ways(record), place)
        except DataError as error:
            missing = missing or error
            yield error
        else:
            yield _found(record, keys, place)
    if keys is None and missing is not None:
        raise missing


def _record(line: str, place: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise broken(place, f"not JSON at character {error.pos + 1} ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise broken(place, "not JSON that can be read") from error
    if not isinstance(record, dict):
        raise broken(place, "not a JSON object with names and values")
    return record


def _records(rows: Iterator[tuple[Row, tuple[Keys, Keys]]], path: str) -> Iterator[Found]:
    for number, (record, keys) in enumerate(rows, 1):
        place = f"{path}, row {number}"
        yield broken(place, "bytes that are not UTF-8") if record is None else _found(record, keys, place)


def _found(record: Mapping[str, Any], keys: tuple[Keys, Keys], place: str) -> Found:
    try:
        return pair_of(record, keys, place)
    except DataError as error:
        return error
