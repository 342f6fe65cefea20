"""Alignments that tests show in a browser, and what they look for there."""

from types import SimpleNamespace

import numpy as np

from nmt import Alignment
from nmt.alignment.words import word_spans
from tests.browser import Browser


def aligned(source: str, target: str, rows: list[list[float]]) -> Alignment:
    """An alignment whose pieces are words and `</s>`, all but the first word of the target cut in two."""
    sources, targets = word_spans(source), word_spans(target)
    spans = [targets[0]]
    for start, end in targets[1:]:
        spans += [(start, start + 1), (start + 1, end)]
    tokens = tuple(target[start:end] for start, end in spans)
    matrix = np.zeros((len(tokens) + 1, len(sources) + 1), np.float32)
    for index, (start, _) in enumerate(spans):
        word = next(place for place, (_, end) in enumerate(targets) if start < end)
        matrix[index, : len(sources)] = rows[word]
    matrix[-1, -1] = 1
    return Alignment(
        matrix,
        (*(source[start:end] for start, end in sources), "</s>"),
        (*tokens, "</s>"),
        source,
        target,
        (*sources, (len(source), len(source))),
        (*spans, (len(target), len(target))),
    )


HOUSE = aligned("the red house", "la maison rouge", [[0.8, 0.1, 0.1], [0.1, 0.3, 0.6], [0.0, 0.9, 0.1]])
WORSE = aligned("the red house", "le rouge", [[0.6, 0.2, 0.2], [0.0, 1.0, 0.0]])
HEBREW = aligned("הילד אכל תפוח", "the boy ate", [[0.7, 0.2, 0.1], [0.9, 0.1, 0.0], [0.1, 0.8, 0.1]])
HOSTILE = aligned("</script><b>x</b> \u2028 \"'& {{data}}", "<img src=x onerror=alert(1)> $1", [[0.3] * 3] * 4)


def translated(*alignments: Alignment) -> SimpleNamespace:
    hypotheses = [
        SimpleNamespace(text=one.target_text, score=-0.5 * (index + 1), alignment=one)
        for index, one in enumerate(alignments)
    ]
    return SimpleNamespace(source=alignments[0].source_text if alignments else "", hypotheses=hypotheses)


def lit(browser: Browser, side: str) -> dict[str, str]:
    """The tokens of a side that are lit, with their weights."""
    found: dict[str, str] = browser.run(
        "return Object.fromEntries([...document.querySelectorAll(`.tokens[data-side=${arguments[0]}] .token`)]"
        ".map((one) => [one.querySelector('.label').textContent, one.querySelector('.weight').textContent])"
        ".filter(([, weight]) => weight))",
        side,
    )
    return found


def links(browser: Browser) -> list[str]:
    found: list[str] = browser.run(
        "return [...document.querySelectorAll('.pair .own path')].map((one) => one.dataset.link).sort()"
    )
    return found
