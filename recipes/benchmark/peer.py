"""What all peers have in common: what is asked of them, and what their logs are read into."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from recipes.benchmark.bound import PLAIN, REFERENCE, SMALL, Sizes
from recipes.benchmark.data import read
from recipes.benchmark.work import Work

TORCH = "2.13.0"
WARM_UP = 5
"""Updates that are left out of the rate of training."""


@dataclass(frozen=True)
class Training:
    """What a log tells of a training run: target tokens a second, an update, and the loss on the validation text.

    The loss is the plain cross-entropy of a target token in nats; None if the log does not tell.
    """

    tokens_s: float
    tokens_update: float
    parameters: int
    valid_loss: float | None = None


@dataclass(frozen=True)
class Task:
    """What is trained: `sizes` of the model, its `dropout`, learning rate, and whether embeddings are tied."""

    name: str
    sizes: Sizes
    dropout: float = 0.2
    rate: float = 1e-3
    warm_up: int = 0
    tied: bool = False


TASKS = {
    "feeding": Task("feeding", REFERENCE),
    "plain": Task("plain", PLAIN),
    "small": Task("small", SMALL, dropout=0.3, rate=2e-3, warm_up=400, tied=True),
}


@dataclass(frozen=True)
class Search:
    """How is translated: `beam`, sentences a `batch`, and how many `sentences` of the test text."""

    beam: int
    batch: int
    sentences: int


def read_reports(found: Sequence[tuple[int, float, float]]) -> tuple[float, float]:
    """Returns the target tokens a second and an update over all reports of a log after the warm-up.

    Args:
        found: update, target tokens an update, and target tokens a second of each report; reports are evenly spaced.
    """
    steady = [(tokens, tokens / rate) for step, tokens, rate in found if step > WARM_UP]
    tokens = sum(one for one, _ in steady)
    return tokens / sum(seconds for _, seconds in steady), tokens / len(steady)


class Peer:
    """A toolkit in an environment of its own."""

    name: ClassVar[str]
    packages: ClassVar[Sequence[Sequence[str]]]
    """Arguments of `pip install`, one call after the other."""
    tasks: ClassVar[Sequence[str]]
    """What it can train."""
    translates: ClassVar[bool] = False
    """Whether it can be given our weights and stops searching as we do."""

    def install(self, work: Work) -> None:
        """Makes the environment unless it is there."""
        python = work.python(self.name)
        if python.is_file():
            return
        work.run([sys.executable, "-m", "venv", str(python.parents[1])], f"install-{self.name}")
        constraint = work.made("parts") / "torch.txt"
        constraint.write_text(f"torch=={TORCH}\n", encoding="utf-8")
        for packages in self.packages:
            command = [str(python), "-m", "pip", "install", "-q", "-c", str(constraint), *packages]
            work.run(command, f"install-{self.name}")

    def training(self, work: Work, task: Task, updates: int, *, bridge: bool = False) -> list[str]:
        """Returns the command that trains for some updates and validates once, at the end; writes what it reads.

        Args:
            work: the work folder.
            task: what to train.
            updates: how many.
            bridge: give the model the layers between encoder and decoder that weights of ours need; see convert.py.
        """
        raise NotImplementedError

    def read_training(self, log: str) -> Training:
        """Returns what the log of a training run tells."""
        raise NotImplementedError

    def model(self, work: Work) -> Path:
        """Returns where the last trained model lies."""
        return work.folder / f"{self.name}-model"

    def emptied(self, work: Work) -> Path:
        """Returns the same, after removing what is there."""
        shutil.rmtree(self.model(work), ignore_errors=True)
        return self.model(work)

    def template(self, work: Work) -> Path:
        """Returns what convert.py shall put our weights into: the last trained model after one update."""
        return self.model(work)

    def translation(self, work: Work, model: Path, search: Search) -> list[str]:
        """Returns the command that translates the first sentences of the test text."""
        raise NotImplementedError

    def translations(self, work: Work) -> list[list[str]]:
        """Returns the pieces of what was translated last."""
        return [line.split() for line in read(work.made("out") / f"{self.name}.pieces")]

    def read_translation(self, log: str) -> float:
        """Returns the seconds that translation took by the toolkit's own clock, start and load left out."""
        raise NotImplementedError
