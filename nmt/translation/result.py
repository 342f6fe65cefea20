"""What a translator returns."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from nmt.alignment import Alignment
from nmt.config import UserError


class NoAlignmentError(UserError):
    """An alignment asked of a model that does not attend."""

    def __init__(self) -> None:
        super().__init__("this model does not attend (model.attention.score=none): its translations have no alignment")


@dataclass(frozen=True)
class Hypothesis:
    """One translation of a sentence.

    Attributes:
        text: the translation.
        tokens: its pieces, without `</s>`.
        log_prob: sum of the log-probabilities of all tokens with `</s>`, natural logarithm.
        score: `log_prob` over the length penalty, which hypotheses are ranked by.
    """

    text: str
    tokens: tuple[str, ...]
    log_prob: float
    score: float
    _alignment: Alignment | None

    @property
    def aligned(self) -> bool:
        """Whether there is an alignment."""
        return self._alignment is not None

    @property
    def alignment(self) -> Alignment:
        """Which source token each token came from.

        Raises:
            NoAlignmentError: the model does not attend.
        """
        if self._alignment is None:
            raise NoAlignmentError
        return self._alignment


@dataclass(frozen=True)
class Translation:
    """A sentence and its translations; an empty line has none.

    Attributes:
        source: the sentence.
        source_tokens: its pieces, without `</s>`.
        hypotheses: the best translations, best first.
    """

    source: str
    source_tokens: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]

    @property
    def text(self) -> str:
        """The best translation, empty for an empty line."""
        return self.hypotheses[0].text if self.hypotheses else ""

    @property
    def score(self) -> float:
        """Score of the best translation, 0 for an empty line."""
        return self.hypotheses[0].score if self.hypotheses else 0.0

    @property
    def alignment(self) -> Alignment:
        """Alignment of the best translation, an empty one for an empty line.

        Raises:
            NoAlignmentError: the model does not attend.
        """
        return self.hypotheses[0].alignment if self.hypotheses else Alignment.empty()

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        aligned = not self.hypotheses or self.hypotheses[0].aligned
        return self.alignment._repr_html_() if aligned else f"<p>{escape(self.text)}</p>"


@contextmanager
def ending(results: Iterator[Translation]) -> Iterator[None]:
    """Ends a generator of results, and the processes it may have, with the block that reads them."""
    try:
        yield
    finally:
        if isinstance(results, Generator):
            results.close()


class PairScore(NamedTuple):
    """What a model says of a given translation.

    Attributes:
        log_prob: sum of `token_log_probs`.
        token_log_probs: log-probability of each token, natural logarithm, `</s>` last.
        tokens: the tokens, with `</s>`.
    """

    log_prob: float
    token_log_probs: tuple[float, ...]
    tokens: tuple[str, ...]
