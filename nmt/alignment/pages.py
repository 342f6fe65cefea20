"""Alignments as pages and fragments of HTML."""

from collections.abc import Sequence

from nmt.alignment.alignment import Alignment
from nmt.visual import html


def alignment_page(alignments: Sequence[Alignment], scores: Sequence[float] | None = None, first: str = "word") -> str:
    """Returns one self-contained HTML page of any number of alignments.

    Args:
        alignments: what to show, at piece level (which shows words as well) or at word level.
        scores: normalised score of each translation.
        first: level that the page opens with.
    """
    views = [
        html.SentenceView(
            source=alignment.source_text,
            target=alignment.target_text,
            levels=_levels(alignment, first),
            score=scores[index] if scores else None,
        )
        for index, alignment in enumerate(alignments)
    ]
    title = alignments[0].source_text if len(alignments) == 1 else f"{len(alignments)} alignments"
    return html.alignment_page(views, title=title)


def alignment_fragment(alignment: Alignment) -> str:
    """Returns a static fragment of HTML, for a notebook."""
    return html.heatmap_fragment(_view(alignment))


def _view(alignment: Alignment) -> html.AlignmentView:
    links = tuple(alignment.links(alignment.level))
    return html.AlignmentView(alignment.source_tokens, alignment.target_tokens, alignment.matrix, links)


def _levels(alignment: Alignment, first: str) -> dict[str, html.AlignmentView]:
    found = {"words": _view(alignment.words())}
    if alignment.level == "piece":
        found["pieces"] = _view(alignment)
    return dict(sorted(found.items(), key=lambda item: not item[0].startswith(first)))
