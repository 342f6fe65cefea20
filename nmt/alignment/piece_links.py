"""Links between words made links between pieces."""

from collections.abc import Iterable, Sequence

from nmt.alignment.words import Span, words_at

Link = tuple[int, int]


def piece_links(
    texts: tuple[str, str],
    pieces: tuple[Sequence[Span], Sequence[Span]],
    words: tuple[Sequence[Span], Sequence[Span]],
    links: Iterable[Link],
) -> list[Link]:
    """Returns the sorted (source, target) pairs of pieces that belong to linked words.

    A piece belongs to the words that its characters stand in; see `piece_shares`.

    Args:
        texts: source and target.
        pieces: characters of the pieces of both, end marks left out.
        words: characters of the words of both, in order.
        links: pairs of words.
    """
    sources, targets = (_members(*side) for side in zip(texts, pieces, words, strict=True))
    return sorted({(s, t) for source, target in links for s in sources[source] for t in targets[target]})


def _members(text: str, pieces: Sequence[Span], words: Sequence[Span]) -> list[list[int]]:
    """Returns the pieces of each word."""
    found: list[list[int]] = [[] for _ in words]
    ends = [end for _, end in words]
    for place, span in enumerate(pieces):
        for word in words_at(text, span, words, ends) if words else ():
            found[word].append(place)
    return found
