"""Fonts for labels in scripts that matplotlib's own font lacks."""

import unicodedata
import warnings
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cache

import matplotlib as mpl
from matplotlib import ft2font
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

BOX = "□"
EAST_ASIAN = {"CJK": "Han", "KANGXI": "Han", "HIRAGANA": "Hiragana", "KATAKANA": "Katakana", "HANGUL": "Hangul"}
EAST_ASIAN |= {"IDEOGRAPHIC": "Han", "BOPOMOFO": "Bopomofo", "FULLWIDTH": "fullwidth", "HALFWIDTH": "halfwidth"}
# A character that several languages share has a shape of each; what else a text is written in tells which is meant.
# Names of the usual fonts hold one of these parts.
JAPANESE, KOREAN, CHINESE = ("JP", "IPA", "Hiragino", "Meiryo"), ("KR", "Nanum", "Malgun"), ("SC", "Hei", "Song")


def cover(text: str) -> tuple[list[str], set[str]]:
    """Choose font families for a text among those installed.

    A font that has more of what the configured ones lack goes before one that has less, so that a word is set in one
    font as far as possible. For Han characters, kana in the text ask for a Japanese font, Hangul for a Korean one.

    Returns:
        The families in order of preference, the configured ones first, and the characters that none of them has.
    """
    families = list(mpl.rcParams["font.family"])
    known = frozenset[int]().union(*(_codes(findfont(FontProperties(family=[family]))) for family in families))
    lacking = {character for character in text if ord(character) not in known}
    if not lacking:
        return families, lacking
    chosen, missing = _choose(lacking, text)
    if any(not _is_invisible(character) for character in missing) and _learn_new_fonts():
        chosen, missing = _choose(lacking, text)
    return families + chosen, missing


def substitutes(missing: Collection[str]) -> dict[int, str]:
    """Map characters without a glyph to a hollow box, and invisible ones (joiners, direction marks) to nothing."""
    return {ord(character): "" if _is_invisible(character) else BOX for character in missing}


def warn_missing(missing: Collection[str]) -> None:
    """Warn in one line that names the scripts and the fonts to install; Python shows the same line once."""
    scripts = {_script(character) for character in missing if not _is_invisible(character)}
    if scripts:
        names = ", ".join(sorted(scripts))
        remedies = ", ".join(sorted({_remedy(script) for script in scripts}))
        # The level of this module, not of the caller: a notebook that draws in many cells is told once.
        warnings.warn(f"no installed font draws {names}, shown as {BOX}: install {remedies}", UserWarning, stacklevel=1)


def warn_unshaped(texts: Iterable[str]) -> None:
    """Warn, once, when this matplotlib can neither join Arabic letters nor set a label from right to left."""
    is_right_to_left = any(unicodedata.bidirectional(character) in {"R", "AL"} for text in texts for character in text)
    if is_right_to_left and not hasattr(ft2font, "__libraqm_version__"):
        message = f"matplotlib {mpl.__version__} draws right-to-left labels in reverse: use 3.11 or HTML"
        warnings.warn(message, UserWarning, stacklevel=1)


def _choose(lacking: set[str], text: str) -> tuple[list[str], set[str]]:
    """Choose families until nothing visible is missing, each for as many characters as one font can give."""
    fonts = sorted(_installed(), key=lambda font: not any(part in font[0] for part in _preferred(lacking, text)))
    chosen: list[str] = []
    missing = set(lacking)
    while wanted := {character for character in missing if not _is_invisible(character)}:
        family, codes = _best(fonts, {ord(character) for character in wanted})
        if not family:
            break
        chosen.append(family)
        missing = {character for character in missing if ord(character) not in codes}
    return chosen, missing


def _best(fonts: Iterable[tuple[str, str]], wanted: set[int]) -> tuple[str, frozenset[int]]:
    """The first font that has all code points, else the one that has most; no name when none has any."""
    best, most = ("", frozenset[int]()), 0
    for family, path in fonts:
        codes = _codes(path)
        count = len(wanted & codes)
        if count > most:
            best, most = (family, codes), count
        if most == len(wanted):
            break  # later files need not be opened
    return best


def _preferred(lacking: Collection[str], text: str) -> list[str]:
    """Parts of the names of fonts to look at first: of the right language, or named after the script."""
    scripts = {_script(character) for character in lacking}
    if scripts.isdisjoint(EAST_ASIAN.values()):
        return sorted(scripts)
    written = {_script(character) for character in text}
    if written & {"Hiragana", "Katakana"}:
        return list(JAPANESE)
    return list(KOREAN if "Hangul" in written else CHINESE)


def _is_invisible(character: str) -> bool:
    is_selector = 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF
    return is_selector or unicodedata.category(character) == "Cf"


def _script(character: str) -> str:
    """The script of a letter, mark or digit by the first word of its Unicode name; else `symbols`."""
    first = unicodedata.name(character, "").split(" ")[0]
    if first in EAST_ASIAN:
        return EAST_ASIAN[first]
    is_written = unicodedata.category(character)[0] in "LMN"
    return first.partition("-")[0].title() if first and is_written else "symbols"


def _remedy(script: str) -> str:
    if script in EAST_ASIAN.values():
        return "Noto Sans CJK (Debian, Ubuntu: fonts-noto-cjk)"
    if script == "symbols":
        return "Symbola (Debian, Ubuntu: fonts-symbola)"
    return f"Noto Sans {script} (Debian, Ubuntu: fonts-noto-core)"


def _installed() -> list[tuple[str, str]]:
    """List upright regular fonts as (family, path), sans-serif ones first because the other labels are."""
    regular = {
        (entry.name, str(entry.fname))
        for entry in fontManager.ttflist
        # "Last Resort" covers everything with pictures of the missing.
        if entry.style == "normal" and entry.weight in (400, "normal", "regular") and "Last Resort" not in entry.name
    }
    return sorted(regular, key=lambda font: ("Sans" not in font[0], font))


@cache
def _learn_new_fonts() -> bool:
    """Tell matplotlib of fonts installed since it wrote its list to the disk; returns whether there were any."""
    known = {str(entry.fname) for entry in fontManager.ttflist}
    added = [path for path in findSystemFonts() if path not in known]
    for path in added:
        with suppress(OSError, RuntimeError, KeyError, ValueError):  # not a font that it can draw
            fontManager.addfont(path)
    return bool(added)


@cache
def _codes(path: str) -> frozenset[int]:
    """The code points of a font file; none when it cannot be read, since the next font may serve."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
