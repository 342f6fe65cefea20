"""Brings Multi30k (task 1, raw text, four languages) into recipes/multi30k/data.

python recipes/multi30k/prepare.py                  downloads it from the data set's repository, 4 MB
python recipes/multi30k/prepare.py --from DIR       takes train.de or train.de.gz and so on from a folder
"""

from pathlib import Path

from nmt.data.fetch import CorpusFile, fetch_command, read_checksums

HERE = Path(__file__).resolve().parent
COMMIT = "a3d2e0d26b56f3846f66a952536ffed4e401d05a"
URL = f"https://raw.githubusercontent.com/multi30k/dataset/{COMMIT}/data/task1/raw"

if __name__ == "__main__":
    checksums = read_checksums(HERE / "SHA256SUMS")
    files = [CorpusFile(name, digest, (f"{URL}/{name}.gz",)) for name, digest in checksums.items()]
    fetch_command(__doc__, files, HERE / "data")
