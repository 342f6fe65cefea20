"""The folders of the cache, and the Arrow files in them."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmt.data.ragged import Ragged
from nmt.data.store import ArrowWriter, TextColumn, cached_folder
from nmt.data.text import DataError
from tests.conftest import lacking


class TestFolder:
    def make(self, folder: Path) -> dict[str, Any]:
        (folder / "data").write_bytes(b"whole")
        return {"count": 5}

    def test_is_made_once(self, tmp_path: Path) -> None:
        assert cached_folder(tmp_path / "a", self.make) == {"count": 5}
        assert cached_folder(tmp_path / "a", lambda folder: pytest.fail("made again")) == {"count": 5}
        assert {one.name for one in tmp_path.iterdir()} == {"a", "a.lock"}

    def test_failure_leaves_nothing_that_is_believed(self, tmp_path: Path) -> None:
        def fail(folder: Path) -> dict[str, Any]:
            self.make(folder)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cached_folder(tmp_path / "a", fail)
        assert not (tmp_path / "a").exists()
        assert cached_folder(tmp_path / "a", self.make) == {"count": 5}

    def test_what_a_killed_run_left_is_cleared(self, tmp_path: Path) -> None:
        (tmp_path / "a.part").mkdir()
        (tmp_path / "a.part" / "half").write_bytes(b"x")
        cached_folder(tmp_path / "a", self.make)
        assert {one.name for one in (tmp_path / "a").iterdir()} == {"data", "info.json"}

    @pytest.mark.parametrize("damage", ["cut", "missing", "no info", "half info"])
    def test_damaged_folder_is_made_anew(self, tmp_path: Path, damage: str) -> None:
        cached_folder(tmp_path / "a", self.make)
        data, info = tmp_path / "a" / "data", tmp_path / "a" / "info.json"
        damages: dict[str, Callable[[], object]] = {
            "cut": lambda: data.write_bytes(b"who"),
            "missing": data.unlink,
            "no info": info.unlink,
            "half info": lambda: info.write_bytes(info.read_bytes()[:9]),
        }
        damages[damage]()
        assert cached_folder(tmp_path / "a", self.make) == {"count": 5}
        assert data.read_bytes() == b"whole"

    def test_runs_at_the_same_time_make_it_once(self, tmp_path: Path) -> None:
        made: list[str] = []

        def slow(folder: Path) -> dict[str, Any]:
            made.append(folder.name)
            threading.Event().wait(0.2)
            return self.make(folder)

        threads = [threading.Thread(target=cached_folder, args=(tmp_path / "a", slow)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1
        assert json.loads((tmp_path / "a" / "info.json").read_text(encoding="utf-8"))["count"] == 5

    def test_cache_that_cannot_be_written_is_one_line_with_the_remedy(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(DataError, match=r"file/a cannot be written .*paths\.cache_dir") as caught:
            cached_folder(tmp_path / "file" / "a", self.make)
        assert "\n" not in str(caught.value)

    def test_full_disk_is_one_line_with_the_remedy(self) -> None:
        if not os.path.exists("/dev/full"):
            lacking("there is no /dev/full, a disk without room")
        import pyarrow as pa

        writer = ArrowWriter(Path("/dev/full"), pa.schema({"text": pa.string()}))

        def fill() -> None:
            with writer:
                for _ in range(100):
                    writer.write(["text" * 1000] * 100)

        with pytest.raises(DataError, match=r"/dev/full cannot be written \(No space left.*paths\.cache_dir"):
            fill()


def test_ragged_view_of_arrow_is_the_one_in_memory() -> None:
    import pyarrow as pa

    rows = [[1, 2, 3], [], [4], [5, 6], [7], [], [8, 9]]
    column = pa.chunked_array([rows[:3], [], rows[3:4], rows[4:]], pa.list_(pa.int32()))
    ragged = Ragged.of_arrow(column)
    assert ragged.lengths.tolist() == Ragged(rows).lengths.tolist()
    assert [ragged[row].tolist() for row in range(len(rows))] == rows
    chosen = np.array([6, 0, 3, 5])
    for view in (ragged.select(chosen), Ragged(rows).select(chosen), ragged.select(np.arange(7)).select(chosen)):
        assert [view[row].tolist() for row in range(4)] == [rows[row] for row in chosen]
        assert view.lengths.tolist() == [len(rows[row]) for row in chosen]


def test_column_of_text_is_a_sequence() -> None:
    import pyarrow as pa

    column = TextColumn(pa.chunked_array([["a", "b"], [], ["c"]], pa.string()))
    assert (len(column), list(column), column[2], column[-1], column[::-1]) == (
        3,
        ["a", "b", "c"],
        "c",
        "c",
        ["c", "b", "a"],
    )
    assert "b" in column
    assert column.index("c") == 2
    with pytest.raises(IndexError):
        column[3]


@pytest.fixture(autouse=True)
def nothing_half_made_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob("*.part"))
