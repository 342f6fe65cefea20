"""Lexical shortlists: for each source piece the target pieces it may turn into, so that no others need be scored.

The probabilities are those of IBM model 1 (Brown et al. 1993, section 4.4), learnt from parallel text in pieces. That
model knows no word order and has no empty word here: frequent pieces are on every list anyway.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from nmt.config import Vocabulary
from nmt.search import Words

ROUNDS = 5
"""Passes of expectation and maximisation."""
MOST_CELLS = 20_000_000
"""Pairs of pieces, one of either side of a sentence pair, that are learnt from; memory grows by some 60 bytes each."""

Ids = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shortlist:
    """The target pieces that each source piece may turn into.

    Attributes:
        always: ids on the list of every sentence, in ascending order, the special ones among them.
        offsets: where in `pieces` those of each source piece begin, one more than there are source pieces.
        pieces: target ids.
    """

    always: Ids
    offsets: Ids
    pieces: Ids

    def words(self, source: Int[Tensor, "batch source"], vocabulary: Vocabulary) -> Words:
        """Returns what the sentences of a batch may be translated with, each by its own pieces alone.

        Args:
            source: ids, right-padded with an id whose list is empty.
            vocabulary: of the target side.
        """
        ids = source.cpu().numpy()
        flat = ids.ravel()
        counts = self.offsets[flat + 1] - self.offsets[flat]
        rows = np.repeat(np.repeat(np.arange(len(ids)), ids.shape[1]), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        allowed = np.zeros((len(ids), vocabulary.size), dtype=bool)
        allowed[:, self.always] = True
        allowed[rows, self.pieces[np.repeat(self.offsets[flat], counts) + within]] = True
        tokens = np.flatnonzero(allowed.any(0))
        device = source.device
        return Words(torch.from_numpy(tokens).to(device), torch.from_numpy(allowed[:, tokens]).to(device))

    def fits(self, source: Vocabulary, target: Vocabulary) -> bool:
        """Tells whether all ids are those of the vocabularies."""
        ids = np.concatenate([self.always, self.pieces])
        rows = len(self.offsets) == source.size + 1 and self.offsets[0] == 0 and self.offsets[-1] == len(self.pieces)
        return bool(rows and (np.diff(self.offsets) >= 0).all() and (ids >= 0).all() and (ids < target.size).all())


def learn_shortlist(
    pairs: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]],
    source: Vocabulary,
    target: Vocabulary,
    *,
    best: int,
    frequent: int,
    same: Iterable[tuple[int, int]] = (),
) -> Shortlist:
    """Learns from sentence pairs in pieces, end marks included.

    Args:
        pairs: ids of both sides; reading ends when `MOST_CELLS` are reached, so large text should come shuffled.
        source: vocabulary of the source side.
        target: vocabulary of the target side.
        best: how many of the likeliest target pieces each source piece gets.
        frequent: how many of the most frequent target pieces every sentence gets.
        same: pieces, as (source, target), that are written alike, such as parts of names.
    """
    keys, groups, target_counts = _cells(pairs, target.size)
    known, inverse = np.unique(keys, return_inverse=True)
    table = _model_one(inverse, groups, known // target.size)
    special = [target.pad_id, target.bos_id, target.eos_id, target.unk_id]
    common = np.argsort(-target_counts, kind="stable")[:frequent]
    always = np.unique(np.concatenate([common, special]).astype(np.int64))
    return _lists(known, table, source.size, target.size, always, best, np.array(list(same), dtype=np.int64))


def _cells(pairs: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]], size: int) -> tuple[Ids, Ids, Ids]:
    """Returns for each pair of pieces its key, source * size + target, and which target token it belongs to."""
    keys, groups, counts = [], [], np.zeros(size, dtype=np.int64)
    cells = tokens = 0
    for source_ids, target_ids in pairs:
        ahead, behind = np.asarray(source_ids, dtype=np.int64), np.asarray(target_ids, dtype=np.int64)
        keys.append((ahead[None, :] * size + behind[:, None]).ravel())
        groups.append(np.repeat(np.arange(tokens, tokens + len(behind)), len(ahead)))
        np.add.at(counts, behind, 1)
        cells, tokens = cells + len(ahead) * len(behind), tokens + len(behind)
        if cells > MOST_CELLS:
            break
    return np.concatenate(keys), np.concatenate(groups), counts


def _model_one(inverse: Ids, groups: Ids, sources: Ids) -> Numbers:
    """Returns t(target | source) of each known pair of pieces."""
    table = np.ones(len(sources))
    for _ in range(ROUNDS):
        share = table[inverse]
        share /= np.bincount(groups, share)[groups]  # of each source token in a target token
        counts = np.bincount(inverse, share, minlength=len(sources))
        table = counts / np.bincount(sources, counts)[sources]
    return table


def _lists(known: Ids, table: Numbers, sources: int, targets: int, always: Ids, best: int, same: Ids) -> Shortlist:
    """Returns the `best` of each source piece, without those that every sentence has."""
    source, target = np.divmod(known, targets)
    order = np.lexsort((target, -table, source))
    source, target = source[order], target[order]
    rank = np.arange(len(source)) - np.searchsorted(source, source)
    chosen = (rank < best) & ~np.isin(target, always)
    keys = source[chosen] * targets + target[chosen]
    if len(same):
        keys = np.union1d(keys, same[:, 0] * targets + same[:, 1])
    source, target = np.divmod(np.sort(keys), targets)
    return Shortlist(always, np.searchsorted(source, np.arange(sources + 1)), target)
