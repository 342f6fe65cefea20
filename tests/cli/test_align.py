"""`nmt align`: a line of links for each pair, two directions, gold links, and what cannot be."""

import json
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nmt import Translator
from nmt.alignment import agreement, symmetrize
from nmt.config import AttentionSettings, LinkSettings, ModelSettings
from nmt.data.phrasebook import phrasebook
from nmt.modules.build import build_model
from nmt.translation import save_package
from nmt.translation.package import Package, load_package, package_settings, write_links
from tests.conftest import CallNmt
from tests.trained import lines_of, write_lines

PHRASES = phrasebook(train=0, valid=0, test=30).test
SOURCES, TARGETS = [one.source for one in PHRASES], [one.target for one in PHRASES]
FILES = ("--source", "source", "--target", "target")


def links_of(line: str) -> list[tuple[int, int]]:
    return [(int(source), int(target)) for source, target in (pair.split(":")[0].split("-") for pair in line.split())]


def gold_line(phrase: Any, base: int = 0) -> str:
    kinds = {link: "-" if link in phrase.sure else "p" for link in sorted(phrase.possible)}
    return " ".join(f"{source + base}{kind}{target + base}" for (source, target), kind in kinds.items())


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    write_lines(tmp_path / "source", SOURCES)
    write_lines(tmp_path / "target", TARGETS)
    write_lines(tmp_path / "gold", [gold_line(one) for one in PHRASES])
    write_lines(tmp_path / "gold1", [gold_line(one, base=1) for one in PHRASES])
    naacl = [
        f"{number} {source + 1} {target + 1} {'S' if (source, target) in one.sure else 'P'}"
        for number, one in enumerate(PHRASES, 1)
        for source, target in sorted(one.possible)
    ]
    write_lines(tmp_path / "naacl", naacl)


def untrained(folder: Path, trained: Path, turned: bool, score: str) -> Path:
    """Writes a small package with the vocabularies of the trained model and weights as they were drawn."""
    package = load_package(trained)
    source, target = (package.target, package.source) if turned else (package.source, package.target)
    attention = AttentionSettings(score=score)
    settings = ModelSettings(embedding_size=8, encoder_size=8, decoder_size=16, attention=attention)
    torch.manual_seed(1)
    model = build_model(settings, source.vocabulary, target.vocabulary)
    save_package(folder, Package(package_settings(settings, "de", "en"), model, source, target))
    return folder


