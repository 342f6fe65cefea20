"""Models that tests translate with: one that has learnt the phrasebook, and settings for runs of a second."""

import atexit
import fcntl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TRAINED = (
    "seed=1",
    "model=luong",
    "model.cell=gru",
    "model.input_feeding=false",
    "model.dropout=0.1",
    "model.embedding_size=64",
    "model.encoder_size=96",
    "model.decoder_size=192",
    "data.batch_tokens=1024",
    "data.phrasebook.train=16000",
    "data.phrasebook.valid=100",
    "label_smoothing=0.1",
    "optimizer.lr=8e-3",
    "schedule.warmup_steps=60",
    "trainer.max_epochs=5",
    "trainer.val_check_interval=300",
)
"""Overrides of the model that the fixture `trained` is; without input feeding there is no loop over target steps."""

UNSEEN = ("callbacks.samples.picture=false", "callbacks.curves=null")
"""Overrides that save a run the second that its pictures take at each validation."""

TINY = (
    "model.embedding_size=8",
    "model.encoder_size=8",
    "model.decoder_size=16",
    "data.batch_tokens=512",
    "data.phrasebook.train=120",
    "data.phrasebook.valid=6",
    "data.phrasebook.test=6",
    *UNSEEN,
)
"""Overrides of a run that takes a second; what it says means nothing."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Waits until no other worker is inside."""
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed, also when its holder dies
        yield


def train_once(folder: Path, environment: Mapping[str, str]) -> Path:
    """Trains with `TRAINED` by the installed program, in whichever worker comes first; returns the run directory.

    Beside the run lie `trained.out` and `trained.err`, what the program wrote.
    """
    run = folder / "trained"
    with alone(folder / "trained.lock"):
        if not (run / "metrics.json").is_file():
            command = [str(Path(sys.executable).with_name("nmt")), "train", *TRAINED, f"paths.output_dir={run}"]
            with open(folder / "trained.out", "wb") as out, open(folder / "trained.err", "wb") as err:
                training = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err)
                atexit.register(training.kill)  # it may be under way when the tests are stopped
                assert training.wait() == 0, (folder / "trained.err").read_text(encoding="utf-8")
    return run


def lines_of(path: Path) -> list[str]:
    """Returns the lines of a file, cut at line feeds alone."""
    return path.read_bytes().decode().removesuffix("\n").split("\n")


def write_lines(path: Path, lines: list[str]) -> None:
    """Writes lines, each ended by a line feed; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
