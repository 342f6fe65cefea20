"""`nmt translate --tags` and `--replace-unknown`, with a model that has learnt the phrasebook."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from nmt import Translator
from nmt.data.phrasebook import Phrase, phrasebook
from tests.conftest import CallNmt
from tests.trained import lines_of
from tests.unit.test_tags import TAG, check_nesting

SENTENCES = 200


def nested(line: str, seed: int) -> str:
    """Puts pairs of tags around words of a line, side by side and within each other, and some that stand alone."""
    choose, numbers = random.Random(seed), iter(range(1000))

    def within(words: list[str], depth: int) -> str:
        first, last = sorted(choose.sample(range(len(words) + 1), 2))
        name = f"t{next(numbers)}"
        inner = within(words[first:last], depth - 1) if depth else " ".join(words[first:last])
        alone = [choose.choice([f"<x{next(numbers)}/>", f"{{h{next(numbers)}}}"])] if choose.random() < 0.4 else []
        after = [within(words[last:], 0)] if last < len(words) and choose.random() < 0.5 else words[last:]
        return " ".join([*words[:first], *alone, f'<{name} a="{seed}">{inner}</{name}>', *after])

    return within(line.split(), 2)


def test_nested_tags_of_many_sentences(call_nmt: CallNmt, trained: Path) -> None:
    plain = lines_of(trained / "test.sources")[:SENTENCES]
    lines = [nested(line, seed) for seed, line in enumerate(plain)]
    for line in lines:
        check_nesting(line)
    done = call_nmt("translate", trained, "--tags", stdin="\n".join(lines).encode())
    assert (done.returncode, done.stderr) == (0, "")
    found, texts = done.stdout.splitlines(), lines_of(trained / "test.hypotheses")
    assert len(found) == len(lines)
    for line, result, text in zip(lines, found, texts, strict=False):
        assert sorted(TAG.findall(result)) == sorted(TAG.findall(line))
        check_nesting(result)
        assert TAG.sub("", result).split() == text.split()


def test_lines_without_tags_are_as_they_were(call_nmt: CallNmt, trained: Path) -> None:
    lines = lines_of(trained / "test.sources")[:40]
    lines[10:10] = ["", "  ", "a < b"]
    text = "\n".join(lines).encode()
    plain = call_nmt("translate", trained, "--format", "jsonl", "--alignments", "one", stdin=text)
    tagged = call_nmt("translate", trained, "--format", "jsonl", "--alignments", "two", "--tags", stdin=text)
    assert plain.stdout == tagged.stdout
    assert Path("one").read_bytes() == Path("two").read_bytes()


def test_json_has_tags_in_texts_and_plain_tokens(call_nmt: CallNmt, trained: Path) -> None:
    text = b"<b>three</b> eggs\r\n<br/>\n\n"
    done = call_nmt("translate", trained, "--tags", "--format", "jsonl", "--n-best", 2, stdin=text)
    first, alone, empty = (json.loads(line) for line in done.stdout.splitlines())
    assert first["source"] == "<b>three</b> eggs"
    assert first["text"] == first["hypotheses"][0]["text"] == "<b>drei</b> Eier"
    assert all(one["text"].count("<b>") == 1 and "<" not in "".join(one["tokens"]) for one in first["hypotheses"])
    assert (alone["text"], alone["hypotheses"][0]["tokens"]) == ("<br/>", [])
    assert (empty["text"], empty["hypotheses"]) == ("", [])


def test_processes_give_the_same(trained: Path) -> None:
    translator = Translator.load(trained, device="cpu")
    lines = ["<b>three</b> eggs", "", "{x}", "room <i>five</i>", "on May Ж eighth"] * 3
    options: dict[str, Any] = {"tags": True, "replace_unknown": True, "batch_size": 2}
    one, two = ([found.text for found in translator.stream(lines, workers=count, **options)] for count in (1, 2))
    assert one == two
    assert [text.count("Ж") for text in one] == [line.count("Ж") for line in lines]


def segments(phrase: Phrase) -> list[tuple[str, str]]:
    """Returns the texts of the segments whose words stand together on both sides."""
    sides = phrase.source.split(), phrase.target.split()
    together = [
        pair for pair in phrase.segments if all(one and list(one) == list(range(one[0], one[-1] + 1)) for one in pair)
    ]
    return [
        (" ".join(sides[0][one[0] : one[-1] + 1]), " ".join(sides[1][two[0] : two[-1] + 1])) for one, two in together
    ]


def test_tags_hold_the_gold_segments(trained: Path) -> None:
    translator = Translator.load(trained, device="cpu")
    lines, wanted, right, count = list[str](), list[dict[str, str]](), 0, 0
    phrases = phrasebook("en", "de", train=1, valid=1, test=100).test
    for phrase in phrases:
        line, targets = phrase.source, dict[str, str]()
        for number, (source, target) in enumerate(segments(phrase)):
            line = re.sub(rf"(?<![\w>]){re.escape(source)}(?![\w<])", f"<t{number}>{source}</t{number}>", line, count=1)
            targets[str(number)] = target
        lines.append(line)
        wanted.append(targets)
    for phrase, targets, result in zip(phrases, wanted, translator.translate(lines, tags=True), strict=True):
        if TAG.sub("", result.text) != phrase.target:
            continue
        for number, held in re.findall(r"<t(\d+)>(.*?)</t\1>", result.text):
            right += TAG.sub("", held).rstrip(",") == targets[number].rstrip(",")
            count += 1
    assert count > 100
    assert right / count > 0.95


@pytest.mark.parametrize("content", ["Hund", "a\tb\tc"])
def test_bad_dictionary_is_one_line(call_nmt: CallNmt, trained: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "list.tsv").write_text(content, encoding="utf-8")
    done = call_nmt("translate", trained, "--replace-unknown", "--dictionary", "list.tsv", stdin=b"a")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "list.tsv, line 1" in line
    assert call_nmt("translate", trained, "--dictionary", "list.tsv").returncode == 2
