"""Extras that may fail without ending a training run."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


class Harmless:
    """Contexts in which a failure is a warning, the first one alone; Python's own warnings count as such, too."""

    def __init__(self, what: str) -> None:
        self._what, self._said = what, False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Lets the block fail; what it had left to do is left undone."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield
            except Exception as error:
                self._say(f"cannot be written, training goes on: {type(error).__name__}: {error}")
        for one in caught:
            if issubclass(one.category, UserWarning):  # such as a script that no font draws; not a deprecation
                self._say(str(one.message))

    def _say(self, message: str) -> None:
        if not self._said:
            self._said = True
            log.warning("%s: %s", self._what, " ".join(message.split()))
