"""Scoring one system or several on the same lines."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from nmt.config import SettingsError, at_least
from nmt.evaluation.lengths import length_ranges, members, sentence_lengths
from nmt.evaluation.resampling import Draws, Rows, estimate, make_draws, resample
from nmt.evaluation.results import ByLength, Comparison, Estimate, SystemScores
from nmt.evaluation.tokenizers import bleu_tokenizer, looks_tokenized, named_tokenizer, unspaced

log = logging.getLogger(__name__)

Lines = Sequence[str]


def compare_systems(
    systems: Mapping[str, Lines],
    references: Lines | Sequence[Lines],
    *,
    target_lang: str | None = None,
    tokenize: str | None = None,
    bootstrap: int = 1000,
    seed: int | None = None,
    sources: Lines | None = None,
) -> Comparison:
    """Scores systems by BLEU, chrF2 and TER, as the `sacrebleu` command does with `--confidence` and `--paired-bs`.

    Args:
        systems: the translations of each system, by its name; the first is the baseline that others are compared with.
        references: what each line should have been, or several such lists.
        target_lang: code of the language, which chooses BLEU's tokeniser; `13a` without.
        tokenize: the tokeniser itself, one of `TOKENIZERS`; `none` for text that is tokenised already.
        bootstrap: samples for intervals and p-values; 0 for neither.
        seed: of the samples; by default that of the variable SACREBLEU_SEED, else 12345.
        sources: what was translated, for BLEU by source length.

    Raises:
        SettingsError: no system or no line, lists of unequal length, an unknown or missing tokeniser, a wrong seed.
    """
    columns = cast("list[Lines]", [references] if references and isinstance(references[0], str) else list(references))
    _check(systems, columns, sources)
    at_least(bootstrap, 0, "bootstrap")
    draws = make_draws(len(columns[0]), bootstrap, seed)
    name = named_tokenizer(tokenize) if tokenize else bleu_tokenizer(target_lang or "")
    _warn(systems, columns, tokenizer="" if tokenize else name, paired=bootstrap > 0)
    # `force` silences sacreBLEU's own words about text that looks tokenised.
    bleu, chrf, ter = (
        BLEU(tokenize=name, force=True, references=columns),
        CHRF(references=columns),
        TER(references=columns),
    )
    bleu_rows, bleu_scores = _scores(bleu, systems, draws)
    chrf_scores, ter_scores = _scores(chrf, systems, draws)[1], _scores(ter, systems, draws)[1]
    by_length, lengths = _by_length(bleu, bleu_rows, sources) if sources else (None, [None] * len(systems))
    return Comparison(
        systems=tuple(map(SystemScores, systems, bleu_scores, chrf_scores, ter_scores, lengths)),
        lines=len(columns[0]),
        references=len(columns),
        samples=bootstrap,
        seed=draws.label,
        signatures={"bleu": _signature(bleu, draws), "chrf": _signature(chrf, draws), "ter": _signature(ter, draws)},
        by_length=by_length,
    )


def _check(systems: Mapping[str, Lines], references: Sequence[Lines], sources: Lines | None) -> None:
    if not systems or not references or not references[0]:
        raise SettingsError("nothing to score: at least one system, and one reference with at least one line")
    lines = len(references[0])
    others = {**systems, **{f"reference {number}": one for number, one in enumerate(references[1:], 2)}}
    for name, given in {**others, **({} if sources is None else {"sources": sources})}.items():
        if len(given) != lines:
            raise SettingsError(f"{name}: {len(given)} lines cannot be scored against a reference of {lines}")


def _warn(systems: Mapping[str, Lines], references: Sequence[Lines], *, tokenizer: str, paired: bool) -> None:
    """Says what makes scores mean less than they seem to."""
    tokenized = looks_tokenized(references[0])
    others = [name for name, lines in systems.items() if looks_tokenized(lines) != tokenized]
    if others:
        here, there = ("detokenised", "tokenised") if tokenized else ("tokenised", "detokenised")
        log.warning("%s: looks %s, but the reference %s; scores will be low", ", ".join(others), here, there)
    names = list(systems)
    for name in names[1:]:
        if paired and systems[name] == systems[names[0]]:
            log.warning("%s holds the same translations as %s: its p-values mean nothing", name, names[0])
    if tokenizer == "13a" and unspaced(references[0]):
        log.warning("the reference has no spaces: BLEU needs its language (--target-lang zh, ja) or --tokenize char")


def _scores(metric: Metric, systems: Mapping[str, Lines], draws: Draws) -> tuple[list[Rows], list[Estimate]]:
    """Returns what the metric counted in each line of each system, and the scores."""
    counted: list[Rows] = [metric._extract_corpus_statistics(lines, None) for lines in systems.values()]
    scores: list[float] = [metric._aggregate_and_compute(cast("Any", rows)).score for rows in counted]
    samples = [resample(metric, rows, draws) for rows in counted]
    baseline = scores[0], samples[0]
    found = [
        estimate(score, sample, baseline if index else None)
        for index, (score, sample) in enumerate(zip(scores, samples, strict=True))
    ]
    return counted, found


def _by_length(bleu: BLEU, counted: Sequence[Rows], sources: Lines) -> tuple[ByLength, list[tuple[float, ...]]]:
    lengths, unit = sentence_lengths(sources)
    ranges = length_ranges(lengths)
    groups = members(lengths, ranges)
    scores = [
        tuple(bleu._aggregate_and_compute(cast("Any", [rows[line] for line in group])).score for group in groups)
        for rows in counted
    ]
    return ByLength(unit, tuple(ranges), tuple(map(len, groups))), scores


def _signature(metric: Metric, draws: Draws) -> str:
    signature = metric.get_signature()
    if draws.samples:
        signature.update("bs", draws.samples)
        signature.update("seed", draws.label)
    return str(signature)
