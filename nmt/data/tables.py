"""Rows of Parquet files and of other Arrow tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nmt.data.columns import Columns, Keys, Row
from nmt.data.text import DataError

ROWS = 1000
"""Rows that are held at a time."""


def parquet_rows(path: Path, columns: Columns) -> Iterator[tuple[Row, tuple[Keys, Keys]]]:
    """Yields the rows of a Parquet file, and where the sides of a pair stand in them.

    Raises:
        DataError: a damaged file, or columns that are not there.
    """
    try:
        file = pq.ParquetFile(path)
        keys = columns.locate(schema_ways(file.schema_arrow), str(path))
        for batch in file.iter_batches(ROWS, columns=top_columns(keys), use_threads=False):
            for row in table_rows(batch):
                yield row, keys
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def schema_ways(schema: Any) -> list[Keys]:
    """Returns the ways to all columns of an Arrow schema, those inside of structures included."""
    found: list[Keys] = []
    for field in schema:
        inside = (
            [field.type.field(i).name for i in range(field.type.num_fields)] if pa.types.is_struct(field.type) else []
        )
        found.extend([(field.name, name) for name in inside] or [(field.name,)])
    return found


def top_columns(keys: tuple[Keys, Keys]) -> list[str]:
    """Returns the names of the columns that hold the two sides."""
    return sorted({keys[0][0], keys[1][0]})


def table_rows(table: Any) -> Iterator[Row]:
    """Yields the rows of an Arrow table or batch; None for one whose bytes are not UTF-8."""
    try:
        yield from table.to_pylist()
    except UnicodeDecodeError:
        for index in range(table.num_rows):
            try:
                row = table.slice(index, 1).to_pylist()[0]
            except UnicodeDecodeError:
                row = None
            yield row
