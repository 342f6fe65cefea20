"""The page of `nmt compare -o`: the tables again, curves and alignments, nothing from outside."""

import base64
import hashlib
import html
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nmt.translation.report import spread_lines
from nmt.visual.curves import DIFFERENT, Curve, Panel, curve_style
from nmt.visual.report_pictures import curves_png
from tests.conftest import CallNmt
from tests.runs import REFERENCES, attention, compared, make_run, train_sweep
from tests.trained import lines_of, write_lines


@pytest.fixture(scope="module")
def sweep(session_folder: Path, environment: dict[str, str]) -> Path:
    return train_sweep(session_folder, environment)


def page_of(call_nmt: CallNmt, folder: Path, *arguments: str | Path) -> str:
    done = call_nmt("compare", *arguments, "--bootstrap", "0", "-o", "report.html")
    assert done.returncode == 0, done.stderr
    return (folder / "report.html").read_text(encoding="utf-8")


def pictures(page: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r'src="data:image/png;base64,([^"]+)"', page)]


class Outside(HTMLParser):
    """Collects what a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base"}:
            self.found.append(tag)
        for name, value in attrs:
            is_address = name in {"src", "href", "srcset", "action", "data", "poster"}
            if name.startswith("on") or (is_address and not (value or "").startswith("data:")):
                self.found.append(f"{tag} {name}={value}")


def test_page_of_a_sweep(call_nmt: CallNmt, sweep: Path, tmp_path: Path) -> None:
    page = page_of(call_nmt, tmp_path, sweep)
    found = compared(call_nmt, sweep, "--bootstrap", "0")
    for rows in found.values():
        for row in rows:
            for cell in row.values():
                assert f">{html.escape(cell.replace(chr(92), ''))}</td>" in page
    outside = Outside()
    outside.feed(page)
    assert outside.found == []
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'" in page
    assert "prefers-color-scheme: dark" in style
    assert "url(" not in style
    for content in pictures(page):
        assert content.startswith(b"\x89PNG")
    assert len(pictures(page)) == 4  # curves, and three sentences
    assert "Left out" not in page
    sources = lines_of(next(sweep.glob("*/0")) / "test.sources")
    assert sum(f">{html.escape(source)}<br>" in page for source in set(sources)) == 3


def test_page_without_curves_and_models(
    call_nmt: CallNmt, sweep: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_run(tmp_path / "x" / "<b>first", 0.1, attention("<i>"))
    make_run(tmp_path / "x" / "second", 0.2, attention("dot"))
    page = page_of(call_nmt, tmp_path, "x")
    assert pictures(page) == []
    assert page.count("Left out, because it has no curves.json: ") == 2
    assert page.count("Left out: ") == 2
    assert "<b>" not in page
    assert "<i>" not in page
    shutil.copytree(next(sweep.glob("*/0")), tmp_path / "one")
    shutil.copytree(next(sweep.glob("*/1")), tmp_path / "other")
    shutil.rmtree(tmp_path / "other" / "model")
    (tmp_path / "other" / "curves.json").write_text("{", encoding="utf-8")
    page = page_of(call_nmt, tmp_path, "one", "other")
    assert len(pictures(page)) == 4
    assert len(re.findall(r"Left out: \d  seed=2", page)) == 1
    assert len(re.findall(r"Left out, because it has no curves.json: \d  seed=2", page)) == 1
    assert "other: no alignments in the report" in caplog.text


def test_page_of_different_sources_has_no_alignments(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.1)
    write_lines(make_run(tmp_path / "b", 0.1) / "test.sources", REFERENCES)
    page = page_of(call_nmt, tmp_path, "a", "b")
    assert "do not tell of one common source text" in page
    assert "BLEU by" not in page


def test_page_cannot_be_anywhere(call_nmt: CallNmt, tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.1)
    for name, status, said in (("a.txt", 2, "must end in .html"), ("no/a.html", 1, "no: no such folder")):
        done = call_nmt("compare", "a", "-o", name)
        assert (done.returncode, done.stdout) == (status, "")
        assert said in done.stderr


@pytest.mark.parametrize(("count", "chosen"), [(0, []), (1, [0]), (3, [2, 1, 0]), (9, [7, 4, 1])])
def test_sentences_are_spread_over_lengths(count: int, chosen: list[int]) -> None:
    lines = ["word " * (count - index) for index in range(count)]  # the longest first
    assert spread_lines([*lines, "", "x"], [*lines, "x", " "]) == chosen


def test_curves_of_many_runs_differ() -> None:
    styles = {tuple(curve_style(index).items()) for index in range(DIFFERENT)}
    assert len(styles) == DIFFERENT == 16
    curves = [Curve(f"_{index} $x 犬", [1, 2], [index, index + 1]) for index in range(17)]
    for words in (1, 20):
        names = [curve.label * words for curve in curves]
        assert curves_png([Panel("loss", curves)] * 3, names).startswith(b"\x89PNG")
