"""`nmt heatmap` writes a picture or a page of one sentence."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from matplotlib.image import imread

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


def test_page(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    done = call_nmt("heatmap", trained, SENTENCE, "-o", "alignment.html", "--beam-size", 1)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page = (tmp_path / "alignment.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.index('value="pieces" checked') < page.index('value="words"')
    assert SENTENCE in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_missing_font_is_one_line(run_nmt: RunNmt, trained: Path, tmp_path: Path) -> None:
    done = run_nmt("heatmap", trained, "five \U000f0000 of July", "-o", "alignment.png")
    assert done.returncode == 0
    assert done.stderr.startswith("nmt: no installed font draws ")
    assert len(done.stderr.splitlines()) == 1


def test_page_shows_markup_as_text(call_nmt: CallNmt, trained: Path, tmp_path: Path) -> None:
    done = call_nmt("heatmap", trained, "three <b>eggs</b> & </script>", "-o", "alignment.html")
    assert done.returncode == 0
    page = (tmp_path / "alignment.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "three &lt;b&gt;eggs" in page


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ((SENTENCE, "-o", "alignment.gif"), (2, ".png, .svg, .html")),
        ((SENTENCE,), (2, "--output")),
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
