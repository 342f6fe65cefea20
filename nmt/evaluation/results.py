"""What an evaluation finds, as numbers and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METRICS = {"bleu": "BLEU", "chrf": "chrF2", "ter": "TER"}
"""Names of the scores, and how sacreBLEU calls them."""
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Estimate:
    """A corpus score, and what bootstrap samples of the lines say of it; None without them.

    Attributes:
        score: 0 to 100; TER may exceed it.
        mean: of the samples.
        lower: lower end of the middle 95 % of the samples.
        upper: upper end.
        p_value: of the difference to the baseline, None for the baseline itself.
    """

    score: float
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None

    @property
    def margin(self) -> float | None:
        """Half of the interval, what sacreBLEU prints after ±."""
        return None if self.upper is None or self.lower is None else (self.upper - self.lower) / 2

    def to_dict(self) -> dict[str, float | None]:
        """Returns all of it."""
        return {
            "score": self.score,
            "mean": self.mean,
            "lower": self.lower,
            "upper": self.upper,
            "margin": self.margin,
            "p_value": self.p_value,
        }


@dataclass(frozen=True)
class SystemScores:
    """Scores of one system.

    Attributes:
        name: of the system.
        bleu: higher is better.
        chrf: chrF2, higher is better.
        ter: translation edit rate, lower is better.
        bleu_by_length: BLEU of the lines in each of `ByLength.ranges`; None without sources.
    """

    name: str
    bleu: Estimate
    chrf: Estimate
    ter: Estimate
    bleu_by_length: tuple[float, ...] | None = None

    def __getitem__(self, metric: str) -> Estimate:
        return {"bleu": self.bleu, "chrf": self.chrf, "ter": self.ter}[metric]


@dataclass(frozen=True)
class ByLength:
    """Lines grouped by the length of their source.

    Attributes:
        unit: `words` or `characters`.
        ranges: shortest and longest of each group, both within.
        lines: how many lines each group has.
    """

    unit: str
    ranges: tuple[tuple[int, int], ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """Systems scored on the same lines; `print` shows a table.

    Attributes:
        systems: in the order given; the first is the baseline.
        lines: how many lines were translated.
        references: how many references each line has.
        samples: bootstrap samples, 0 for none.
        seed: of the samples, as signatures show it.
        signatures: sacreBLEU's description of how each score was computed.
        by_length: groups of lines, None without sources.
    """

    systems: tuple[SystemScores, ...]
    lines: int
    references: int
    samples: int
    seed: str
    signatures: Mapping[str, str]
    by_length: ByLength | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain data, numbers unrounded."""
        return {
            "lines": self.lines,
            "bootstrap": {"samples": self.samples, "seed": self.seed} if self.samples else None,
            "signatures": dict(self.signatures),
            "systems": [
                {"name": system.name, **{metric: system[metric].to_dict() for metric in METRICS}}
                for system in self.systems
            ],
            "by_source_length": self._lengths_dict(),
        }

    def _lengths_dict(self) -> dict[str, Any] | None:
        if self.by_length is None:
            return None
        groups = zip(self.by_length.ranges, self.by_length.lines, strict=True)
        return {
            "unit": self.by_length.unit,
            "ranges": [
                {
                    "from": shortest,
                    "to": longest,
                    "lines": lines,
                    "bleu": [system.bleu_by_length[index] for system in self.systems if system.bleu_by_length],
                }
                for index, ((shortest, longest), lines) in enumerate(groups)
            ],
        }

    def __str__(self) -> str:
        parts = [_aligned(self._score_rows()), self._notes()]
        if self.by_length is not None:
            parts.append([f"BLEU by {self.by_length.unit} of the source", *_aligned(self._length_rows())])
        parts.append([f"{METRICS[metric]:<6}{signature}" for metric, signature in self.signatures.items()])
        return "\n\n".join("\n".join(part) for part in parts)

    @property
    def _paired(self) -> bool:
        return bool(self.samples) and len(self.systems) > 1

    def _score_rows(self) -> list[list[str]]:
        head = [[title, *(["p"] if self._paired else [])] for title in METRICS.values()]
        rows = [["system", *(cell for cells in head for cell in cells)]]
        for system in self.systems:
            row = [system.name]
            for metric in METRICS:
                row.append(_score_cell(system[metric]))
                row.extend([self._p_cell(system, metric)] if self._paired else [])
            rows.append(row)
        return rows

    def _p_cell(self, system: SystemScores, metric: str) -> str:
        found, baseline = system[metric], self.systems[0][metric]
        if found.p_value is None:
            return ""
        # Where translations are the same, no sample differs, and the test takes the difference of zero for a sure one.
        sure = found.p_value < SIGNIFICANT and found.score != baseline.score
        return f"{found.p_value:.4f}{'*' if sure else ' '}"

    def _notes(self) -> list[str]:
        many = "" if self.references == 1 else f", {self.references} references"
        notes = [f"{self.lines:,} lines{many}"]
        if self.samples:
            notes.append(f"±  half of the 95 % interval of {self.samples:,} bootstrap samples, seed {self.seed}")
        if self._paired:
            notes.append(f"p  paired bootstrap against {self.systems[0].name}; * below {SIGNIFICANT}")
        return notes

    def _length_rows(self) -> list[list[str]]:
        assert self.by_length is not None
        ranges = [f"{start}-{end}" if start < end else str(end) for start, end in self.by_length.ranges]
        scores = [[system.name, *(f"{one:.2f}" for one in system.bleu_by_length or ())] for system in self.systems]
        return [["", *ranges], ["lines", *map(str, self.by_length.lines)], *scores]


def _score_cell(found: Estimate) -> str:
    return f"{found.score:.2f}" + ("" if found.margin is None else f" ± {found.margin:.2f}")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns lines of a table: the first column on the left, the others on the right."""
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = []
    for row in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(row[1:], others, strict=True)]
        lines.append("  ".join([f"{row[0]:<{first}}", *cells]).rstrip())
    return lines
