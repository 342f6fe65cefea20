"""Spaces around what is put into a translation."""

OPENERS = frozenset("([{<¿¡„«‹‚")
"""Characters that touch what follows."""
CLOSERS = frozenset(")]}>.,;:!?…»›%。、，！？")
"""Characters that touch what is before them."""


def apart(source: str, target: str, joined: frozenset[str], *, word: bool) -> bool:
    """Tells whether a space is due between what is put in and its neighbour.

    Args:
        source: the character beside it in the source, empty at the end of the line.
        target: the character beside it in the translation.
        joined: characters that never need a space there.
        word: whether it is to be read as a word, such as a placeholder, which must not run into another.
    """
    if not target.strip() or target in joined:
        return False
    return source.isspace() or (word and target.isalnum() and not source.isalnum()) or (word and not source)
