"""Who works on batches in this process: threads with a batch each, or whoever asks.

Most operations of a step are too small to be shared out among threads: two cores that have a batch each do a fifth more
than two that share every operation of one batch.
"""

import atexit
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
    """Returns who shall work on batches: threads on a CPU if torch may use several and a batch holds several sentences.

    With a batch size of 1 no result is kept waiting until the next sentence is read.
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

    From the first batch to the end, threads that begin elsewhere in the process have fewer as well, and a number of
    threads that is set meanwhile does not last. Modes of torch that belong to a thread, such as autocast, do not reach
    the work.
    """

    ahead = 2

    def __init__(self, work: Work[Item, Result]) -> None:
        self._work, self._alone = work, Alone(work)
        self._pool: _Pool | None = None
        self._given: dict[Future[Sequence[Result]], Task[Item, Result]] = {}

    def serve(self, tasks: deque[Task[Item, Result]], *, block: bool) -> None:
        """Takes on two batches for each thread: the next call may take a while. Waits for one with `block`."""
        if self._pool is None:
            if len(tasks) < 2:
                self._alone.serve(tasks, block=block)
                return
            self._pool = _Pool(min(torch.get_num_threads(), len(tasks), MOST))
        self._hand_out(self._pool, tasks)
        if block:
            wait(self._given, return_when=FIRST_COMPLETED)
        for future in [one for one in self._given if one.done()]:
            task, error = self._given.pop(future), future.exception()
            if error is None:
                task.done(future.result())
            else:
                task.failed(error)
        self._hand_out(self._pool, tasks)

    def _hand_out(self, pool: "_Pool", tasks: deque[Task[Item, Result]]) -> None:
        while tasks and len(self._given) < 2 * pool.size:
            task = tasks.popleft()
            self._given[pool.submit(self._work, task.items)] = task

    def end(self) -> None:
        """Stops all work, as soon as the operations of torch that are running have ended."""
        if self._pool is not None:
            self._pool.end()


class _Pool:
    """Threads that can be stopped in the middle of their work, with a share of those of torch each.

    Attributes:
        size: how many there are.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._running = set[int]()
        self._ended = False
        count = _cores.take()
        self._shares = iter([(count + place) // size for place in range(size)])
        self._threads = ThreadPoolExecutor(size, "nmt", self._begin)
        atexit.register(self.end)  # later there is nothing left to end it with

    def submit(self, work: Work[Item, Result], items: Sequence[Item]) -> Future[Sequence[Result]]:
        """Lets a thread work on items when one is free."""
        return self._threads.submit(self._run, work, items)

    def end(self) -> None:
        """Stops all threads. Whoever collects garbage may call it, even one of them, which then is not waited for."""
        if self._ended:
            return
        self._ended = True
        atexit.unregister(self.end)
        try:
            self._threads.shutdown(wait=False, cancel_futures=True)
            me = threading.get_ident()
            for thread in self._running - {me}:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Ended))
            self._threads.shutdown(wait=me not in self._running)
        finally:
            _cores.give_back()

    def _begin(self) -> None:
        torch.get_num_threads()  # only then does the thread keep what is set
        torch.set_num_threads(next(self._shares))

    def _run(self, work: Work[Item, Result], items: Sequence[Item]) -> Sequence[Result]:
        self._running.add(threading.get_ident())
        try:
            if self._ended:
                raise _Ended
            return work(items)
        finally:
            self._running.discard(threading.get_ident())


class _Ended(BaseException):
    """Ends a thread whose results nobody waits for any more: it is raised where that thread next runs Python."""


class _Cores:
    """How many threads torch had before the first of the pools that are open.

    What a pool's threads set is what threads get that begin elsewhere, so that a second stream may see a share of the
    first one's; only the last to end gives back what there was.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # the collector of garbage may end a pool at any time
        self._pools = self._before = 0

    def take(self) -> int:
        """Returns how many threads a new pool may share out."""
        with self._lock:
            count = torch.get_num_threads()
            if not self._pools:
                self._before = count
            self._pools += 1
            return count

    def give_back(self) -> None:
        """Takes note that a pool has ended."""
        with self._lock:
            self._pools -= 1
            if not self._pools:
                torch.set_num_threads(self._before)


_cores = _Cores()
