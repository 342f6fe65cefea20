"""Labels in any script: the font is found, or the message names what is missing and how to get it."""

import re
import warnings
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import ft2font
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.image import imread
from numpy.typing import NDArray

from nmt.visual import fonts
from nmt.visual.heatmap import heatmap, save_heatmap
from tests.conftest import lacking

LATIN = "".join(map(chr, range(32, 127)))
KANA, HANGUL, SIMPLIFIED, SHARED = "はをん", "한국어", "图书馆", "日本語直骨"
SCRIPTS = {
    "Arabic": "ذهب الولد إلى المَدرسة",
    "Chinese": "我昨天在图书馆看书，很好。",
    "combining": "é̩̂ ạ̈ ŝ̃ y̆",
    "Devanagari": "नमस्ते क्षत्रिय हिन्दी",
    "Hebrew": "שָׁלוֹם עולם",
    "Japanese": "私は昨日、図書館で本を読みました。ｶﾅ",
    "Korean": "나는 어제 책을 읽었다",
    "mixed": "▁Tokyo 東京 Москва Αθήνα القاهرة",
    "Thai": "ภาษาไทย ที่นี่ เก้า",
}


def install(monkeypatch: pytest.MonkeyPatch, **families: str) -> list[str]:
    """Pretends that fonts with these characters are installed; returns the list of those that are opened."""
    opened: list[str] = []

    def codes(path: str) -> frozenset[int]:
        opened.append(path)
        return frozenset(map(ord, families.get(path, LATIN)))

    monkeypatch.setattr(fonts, "_installed", lambda: sorted((name.replace("_", " "), name) for name in families))
    monkeypatch.setattr(fonts, "_codes", codes)
    monkeypatch.setattr(fonts, "_learn_new_fonts", lambda: False)
    return opened


def chosen(text: str) -> list[str]:
    return fonts.cover(text)[0][len(mpl.rcParams["font.family"]) :]


@pytest.mark.parametrize("script", SCRIPTS)
def test_labels_in_any_script_are_drawn(script: str, tmp_path: Path) -> None:
    text = SCRIPTS[script]
    _, missing = fonts.cover(text)
    if missing:
        lacking(f"no font for {script} is installed; .ci/packages names one")
    # Warnings are errors: a glyph that is missing after all would be one.
    words = text.split()
    save_heatmap(tmp_path / "picture.png", np.zeros((1, len(words))), words, [script], title=text)
    assert imread(tmp_path / "picture.png").std() > 0.01
    assert not np.array_equal(ink(text), ink(fonts.BOX * len(text))), "boxes in place of letters"


def ink(text: str) -> NDArray[np.bool_]:
    """The dots of a text as matplotlib draws it with the fonts chosen for it."""
    figure = Figure(figsize=(6, 2), dpi=100)
    figure.text(0.5, 0.5, text, fontsize=40, fontfamily=fonts.cover(text)[0], ha="center")
    picture = BytesIO()
    figure.savefig(picture, format="png")
    picture.seek(0)
    dots = np.asarray(imread(picture)[:, :, 0] < 0.5)
    return dots[np.ix_(dots.any(axis=1), dots.any(axis=0))]


def test_arabic_is_joined_and_runs_from_right_to_left() -> None:
    if not hasattr(ft2font, "__libraqm_version__"):
        lacking("matplotlib before 3.11 shapes no text")
    alef_beh = ink("اب")
    tallest = int(alef_beh.sum(axis=0).argmax())
    assert tallest > alef_beh.shape[1] / 2, "the first letter, a tall bar, stands at the right"
    apart = "\N{ZERO WIDTH NON-JOINER}".join("ببب")
    assert ink("ببب").shape[1] < 0.8 * ink(apart).shape[1], "letters that are joined take less room"


def test_an_old_matplotlib_is_told_of_once_for_right_to_left_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ft2font, "__libraqm_version__", raising=False)
    with pytest.warns(UserWarning, match="right-to-left labels in reverse") as caught:
        heatmap([[1.0]], ["سلام"], ["peace"], title="سلام")
    assert len(caught) == 1
    heatmap([[1.0]], ["paix"], ["peace"])


