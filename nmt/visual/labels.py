"""The labels of the two axes: how many there must be, and how hostile ones are made fit to show."""

import unicodedata
from collections.abc import Collection, Sequence

LONGEST = 30
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
PICTURES = {"\n": "⏎", "\t": "⇥"}


def visible(text: str) -> str:
    """Replace what no font draws and XML forbids.

    A line feed shows as ⏎ and a tab as ⇥; other controls, lone surrogates and noncharacters become U+FFFD.
    """
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    if character in PICTURES:
        return PICTURES[character]
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE
    return REPLACEMENT if is_noncharacter or unicodedata.category(character) in {"Cc", "Cs"} else character


def shorten(text: str, longest: int = LONGEST) -> str:
    """Cut a text to at most `longest` characters, the last of which is then an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def check_grid(
    shape: tuple[int, ...],
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    links: Collection[tuple[int, int]] = (),
) -> None:
    """Check that a matrix has one row a target token and one column a source token.

    Args:
        shape: shape of the matrix, to be (T, S).
        source_tokens: the S labels of the columns.
        target_tokens: the T labels of the rows.
        links: pairs (source, target) of 0-based positions.

    Raises:
        ValueError: the shape differs, or a link lies outside the matrix.
    """
    expected = (len(target_tokens), len(source_tokens))
    if tuple(shape) != expected:
        raise ValueError(f"the matrix has shape {tuple(shape)}, but the labels ask for (target, source) = {expected}")
    for source, target in links:
        if not (0 <= source < len(source_tokens) and 0 <= target < len(target_tokens)):
            raise ValueError(f"link {source}-{target} lies outside a matrix of (target, source) = {expected}")
