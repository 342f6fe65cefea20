"""Brings small_parallel_enja (English and Japanese, tokenised) into recipes/enja/data.

python recipes/enja/prepare.py                  downloads it from the data set's repository, 5 MB
python recipes/enja/prepare.py --from DIR       takes train.en or train.en.gz and so on from a folder
"""

from pathlib import Path

from nmt.data.fetch import CorpusFile, fetch_command, read_checksums

HERE = Path(__file__).resolve().parent
COMMIT = "312408a11c5fbcbc09443bebb18121f7efdcd61e"
URL = f"https://raw.githubusercontent.com/odashi/small_parallel_enja/{COMMIT}"
PARTS = 5
"""The training text is kept there in this many numbered parts, which are to be joined."""


def addresses(name: str) -> tuple[str, ...]:
    """Returns where a file, or each of its parts, is to be found."""
    if name.startswith("train."):
        return tuple(f"{URL}/{name}.{part:03}" for part in range(PARTS))
    return (f"{URL}/{name}",)


if __name__ == "__main__":
    checksums = read_checksums(HERE / "SHA256SUMS")
    files = [CorpusFile(name, digest, addresses(name)) for name, digest in checksums.items()]
    fetch_command(__doc__, files, HERE / "data")
