"""One self-contained HTML page to explore the alignments of any number of sentences with.

Its parts lie in the folder `page`: the frame `page.html`, the style `page.css`, and the script, its `.js` files
together. A page holds the sentences as JSON; its script draws the one that is looked at.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from nmt.visual.labels import visible
from nmt.visual.views import AlignmentView, HypothesisView, LinkTuple, SentenceView

SCRIPTS = ("weights.js", "lines.js", "grid.js", "list.js", "page.js")


def alignment_page(sentences: Sequence[SentenceView], *, title: str, first: str | None = None) -> str:
    """Make one HTML document that needs no other file and no network.

    Weights are kept as bytes, in steps of 1/255, so that a thousand sentences are less than a megabyte.

    Args:
        sentences: what to show, in this order; may be empty.
        title: title and heading of the page.
        first: the level that the page opens with; by default the first of the first sentence.
    """
    hypotheses = [one for sentence in sentences for one in sentence.hypotheses]
    levels = list(dict.fromkeys(name for one in hypotheses for name in one.views))
    data = {
        "levels": [visible(level) for level in levels],
        "open": first if first in levels else next(iter(levels), ""),
        "sentences": [_sentence(sentence) for sentence in sentences],
    }
    style, script = _asset("page.css"), '"use strict";\n' + "\n".join(map(_asset, SCRIPTS))
    # The policy lets these two texts run and nothing else, whatever a label may have smuggled in.
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )
    parts = {
        "title": escape(visible(title)),
        "style": style,
        "script": script,
        "policy": policy,
        "data": _embedded(data),
    }
    # In one pass, so that nothing in a part is taken for the place of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _asset("page.html"))


@cache
def _asset(name: str) -> str:
    return (files("nmt.visual") / "page" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _sentence(sentence: SentenceView) -> dict[str, Any]:
    return {"source": visible(sentence.source), "hypotheses": [_hypothesis(one) for one in sentence.hypotheses]}


def _hypothesis(one: HypothesisView) -> dict[str, Any]:
    score = {} if one.score is None else {"score": round(one.score, 4)}
    return {"text": visible(one.text), **score, "views": {visible(name): _view(it) for name, it in one.views.items()}}


def _view(view: AlignmentView) -> dict[str, Any]:
    rounded = np.rint(255 * view.finite().clip(0, 1)).astype(np.uint8)
    links = {name: _flat(getattr(view, name)) for name in ("links", "sure", "possible") if getattr(view, name)}
    return {
        "source": [visible(token) for token in view.source_tokens],
        "target": [visible(token) for token in view.target_tokens],
        "weights": base64.b64encode(rounded.tobytes()).decode(),
        **links,
    }


def _flat(links: LinkTuple) -> list[int]:
    return [position for link in links for position in link]


def _embedded(data: Any) -> str:
    """JSON in which no end tag and no comment can begin."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
