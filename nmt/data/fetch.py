"""Bringing the files of a known corpus into a folder: copied or downloaded, and compared with checksums."""

import argparse
import gzip
import hashlib
import logging
import sys
import urllib.request
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from nmt.data.text import DataError, replace_file

log = logging.getLogger(__name__)

TIMEOUT = 60
"""Seconds without an answer after which a download is given up."""


@dataclass(frozen=True)
class CorpusFile:
    """A file of a corpus.

    Attributes:
        name: what it is called in the folder, such as `train.de`.
        sha256: of its content, unpacked.
        urls: where it can be downloaded; several parts are joined, gzip is unpacked.
    """

    name: str
    sha256: str
    urls: tuple[str, ...] = ()


def fetch_command(about: str, files: Iterable[CorpusFile], folder: Path) -> None:
    """The command line of a recipe's `prepare.py`: `--from DIR` and `--to DIR`; ends with a line if something fails.

    Args:
        about: what `--help` says.
        files: what to bring.
        folder: where to, unless `--to` tells.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a folder that has the files")
    parser.add_argument("--to", type=Path, metavar="DIR", default=folder, help="default: data beside this program")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        fetch(files, arguments.to, arguments.source)
    except (DataError, OSError) as error:
        sys.exit(f"{parser.prog}: error: {error}")


def fetch(files: Iterable[CorpusFile], folder: Path, source: Path | None = None) -> None:
    """Puts files into `folder`; what is there already with the right checksum is not downloaded again.

    Args:
        files: what to bring.
        folder: where to; it is made if need be.
        source: a folder that has the files, plain or as `.gz`; None: they are downloaded. A file from there may differ
            from the published one, which is said; a download must not.

    Raises:
        DataError: a file that `source` lacks, a download that fails, or one whose checksum is another.
    """
    if source is not None:
        for file, content in [(file, find(source, file.name)) for file in files]:  # all are there, or none is written
            if checksum(content) != file.sha256:
                log.warning("%s differs from the published file: expect other figures", source / file.name)
            write(folder / file.name, content)
        return
    for file in files:
        target = folder / file.name
        if target.is_file() and checksum(target.read_bytes()) == file.sha256:
            log.info("%s is there", target)
            continue
        content = b"".join(map(download, file.urls))
        if checksum(content) != file.sha256:
            raise DataError(f"{file.name}: what {file.urls[0]} gives has another checksum than the published file")
        write(target, content)


def read_checksums(path: Path) -> dict[str, str]:
    """Reads a list as `sha256sum` writes it; returns the checksum of each name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}


def write(path: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)
    log.info("%s: %s bytes", path, f"{len(content):,}")


def find(folder: Path, name: str) -> bytes:
    """Reads a file, plain or as `.gz`.

    Raises:
        DataError: neither is there, or the gzip file is damaged.
    """
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return unpacked(candidate.read_bytes(), str(candidate))
    raise DataError(f"no file {folder / name}, nor {name}.gz beside it")


def download(url: str) -> bytes:
    """Returns what an address gives, unpacked if it ends in `.gz`.

    Raises:
        DataError: no connection, or no such file.
    """
    log.info("downloading %s", url)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            content: bytes = answer.read()
    except (OSError, HTTPException) as error:
        raise DataError(f"cannot download {url} ({error}): name a folder that has the files by --from DIR") from error
    return unpacked(content, url) if url.endswith(".gz") else content


def unpacked(content: bytes, name: str) -> bytes:
    """Returns what a gzip file holds; other content as it is."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: the gzip file is damaged ({error})") from error


def checksum(content: bytes) -> str:
    """Returns the SHA-256 of some content, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
