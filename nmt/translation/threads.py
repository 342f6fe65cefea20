"""Who works on batches in this process: threads with a batch each, or whoever asks.

Most operations of a step are too small to be shared out among threads: two cores that have a batch each do a fifth more
than two that share every operation of one batch.
"""

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic

import torch

from nmt.translation.windows import Crew, Item, Result, Task

Work = Callable[[Sequence[Item]], Sequence[Result]]

MOST = 4
"""Batches at a time: an eighth of the time of a greedy search is Python's, which runs one thread at a time."""


def crew_for(work: Work[Item, Result], device: torch.device, batch_size: int) -> Crew[Item, Result]:
    """Returns who shall work on batches: several threads on a CPU if torch may use them and there is something to read.

    Results of single sentences are not kept waiting for the next one.
    """
    if device.type == "cpu" and batch_size > 1 and torch.get_num_threads() > 1:
        return Threads(work)
    return Alone(work)


class Alone(Generic[Item, Result]):
    """A crew of nobody else: whoever waits for a batch works on it."""

    ahead = 1

    def __init__(self, work: Work[Item, Result]) -> None:
        self._work = work

    def serve(self, tasks: deque[Task[Item, Result]], *, block: bool) -> None:
        """Works on a batch, with `block`."""
        if not block:
            return
        task = tasks.popleft()
        try:
            task.done(self._work(task.items))
        except Exception as error:
            task.failed(error)

    def end(self) -> None:
        """Has nothing to stop."""


class Threads(Generic[Item, Result]):
    """A crew of threads that share out those of torch; a batch that is alone gets all of them.

    From the first batch to the end torch computes with fewer threads in the whole process.
    """

    ahead = 2

    def __init__(self, work: Work[Item, Result]) -> None:
        self._work, self._alone = work, Alone(work)
        self._all = torch.get_num_threads()
        self._pool: ThreadPoolExecutor | None = None
        self._given: dict[Future[Sequence[Result]], Task[Item, Result]] = {}
        self._running = set[int]()

    def serve(self, tasks: deque[Task[Item, Result]], *, block: bool) -> None:
        """Takes on all tasks; waits for one with `block`."""
        if self._pool is None:
            if len(tasks) < 2:
                self._alone.serve(tasks, block=block)
                return
            count = min(self._all, len(tasks), MOST)
            self._pool = ThreadPoolExecutor(count, "nmt", torch.set_num_threads, (self._all // count,))
        while tasks:
            task = tasks.popleft()
            self._given[self._pool.submit(self._run, task.items)] = task
        if block:
            self._take_in()

    def end(self) -> None:
        """Stops all work, as soon as the operations of torch that are running have ended."""
        if self._pool is None:
            return
        for thread in list(self._running):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Ended))
        self._pool.shutdown(cancel_futures=True)
        torch.set_num_threads(self._all)

    def _run(self, items: Sequence[Item]) -> Sequence[Result]:
        self._running.add(threading.get_ident())
        try:
            return self._work(items)
        finally:
            self._running.discard(threading.get_ident())

    def _take_in(self) -> None:
        for future in wait(self._given, return_when=FIRST_COMPLETED).done:
            task, error = self._given.pop(future), future.exception()
            if error is None:
                task.done(future.result())
            else:
                task.failed(error)


class _Ended(BaseException):
    """Ends a thread whose results nobody waits for any more: it is raised where that thread next runs Python."""
