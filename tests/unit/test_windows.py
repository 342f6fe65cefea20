"""Streams in windows, and who works on their batches."""

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence

import hypothesis
import pytest
import torch
from hypothesis import strategies as st

from nmt.config import UserError
from nmt.translation.scoring import even_size
from nmt.translation.threads import Alone, Threads, Work, crew_for
from nmt.translation.windows import WINDOW, Crew, Task, Window, stream

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Lets torch use two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def pairs(items: Sequence[int], batch_size: int) -> Iterable[list[int]]:
    """Cuts items into batches as they come, but for those below 0."""
    places = [place for place, item in enumerate(items) if item >= 0]
    return [places[start : start + batch_size] for start in range(0, len(places), batch_size)]


def results(items: Iterable[int], crew: Crew[int, str], batch_size: int = 2) -> Iterator[str]:
    return stream(iter(items), batch_size, pairs, lambda item: f"no {item}", crew)


def named(items: Sequence[int]) -> list[str]:
    return [str(item) for item in items]


@pytest.mark.parametrize("crew", [Alone, Threads])
@hypothesis.given(items=st.lists(st.integers(-2, 99), max_size=60), batch_size=st.integers(1, 5))
def test_results_are_in_order(crew: type[Alone[int, str]], items: list[int], batch_size: int) -> None:
    expected = [str(item) if item >= 0 else f"no {item}" for item in items]
    assert list(results(items, crew(named), batch_size)) == expected
    assert torch.get_num_threads() == 2


def test_batches_are_worked_on_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)

    def meeting(items: Sequence[int]) -> list[str]:
        both.wait()
        return named(items)

    assert list(results(range(8), Threads(meeting))) == named(range(8))


def threads_of(count: int) -> tuple[list[int], int]:
    """Returns how many threads torch had for each of so many batches, and how many worked on them."""
    seen, workers = list[int](), set[int]()

    def looking(items: Sequence[int]) -> list[str]:
        seen.append(torch.get_num_threads())
        workers.add(threading.get_ident())
        time.sleep(0.02)
        return named(items)

    list(results(range(count), Threads(looking), 1 if count == 1 else 2))
    return seen, len(workers)


def test_threads_are_shared_out() -> None:
    assert threads_of(2) == ([2], 1)
    assert threads_of(4) == ([1, 1], 2)
    assert threads_of(6) == ([1, 1, 1], 2)
    torch.set_num_threads(9)
    assert threads_of(4) in [([4, 5], 2), ([5, 4], 2)]
    assert sum(threads_of(8)[0]) == 9
    assert threads_of(12)[1] == 4
    torch.set_num_threads(1)
    assert threads_of(12) == ([1] * 6, 1)


def test_who_works() -> None:
    assert isinstance(crew_for(named, CPU, 2), Threads)
    assert isinstance(crew_for(named, CPU, 1), Alone)
    assert isinstance(crew_for(named, torch.device("cuda"), 2), Alone)
    torch.set_num_threads(1)
    assert isinstance(crew_for(named, CPU, 2), Alone)


@pytest.mark.parametrize(("crew", "ahead"), [(Alone, 1), (Threads, 2)])
def test_reads_no_further_than_needed(crew: type[Alone[int, str]], ahead: int) -> None:
    read = 0

    def endless() -> Iterator[int]:
        nonlocal read
        while True:
            read += 1
            yield read

    found = results(endless(), crew(named))
    for number in range(1, 100):
        assert next(found) == str(number)
        assert read < number + (ahead + 1) * 2 * WINDOW
    alone = results(endless(), crew_for(named, CPU, 1), 1)
    before = read
    for number in range(1, 10):
        next(alone)
        assert read == before + number


def test_abandoned_stream_gives_the_threads_back() -> None:
    found = results(range(1000), Threads(named))
    assert next(found) == "0"
    del found
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("crew", [Alone, Threads])
def test_errors_come_at_their_turn(crew: type[Alone[int, str]]) -> None:
    def failing(items: Sequence[int]) -> list[str]:
        if 40 in items:
            raise UserError("forty")
        return named(items)

    given = results(range(60), crew(failing))
    assert [next(given) for _ in range(32)] == named(range(32))  # two windows
    with pytest.raises(UserError, match="forty"):
        next(given)

    def broken() -> Iterator[int]:
        yield from range(39)
        raise UserError("no more")

    given = results(broken(), crew(named))
    assert [next(given) for _ in range(32)] == named(range(32))
    with pytest.raises(UserError, match="no more"):
        next(given)


