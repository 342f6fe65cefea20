"""What the links of each system are worth: AER, and by how much it differs from eflomal's, with bootstrap intervals."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from nmt.alignment import Alignment, agreement
from nmt.alignment.gold import GoldSentence
from nmt.alignment.symmetrization import symmetrize
from nmt.config import LinkSettings, plain
from nmt.data.links import read_links
from nmt.evaluation.resampling import Draws
from nmt.translation import Translator
from recipes.alignment.systems import DECODERS, DIRECTIONS, KINDS, Links, Training
from recipes.alignment.text import Text

JOINED = ("intersection", "grow-diag", "grow-diag-final-and")
COLUMNS = (*DIRECTIONS, *JOINED)
BASELINE = "eflomal"
SAMPLES, SEED = 1000, 1
GRID = [LinkSettings(*one) for one in product((0, 1), ("skip", "drop"), (None, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5))]
Both = tuple[list[Links], list[Links]]


class Gold:
    """Gold links of some sentences.

    Attributes:
        sentences: their links.
        kept: which of the test sentences these are.
    """

    def __init__(self, sentences: Sequence[GoldSentence], kept: Sequence[int]) -> None:
        self.sentences, self.kept = [sentences[place] for place in kept], kept

    def counts(self, links: Sequence[Links]) -> list[list[int]]:
        """Returns |A|, |S|, |A & S| and |A & P| of each sentence; `links` are those of all test sentences."""
        found = []
        for place, gold in zip(self.kept, self.sentences, strict=True):
            one = agreement([links[place]], [gold.sure], [gold.possible])
            found.append([one.links, one.sure, one.in_sure, one.in_possible])
        return found


def error_rates(counts: Any) -> Any:
    """Returns AER of sums of counts, the last axis of an array (..., 4)."""
    links, sure, in_sure, in_possible = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    return 1 - (in_sure + in_possible) / np.maximum(links + sure, 1)


def resampled(counts: Sequence[Sequence[int]]) -> Any:
    """Returns the AER of each bootstrap sample of sentences, the same samples whatever the system."""
    table = np.array(counts)
    return np.array([error_rates(table[lines].sum(0)) for lines in Draws(len(table), SAMPLES, SEED, str(SEED))])


def difference(counts: Sequence[Sequence[int]], other: Sequence[Sequence[int]]) -> list[float]:
    """Returns by how much an AER is above another, and the middle 95 % of that difference (paired bootstrap)."""
    found = float(error_rates(np.sum(counts, axis=0)) - error_rates(np.sum(other, axis=0)))
    low, high = np.quantile(resampled(counts) - resampled(other), [0.025, 0.975])
    return [round(value, 4) for value in (found, float(low), float(high))]


def joined(both: Both) -> dict[str, list[Links]]:
    """Returns the links of every column of the table."""
    others = {method: [symmetrize(*pair, method) for pair in zip(*both, strict=True)] for method in JOINED}
    return {**dict(zip(DIRECTIONS, both, strict=True)), **others}


@cache
def aligned(model: Path, pairs: tuple[tuple[str, str], ...], posterior: bool) -> list[Alignment]:
    """Returns the alignments of test sentences by forced decoding, of attention or of its posterior; made once."""
    return list(Translator.load(model, device="cpu").align_pairs(pairs, posterior=posterior))


def read_links_of(alignments: Sequence[Alignment], settings: LinkSettings | None, turned: bool) -> list[Links]:
    """Returns links of words as (source, target), those of the backward model turned round; None: as packaged."""
    given = {} if settings is None else vars(settings)
    found = [one.links(**given) if one.matrix.size else [] for one in alignments]
    return [sorted((b, a) for a, b in one) for one in found] if turned else found


def tuned(alignments: Sequence[Alignment], gold: Gold, turned: bool) -> LinkSettings:
    """Returns the settings with the lowest AER of a direction."""

    def error(settings: LinkSettings) -> float:
        return float(error_rates(np.sum(gold.counts(read_links_of(alignments, settings, turned)), axis=0)))

    return min(GRID, key=error)


def record(system: str, both: Both, gold: Gold, baseline: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Returns what is known of a system: AER of every column, and differences from the baseline's."""
    counts = {name: gold.counts(links) for name, links in joined(both).items()}
    other = counts if baseline is None else baseline
    return {
        "system": system,
        **more,
        "aer": {name: round(float(error_rates(np.sum(one, axis=0))), 4) for name, one in counts.items()},
        "above_eflomal": {name: difference(one, other[name]) for name, one in counts.items()},
    }


def measure(
    folder: Path, text: Text, gold: Sequence[GoldSentence], tune: bool, aligners: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns a record of each system that is there: aligners first, then models as packaged and as tuned.

    Args:
        folder: of everything.
        text: the text.
        gold: gold links of the test sentences.
        tune: use every second sentence to choose shift, end and threshold, and measure with the others alone.
        aligners: the statistical aligners that were run.
    """
    places = list(range(len(gold)))
    rest, choosing = (Gold(gold, places[1::2]), Gold(gold, places[::2])) if tune else (Gold(gold, places), None)
    records, baseline = [], None
    for aligner in aligners:
        done = folder / "aligners" / aligner
        paths = [done / f"test.{name}" for name in DIRECTIONS]
        forward, backward = ([links for _, links in read_links([path])] for path in paths)
        if aligner == BASELINE:
            baseline = {name: rest.counts(links) for name, links in joined((forward, backward)).items()}
        seconds = float((done / "seconds").read_text(encoding="utf-8"))
        records.append(record(aligner, (forward, backward), rest, baseline, seconds=seconds))
    kinds = [("raw", False), ("raw", True), *((one, False) for one in KINDS if one != "raw")]
    for decoder, (kind, posterior) in product(DECODERS, kinds):
        records += _models(folder, text, (decoder, kind, posterior), rest, choosing, baseline)
    return records


def _models(
    folder: Path,
    text: Text,
    kind: tuple[str, str, bool],
    rest: Gold,
    choosing: Gold | None,
    baseline: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Returns records of the two models of a decoder and a kind, with the posterior or without."""
    decoder, how, posterior = kind
    trainings = [Training(folder, decoder, how, direction) for direction in DIRECTIONS]
    if not all(one.finished for one in trainings):
        return []
    lines = text.read("test")
    pairs = tuple(zip(*lines, strict=True))
    turned = tuple(pair[::-1] for pair in pairs)
    found = aligned(trainings[0].run, pairs, posterior), aligned(trainings[1].run, turned, posterior)
    figures = [json.loads((one.run / "metrics.json").read_text(encoding="utf-8")) for one in trainings]
    more = {name: [round(one[name], 1) for one in figures] for name in ("train_seconds", "steps")}
    system, records = f"{decoder}, {how}{', posterior' if posterior else ''}", []
    readings: list[list[LinkSettings | None]] = [[None, None]]
    if choosing is not None:
        readings.append([tuned(one, choosing, bool(place)) for place, one in enumerate(found)])
    for settings in readings:
        forward, backward = (read_links_of(found[place], settings[place], bool(place)) for place in range(2))
        chosen = [None if one is None else plain(one) for one in settings]
        records.append(record(system, (forward, backward), rest, baseline, links=chosen, **more))
    return records
