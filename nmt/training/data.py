"""The LightningDataModule: encoded pairs in batches."""

from pathlib import Path

import lightning.pytorch as pl

from nmt.config import DataSettings
from nmt.data.batches import BatchLoader, padding_share
from nmt.data.corpus import Corpus, FilterReport, encode_pairs
from nmt.data.ragged import EncodedPairs, Ragged
from nmt.data.text import ParallelText
from nmt.data.tokenizer import Tokenizer

MOST_PIECES = 1000
"""Longer validation sentences are cut for the loss, as the translator cuts sources: memory grows with their square."""


class TranslationData(pl.LightningDataModule):
    """Encodes a corpus and gives it out in batches, in an order keyed by (seed, epoch)."""

    def __init__(
        self,
        corpus: Corpus,
        tokenizers: tuple[Tokenizer, Tokenizer],
        settings: DataSettings,
        *,
        cache: Path,
        seed: int,
        accumulate: int = 1,
        links: Ragged | None = None,
    ) -> None:
        super().__init__()
        self._tokenizers, self._settings = tokenizers, settings
        pairs, self.report = encode_pairs(corpus.train, *tokenizers, settings, cache, links)
        self.train = self._loader(pairs, seed, accumulate)
        self.valid = self._loader(self._all_pairs(corpus.valid), 0, 1)

    report: FilterReport

    def train_dataloader(self) -> BatchLoader:
        """Returns the loader of the training text; it knows where it stands."""
        return self.train

    def val_dataloader(self) -> BatchLoader:
        """Returns the loader of the validation text, nothing filtered."""
        return self.valid

    def padding_share(self) -> float:
        """Returns the share of padding in the batches of the epoch that is gone through."""
        return padding_share(self.train.pairs, self.train.plan())

    def _all_pairs(self, text: ParallelText) -> EncodedPairs:
        source, target = self._tokenizers
        sides = source.encode_all(text.sources), target.encode_all(text.targets)
        return EncodedPairs(*(Ragged([_cut(ids) for ids in side]) for side in sides))

    def _loader(self, pairs: EncodedPairs, seed: int, accumulate: int) -> BatchLoader:
        source, target = (tokenizer.vocabulary for tokenizer in self._tokenizers)
        budget = self._settings.batch_tokens
        return BatchLoader(pairs, budget, source.pad_id, target.pad_id, seed, accumulate)


def _cut(ids: list[int]) -> list[int]:
    """Returns at most `MOST_PIECES` pieces and the end mark."""
    return ids if len(ids) <= MOST_PIECES + 1 else [*ids[:MOST_PIECES], ids[-1]]
