"""The end of a run: the test text translated with the package that was written, and the figures of the run."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmt.alignment import agreement, segment_accuracy
from nmt.data.text import ParallelText, replace_file
from nmt.evaluation import corpus_scores
from nmt.training.validation import health_figures
from nmt.translation import Translation, Translator

METRICS = "metrics.json"


@dataclass(frozen=True)
class Part:
    """A part of the corpus that is reported: `valid` or `test`."""

    name: str
    text: ParallelText


def evaluate(translator: Translator, part: Part, target_lang: str) -> tuple[list[Translation], dict[str, Any]]:
    """Translates a part; returns the translations and figures named `PART/bleu`, `PART/chrf` and so on."""
    results = translator.translate(part.text.sources)
    hypotheses = [result.text for result in results]
    scores = corpus_scores(hypotheses, part.text.targets, target_lang, tokenize=part.text.bleu_tokenizer)
    figures: dict[str, Any] = {
        "bleu": round(scores.bleu, 4),
        "chrf": round(scores.chrf, 4),
        "exact_match": round(scores.exact_match, 4),
    }
    alignment = _alignment_figures(translator, results, part.text) | health_figures(results)
    figures |= {name: round(value, 4) for name, value in alignment.items()}
    named = {f"{part.name}/{name}": value for name, value in figures.items()}
    return results, {**named, "signature": scores.signature, "chrf_signature": scores.chrf_signature}


def _alignment_figures(translator: Translator, results: list[Translation], text: ParallelText) -> dict[str, float]:
    """Returns how well the references are aligned, where gold links are known.

    Where the translation is another than the reference, the reference is aligned by forced decoding.
    """
    if text.sure is None or text.possible is None or text.segments is None or not translator.model.aligns:
        return {}
    links = [
        (result.alignment if result.text == target else translator.align(source, target)).links()
        for result, source, target in zip(results, text.sources, text.targets, strict=True)
    ]
    return {
        "aer": agreement(links, text.sure, text.possible).error_rate,
        "segment_accuracy": segment_accuracy(links, text.segments),
    }


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Writes lines, each with its line end."""
    replace_file(path, "".join(f"{line}\n" for line in lines).encode())


def write_report(
    run: Path,
    parts: list[Part],
    target_lang: str,
    figures: dict[str, Any],
    allow_packages: Collection[str] = (),
) -> dict[str, Any]:
    """Translates each part with the package in `run`, writes `metrics.json` and the `test.*` files.

    Args:
        run: the run directory, whose `model/` is loaded as a user would load it.
        parts: what to translate.
        target_lang: decides on BLEU's tokeniser.
        figures: others that `metrics.json` shall hold.
        allow_packages: packages that an attention score from outside may be imported from.

    Returns:
        All figures.
    """
    translator = Translator.load(run, allow_packages=allow_packages)
    for part in parts:
        results, found = evaluate(translator, part, target_lang)
        figures = {**figures, **found}
        if part.name == "test":
            write_lines(run / "test.sources", part.text.sources)
            write_lines(run / "test.references", part.text.targets)
            write_lines(run / "test.hypotheses", [result.text for result in results])
    replace_file(run / METRICS, (json.dumps(figures, indent=2) + "\n").encode())
    return figures


def forget_report(run: Path) -> None:
    """Removes what an earlier end of a run has written, so that a run that goes on is not taken for finished."""
    for name in (METRICS, "test.hypotheses"):
        (run / name).unlink(missing_ok=True)
