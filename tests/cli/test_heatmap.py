"""`nmt heatmap` shows alignments as pictures, pages and text."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

import nmt
from nmt.cli.heatmap import _has_blocks
from tests.conftest import CallNmt, RunNmt

SENTENCE = "on May eighth, at half past five"


def test_picture(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    done = run_nmt("heatmap", trained, SENTENCE, "-o", "alignment.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    picture = imread(tmp_path / "alignment.png")
    assert min(picture.shape[:2]) > 100
    assert picture.std() > 0.01


@pytest.mark.parametrize("level", ["word", "piece"])
def test_drawing(call_nmt: CallNmt, trained: Path, tmp_path: Path, level: str) -> None:
    done = call_nmt("heatmap", trained, SENTENCE, "-o", "alignment.SVG", "--alignment-level", level)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    drawing = ET.parse(tmp_path / "alignment.SVG").getroot()
    assert drawing.tag.endswith("svg")


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_page(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    done = call_nmt("heatmap", trained, SENTENCE, "-o", "alignment.html", "--n-best", 2)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    data = data_of(tmp_path / "alignment.html")
    assert (data["open"], data["levels"]) == ("pieces", ["words", "pieces"])
    (sentence,) = data["sentences"]
    assert sentence["source"] == SENTENCE
    assert len(sentence["hypotheses"]) == 2


def test_arcs(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    for view in ("heatmap", "arcs"):
        done = call_nmt("heatmap", trained, SENTENCE, "-o", f"{view}.svg", "--view", view, "--alignment-level", "word")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for view in ("heatmap", "arcs"):
        texts = {one.text for one in ET.parse(tmp_path / f"{view}.svg").iter("{http://www.w3.org/2000/svg}text")}
        assert {"May", "eighth,", "source", "target"} <= texts
    assert (tmp_path / "arcs.svg").read_bytes() != (tmp_path / "heatmap.svg").read_bytes()


def test_text(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    done = call_nmt("heatmap", trained, SENTENCE, "--alignment-level", "word")
    assert (done.returncode, done.stderr) == (0, "")
    alignment = nmt.Translator.load(trained).translate(SENTENCE).alignment.words()
    lines, width = done.stdout.split("\n"), len(alignment.source_tokens)
    assert [line.split()[-1] for line in lines[:width]] == list(alignment.source_tokens)
    rows = lines[width : width + len(alignment.target_tokens)]
    assert [line.split()[0] for line in rows] == list(alignment.target_tokens)
    assert "█" in done.stdout
    assert call_nmt("heatmap", trained, SENTENCE, "--alignment-level", "word", "-o", "a.txt").stdout == ""
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == alignment.to_text() + "\n"


def test_a_terminal_without_blocks_gets_ascii(
    call_nmt: CallNmt, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [_has_blocks(encoding) for encoding in ("utf-8", "ascii", "latin-1")] == [True, False, False]
    monkeypatch.setattr("nmt.cli.heatmap._has_blocks", lambda _: False)
    shown = call_nmt("heatmap", trained, SENTENCE, "--alignment-level", "word").stdout
    assert "@@" in shown
    assert "█" not in shown


def test_a_file_becomes_one_page(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text(f"{SENTENCE}\n\nthree eggs\n", encoding="utf-8")
    done = call_nmt("heatmap", trained, "-i", "in.txt", "-o", "page.html", "--n-best", 3, "--alignment-level", "word")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    data = data_of(tmp_path / "page.html")
    assert [one["source"] for one in data["sentences"]] == [SENTENCE, "", "three eggs"]
    assert [len(one["hypotheses"]) for one in data["sentences"]] == [3, 0, 3]
    assert data["open"] == "words"
    shown = call_nmt("heatmap", trained, "-i", "in.txt", "--alignment-level", "word").stdout
    assert [line for line in shown.split("\n") if line[:2] in {"1:", "2:", "3:"}] == [
        f"1: {SENTENCE}",
        "2:",
        "3: three eggs",
    ]


def test_pairs_that_are_given(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("at nine\n\nthree eggs\n", encoding="utf-8")
    (tmp_path / "out.txt").write_text("um neun\n\nEier drei\n", encoding="utf-8")
    (tmp_path / "gold.txt").write_text("0-0 1p1\n\n0-1 1-0\n", encoding="utf-8")
    done = call_nmt("heatmap", trained, "-i", "in.txt", "--target", "out.txt", "--gold", "gold.txt", "-o", "page.html")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = [one["hypotheses"] for one in data_of(tmp_path / "page.html")["sentences"]]
    assert [[one["text"] for one in hypotheses] for hypotheses in found] == [["um neun"], [], ["Eier drei"]]
    words = [hypotheses[0]["views"]["words"] for hypotheses in found if hypotheses]
    assert [(one.get("sure"), one.get("possible")) for one in words] == [([0, 0], [1, 1]), ([0, 1, 1, 0], None)]
    (tmp_path / "gold.txt").write_text("0-0\n\n0-9\n", encoding="utf-8")
    done = call_nmt("heatmap", trained, "-i", "in.txt", "--target", "out.txt", "--gold", "gold.txt", "-o", "page.html")
    assert done.returncode == 1
    assert "gold.txt, line 3" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_font_is_one_line(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    done = run_nmt("heatmap", trained, "five \U000f0000 of July", "-o", "alignment.png")
    assert done.returncode == 0
    assert done.stderr.startswith("nmt: no installed font draws ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ((SENTENCE, "-o", "alignment.gif"), (2, ".png, .svg, .html, .txt")),
        ((), (2, "one sentence")),
        ((SENTENCE, "-i", "in.txt"), (2, "one sentence")),
        ((SENTENCE, "--view", "arcs"), (2, "-o FILE.png")),
        ((SENTENCE, "--view", "arcs", "-o", "alignment.html"), (2, "a page shows both")),
        ((SENTENCE, "--target", "in.txt"), (2, "--target needs -i")),
        ((SENTENCE, "--gold", "in.txt"), (2, "--gold needs --target")),
        ((SENTENCE, "--n-best", "2", "-o", "alignment.png"), (2, "--n-best")),
        ((SENTENCE, "--n-best", "9", "--beam-size", "2", "-o", "alignment.html"), (2, "--beam-size 2")),
        (("-i", "nowhere.txt"), (1, "nowhere.txt")),
        (("-i", "."), (1, "folder")),
        (("", "-o", "alignment.png"), (1, "empty sentence")),
        (("  ", "-o", "alignment.html"), (1, "empty sentence")),
        ((SENTENCE, "-o", "nowhere/alignment.png"), (1, "nowhere")),
        ((SENTENCE, "-o", "alignment.png", "--alignment-level", "char"), (2, "char")),
    ],
)
def test_wrong_use(
    call_nmt: CallNmt, trained: Path, tmp_path: Path, arguments: tuple[str, ...], answer: tuple[int, str]
) -> None:
    done = call_nmt("heatmap", trained, *arguments)
    assert (done.returncode, done.stdout) == (answer[0], "")
    assert len(done.stderr.splitlines()) == 1
    assert answer[1] in done.stderr
    assert list(tmp_path.iterdir()) == []