def test_a_script_without_a_font_is_warned_about_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_heatmap(tmp_path / "a.png", np.eye(2), ["日本", "語"], ["ひ", "</s>"])
    (message,) = [str(warning.message) for warning in caught]
    assert message == (
        "no installed font draws Han, Hiragana, shown as □: install Noto Sans CJK (Debian, Ubuntu: fonts-noto-cjk)"
    )
    with pytest.warns(UserWarning, match="Han"):
        axes = heatmap([[1.0, 0.0]], ["日本", "a"], ["b"])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["□□", "a"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("हिन्", "draws Devanagari, shown as □: install Noto Sans Devanagari "),
        ("ไทย", "install Noto Sans Thai "),
        ("👍🏽", "draws symbols, shown as □: install Symbola "),
        ("한", "install Noto Sans CJK "),
        ("Ａｶ", "draws fullwidth, halfwidth, "),
        ("\ue000", "draws symbols"),
    ],
)
def test_the_message_names_script_and_font(text: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with pytest.warns(UserWarning, match=re.escape(named)) as caught:
        heatmap([[1.0]], [text], ["b"])
    assert len(caught) == 1


def test_invisible_characters_are_left_out_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    axes = heatmap([[1.0]], ["a\u200db\ufe0fc\u200f\U000e0101"], ["b"])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["abc"]


def test_an_svg_keeps_characters_without_a_font_for_its_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    save_heatmap(tmp_path / "a.svg", [[1.0, 0.0]], ["日本", "a"], ["b"])
    assert "日本" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_a_word_is_set_in_one_font_if_one_has_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, A_Part="图", B_Whole=SIMPLIFIED, C_None="x")
    assert chosen(SIMPLIFIED) == ["B Whole"]
    assert chosen(LATIN) == []


def test_several_fonts_share_a_text_that_none_has_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Few="ไ", Thai="ไทย", Kana=KANA)
    families, missing = fonts.cover("ไทยは語")
    assert families[-2:] == ["Thai", "Kana"]
    assert missing == {"語"}


@pytest.mark.parametrize(
    ("text", "family"),
    [(SHARED, "Noto CJK SC"), (SHARED + KANA, "Noto CJK JP"), (SHARED + HANGUL, "Noto CJK KR")],
)
def test_shared_han_characters_take_the_shapes_of_the_language(
    text: str, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = SHARED + KANA + HANGUL
    install(monkeypatch, Noto_CJK_JP=every, Noto_CJK_KR=every, Noto_CJK_SC=every, Noto_CJK_TC=every)
    assert chosen(text) == [family]


def test_each_axis_has_the_fonts_of_its_own_language(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def cover(text: str) -> tuple[list[str], set[str]]:
        asked.append(text)
        return ["DejaVu Sans"], set()

    monkeypatch.setattr(fonts, "cover", cover)
    heatmap([[1.0]], [SIMPLIFIED], [KANA], title="t")
    assert asked == [SIMPLIFIED, KANA, "t"]


def test_no_more_files_are_opened_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = install(monkeypatch, **{f"Font{number}": LATIN for number in range(50)}, Noto_Sans_Thai="ไทย")
    assert chosen("ไทย") == ["Noto Sans Thai"]
    assert len(opened) < 5, "the font named after the script comes first"


def test_a_font_installed_after_matplotlib_listed_them_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = list(fontManager.ttflist)
    known = {str(entry.fname) for entry in listed}
    path = next(iter(known))
    monkeypatch.setattr(fontManager, "ttflist", [entry for entry in listed if str(entry.fname) != path])
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [path])
    fonts._learn_new_fonts.cache_clear()
    assert fonts._learn_new_fonts()
    assert path in {str(entry.fname) for entry in fontManager.ttflist}
    fonts._learn_new_fonts.cache_clear()


def test_an_unreadable_font_file_covers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    assert fonts._codes(str(broken)) == frozenset()
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(broken)])
    fonts._learn_new_fonts.cache_clear()
    fonts._learn_new_fonts()
    fonts._learn_new_fonts.cache_clear()
