"""The README of a model package, and what the README of a run has in common with it."""

import shlex
from collections.abc import Mapping
from typing import Any

PARTS = ("valid", "test")
FIGURES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "exact_match": "exact match",
    "aer": "alignment error rate",
    "segment_accuracy": "segment accuracy",
    "loss": "loss, nats a token",
    "attention_entropy": "attention entropy, nats",
    "attention_relative_entropy": "attention entropy, 1 = uniform",
    "attention_end_weight": "attention on `</s>`",
    "attention_coverage": "attention coverage",
}


def model_card(settings: Mapping[str, Any]) -> str:
    """Returns Markdown that says what a model is and how to translate with it.

    Args:
        settings: what `config.json` holds.
    """
    source, target = settings["source_lang"], settings["target_lang"]
    lines = [
        f"# {source} to {target}",
        "",
        f"{describe(settings['model'])}. Made with nmt {settings['made_with']}.",
        "",
        *usage("THIS_FOLDER", source, target),
    ]
    table = figures_table(settings["metrics"])
    when = ["At the validation after which it was kept, by the search of validations:", ""] if table else []
    return "\n".join([*lines, *when, *table])


def describe(model: Mapping[str, Any]) -> str:
    """Returns a sentence, without its full stop, that says what a model is made of."""
    return (
        f"A recurrent translation model with attention: decoder `{model['decoder']}`, score "
        f"`{model['attention']['score']}`, cells `{model['cell']}`"
    )


def usage(folder: str, source: str, target: str) -> list[str]:
    """Returns the lines of two blocks, a shell's and Python's, that translate with a run or package in a folder."""
    quoted = shlex.quote(folder)
    return [
        "```sh",
        f"nmt translate {quoted} -i text.{source} -o text.{target} --alignments text.align",
        f'nmt heatmap {quoted} "a sentence" -o alignment.html',
        "```",
        "",
        "```python",
        "import nmt",
        f'result = nmt.Translator.load("{folder}").translate("a sentence")',
        "print(result.text, result.alignment.to_pharaoh())",
        "```",
        "",
    ]


def figures_table(metrics: Mapping[str, Any]) -> list[str]:
    """Returns the lines of a table of the figures `valid/NAME` and `test/NAME`, a column each; none without figures."""
    parts = [part for part in PARTS if any(name.startswith(f"{part}/") for name in metrics)]
    rows = [
        f"| {label} | {' | '.join(_number(metrics.get(f'{part}/{name}')) for part in parts)} |"
        for name, label in FIGURES.items()
        if any(f"{part}/{name}" in metrics for part in parts)
    ]
    if not rows:
        return []
    return [f"| | {' | '.join(parts)} |", f"| --- |{' ---: |' * len(parts)}", *rows, ""]


def _number(value: Any) -> str:
    """Returns about four digits, as many as are worth comparing."""
    return "" if value is None else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"
