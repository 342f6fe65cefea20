"""The cache: folders that are made once, by whichever run comes first, and Arrow files that are mapped into memory.

The files are Arrow streams as `datasets` writes them; `datasets.Dataset.from_file` opens them as well.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import filelock
import pyarrow as pa

from nmt.data.text import DataError

INFO = "info.json"

log = logging.getLogger(__name__)


def key_of(*parts: Any) -> str:
    """Returns the name of what is made from `parts`, which are plain data."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def cached_folder(folder: Path, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Returns what is known about a folder of the cache, after it was made if it was not there, or not whole.

    The folder is made under another name, and renamed when it is whole. Runs that ask for it at the same time wait for
    the one that makes it.

    Args:
        folder: the folder, named by a fingerprint of what it is made from.
        make: writes the files into the folder it is given, and returns what shall be known about them.

    Raises:
        DataError: the cache cannot be written.
    """
    if (info := _info(folder)) is not None:
        return info
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            return _info(folder) or _make(folder, make)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _make(folder: Path, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    part = folder.with_name(f"{folder.name}.part")
    for old in (part, folder):  # left by a run that was killed, or damaged since
        shutil.rmtree(old, ignore_errors=True)
    try:
        part.mkdir()
        info = make(part)
        sizes = {path.name: path.stat().st_size for path in part.iterdir()}
        (part / INFO).write_text(json.dumps({**info, "sizes": sizes}, indent=2) + "\n", encoding="utf-8")
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return info


def _info(folder: Path) -> dict[str, Any] | None:
    """Returns what is known about a folder, or None if a file of it is missing or of another size than it was."""
    try:
        info: dict[str, Any] = json.loads((folder / INFO).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in info.pop("sizes").items())
    except (OSError, ValueError, KeyError):
        return None
    return info if whole else None


def _locked(folder: Path) -> filelock.BaseFileLock:
    """Returns a lock that ends with its process."""
    lock = filelock.FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        log.info("waiting for another run that prepares the same text (%s)", folder)
        lock.acquire()
    return lock


def _unwritable(path: Path, error: OSError) -> DataError:
    reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
    return DataError(f"{path} cannot be written ({reason}): make room, or choose another paths.cache_dir")


class ArrowWriter:
    """Writes an Arrow file in portions, so that no more than one of them is in memory."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._path, self._schema = path, schema

    def __enter__(self) -> "ArrowWriter":
        self._file = open(self._path, "wb")
        self._stream = pa.ipc.new_stream(self._file, self._schema)
        return self

    def write(self, *columns: Any) -> None:
        """Writes a portion: sequences of the same length, one a column.

        Raises:
            DataError: the disk is full, or fails.
        """
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        try:
            self._stream.write_batch(pa.record_batch(arrays, schema=self._schema))
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            with self._file:
                if kind is None:
                    self._stream.close()
                    self._file.flush()
                    os.fsync(self._file.fileno())  # before the rename that says it is whole
        except OSError as error:
            raise _unwritable(self._path, error) from error


def read_arrow(path: Path) -> Any:
    """Returns an Arrow file as a table that is mapped into memory: read where and when it is used."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_stream(file).read_all()


class TextColumn(Sequence[str]):
    """A column of text, each value read as it is asked for."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[str]:
        for chunk in self._column.chunks:
            yield from chunk.to_pylist()

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return [self._column[place].as_py() for place in range(start, stop, step)]
        text: str = self._column[index].as_py()
        return text
