"""Pairs whose translation is given: read, scored and aligned by forced decoding."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from nmt import search
from nmt.alignment import Alignment
from nmt.config import LinkSettings, SettingsError
from nmt.translation.result import PairScore
from nmt.translation.scoring import LONG, PiecePair, pair_score, score_steps

if TYPE_CHECKING:
    from nmt.translation.translator import Translator


class GivenPairs:
    """What one model says of translations that it did not choose."""

    def __init__(self, translator: "Translator") -> None:
        self._translator, self._vocabulary = translator, translator.target.vocabulary

    def one(self, source: str, target: str) -> PiecePair:
        """Returns a pair in pieces.

        Raises:
            SettingsError: one of the two is empty.
        """
        (pair,) = self.read([(source, target)])
        if pair.empty:
            raise SettingsError("an empty sentence cannot be aligned or scored")
        return pair

    def read(self, pairs: Iterable[tuple[str, str]]) -> Iterator[PiecePair]:
        """Yields pairs in pieces, sources cut at `max_source_length`."""
        mine = self._translator
        for number, (source, target) in enumerate(pairs, 1):
            yield PiecePair(mine.encode(source, number, mine.options), mine.target.encode(sentence(target)))

    def score(self, pairs: Sequence[PiecePair]) -> list[PairScore]:
        """Returns the log-probabilities of pairs that are run together."""
        model, source, target = self._forced(pairs)
        if len(pairs) == 1 and len(pairs[0].target.ids) > LONG:
            return [pair_score(pairs[0].target, score_steps(model, source, pairs[0].target, self._vocabulary))]
        log_probs = search.forced_decode(model, source, target, self._vocabulary).log_probs.cpu()
        return [pair_score(pair.target, row) for pair, row in zip(pairs, log_probs, strict=True)]

    def align(self, pairs: Sequence[PiecePair]) -> list[Alignment]:
        """Returns the alignments of pairs that are run together, by the weights of attention."""
        weights = search.forced_weights(*self._forced(pairs), self._vocabulary)
        return self._alignments(pairs, weights, self._translator.links)

    def align_after(self, pairs: Sequence[PiecePair]) -> list[Alignment]:
        """Returns the alignments of pairs that are run together, by their posterior; see `search.posterior_weights`."""
        weights = search.posterior_weights(*self._forced(pairs), self._vocabulary)
        return self._alignments(pairs, weights, self._translator.posterior_links)

    def _alignments(self, pairs: Sequence[PiecePair], weights: Tensor, links: LinkSettings) -> list[Alignment]:
        return [
            self._translator.alignment_of(*pair, row[: len(pair.target.ids), : len(pair.source.ids)], links)
            for pair, row in zip(pairs, weights, strict=True)
        ]

    def _forced(self, pairs: Sequence[PiecePair]) -> tuple[Any, search.Batch, Tensor]:
        """Returns the model, sources and target ids of pairs that are run together."""
        mine = self._translator
        mine.model.eval()
        target, _ = mine.padded(mine.target, [pair.target for pair in pairs])
        source = search.Batch(*mine.padded(mine.source, [pair.source for pair in pairs]))
        return mine.model.viewed(mine.options.attention_temperature), source, target


def sentence(line: str) -> str:
    """Returns a line without its end."""
    return line.removesuffix("\n").removesuffix("\r")
