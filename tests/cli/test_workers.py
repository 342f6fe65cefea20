"""`nmt translate --workers`: several processes give what one gives, and end together."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nmt import Translation, Translator
from nmt.config import SettingsError, UserError
from nmt.translation.workers import WorkerError, stream_by_workers
from tests.conftest import CallNmt, RunNmt
from tests.trained import TINY, lines_of, write_lines

BATCH = ("--batch-size", "4")


@pytest.fixture(scope="module")
def text(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines for many windows of batch size 4, with empty, odd and long ones among them."""
    path = tmp_path_factory.mktemp("workers") / "text"
    lines = [line.encode() for line in lines_of(trained / "test.sources")[:70]]
    lines[40:40] = [b"", b"  \t ", b"three \xff eggs", b"seventy " * 1200, b"two lamps\r"]
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize(("form", "alignments"), [("jsonl", "jsonl"), ("text", "npz")])
def test_workers_give_the_same_bytes(
    run_nmt: RunNmt, trained: Path, text: Path, tmp_path: Path, form: str, alignments: str
) -> None:
    """Also the same warnings, each once."""
    said = []
    for workers in ("1", "3"):
        options = ("--format", form, "--alignments", f"a{workers}", "--alignment-format", alignments, "-o", workers)
        done = run_nmt("translate", trained, "-i", text, *BATCH, "--max-length", "20", "--workers", workers, *options)
        assert done.returncode == 0, done.stderr
        said.append(done.stderr)
    assert said[0] == said[1]
    assert ["line 43" in line or "line 44" in line for line in said[0].splitlines()] == [True, True]
    assert (tmp_path / "1").read_bytes() == (tmp_path / "3").read_bytes() != b""
    one, many = ((tmp_path / name).read_bytes() for name in ("a1", "a3"))
    assert len(one) == len(many)
    assert one == many or alignments == "npz"  # an archive holds the time of writing


@pytest.mark.parametrize("options", [("--n-best", "3", "--precision", "double"), ("--beam-size", "1")])
def test_options_reach_the_workers(
    call_nmt: CallNmt, run_nmt: RunNmt, trained: Path, text: Path, options: tuple[str, ...]
) -> None:
    given: list[str | Path] = ["translate", trained, "-i", text, *BATCH, "--format", "jsonl", *options]
    assert run_nmt(*given, "--workers", "2").stdout == call_nmt(*given).stdout != ""


