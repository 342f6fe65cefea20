"""The README of a model package."""

from collections.abc import Mapping
from typing import Any


def model_card(settings: Mapping[str, Any]) -> str:
    """Returns Markdown that says what a model is and how to translate with it.

    Args:
        settings: what `config.json` holds.
    """
    model, source, target = settings["model"], settings["source_lang"], settings["target_lang"]
    lines = [
        f"# {source} to {target}",
        "",
        f"A recurrent translation model with attention: decoder `{model['decoder']}`, score "
        f"`{model['attention']['score']}`, cells `{model['cell']}`. Made with nmt {settings['made_with']}.",
        "",
        "```sh",
        f"nmt translate THIS_FOLDER -i text.{source} -o text.{target} --alignments text.align",
        'nmt heatmap THIS_FOLDER "a sentence" -o alignment.html',
        "```",
        "",
        "```python",
        "import nmt",
        'result = nmt.Translator.load("THIS_FOLDER").translate("a sentence")',
        "print(result.text, result.alignment.to_pharaoh())",
        "```",
        "",
    ]
    if settings["metrics"]:
        lines += ["| figure | value |", "| --- | --- |"]
        lines += [f"| {name} | {value} |" for name, value in sorted(settings["metrics"].items())]
        lines.append("")
    return "\n".join(lines)