def test_streams_at_the_same_time_give_the_threads_back() -> None:
    """The second begins in a thread that knows a share of the first one's, and ends last."""
    torch.set_num_threads(4)
    seen = list[int]()

    def second() -> None:
        found = results(range(100), Threads(named))
        seen.append(int(next(found)))
        begun.set()
        first_ended.wait(30)
        assert list(found) == named(range(1, 100))

    begun, first_ended = threading.Event(), threading.Event()
    found = results(range(100), Threads(named))
    next(found)
    thread = threading.Thread(target=second)
    thread.start()
    assert begun.wait(30)
    assert list(found) == named(range(1, 100))
    first_ended.set()
    thread.join()
    assert torch.get_num_threads() == 4
    after = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    after.start()
    after.join()
    assert seen == [0, 4]


def test_threads_are_read_when_the_work_begins() -> None:
    found = results(range(100), Threads(named))
    torch.set_num_threads(3)
    assert list(found) == named(range(100))
    assert torch.get_num_threads() == 3


def test_garbage_may_be_collected_in_one_of_the_threads() -> None:
    """A stream that is part of a cycle is ended by whichever thread the collector runs in."""

    class Holder:
        stream: Iterator[str]

    collecting, dropped = threading.Event(), threading.Event()

    def collect(items: Sequence[int]) -> list[str]:
        if 18 in items:  # in the second window
            collecting.set()
            assert dropped.wait(30)
            gc.collect()
        return named(items)

    def begin() -> weakref.ref[Holder]:
        holder = Holder()
        holder.stream = results(range(1000), Threads(collect))
        holder.self = holder  # type: ignore[attr-defined]
        next(holder.stream)
        return weakref.ref(holder)

    gc.disable()
    try:
        held = begin()
        assert collecting.wait(30)
        dropped.set()
        for _ in range(300):
            if held() is None and not [one for one in threading.enumerate() if one.name.startswith("nmt_")]:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("threads are left")
    finally:
        gc.enable()
    assert torch.get_num_threads() == 2


def test_program_that_leaves_a_stream_ends_soon_and_quietly() -> None:
    program = """
import time, torch
from nmt.translation.threads import Threads
from nmt.translation.windows import stream
torch.set_num_threads(2)
def work(items):
    time.sleep(0.01 if items[0] < 16 else 1)
    return items
def cut(items, size):
    return [[place] for place in range(len(items))]
found = stream(iter(range(100)), 2, cut, str, Threads(work))
first = next(found)
print(time.time())
raise SystemExit(first)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.time() - float(done.stdout) < 5  # all batches that are read would take 8


def until_ended(ended: list[float], first: Sequence[int]) -> Work[int, str]:
    """Returns work that fails with the batch that is given and goes on for a minute with others, unless ended."""

    def work(items: Sequence[int]) -> list[str]:
        if list(items) == list(first):
            time.sleep(0.1)
            raise KeyboardInterrupt
        begin = time.monotonic()
        try:
            while time.monotonic() < begin + 60:
                torch.rand(100).sum()
        finally:
            ended.append(time.monotonic() - begin)
        return named(items)

    return work


def test_failure_ends_what_is_running() -> None:
    """Ctrl-C must not wait for searches that nobody wants any more."""
    ended = list[float]()
    with pytest.raises(KeyboardInterrupt):
        list(results(range(20), Threads(until_ended(ended, [0, 1]))))
    assert ended  # at least the other batch of the two that begin
    assert max(ended) < 30
    assert torch.get_num_threads() == 2


def test_failed_window_is_complete_whatever_else_comes_in() -> None:
    window = Window(["", ""], missing=2)
    Task(window, [0], ["a"]).failed(UserError("first"))
    assert window.complete
    Task(window, [1], ["b"]).done(["B"])
    Task(window, [0], ["a"]).failed(UserError("second"))
    assert window.complete
    assert str(window.error) == "first"


@hypothesis.given(count=st.integers(0, 5000), most=st.integers(1, 100))
def test_batches_are_even(count: int, most: int) -> None:
    size = even_size(count, most)
    assert size <= most
    assert size == count or count > most
    if count > most:
        fewest = -(-count // most)
        assert fewest <= -(-count // size) <= fewest + fewest % 2


def test_two_cores_have_the_same_to_do() -> None:
    assert [even_size(count, 64) for count in (64, 65, 128, 129, 512)] == [64, 33, 64, 33, 64]
