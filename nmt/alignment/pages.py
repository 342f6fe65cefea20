"""Alignments as pages and fragments of HTML."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from nmt.alignment.alignment import Alignment
from nmt.alignment.linking import Link
from nmt.visual.fragment import heatmap_fragment
from nmt.visual.html import alignment_page as html_page
from nmt.visual.views import AlignmentView, HypothesisView, SentenceView

NAMES = {"word": "words", "piece": "pieces"}


class Scored(Protocol):
    """A translation with its alignment; an `nmt.Hypothesis` is one."""

    @property
    def text(self) -> str:
        """The translation."""

    @property
    def score(self) -> float:
        """What it is ranked by."""

    @property
    def alignment(self) -> Alignment:
        """Its alignment."""


S_co = TypeVar("S_co", bound=Scored, covariant=True)


class Translated(Protocol[S_co]):
    """A sentence with its translations; an `nmt.Translation` is one."""

    @property
    def source(self) -> str:
        """The sentence."""

    @property
    def hypotheses(self) -> Sequence[S_co]:
        """The translations, best first; none for an empty line."""


class Gold(Protocol):
    """Gold links (source word, target word) of a sentence, counted from 0."""

    @property
    def sure(self) -> Collection[Link]:
        """Those that are sure."""

    @property
    def possible(self) -> Collection[Link]:
        """Those that are possible; may contain the sure ones."""


def alignment_page(
    items: Sequence[Alignment | Translated[Scored]],
    *,
    title: str | None = None,
    level: str = "word",
    gold: Sequence[Gold | None] | None = None,
) -> str:
    """Returns one self-contained HTML page of any number of sentences.

    Args:
        items: translations, shown with all their hypotheses, or alignments.
        title: by default the sentence, or how many there are.
        level: `word` or `piece`, which the page opens with.
        gold: links between words of each item, marked in the alignment, or in that of the best hypothesis.

    Raises:
        ValueError: not as many gold links as items, or a gold link outside of its alignment.
    """
    if gold is not None and len(gold) != len(items):
        raise ValueError(f"gold links of {len(gold)} sentences do not fit {len(items)} alignments")
    sentences = [_sentence(item, gold[index] if gold else None) for index, item in enumerate(items)]
    named = sentences[0].source if len(sentences) == 1 else f"{len(sentences):,} sentences"
    return html_page(sentences, title=named if title is None else title, first=NAMES[level])


def alignment_fragment(alignment: Alignment) -> str:
    """Returns a static fragment of HTML, for a notebook."""
    return heatmap_fragment(_view(alignment))


def _sentence(item: Alignment | Translated[Scored], gold: Gold | None) -> SentenceView:
    if isinstance(item, Alignment):
        shown = (HypothesisView(item.target_text, _views(item, gold)),) if item.target_tokens else ()
        return SentenceView(item.source_text, shown)
    hypotheses = (
        HypothesisView(one.text, _views(one.alignment, None if index else gold), one.score)
        for index, one in enumerate(item.hypotheses)
    )
    return SentenceView(item.source, tuple(hypotheses))


def _view(alignment: Alignment, gold: Gold | None = None) -> AlignmentView:
    links = tuple(alignment.links(alignment.level))
    sure = set(gold.sure) if gold else set()
    possible = set(gold.possible) - sure if gold else set()
    return AlignmentView(
        alignment.source_tokens,
        alignment.target_tokens,
        alignment.matrix,
        links,
        tuple(sorted(sure)),
        tuple(sorted(possible)),
    )


def _views(alignment: Alignment, gold: Gold | None) -> dict[str, AlignmentView]:
    if alignment.level == "word":
        return {NAMES["word"]: _view(alignment, gold)}
    # One that was made without texts has no words to merge to.
    has_words = len(alignment.source_spans) == len(alignment.source_tokens)
    words = {NAMES["word"]: _view(alignment.words(), gold)} if has_words else {}
    return words | {NAMES["piece"]: _view(alignment)}
