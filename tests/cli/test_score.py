"""`nmt score`: a line for each pair, whatever it holds, and the numbers of the search."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nmt import Translator
from nmt.config import SettingsError
from nmt.translation import scoring
from tests.conftest import CallNmt
from tests.trained import lines_of, write_lines

Scored = list[tuple[float, int] | None]


def parsed(text: str) -> Scored:
    assert text.endswith("\n")
    rows = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    return [(float(row[0]), int(row[1])) if row != [""] else None for row in rows]


@pytest.fixture(scope="module")
def double(trained: Path) -> Translator:
    return Translator.load(trained, precision="double")


@pytest.fixture(scope="module")
def pairs(trained: Path) -> list[tuple[str, str]]:
    sources, targets = (lines_of(trained / f"test.{side}")[:25] for side in ("sources", "references"))
    extra = [("", "drei Eier"), ("three eggs", " "), ("", ""), ("three eggs", "🥚 " * 40), ("seventy " * 90, "ja")]
    return [*zip(sources, targets, strict=True), *extra]


def test_scores_are_those_of_the_search(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    sources = lines_of(trained / "test.sources")[:60]
    write_lines(tmp_path / "source", sources)
    done = call_nmt("translate", trained, "-i", "source", "--format", "jsonl", "--precision", "double")
    best = [json.loads(line)["hypotheses"][0] for line in done.stdout.splitlines()]
    write_lines(tmp_path / "target", [one["text"] for one in best])
    scored = call_nmt("score", trained, "--source", "source", "--target", "target", "--precision", "double")
    assert (scored.returncode, scored.stderr) == (0, "")
    same = 0
    for found, expected in zip(parsed(scored.stdout), best, strict=True):
        assert found is not None
        if found[1] == len(expected["tokens"]) + 1:  # else searched for in other pieces than its text is cut into
            same += 1
            assert found[0] == pytest.approx(expected["log_prob"], abs=1e-9)
    assert same >= 48


def test_company_and_order_change_nothing(
    double: Translator, translator: Translator, pairs: list[tuple[str, str]]
) -> None:
    order = random.Random(1).sample(range(len(pairs)), len(pairs))
    for model, near in ((double, 1e-10), (translator, 1e-4)):
        alone = [one.log_prob for one in model.score_pairs(pairs, batch_size=1)]
        for batch_size in (7, 64):
            shuffled = list(model.score_pairs([pairs[place] for place in order], batch_size=batch_size))
            for place, score in zip(order, shuffled, strict=True):
                assert score.log_prob == pytest.approx(alone[place], abs=near)
    for (source, target), score in zip(pairs, double.score_pairs(pairs), strict=True):
        if source.strip() and target.strip():
            single = double.score_pair(source, target)
            assert single.tokens == score.tokens
            assert single.token_log_probs == pytest.approx(score.token_log_probs, abs=1e-10)
        else:
            assert score == (0, (), ())


def test_long_targets_step_by_step_give_the_same(
    double: Translator, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = pairs[-12:]
    expected = [one.log_prob for one in double.score_pairs(some)]
    for module in ("nmt.translation.scoring", "nmt.translation.given"):
        monkeypatch.setattr(f"{module}.LONG", 6)
    assert [one.log_prob for one in double.score_pairs(some)] == pytest.approx(expected, abs=1e-10)


def test_batches_stay_within_bounds(double: Translator) -> None:
    texts = ["drei", "drei Eier " * 9, "zehn " * 60, "fünf " * 3000]
    made = [scoring.PiecePair(double.source.encode("three " * 5), double.target.encode(text)) for text in texts * 5]
    found = list(scoring.batches(made, 4, 2000))
    assert sorted(place for batch in found for place in batch) == list(range(20))
    for batch in found:
        longest = max(len(side.ids) for place in batch for side in made[place])
        assert len(batch) <= 4
        assert len(batch) == 1 or len(batch) * longest <= 2000


def test_pairs_are_read_as_they_are_needed(translator: Translator) -> None:
    read = []

    def numbered() -> Iterator[tuple[str, str]]:
        for number in range(100):
            read.append(number)
            yield "three eggs\n", "drei Eier\r\n"

    scores = translator.score_pairs(numbered(), batch_size=2)
    assert read == []
    assert next(scores).tokens == translator.score_pair("three eggs", "drei Eier").tokens
    assert len(read) <= 16
    with pytest.raises(SettingsError, match="batch_size"):
        translator.score_pairs([], batch_size=0)


def test_every_pair_has_its_line(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"three eggs\n\nroom five\r\n \nthree \xff eggs\nroom five")
    target = "drei Eier\nZimmer\nZimmer fünf\n\ndrei Eier\nZimmer fünf".encode()
    done = call_nmt("score", trained, "--source", "source", "--target", "-", "-o", "out", stdin=target)
    assert (done.returncode, done.stdout) == (0, "")
    (warning,) = done.stderr.splitlines()
    assert "source, line 5" in warning
    found = parsed((tmp_path / "out").read_text())
    assert [one is None for one in found] == [False, True, False, True, False, False]
    assert found[2] == pytest.approx(found[5], abs=1e-4)
    assert found[0] is not None
    assert found[0][0] < 0


def test_long_sources_are_cut_with_a_warning(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "source", ["room five", "seventy " * 1500])
    write_lines(tmp_path / "target", ["Zimmer fünf", "siebzig"])
    done = call_nmt("score", trained, "--source", "source", "--target", "target")
    assert len(parsed(done.stdout)) == 2
    (warning,) = done.stderr.splitlines()
    assert "line 2" in warning
    assert "1000" in warning


def test_nothing_in_gives_nothing_out(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    done = call_nmt("score", trained, "--source", "none", "--target", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("names", [("two", "three"), ("three", "two"), ("two", "-"), ("three", "-"), ("-", "two")])
def test_unequal_counts(call_nmt: CallNmt, trained: Path, tmp_path: Path, names: tuple[str, str]) -> None:
    texts = {"two": b"eggs\nlamps\n", "three": b"eggs\nlamps\nrooms", "-": b"eggs\n" * 4}
    for name in ("two", "three"):
        (tmp_path / name).write_bytes(texts[name])
    done = call_nmt("score", trained, "--source", names[0], "--target", names[1], stdin=texts["-"])
    assert (done.returncode, done.stdout) == (1, "")
    (answer,) = done.stderr.splitlines()
    for name in names:
        count = len(texts[name].splitlines())
        assert f"{'standard input' if name == '-' else name} has {count} lines" in answer


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--source", "text"), 2, "--target"),
        (("--source", "-", "--target", "-"), 2, "standard input"),
        (("--source", "text", "--target", "text", "--batch-size", "0"), 2, "--batch-size"),
        (("--source", "text", "--target", "missing"), 1, "missing"),
        (("--source", ".", "--target", "text"), 1, "is a folder"),
        (("--source", "text", "--target", "text", "-o", "text"), 1, "write to another file"),
        (("--source", "text", "--target", "text", "-o", "nowhere/out"), 1, "nowhere/out"),
    ],
)
def test_wrong_uses(call_nmt: CallNmt, trained: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    text = Path("text")  # in the temporary folder of the test, where the program is called
    text.write_bytes(b"three eggs\n")
    done = call_nmt("score", trained, *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    (answer,) = done.stderr.splitlines()
    assert said in answer
    assert text.read_bytes() == b"three eggs\n"


def test_closed_pipe_ends_quietly(environment: dict[str, str], trained: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("nmt")
    write_lines(tmp_path / "source", ["room five"] * 400)
    command = f"'{program}' score '{trained}' --source source --target source --batch-size 1; echo $? >status"
    done = subprocess.run(
        f"( {command} ) | head -n 1", shell=True, cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
    assert (tmp_path / "status").read_text() == "0\n"
