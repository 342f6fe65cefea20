"""Work on a stream of sentences: some batches are read ahead, a crew works on them, results come in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WINDOW = 8
"""Batches that are read ahead, so that sentences of like length can go together."""


@dataclass
class Window(Generic[Result]):
    """What is read together.

    Attributes:
        results: of each item, once its batch is done.
        missing: batches that are not.
        error: why there will be no results.
    """

    results: list[Result]
    missing: int = 0
    error: BaseException | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return self.error is not None or not self.missing


@dataclass(frozen=True)
class Task(Generic[Item, Result]):
    """A batch: its items, and where in a window their results go."""

    window: Window[Result]
    places: Sequence[int]
    items: Sequence[Item]

    def done(self, found: Sequence[Result]) -> None:
        """Takes in a result for each item."""
        self.window.missing -= 1
        for place, result in zip(self.places, found, strict=True):
            self.window.results[place] = result

    def failed(self, error: BaseException) -> None:
        """Takes in what happened instead."""
        self.window.error = self.window.error or error


class Crew(Protocol[Item, Result]):
    """Those who work on batches."""

    @property
    def ahead(self) -> int:
        """How many windows are read before the first is given back: with two, nobody waits for its last batches."""

    def serve(self, tasks: deque[Task[Item, Result]], *, block: bool) -> None:
        """Takes on tasks that nobody has yet, and tells them their results; with `block` one of them at least."""
        ...

    def end(self) -> None:
        """Stops all work at once."""
        ...


def stream(
    items: Iterator[Item],
    batch_size: int,
    cut: Callable[[Sequence[Item], int], Iterable[list[int]]],
    blank: Callable[[Item], Result],
    crew: Crew[Item, Result],
) -> Generator[Result, None, None]:
    """Yields a result for each item, in order. What fails is told at its turn, after the results of earlier windows.

    Args:
        items: read only a few batches ahead, none with `batch_size` 1.
        batch_size: most items that go together.
        cut: returns the places of the items of each batch; those in none keep their blank result.
        blank: makes it.
        crew: works on batches, and is told to end when the stream does.
    """
    windows: deque[Window[Result]] = deque()
    tasks: deque[Task[Item, Result]] = deque()
    ended = False
    try:
        while True:
            while not ended and not tasks and len(windows) < crew.ahead:
                window, added = _read(items, batch_size, cut, blank)
                ended = window.error is not None or not window.results
                if window.error is not None or window.results:
                    windows.append(window)
                tasks.extend(added)
                crew.serve(tasks, block=False)
            if not windows:
                return
            if not windows[0].complete:
                crew.serve(tasks, block=True)
                continue
            done = windows.popleft()
            if done.error is not None:
                raise done.error
            for result in done.results:
                yield result
                crew.serve(tasks, block=False)  # so that nobody waits for whoever reads the results
    finally:
        crew.end()


def _read(
    items: Iterator[Item],
    batch_size: int,
    cut: Callable[[Sequence[Item], int], Iterable[list[int]]],
    blank: Callable[[Item], Result],
) -> tuple[Window[Result], list[Task[Item, Result]]]:
    try:
        taken = list(islice(items, 1 if batch_size == 1 else WINDOW * batch_size))
    except Exception as error:
        return Window([], error=error), []
    window = Window([blank(one) for one in taken])
    batches = list(cut(taken, batch_size))
    window.missing = len(batches)
    return window, [Task(window, places, [taken[one] for one in places]) for places in batches]
