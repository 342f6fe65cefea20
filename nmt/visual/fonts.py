"""Fonts for labels in scripts that matplotlib's own font lacks."""

import unicodedata
import warnings
from collections.abc import Collection
from functools import cache

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

BOX = "□"


def cover(text: str) -> tuple[list[str], set[str]]:
    """Choose font families for a text among those installed.

    Returns:
        The families in order of preference, the configured ones first, and the characters that none of them has.
    """
    families = list(mpl.rcParams["font.family"])
    known = frozenset[int]().union(*(_codes(findfont(FontProperties(family=[family]))) for family in families))
    missing = {character for character in text if ord(character) not in known}
    for family, path in _installed() if missing else ():
        found = {character for character in missing if ord(character) in _codes(path)}
        if found:
            families.append(family)
            missing -= found
        if not missing:
            break
    return families, missing


def substitutes(missing: Collection[str]) -> dict[int, str]:
    """Map characters without a glyph to a hollow box, and invisible ones (joiners, direction marks) to nothing."""
    return {ord(character): "" if _is_invisible(character) else BOX for character in missing}


def warn_missing(missing: Collection[str]) -> None:
    """Warn in one line that names the scripts; Python shows the same line once."""
    scripts = sorted({_script(character) for character in missing if not _is_invisible(character)})
    if scripts:
        # The level of this module, not of the caller: a notebook that draws in many cells is told once.
        warnings.warn(f"no installed font draws {', '.join(scripts)}: shown as {BOX}", UserWarning, stacklevel=1)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf"


def _script(character: str) -> str:
    """The first word of a Unicode name is its script for letters, and telling enough for symbols."""
    return unicodedata.name(character, f"U+{ord(character):04X}").split()[0]


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
def _codes(path: str) -> frozenset[int]:
    """The code points of a font file; none when it cannot be read, since the next font may serve."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
