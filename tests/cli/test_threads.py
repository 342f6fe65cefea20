"""Batches that go side by side in threads give what they give one after the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from nmt import Translator
from tests.conftest import RunNmt
from tests.trained import lines_of, write_lines

Found = list[tuple[str, float, list[tuple[int, int]]]]


@pytest.fixture(autouse=True)
def threads_given_back() -> Iterator[None]:
    """Leaves torch as many threads as it had."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def translated(translator: Translator, lines: list[str], **options: object) -> Found:
    found = translator.stream(lines, batch_size=4, max_length=30, **options)  # type: ignore[arg-type]
    return [(one.text, one.score, one.alignment.links()) if one.hypotheses else ("", 0.0, []) for one in found]


@pytest.mark.parametrize("options", [{"beam_size": 1}, {"beam_size": 4}, {"sample": True, "n_best": 2, "seed": 3}])
@pytest.mark.parametrize("precision", ["float", "int8"])
def test_any_number_of_threads(trained: Path, precision: str, options: dict[str, object]) -> None:
    translator = Translator.load(trained, precision=precision)
    lines = [*lines_of(trained / "test.sources")[:70], "", " ", "two lamps"]
    torch.set_num_threads(1)
    expected = translated(translator, lines, **options)
    for threads in (2, 4):
        torch.set_num_threads(threads)
        assert translated(translator, lines, **options) == expected  # one thread to each batch
        assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    "ask", [lambda one, pairs: one.score_pairs(pairs, batch_size=4), lambda one, pairs: one.align_pairs(pairs)]
)
def test_given_pairs(translator: Translator, trained: Path, ask: Callable[..., Iterator[object]]) -> None:
    pairs = [(line, line) for line in lines_of(trained / "test.sources")[:300]]
    pairs[3] = "", "two"
    alone = list(map(str, ask(translator, pairs)))
    torch.set_num_threads(2)
    assert list(map(str, ask(translator, pairs))) == alone


def test_program(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "in", lines_of(trained / "test.sources")[:80])
    options = ("-i", "in", "--batch-size", "4", "--format", "jsonl", "--precision", "int8")
    one, two = (run_nmt("translate", trained, *options, "--threads", threads) for threads in ("1", "2"))
    assert (two.returncode, two.stderr) == (0, "")
    assert two.stdout == one.stdout != ""
