"""Translating with several processes: one reads, cuts into pieces and keeps the order, the others search.

Batches are those of one process, so that results are, too. All warnings about lines come from the reading process.
"""

import logging
import multiprocessing
import pickle
import signal
import warnings
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from nmt.config import SearchOptions, SettingsError, UserError, at_least, search_options
from nmt.data.tokenizer import Pieces
from nmt.translation.result import Translation
from nmt.translation.scoring import source_batches, untranslated
from nmt.translation.translator import Translator
from nmt.translation.windows import WINDOW, Task, stream

_Task = Task[Pieces, Translation]


class WorkerError(UserError):
    """A worker process that ended before its work was done."""


def stream_by_workers(
    translator: Translator,
    lines: Iterable[str],
    workers: int,
    *,
    batch_size: int,
    threads: int = 1,
    **options: Any,
) -> Generator[Translation, None, None]:
    """Yields what `Translator.stream` yields, computed by several processes.

    Processes start as batches turn up. Where the platform forks they share the memory of the weights, unless they are
    to compute with several threads, which a forked process cannot.

    Args:
        translator: on the CPU.
        lines: sentences, with or without their line ends.
        workers: most processes.
        batch_size: most sentences that are searched together, at least 2.
        threads: CPU threads of each process.
        **options: the fields of `SearchOptions`.

    Raises:
        SettingsError: an unknown option or value, or one that does not go with several processes.
        WorkerError: a process was killed.
    """
    at_least(workers, 1, "workers")
    at_least(threads, 1, "threads")
    if batch_size < 2:
        raise SettingsError("workers above 1 need a batch size above 1: with 1 each line is answered before the next")
    if translator.device.type != "cpu":
        raise SettingsError(f"workers above 1 are for device=cpu, not {translator.device}")
    chosen = search_options(translator.options, **options)
    pieces = (translator.encode(line, number, chosen) for number, line in enumerate(lines, 1))
    crew = _Processes(translator, workers, threads, chosen)
    return stream(pieces, batch_size, source_batches, untranslated, crew)


class _Processes:
    """Worker processes, each with at most one batch, so that neither side of a pipe ever waits for the other."""

    def __init__(self, translator: Translator, size: int, threads: int, options: SearchOptions) -> None:
        self._size, self.ahead = size, 2 + (size - 1) // WINDOW
        self._start = (translator, options, threads)
        self._context = multiprocessing.get_context("spawn" if threads > 1 else None)
        self._forks = self._context.get_start_method() == "fork"
        self._processes: dict[Connection, Any] = {}
        self._busy: dict[Connection, _Task] = {}
        self._said: set[str] = set()

    def serve(self, tasks: deque[_Task], *, block: bool) -> None:
        """Hands out tasks and takes in results, waiting for one with `block`."""
        self._hand_out(tasks)
        for ready in wait(list(self._busy), None if block else 0):
            assert isinstance(ready, Connection)
            self._take_in(ready)
        self._hand_out(tasks)

    def end(self) -> None:
        """Ends all processes at once, whatever they do."""
        for process in self._processes.values():
            process.kill()
        for connection, process in self._processes.items():
            process.join()
            process.close()
            connection.close()
        self._processes.clear()
        self._busy.clear()

    def _hand_out(self, tasks: deque[_Task]) -> None:
        while tasks and len(self._busy) < self._size:
            connection = next((one for one in self._processes if one not in self._busy), None) or self._hire()
            task = tasks.popleft()
            self._busy[connection] = task
            try:
                connection.send(task.items)
            except OSError as error:
                raise self._lost(connection) from error

    def _take_in(self, connection: Connection) -> None:
        try:
            found, said = connection.recv()
        except (EOFError, OSError) as error:
            raise self._lost(connection) from error
        for name, level, message in said:
            if message not in self._said:  # each worker says it for itself
                self._said.add(message)
                logging.getLogger(name).log(level, "%s", message)
        task = self._busy.pop(connection)
        if isinstance(found, BaseException):
            task.failed(found)
        else:
            task.done(found)

    def _hire(self) -> Connection:
        ours, theirs = self._context.Pipe()
        # A forked process has copies of our ends of all pipes; while they are open it would not notice that we died.
        inherited = [*self._processes, ours] if self._forks else []
        process: Any = self._context.Process(
            target=_work, args=(theirs, inherited, *self._start), name="nmt worker", daemon=True
        )
        self._processes[ours] = process
        with warnings.catch_warnings(), _interrupts_held():
            # Python 3.12 warns of a fork with several threads. Those of torch and NumPy are not used after it.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            process.start()
        theirs.close()
        return ours

    def _lost(self, connection: Connection) -> WorkerError:
        process = self._processes[connection]
        process.join(5)
        code = process.exitcode or 0
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        why = "; is there too little memory? Fewer workers need less" if code == -9 else ""
        return WorkerError(f"a worker process {how} before its work was done{why}")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Holds Ctrl-C back while a process starts. The process never sees it, and is ended by the one that does."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Kept(logging.Handler):
    """Keeps what a worker logs for the process that reads, which says it once."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append((record.name, record.levelno, record.getMessage()))

    def taken(self) -> list[tuple[str, int, str]]:
        """Returns (logger, level, message) of all since the last call."""
        records, self._records = self._records, []
        return records


def _work(
    connection: Connection,
    inherited: Sequence[Connection],
    translator: Translator,
    options: SearchOptions,
    threads: int,
) -> None:
    """Translates batch after batch, until the other end is closed."""
    for one in inherited:
        one.close()
    torch.set_num_threads(threads)
    kept, logger = _Kept(), logging.getLogger("nmt")
    logger.handlers, logger.propagate = [kept], False
    translator.model.eval()
    with suppress(EOFError, OSError):
        while True:
            pieces = connection.recv()
            try:
                found: Any = translator.search_batch(pieces, options)
            except Exception as error:
                found = _portable(error)
            connection.send((found, kept.taken()))


def _portable(error: Exception) -> Exception:
    """Returns an error that can be sent to another process: itself if it can, else what it says."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return WorkerError(said)
    return error