def test_workers_with_threads_of_their_own(call_nmt: CallNmt, run_nmt: RunNmt, trained: Path, text: Path) -> None:
    """Such processes cannot be forked, and get the model by way of shared memory."""
    options = ("-i", text, *BATCH, "--max-length", "20")
    done = run_nmt("translate", trained, *options, "--workers", "2", "--threads", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == call_nmt("translate", trained, *options).stdout


@pytest.mark.parametrize("content", [b"", b"\n", b"room five"])
def test_little_text(call_nmt: CallNmt, run_nmt: RunNmt, trained: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").write_bytes(content)
    one, many = call_nmt("translate", trained, "-i", "in"), run_nmt("translate", trained, "-i", "in", "--workers", "4")
    assert (many.returncode, many.stdout, many.stderr) == (0, one.stdout, "")


def test_model_without_attention(call_nmt: CallNmt, run_nmt: RunNmt, tmp_path: Path) -> None:
    settings = ("model.attention.score=none", "trainer.max_steps=2", "paths.output_dir=run")
    assert call_nmt("train", *TINY, *settings).returncode == 0
    write_lines(tmp_path / "in", ["three eggs", "room five"] * 8)
    options = ("run", "-i", "in", *BATCH, "--format", "jsonl")
    one, many = call_nmt("translate", *options), run_nmt("translate", *options, "--workers", "2")
    assert (many.returncode, many.stdout, many.stderr) == (0, one.stdout, "")
    refused = run_nmt("translate", *options, "--workers", "2", "--alignments", "links")
    assert refused.returncode == 1
    assert "does not attend" in refused.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", "0"), "0 is not a whole number of at least 1"),
        (("--workers", "two"), "two is not a whole number of at least 1"),
        (("--workers", "2", "--batch-size", "1"), "--workers above 1 needs --batch-size above 1"),
    ],
)
def test_wrong_usage(call_nmt: CallNmt, trained: Path, options: tuple[str, ...], said: str) -> None:
    done = call_nmt("translate", trained, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_full_disk_is_told(run_nmt: RunNmt, trained: Path, text: Path) -> None:
    done = run_nmt("translate", trained, "-i", text, *BATCH, "--workers", "2", "-o", "/dev/full")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "nmt: error: /dev/full: No space left on device"


def test_stream_in_python(translator: Translator) -> None:
    lines = ["three eggs", "", "room five", "on May eighth"] * 20
    one, many = (list(translator.stream(lines, batch_size=4, workers=workers)) for workers in (1, 2))
    assert [found.text for found in many] == [found.text for found in one]
    assert [found.score for found in many] == [found.score for found in one]
    for found, other in zip(many, one, strict=True):
        assert (found.alignment.matrix == other.alignment.matrix).all()
        assert found.source_tokens == other.source_tokens
        assert found.alignment.links() == other.alignment.links()


def test_workers_after_the_parent_computed_with_threads(translator: Translator) -> None:
    """A forked process must not wait for the threads of the other."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.rand(600, 600) @ torch.rand(600, 600)
        assert translator.translate("room five").text
        assert len(translator.translate(["room five"] * 20, batch_size=4, workers=2)) == 20
    finally:
        torch.set_num_threads(before)


def test_reads_no_further_than_needed(translator: Translator) -> None:
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "room five"

    results = translator.stream(lines(), batch_size=2, workers=2)
    for number in range(1, 200):
        next(results)
        assert read <= number + 3 * 16  # two windows of eight batches ahead, and the one that is read from


def until_error(results: Iterator[Translation]) -> tuple[int, Exception | None]:
    """Returns how many results there are, and what ends them."""
    count = 0
    try:
        for _ in results:
            count += 1
    except Exception as error:
        return count, error
    return count, None


def test_errors_come_at_their_turn(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails, lines before it have their translations, as with one process."""

    def lines() -> Iterator[str]:
        yield from ["room five"] * 20
        raise UserError("no more text")

    count, error = until_error(translator.stream(lines(), batch_size=2, workers=2))
    assert (count, str(error)) == (16, "no more text")

    search = translator.search_batch

    def failing(pieces: list[object], options: object) -> object:
        if any("eggs" in one.text for one in pieces):  # type: ignore[attr-defined]
            raise OSError(28, "No space left on device", "somewhere")
        return search(pieces, options)  # type: ignore[arg-type]

    monkeypatch.setattr(translator, "search_batch", failing)
    sources = ["room five"] * 20 + ["three eggs"]
    count, error = until_error(translator.stream(sources, batch_size=2, workers=2))
    assert isinstance(error, OSError)
    assert (count, error.filename) == (16, "somewhere")


class _OddError(UserError):
    """An error that does not survive pickling."""

    def __init__(self) -> None:
        super().__init__("something odd")


def test_errors_that_cannot_be_sent_say_the_same(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(pieces: object, options: object) -> object:
        raise _OddError

    monkeypatch.setattr(translator, "search_batch", failing)
    with pytest.raises(WorkerError, match=r"^something odd$"):
        list(translator.stream(["room five"], workers=2))


def test_what_workers_cannot_do_is_refused(translator: Translator) -> None:
    with pytest.raises(SettingsError, match="batch size"):
        translator.stream(["room five"], workers=2, batch_size=1)
    with pytest.raises(SettingsError, match="workers"):
        translator.stream(["room five"], workers=0)
    with pytest.raises(SettingsError, match="beam_sice"):
        translator.stream(["room five"], workers=2, beam_sice=3)
    elsewhere = Translator(translator.model, translator.source, translator.target, device="meta")
    with pytest.raises(SettingsError, match="device=cpu"):
        stream_by_workers(elsewhere, ["room five"], 2, batch_size=8)


def test_warning_of_a_model_comes_once(call_nmt: CallNmt, run_nmt: RunNmt, tmp_path: Path) -> None:
    """Each worker gives it."""
    score = ("model.attention.score=location", "model.attention.options.max_positions=3")
    assert call_nmt("train", *TINY, *score, "trainer.max_steps=2", "paths.output_dir=run").returncode == 0
    write_lines(tmp_path / "in", ["at half past five on July tenth"] * 40)
    done = run_nmt("translate", "run", "-i", "in", *BATCH, "--workers", "3", "--format", "jsonl")
    assert done.returncode == 0
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 40
    (warning,) = done.stderr.splitlines()
    assert "max_positions" in warning
