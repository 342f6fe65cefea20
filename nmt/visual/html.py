"""Alignments as HTML: a page to explore many sentences with, and a static fragment for a notebook."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmt.visual.labels import check_grid, shorten, visible
from nmt.visual.page_assets import SCRIPT, STYLE

# Inline, because a notebook's own sheet stripes and pads tables; half-transparent, because its ground may be dark.
HEADING = "padding:2px 5px;font-weight:normal;background:none;border:0;white-space:pre;"
UPRIGHT = "display:inline-block;writing-mode:vertical-rl;text-orientation:sideways;transform:rotate(180deg)"
CELL = "width:1.5em;min-width:1.5em;height:1.5em;padding:0;border:1px solid rgba(128,128,128,.35);"


@dataclass(frozen=True, eq=False)
class AlignmentView:
    """One alignment at one level, pieces or words.

    Attributes:
        source_tokens: the S labels of the x axis.
        target_tokens: the T labels of the y axis.
        matrix: weights (T, S) between 0 and 1, row = target token, column = source token.
        links: pairs (source, target) of 0-based positions, drawn as framed cells.

    Raises:
        ValueError: the shape of the matrix differs from the numbers of labels, or a link lies outside of it.
    """

    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    matrix: NDArray[np.floating[Any]]
    links: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        check_grid(np.shape(self.matrix), self.source_tokens, self.target_tokens, self.links)

    def rounded(self) -> list[list[float]]:
        """The weights (T, S) to four decimals, which keeps pages small; what is no number counts as 0."""
        weights = np.nan_to_num(np.asarray(self.matrix, dtype=np.float64), posinf=0.0, neginf=0.0)
        rows: list[list[float]] = np.round(weights, 4).tolist()
        return rows


@dataclass(frozen=True)
class SentenceView:
    """A sentence, its translation and their alignment.

    Attributes:
        source: the raw source text.
        target: the translation.
        levels: views by name, such as "words" and "pieces"; the page opens at the first of the first sentence.
        score: the normalised score of the translation, if there is one.
    """

    source: str
    target: str
    levels: Mapping[str, AlignmentView]
    score: float | None = None


def alignment_page(sentences: Sequence[SentenceView], *, title: str) -> str:
    """Make one HTML document that needs no other file and no network.

    Sentences are drawn by its script as they come into view, so that hundreds open as fast as one.

    Args:
        sentences: what to show, in this order; may be empty.
        title: title and heading of the page.
    """
    levels = list(dict.fromkeys(name for sentence in sentences for name in sentence.levels))
    articles = "\n".join(_article(number, sentence) for number, sentence in enumerate(sentences, 1))
    heading = escape(visible(title))
    # The policy lets these two texts run and nothing else, whatever a label may have smuggled in.
    policy = f"default-src 'none'; img-src data:; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}'"
    return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{heading}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1 dir="auto">{heading}</h1>
{_switch(levels)}
<p class="legend" aria-hidden="true">weight 0 <span class="scale"></span> 1
<span class="frame"></span> linked</p>
</header>
<main>
{articles or "<p>No sentences.</p>"}
</main>
<noscript><p>The alignments are drawn by a script inside this page; please allow it.</p></noscript>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _switch(levels: Sequence[str]) -> str:
    """Radio buttons for the levels; hidden, yet read by the script, when there is no choice."""
    buttons = "\n".join(
        f'<label><input type="radio" name="level" value="{escape(name)}"{" checked" if index == 0 else ""}>'
        f"{escape(name)}</label>"
        for index, name in enumerate(levels)
    )
    hidden = "" if len(levels) > 1 else " hidden"
    return f'<fieldset class="levels"{hidden}>\n<legend>Tokens</legend>\n{buttons}\n</fieldset>'


def _article(number: int, sentence: SentenceView) -> str:
    score = "" if sentence.score is None else f' <span class="score">score {sentence.score:.3f}</span>'
    return f"""<article id="s{number}" aria-labelledby="h{number}">
<h2 id="h{number}">{number}{score}</h2>
<p class="text" dir="auto">{escape(visible(sentence.source))}</p>
<p class="text" dir="auto">{escape(visible(sentence.target))}</p>
<div class="view"></div>
<script type="application/json">{_embedded(sentence.levels)}</script>
</article>"""


def _embedded(levels: Mapping[str, AlignmentView]) -> str:
    """The views as JSON in which no end tag and no comment can begin."""
    data = {
        name: {
            "source": [visible(token) for token in view.source_tokens],
            "target": [visible(token) for token in view.target_tokens],
            "matrix": view.rounded(),
            "links": view.links,
        }
        for name, view in levels.items()
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def heatmap_fragment(view: AlignmentView) -> str:
    """Make a static heatmap for a notebook: a table with inline styles, no script, at home on light and dark ground."""
    corner = f'<th style="{HEADING}vertical-align:bottom;opacity:.7">target ↓ source →</th>'
    columns = "".join(
        f'<th scope="col" style="{HEADING}vertical-align:bottom;padding:5px 0;text-align:center"'
        f' title="{escape(visible(token))}"><span dir="auto" style="{UPRIGHT}">{_short(token)}</span></th>'
        for token in view.source_tokens
    )
    rows = "\n".join(
        f'<tr style="background:none"><th scope="row" dir="auto" style="{HEADING}text-align:right"'
        f' title="{escape(visible(token))}">{_short(token)}</th>{_cells(view, target, weights)}</tr>'
        for target, (token, weights) in enumerate(zip(view.target_tokens, view.rounded(), strict=True))
    )
    return f"""<div style="overflow:auto;max-width:100%">
<table dir="ltr" aria-label="alignment, source across, target down"
 style="border-collapse:collapse;border:0;margin:4px;width:auto;font:13px/1.2 sans-serif;color:inherit">
<tr style="background:none">{corner}{columns}</tr>
{rows}
</table>
</div>"""


def _short(token: str) -> str:
    return escape(shorten(visible(token)))


def _cells(view: AlignmentView, target: int, weights: Sequence[float]) -> str:
    """One row of the static table; cells of no visible weight stay bare, as most do in a long sentence."""
    row = visible(view.target_tokens[target])
    cells = []
    for source, weight in enumerate(weights):
        style = CELL + (f"background:rgba(38,118,217,{weight});" if weight >= 0.005 else "background:none;")
        if (source, target) in view.links:
            style += "outline:2px solid #e07b1a;outline-offset:-2px;"
        title = escape(f"{visible(view.source_tokens[source])} → {row}: {weight:.2f}")
        cells.append(f'<td style="{style}" title="{title}"></td>')
    return "".join(cells)
