"""Alignments as text for terminals: rows of shades, the source above as a staircase of labels."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.cells import cell_len

from nmt.visual.labels import check_grid, shorten, visible

STEPS = (0.05, 0.25, 0.5, 0.75)
"""Least weights of the four shades."""
BLOCKS, PLAIN = ("·", "░", "▒", "▓", "█"), (".", ":", "+", "#", "@")
"""Below the first step, and from each step on."""
LONGEST = 24
"""Cells of the longest label."""
LEAST_COLUMNS = 4
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


def text_grid(
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    width: int = 100,
    plain: bool = False,
    legend: bool = True,
) -> str:
    """Returns an alignment as lines of text, each row with its strongest source token and that weight.

    A source that is wider than the terminal is cut into blocks of columns, one below the other; each block has only the
    rows that show something in it.

    Args:
        matrix: weights (T, S) between 0 and 1, row = target token, column = source token; either may be empty.
        source_tokens: the S labels above.
        target_tokens: the T labels at the left.
        width: cells of a line; wide characters take two.
        plain: shades of ASCII for terminals that have no blocks; labels stay as they are.
        legend: whether a last line explains the shades.

    Raises:
        ValueError: the shape of the matrix differs from the numbers of labels.
    """
    weights = np.nan_to_num(np.asarray(matrix, dtype=np.float64))
    check_grid(weights.shape, source_tokens, target_tokens)
    shades = PLAIN if plain else BLOCKS
    ellipsis = "..." if plain else "…"
    source, target = (
        [_directed(_cut(visible(token), LONGEST, ellipsis), plain) for token in tokens]
        for tokens in (source_tokens, target_tokens)
    )
    margin = max(map(cell_len, target), default=0)
    aside = len("  0.00 ") + max(map(cell_len, source), default=0)
    columns = max(LEAST_COLUMNS, (width - margin - 1 - aside) // 2)
    lines: list[str] = []
    for start in range(0, max(1, len(source)), columns):
        end = min(start + columns, len(source))
        lines += [*([""] if lines else []), *_stairs(source[start:end], margin, plain)]
        for label, row in zip(target, weights, strict=True):
            best = _best(row, source, start, end)
            if best or len(source) <= columns or row[start:end].max() >= STEPS[0]:
                steps = np.searchsorted(STEPS, row[start:end], side="right")
                lines.append(f"{_padded(label, margin)} {''.join(shades[step] * 2 for step in steps)}{best}".rstrip())
    return "\n".join([*lines, "", _legend(shades)] if legend else lines)


def _stairs(labels: Sequence[str], margin: int, plain: bool) -> list[str]:
    """Labels of columns, each on a line of its own above its column, with stems down to it."""
    stem = "| " if plain else "│ "
    return [" " * (margin + 1) + stem * index + label for index, label in enumerate(labels)]


def _best(row: NDArray[np.float64], source: Sequence[str], start: int, end: int) -> str:
    """The strongest token and its weight, in the block that holds it."""
    if not row.size:
        return ""
    best = int(row.argmax())
    return f"  {row[best]:.2f} {source[best]}" if start <= best < end else ""


def _legend(shades: Sequence[str]) -> str:
    steps = "  ".join(f"{shade * 2} {least:.2f}" for shade, least in zip(shades[1:], STEPS, strict=True))
    return f"{steps}  and above: weight of the source token (above) for the target token (left)"


def _directed(label: str, plain: bool) -> str:
    """A label between marks that keep the line around it from left to right, where it runs the other way itself."""
    runs_left = any(unicodedata.bidirectional(character) in {"R", "AL"} for character in label)
    return f"{LEFT_TO_RIGHT}{label}{LEFT_TO_RIGHT}" if runs_left and not plain else label


def _padded(label: str, width: int) -> str:
    return " " * (width - cell_len(label)) + label


def _cut(label: str, width: int, ellipsis: str) -> str:
    """A label of at most so many cells; cut between characters, not within one and its marks."""
    if cell_len(label) <= width:
        return label
    kept = shorten(label, width)
    while cell_len(kept) > width - len(ellipsis):
        kept = kept[:-1]
    return kept + ellipsis
