"""Runs ranked by BLEU, as tables: each run, the lengths of sentences, and groups of runs that differ in the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean, stdev

from nmt.evaluation.comparison import compare_systems
from nmt.evaluation.corpus import corpus_scores
from nmt.evaluation.results import SIGNIFICANT, Comparison, Estimate, SystemScores
from nmt.evaluation.run_settings import describe, differing
from nmt.evaluation.runs import Run, check_comparable, run_names
from nmt.visual.tables import Table

AER = "test/aer"


@dataclass(frozen=True)
class Ranked:
    """A run, its name and its scores."""

    name: str
    run: Run
    scores: SystemScores


@dataclass(frozen=True)
class Ranking:
    """Runs, the one with the best BLEU first.

    Attributes:
        runs: in that order.
        comparison: of their translations, the best as the baseline.
    """

    runs: tuple[Ranked, ...]
    comparison: Comparison

    @property
    def sources(self) -> list[str] | None:
        """What all runs have translated; None if they do not tell, or have translated different texts."""
        return common_sources([one.run for one in self.runs])

    def tables(self) -> list[Table]:
        """Returns all tables that these runs give."""
        return [self._scores(), *self._groups(), *self._lengths()]

    def _scores(self) -> Table:
        paired = bool(self.comparison.samples) and len(self.runs) > 1
        p_head = ["p"] if paired else []
        has_aer = any(one.run.figure(AER) is not None for one in self.runs)
        head = ["#", "run", "BLEU", *p_head, "chrF2", *p_head, *(["AER"] if has_aer else [])]
        head += ["attention entropy", "weight on </s>", "tokens/s", "parameters", "folder"]
        rows = []
        for rank, one in enumerate(self.runs, 1):
            row = [str(rank), one.name]
            for metric in ("bleu", "chrf"):
                row += [_score(one.scores[metric]), *([self._p(one, metric)] if paired else [])]
            row += [_figure(one.run.figure(AER), "{:.3f}")] if has_aer else []
            row += [
                _figure(one.run.figure("test/attention_relative_entropy"), "{:.3f}"),
                _figure(one.run.figure("test/attention_end_weight"), "{:.3f}"),
                _figure(one.run.figure("train_tokens_per_second"), "{:,.0f}"),
                _figure(one.run.figure("parameters"), "{:,.0f}"),
                str(one.run.folder),
            ]
            rows.append(row)
        return Table("Runs", head, rows, frozenset({1, len(head) - 1}), self._notes(paired))

    def _p(self, one: Ranked, metric: str) -> str:
        found, best = one.scores[metric], self.runs[0].scores[metric]
        if found.p_value is None:
            return ""
        # Where translations are the same, no sample differs, and the test takes the difference of zero for a sure one.
        return f"{found.p_value:.4f}{'*' if found.p_value < SIGNIFICANT and found.score != best.score else ''}"

    def _notes(self, paired: bool) -> list[str]:
        samples = f"{self.comparison.samples:,} bootstrap samples, seed {self.comparison.seed}"
        notes = [f"{self.comparison.lines:,} lines, translated by the search of each run"]
        notes += [f"±: half of the 95 % interval of {samples}"] if self.comparison.samples else []
        notes += [f"p: paired bootstrap against run 1; * below {SIGNIFICANT}"] if paired else []
        notes.append("attention entropy: of its weights, 1 where they are uniform; tokens/s: target tokens in training")
        return [*notes, *(f"{name}: {self.comparison.signatures[name.lower()]}" for name in ("BLEU", "chrF"))]

    def _lengths(self) -> list[Table]:
        groups = self.comparison.by_length
        if groups is None:
            return []
        ranges = [f"{start}-{end}" if start < end else str(end) for start, end in groups.ranges]
        lines = ["", "lines", *(f"{count:,}" for count in groups.lines)]
        rows = [
            [str(rank), one.name, *(f"{score:.2f}" for score in one.scores.bleu_by_length or ())]
            for rank, one in enumerate(self.runs, 1)
        ]
        return [Table(f"BLEU by {groups.unit} of the source", ["#", "run", *ranges], [lines, *rows], frozenset({1}))]

    def _groups(self) -> list[Table]:
        names = differing(one.run.settings for one in self.runs)
        names.pop("seed", None)
        found: dict[tuple[tuple[str, str], ...], dict[str, list[Ranked]]] = {}
        for one in self.runs:
            settings = dict(one.run.settings)
            seed = settings.pop("seed", None)
            if seed is not None:
                found.setdefault(tuple(sorted(settings.items())), {}).setdefault(seed, []).append(one)
        groups = [_group(describe(dict(settings), names), seeds) for settings, seeds in found.items()]
        if all(group.bleu.count < 2 for group in groups):
            return []
        return [_group_table(sorted(groups, key=lambda group: -group.bleu.mean))]


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of values, the latter None of a single one."""

    count: int
    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Returns those of at least one value."""
        return cls(len(values), fmean(values), stdev(values) if len(values) > 1 else None)

    def beyond(self, other: "Spread") -> bool | None:
        """Tells whether means differ by more than two standard deviations of a difference; None if there is none."""
        if self.deviation is None or other.deviation is None:
            return None
        return bool(abs(self.mean - other.mean) > 2 * (self.deviation**2 + other.deviation**2) ** 0.5)

    def show(self, digits: int) -> str:
        """Returns mean ± deviation."""
        deviation = "" if self.deviation is None else f" ± {self.deviation:.{digits}f}"
        return f"{self.mean:.{digits}f}{deviation}"


@dataclass(frozen=True)
class Group:
    """Runs that differ in the seed alone; the error rate is None unless all of them have one."""

    name: str
    bleu: Spread
    chrf: Spread
    aer: Spread | None


def _group(name: str, seeds: dict[str, list[Ranked]]) -> Group:
    rates = [[one.run.figure(AER) for one in runs] for runs in seeds.values()]
    bleu, chrf = (
        Spread.of([fmean(one.scores[metric].score for one in runs) for runs in seeds.values()])
        for metric in ("bleu", "chrf")
    )
    told = [[rate for rate in of_seed if rate is not None] for of_seed in rates]
    return Group(name or "all", bleu, chrf, Spread.of(list(map(fmean, told))) if told == rates else None)


def _group_table(groups: Sequence[Group]) -> Table:
    has_aer = any(group.aer is not None for group in groups)
    best = groups[0]
    aer_head = ["AER"] if has_aer else []
    head = ["group", "n", "BLEU", "chrF2", *aer_head, "BLEU to best", "beyond 2 sd"]
    rows = []
    for group in groups:
        sure = group.bleu.beyond(best.bleu) if group is not best else None
        rows.append(
            [
                group.name,
                str(group.bleu.count),
                group.bleu.show(2),
                group.chrf.show(2),
                *([group.aer.show(3) if group.aer else ""] if has_aer else []),
                "" if group is best else f"{group.bleu.mean - best.bleu.mean:+.2f}",
                "" if sure is None else "yes" if sure else "no",
            ]
        )
    notes = [
        "n: seeds of runs that differ in nothing else; mean ± standard deviation, several runs of a seed as their mean",
        "beyond 2 sd: BLEU differs by more than 2 √(sd² + sd² of the best group); no answer where a group has one run",
    ]
    return Table("Groups of seeds", head, rows, frozenset({0}), notes)


def rank_runs(runs: Sequence[Run], *, bootstrap: int = 1000, seed: int | None = None) -> Ranking:
    """Scores the test translations of runs, and compares them with those of the best BLEU.

    Args:
        runs: at least one.
        bootstrap: samples for intervals and p-values; 0 for neither.
        seed: of the samples; by default as `compare_systems`.

    Raises:
        UserError: runs of different test texts, a tokeniser that is not installed.
    """
    check_comparable(runs)
    language = next((run.target_lang for run in runs if run.target_lang), "")
    tokenizer = next((run.tokenizer for run in runs if run.tokenizer is not None), None)
    references = runs[0].references
    named = list(zip(run_names(runs), runs, strict=True))
    first = {name: corpus_scores(run.hypotheses, references, language, tokenizer).bleu for name, run in named}
    named.sort(key=lambda one: -first[one[0]])
    comparison = compare_systems(
        {name: run.hypotheses for name, run in named},
        references,
        target_lang=language,
        tokenize=tokenizer,
        bootstrap=bootstrap,
        seed=seed,
        sources=common_sources(runs),
    )
    ranked = [Ranked(name, run, scores) for (name, run), scores in zip(named, comparison.systems, strict=True)]
    return Ranking(tuple(ranked), comparison)


def common_sources(runs: Sequence[Run]) -> list[str] | None:
    """Returns the sources of runs, None unless all have the same."""
    return runs[0].sources if all(run.sources == runs[0].sources for run in runs) else None


def _score(found: Estimate) -> str:
    return f"{found.score:.2f}" + ("" if found.margin is None else f" ± {found.margin:.2f}")


def _figure(value: float | None, form: str) -> str:
    return "" if value is None or isnan(value) else form.format(value)
