"""Spaces around what is put into a translation."""

OPENERS = frozenset("([{<¿¡„«‹‚")
"""Characters that touch what follows."""
CLOSERS = frozenset(")]}>.,;:!?…»›%。、，！？")
"""Characters that touch what is before them."""


def apart(source: str, target: str, joined: frozenset[str]) -> bool:
    """Tells whether a space is due between what is put in and its neighbour.

    Args:
        source: the character beside it in the source, empty at the end of the line.
        target: the character beside it in the translation.
        joined: characters that never need a space there.
    """
    if not target.strip() or target in joined:
        return False
    return not source.strip() or (target.isalnum() and not source.isalnum())