@pytest.fixture(scope="module")
def backward(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the other direction that has learnt nothing."""
    return untrained(tmp_path_factory.mktemp("backward"), trained, turned=True, score="additive")


def test_lines_are_the_links_of_python(call_nmt: CallNmt, trained: Path, translator: Translator) -> None:
    done = call_nmt("align", trained, *FILES)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.removesuffix("\n").split("\n")
    assert [links_of(line) for line in lines] == [one.links() for one in translator.align(SOURCES, TARGETS)]
    assert lines[0] == translator.align(SOURCES[0], TARGETS[0]).to_pharaoh()
    for size in (1, 3):
        assert call_nmt("align", trained, *FILES, "--batch-size", size).stdout == done.stdout


@pytest.mark.parametrize("level", ["word", "piece"])
def test_formats(call_nmt: CallNmt, trained: Path, tmp_path: Path, translator: Translator, level: str) -> None:
    expected = translator.align(SOURCES, TARGETS)
    options = ("align", trained, *FILES, "--level", level, "--format")
    for line, one in zip(call_nmt(*options, "pharaoh-probabilities").stdout.splitlines(), expected, strict=True):
        weights = [float(pair.split(":")[1]) for pair in line.split()]
        assert links_of(line) == one.links(level)
        np.testing.assert_allclose(weights, [one.weighted_links(level)[link] for link in links_of(line)], atol=1e-3)
    for number, line in enumerate(call_nmt(*options, "jsonl").stdout.splitlines()):
        found = json.loads(line)
        assert found["id"] == number
        assert found["source_tokens"] == list(expected[number].at(level).source_tokens)
        np.testing.assert_allclose(found["matrix"], expected[number].at(level).matrix, atol=1e-4)
    assert call_nmt(*options, "npz", "-o", "out.npz").returncode == 0
    with np.load(tmp_path / "out.npz") as archive:
        assert len(archive) == len(SOURCES)
        np.testing.assert_allclose(archive["3"], expected[3].at(level).matrix, atol=1e-4)


def test_both_directions_are_symmetrised(
    call_nmt: CallNmt, trained: Path, backward: Path, translator: Translator
) -> None:
    ways = translator.align(SOURCES, TARGETS), Translator.load(backward).align(TARGETS, SOURCES)
    for method in ("grow-diag", None):
        options = ["--symmetrize", method] if method else []
        done = call_nmt("align", trained, *FILES, "--reverse", backward, *options)
        for line, one, other in zip(done.stdout.splitlines(), *ways, strict=True):
            turned = [(source, target) for target, source in other.links()]
            assert links_of(line) == symmetrize(one.links(), turned, method or "grow-diag-final-and")
    found = json.loads(
        call_nmt("align", trained, *FILES, "--reverse", backward, "--format", "jsonl").stdout.split("\n")[0]
    )
    assert np.array(found["reverse_matrix"]).shape == np.array(found["matrix"]).T.shape
    assert [tuple(link) for link in found["alignment"]] == links_of(done.stdout.split("\n")[0])


def test_agreement_with_gold_links(call_nmt: CallNmt, trained: Path, translator: Translator) -> None:
    links = [one.links() for one in translator.align(SOURCES, TARGETS)]
    expected = agreement(links, [one.sure for one in PHRASES], [one.possible for one in PHRASES])
    for options in (["gold"], ["gold", "--gold-base", "0"], ["gold1", "--gold-base", "1"], ["naacl"]):
        done = call_nmt("align", trained, *FILES, "--figures", "json", "-o", "out", "--gold", *options)
        found = json.loads(done.stdout)
        assert found["aer"] == pytest.approx(expected.error_rate)
        assert (found["precision"], found["recall"]) == pytest.approx((expected.precision, expected.recall))
        assert found["f1"] == pytest.approx(expected.f1)
    done = call_nmt("align", trained, *FILES, "--gold", "gold")
    assert len(done.stdout.splitlines()) == len(SOURCES)
    (figures,) = done.stderr.splitlines()
    assert figures.startswith(f"AER {expected.error_rate:.4f}  precision {expected.precision:.4f}")


def test_tuned_settings_are_written_and_read(call_nmt: CallNmt, trained: Path, backward: Path, tmp_path: Path) -> None:
    gold = ("--gold", "gold", "--figures", "json", "-o", "out")
    plain = json.loads(call_nmt("align", trained, *FILES, *gold).stdout)
    tuned = json.loads(call_nmt("align", trained, *FILES, *gold, "--tune", "tuned").stdout)
    assert tuned["aer"] <= plain["aer"]
    again = call_nmt("align", trained, *FILES, *gold, "--links", "tuned")
    assert json.loads(again.stdout) == tuned
    both = json.loads(call_nmt("align", trained, "--reverse", backward, *FILES, *gold, "--tune", "both").stdout)
    again = call_nmt("align", trained, "--reverse", backward, *FILES, *gold, "--links", "both")
    assert json.loads(again.stdout) == both
    settings = json.loads((tmp_path / "both").read_text(encoding="utf-8"))
    assert settings.keys() == {"links", "reverse"}
    assert settings["links"].keys() == {"shift", "end", "threshold"}


def test_links_are_read_as_asked(call_nmt: CallNmt, trained: Path, tmp_path: Path, translator: Translator) -> None:
    alignments = translator.align(SOURCES, TARGETS)
    for shift, end, threshold in product((0, 1), ("skip", "drop"), (None, 0.3)):
        options = ["--shift", str(shift), "--end", end, *(["--threshold", str(threshold)] if threshold else [])]
        done = call_nmt("align", trained, *FILES, *options)
        expected = [one.links(shift=shift, end=end, threshold=threshold) for one in alignments]
        assert [links_of(line) for line in done.stdout.splitlines()] == expected
    shutil.copytree(trained / "model", tmp_path / "shifted")
    write_links(tmp_path / "shifted", LinkSettings(1, "drop"))
    text = SOURCES[0].encode()
    stored = call_nmt("translate", "shifted", "--alignments", "stored", stdin=text)
    given = call_nmt("translate", trained, "--alignments", "given", "--shift", "1", "--end", "drop", stdin=text)
    assert stored.stdout == given.stdout
    assert lines_of(tmp_path / "stored") == lines_of(tmp_path / "given")


def test_words_by_script(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "source", ["room 犬が走る"])
    write_lines(tmp_path / "target", ["犬が Zimmer"])
    found = {}
    for words in ("space", "script"):
        done = call_nmt("align", trained, *FILES, "--words", words, "--format", "jsonl")
        found[words] = json.loads(done.stdout)
    assert found["space"]["source_tokens"] == ["room", "犬が走る"]
    assert found["script"]["source_tokens"] == ["room", "犬", "が", "走", "る"]
    assert found["script"]["target_tokens"] == ["犬", "が", "Zimmer"]


def test_odd_lines_have_their_line(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(
        b"three eggs\r\n\nroom five\n \nthree \xff eggs\n" + b"seventy " * 1200 + b"\nroom"
    )
    target = b"drei Eier\nZimmer\n\n\ndrei Eier\r\nsiebzig siebzig\nZimmer"
    done = call_nmt("align", trained, "--source", "source", "--target", "-", "-o", "out", stdin=target)
    assert (done.returncode, done.stdout) == (0, "")
    warnings = done.stderr.splitlines()
    assert ["line 5" in warnings[0], "line 6" in warnings[1], len(warnings)] == [True, True, 2]
    lines = lines_of(tmp_path / "out")
    assert [line == "" for line in lines] == [False, True, True, True, False, False, False]
    assert max(source for source, _ in links_of(lines[5])) < 1000


def test_nothing_in_gives_nothing_out(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    done = call_nmt("align", trained, "--source", "none", "--target", "none")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = call_nmt("align", trained, "--source", "none", "--target", "none", "--gold", "none", "--tune", "tuned")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("AER 0.0000")


def test_gold_that_does_not_fit(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    for name, said in (("gold1", "gold1, line "), ("short", "short has gold links of 2 sentences, but there are 30")):
        write_lines(tmp_path / "short", ["0-0", "0-0"])
        done = call_nmt("align", trained, *FILES, "--gold", name)
        assert (done.returncode, done.stdout) == (1, "")
        (answer,) = done.stderr.splitlines()
        assert said in answer


def test_lengths_that_differ_are_both_told(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "target", TARGETS[:-2])
    done = call_nmt("align", trained, *FILES)
    assert (done.returncode, done.stdout) == (1, "")
    assert "source has 30 lines, target has 28 lines" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--symmetrize", "union"), 2, "--reverse"),
        (("--reverse", "x", "--symmetrize", "grow"), 2, "invalid choice"),
        (("--reverse", "x", "--format", "npz", "-o", "out"), 2, "pharaoh or jsonl"),
        (("--format", "npz"), 2, "-o FILE"),
        (("--tune", "tuned"), 2, "--gold"),
        (("--gold-base", "1"), 2, "--gold"),
        (("--gold", "gold", "--level", "piece"), 2, "--level word"),
        (("--gold", "gold", "--tune", "tuned", "--shift", "1"), 2, "--tune chooses"),
        (("--gold", "gold", "--tune", "tuned", "-o", "tuned"), 2, "same file"),
        (("--gold", "source"), 1, "source, line 1"),
        (("--gold", "missing"), 1, "missing"),
        (("--links", "gold"), 1, "gold is no file of link settings"),
        (("--threshold", "2"), 1, "threshold=2.0"),
        (("--end", "keep"), 2, "invalid choice"),
        (("-o", "target"), 1, "write to another file"),
        (("--reverse", "nowhere"), 1, "nowhere"),
    ],
)
def test_wrong_uses(call_nmt: CallNmt, trained: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = call_nmt("align", trained, *FILES, *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    (answer,) = done.stderr.splitlines()
    assert said in answer
    assert lines_of(Path("target")) == TARGETS


def test_model_that_does_not_attend_is_refused(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    none = untrained(tmp_path / "none", trained, turned=False, score="none")
    for options in ((none,), (trained, "--reverse", none)):
        done = call_nmt("align", *options, *FILES)
        assert (done.returncode, done.stdout) == (1, "")
        (answer,) = done.stderr.splitlines()
        assert "does not attend" in answer


def test_closed_pipe_ends_quietly(environment: dict[str, str], trained: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("nmt")
    write_lines(tmp_path / "many", ["room five"] * 400)
    command = f"'{program}' align '{trained}' --source many --target many --batch-size 1; echo $? >status"
    done = subprocess.run(
        f"( {command} ) | head -n 1", shell=True, cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
    assert (tmp_path / "status").read_text() == "0\n"


def test_posterior_is_another_reading(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "en", lines_of(trained / "test.sources")[:20])
    write_lines(tmp_path / "de", lines_of(trained / "test.references")[:20])
    pair = ("--source", "en", "--target", "de", "--format", "jsonl")
    plain, after, one = (
        call_nmt("align", trained, *pair, "--shift", 0, *more)
        for more in ((), ("--posterior",), ("--posterior", "--batch-size", 1))
    )
    assert [done.returncode for done in (plain, after, one)] == [0, 0, 0], after.stderr
    assert plain.stdout != after.stdout
    matrices = [[json.loads(line)["matrix"] for line in done.stdout.splitlines()] for done in (after, one)]
    for left, right in zip(*matrices, strict=True):
        assert np.allclose(left, right, atol=1e-4)
    refused = call_nmt("align", trained, *pair, "--posterior", "--shift", 1)
    assert refused.returncode == 1
    assert "shift to 0" in refused.stderr


def test_posterior_links_what_is_more_probable_than_not(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "en", lines_of(trained / "test.sources")[:20])
    write_lines(tmp_path / "de", lines_of(trained / "test.references")[:20])
    (tmp_path / "argmax.json").write_text('{"links": {"shift": 0, "end": "skip", "threshold": null}}')
    pair = ("--source", "en", "--target", "de", "--posterior", "--level", "piece")
    default, half, most, low = (
        call_nmt("align", trained, *pair, *more).stdout
        for more in (
            ("--shift", 0),
            ("--threshold", 0.5, "--shift", 0),
            ("--links", "argmax.json"),
            ("--threshold", 0.1),
        )
    )
    assert default == half
    assert default.split() != most.split()
    for sure, one, any_of_them in zip(default.splitlines(), most.splitlines(), low.splitlines(), strict=True):
        assert set(sure.split()) <= set(one.split())
        assert set(sure.split()) <= set(any_of_them.split())
