"""`nmt translate`: one line out for each line in, whatever the lines hold and however they are batched."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CallNmt, RunNmt
from tests.trained import lines_of

PLAIN = [b"three eggs", b"on May eighth", b"at half past five", b"for two euros and thirty cents", b"room five"]
HOSTILE = [
    *PLAIN,
    b"",
    b"   \t ",
    b"three\xe2\x80\xa8eggs",  # U+2028
    b"three\xc2\x85eggs",  # U+0085
    b"three\x0beggs\x0cand\x1done\x1e room",
    b"two lamps\r",
    b"\r",
    b"\xe2\x80\xa8",
    b"\x00",
    b"three \x00 eggs\x00",
    "🥚🥚 three 👩‍👩‍👧 eggs".encode(),
    "שלוש ביצים ثلاث بيضات".encode(),
    "ᚦᚱᛁᛉ ꦱꦼꦏꦼꦁ".encode(),
    "ﬁve ｅｇｇｓ ① ² …".encode(),
    b"\xef\xbb\xbfthree eggs",
    b"x" * 3000,
    b" ".join([b"seventy"] * 5000),
    b"<s> </s> <pad> <unk> \xe2\x96\x81",
    *[f"{count} eggs and one lamp, for {count} years".encode() for count in range(30)],
    b"the end has no line feed",
]
BLANK = [index for index, line in enumerate(HOSTILE) if not line.decode().strip()]


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "input"
    path.write_bytes(b"\n".join(HOSTILE))
    return path


@pytest.fixture
def reference(call_nmt: CallNmt, trained: Path, hostile: Path) -> list[dict[str, Any]]:
    done = call_nmt("translate", trained, "-i", hostile, "--max-length", 40, "--format", "jsonl", "--batch-size", 7)
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


def test_every_line_has_its_line(reference: list[dict[str, Any]]) -> None:
    assert [found["id"] for found in reference] == list(range(len(HOSTILE)))
    sources = [line.removesuffix(b"\r").decode() for line in HOSTILE]
    assert [found["source"] for found in reference] == sources
    assert [index for index, found in enumerate(reference) if not found["hypotheses"]] == BLANK
    assert all(reference[index]["text"] == "" for index in BLANK)
    assert not any("\n" in found["text"] or "\r" in found["text"] for found in reference)


@pytest.mark.parametrize("batch_size", [1, 64])
def test_batch_size_changes_nothing(
    call_nmt: CallNmt, trained: Path, hostile: Path, reference: list[dict[str, Any]], batch_size: int
) -> None:
    options = ("--max-length", 40, "--format", "jsonl", "--batch-size", batch_size)
    found = objects(call_nmt("translate", trained, "-i", hostile, *options).stdout)
    for one, other in zip(found, reference, strict=True):
        assert one["text"] == other["text"]
        assert one["score"] == pytest.approx(other["score"], abs=1e-4)


def test_order_changes_nothing(
    call_nmt: CallNmt, trained: Path, tmp_path: Path, reference: list[dict[str, Any]]
) -> None:
    order = random.Random(1).sample(range(len(HOSTILE)), len(HOSTILE))
    (tmp_path / "shuffled").write_bytes(b"".join(HOSTILE[index] + b"\n" for index in order))
    done = call_nmt("translate", trained, "-i", "shuffled", "--max-length", 40)
    assert done.stdout.removesuffix("\n").split("\n") == [reference[index]["text"] for index in order]


def test_streams_and_files_agree(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    text = b"three eggs\n\nroom five\r\non May eighth"
    (tmp_path / "in").write_bytes(text)
    piped = run_nmt("translate", trained, stdin=text.decode())
    assert piped.returncode == 0
    assert piped.stderr == ""
    filed = run_nmt("translate", trained, "-i", "in", "-o", "out")
    assert (filed.returncode, filed.stdout, filed.stderr) == (0, "", "")
    assert (tmp_path / "out").read_text(encoding="utf-8") == piped.stdout
    lines = piped.stdout.split("\n")
    assert len(lines) == 5
    assert lines[-1] == lines[1] == ""
    assert all(lines[index] for index in (0, 2, 3))


def test_bytes_that_are_not_utf8_are_named_once(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"three eggs\nthree \xff\xfe eggs\nreal \xef\xbf\xbd here\nroom five\n")
    done = run_nmt("translate", trained, "-i", "in", "--format", "jsonl")
    assert done.returncode == 0
    assert [found["source"] for found in objects(done.stdout)][1:3] == ["three \ufffd\ufffd eggs", "real \ufffd here"]
    (warning,) = done.stderr.splitlines()
    assert "line 2" in warning
    assert "UTF-8" in warning


def test_source_that_is_too_long_is_cut_with_a_warning(run_nmt: RunNmt, trained: Path) -> None:
    text = "room five\n" + "seventy " * 5000 + "\n"
    done = run_nmt("translate", trained, "--max-length", "3", stdin=text)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    (warning,) = done.stderr.splitlines()
    assert "line 2" in warning
    assert "1000" in warning


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_nothing_in_gives_nothing_out(call_nmt: CallNmt, trained: Path, form: str) -> None:
    done = call_nmt("translate", trained, "--format", form, "--alignments", "links")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_json_holds_all_hypotheses(call_nmt: CallNmt, trained: Path) -> None:
    lines = [line.decode() for line in PLAIN]
    options = ("--format", "jsonl", "--n-best", 3, "--beam-size", 5)
    done = call_nmt("translate", trained, *options, stdin="\n".join([*lines, ""]).encode() + b"\n")
    found = objects(done.stdout)
    assert found[-1] == {"id": len(lines), "source": "", "text": "", "score": found[-1]["score"], "hypotheses": []}
    for number, (one, line) in enumerate(zip(found, lines, strict=False)):
        assert list(one) == ["id", "source", "text", "score", "hypotheses"]
        assert (one["id"], one["source"]) == (number, line)
        hypotheses = one["hypotheses"]
        assert len(hypotheses) == 3
        assert (one["text"], one["score"]) == (hypotheses[0]["text"], hypotheses[0]["score"])
        scores = [hypothesis["score"] for hypothesis in hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(hypothesis["tokens"]) for hypothesis in hypotheses}) == 3
        for hypothesis in hypotheses:
            assert list(hypothesis) == ["text", "tokens", "log_prob", "score", "alignment"]
            assert "</s>" not in hypothesis["tokens"]
            assert "".join(hypothesis["tokens"]).replace("▁", " ").strip() == hypothesis["text"]
            length = len(hypothesis["tokens"]) + 1
            assert hypothesis["score"] == pytest.approx(hypothesis["log_prob"] / ((5 + length) / 6), abs=1e-9)
            words = len(line.split()), len(hypothesis["text"].split())
            assert all(0 <= link[0] < words[0] and 0 <= link[1] < words[1] for link in hypothesis["alignment"])


def test_beam_of_one_is_greedy(call_nmt: CallNmt, trained: Path) -> None:
    text = b"\n".join(PLAIN)
    greedy = objects(call_nmt("translate", trained, "--beam-size", 1, "--format", "jsonl", stdin=text).stdout)
    assert [len(found["hypotheses"]) for found in greedy] == [1] * len(PLAIN)
    first = call_nmt("translate", trained, "--beam-size", 1, "--stopping", "first", stdin=text).stdout
    assert first.splitlines() == [found["text"] for found in greedy]


def test_length_penalty_changes_scores(call_nmt: CallNmt, trained: Path) -> None:
    done = call_nmt("translate", trained, "--length-penalty", 0, "--format", "jsonl", stdin=PLAIN[0])
    (hypothesis,) = objects(done.stdout)[0]["hypotheses"]
    assert hypothesis["score"] == hypothesis["log_prob"]


def test_double_precision_gives_the_same_texts(call_nmt: CallNmt, trained: Path) -> None:
    sources = "\n".join(lines_of(trained / "test.sources")[:40]).encode()
    double = [
        call_nmt("translate", trained, "--precision", "double", "--batch-size", size, stdin=sources) for size in (1, 16)
    ]
    single = call_nmt("translate", trained, "--precision", "float", stdin=sources)
    assert double[0].returncode == 0
    assert double[0].stdout == double[1].stdout == single.stdout


def test_program_gives_the_texts_of_the_run(call_nmt: CallNmt, trained: Path) -> None:
    done = call_nmt("translate", trained / "model", "-i", trained / "test.sources", "--threads", 1, "--device", "cpu")
    assert done.stdout.encode() == (trained / "test.hypotheses").read_bytes()


def test_closed_pipe_ends_quietly(environment: dict[str, str], trained: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("nmt")
    source = tmp_path / "in"
    source.write_bytes(b"room five\n" * 400)
    command = f"'{program}' translate '{trained}' -i '{source}' --batch-size 1; echo $? >status"
    done = subprocess.run(
        f"( {command} ) | head -n 1", shell=True, cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
    assert (tmp_path / "status").read_text() == "0\n"
