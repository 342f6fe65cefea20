import gzip
import hashlib
import logging
from pathlib import Path

import pytest

from nmt.data.fetch import CorpusFile, fetch, read_checksums
from nmt.data.text import DataError

TEXT = b"one line\nand another\n"
SHA256 = hashlib.sha256(TEXT).hexdigest()


def as_file(name: str, *urls: Path) -> CorpusFile:
    return CorpusFile(name, SHA256, tuple(url.as_uri() for url in urls))


def test_a_folder_gives_plain_and_packed_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.en").write_bytes(TEXT)
    (source / "b.en.gz").write_bytes(gzip.compress(TEXT))
    fetch([as_file("a.en"), as_file("b.en")], tmp_path / "made" / "data", source)
    assert {path.name: path.read_bytes() for path in (tmp_path / "made" / "data").iterdir()} == {
        "a.en": TEXT,
        "b.en": TEXT,
    }


def test_parts_are_downloaded_unpacked_and_joined(tmp_path: Path) -> None:
    first, second = tmp_path / "a.000.gz", tmp_path / "a.001"
    first.write_bytes(gzip.compress(TEXT[:5]))
    second.write_bytes(TEXT[5:])
    fetch([as_file("a", first, second)], tmp_path / "data")
    assert (tmp_path / "data" / "a").read_bytes() == TEXT


def test_a_download_with_another_checksum_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"something else\n")
    with pytest.raises(DataError, match="checksum"):
        fetch([as_file("a", tmp_path / "other")], tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_another_text_from_a_folder_is_taken_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a").write_bytes(b"something else\n")
    with caplog.at_level(logging.WARNING):
        fetch([as_file("a")], tmp_path / "data", tmp_path)
    assert (tmp_path / "data" / "a").read_bytes() == b"something else\n"
    assert "differs from the published file" in caplog.text


def test_what_is_there_and_right_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(TEXT)
    fetch([as_file("a", tmp_path / "nowhere")], tmp_path)
    assert (tmp_path / "a").read_bytes() == TEXT


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8bdamaged", gzip.compress(TEXT)[:-6], gzip.compress(TEXT)[:12] + bytes(20)],
    ids=["garbage", "cut off", "overwritten"],
)
def test_a_damaged_gzip_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.gz.*damaged"):
        fetch([as_file("a")], tmp_path / "data", tmp_path)


def test_a_failed_download_names_address_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.*--from DIR"):
        fetch([as_file("a", tmp_path / "nowhere")], tmp_path / "data")


def test_checksums_are_read_as_sha256sum_writes_them(tmp_path: Path) -> None:
    (tmp_path / "sums").write_text(f"{SHA256}  train.de\n{SHA256}  train.en\n")
    assert read_checksums(tmp_path / "sums") == {"train.de": SHA256, "train.en": SHA256}


def test_a_folder_that_lacks_a_file_gives_none(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_bytes(TEXT)
    with pytest.raises(DataError, match="no file"):
        fetch([as_file("a"), as_file("b")], tmp_path / "data", source)
    assert not (tmp_path / "data").exists()
