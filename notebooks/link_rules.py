"""Draws the README's picture of what `shift` and the `</s>` rule decide.

Run with `python notebooks/link_rules.py RUN FILE.png`, RUN a run directory of the phrasebook from English to German.
"""

import sys

import nmt
from nmt.data.phrasebook import phrasebook
from nmt.visual.heatmap import side_by_side


def main(run: str, file: str) -> None:
    """Aligns a test phrase of some ten words, and draws its pieces, and its words at both shifts."""
    translator = nmt.Translator.load(run)
    phrase = next(one for one in phrasebook(train=0).test if 6 <= len(one.source.split()) <= 7)
    alignment = translator.align(phrase.source, phrase.target)
    panels = [alignment, alignment.words(shift=0), alignment.words(shift=1)]
    titles = ["pieces, as they are", "words, shift 0", "words, shift 1"]
    figure = side_by_side(panels, titles, gold=[(), phrase.possible, phrase.possible])
    figure.savefig(file, dpi=100, bbox_inches="tight")


if __name__ == "__main__":
    main(*sys.argv[1:])
