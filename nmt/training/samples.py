"""A few translations and one heatmap of each validation."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from nmt.config import at_least
from nmt.training.harmless import Harmless
from nmt.training.loggers import log_picture, log_texts
from nmt.training.validation import Validation, summary
from nmt.translation import Translation
from nmt.visual.labels import shorten, visible

log = logging.getLogger(__name__)

MOST = 100
"""Validations that are all kept; later ones are kept ever more rarely."""
LONGEST = 72
"""Characters of a sentence in the log."""
COLUMNS = ("source", "reference", "translation")


def spread(lengths: Sequence[int], count: int) -> list[int]:
    """Returns up to `count` positions, evenly spread over the lengths; those of length 0 are left out.

    The list is sorted by length, its middle is of middling length. Neither the very shortest nor the very longest is
    chosen if there are many, because in real text these are seldom sentences.
    """
    order = sorted((index for index, length in enumerate(lengths) if length), key=lambda index: lengths[index])
    count = min(count, len(order))
    return [order[(2 * place + 1) * len(order) // (2 * count)] for place in range(count)]


def is_kept(ordinal: int) -> bool:
    """Tells whether a validation, counted from 0, leaves its translations.

    The first hundred do, of the next hundred every second, of the next two hundred every fourth, and so on: fifty more
    for each doubling, which are some megabytes for the longest of runs.
    """
    return ordinal % (1 << (ordinal // MOST).bit_length()) == 0


class ValidationSamples(pl.Callback):
    """Leaves `step_N.txt` and `step_N.png` in a folder and in the loggers, and one translation in the log.

    Args:
        folder: where the files go.
        count: sentences, the same at each validation, spread over lengths.
        picture: whether the alignment of the middle one is drawn.
    """

    def __init__(self, folder: str, count: int = 8, picture: bool = True) -> None:
        at_least(count, 1, "callbacks.samples.count")
        self._folder, self._count, self._picture = Path(folder), count, picture
        self._validations = 0
        self._harmless = Harmless("the translations of a validation")

    def on_translated(self, trainer: pl.Trainer, validation: Validation) -> None:
        """Writes what is to be seen."""
        ordinal, self._validations = self._validations, self._validations + 1
        chosen = spread([len(source) for source in validation.text.sources], self._count)
        if not chosen:
            return
        rows = [(validation.text.sources[i], validation.text.targets[i], validation.results[i].text) for i in chosen]
        middle = len(chosen) // 2
        source, reference, translation = (shorten(visible(text), LONGEST) for text in rows[middle])
        log.info("for example: %s => %s (reference: %s)", source, translation, reference)
        if is_kept(ordinal):
            with self._harmless():
                self._write(trainer, validation, rows, validation.results[chosen[middle]])

    def _write(
        self, trainer: pl.Trainer, validation: Validation, rows: Sequence[tuple[str, ...]], drawn: Translation
    ) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"step_{validation.step:06d}.txt"
        path.write_text(sample_text(summary(validation.step, validation.figures), rows), encoding="utf-8", newline="")
        log_texts(trainer.loggers, "valid/translations", COLUMNS, rows, validation.step)
        if self._picture and any(one.aligned for one in drawn.hypotheses):
            picture = path.with_suffix(".png")
            draw(picture, drawn, f"step {validation.step:,}")
            log_picture(trainer.loggers, "valid/alignment", picture, validation.step)

    def state_dict(self) -> dict[str, Any]:
        """Returns how many validations there were."""
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores how many validations there were."""
        self._validations = state_dict["validations"]


def sample_text(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    """Returns a head line, then for each row (source, reference, translation) a paragraph of three lines."""
    width = max(map(len, COLUMNS))
    named = [[f"{name:<{width}}  {text}" for name, text in zip(COLUMNS, row, strict=True)] for row in rows]
    paragraphs = ["\n".join(lines) for lines in named]
    return "\n\n".join([head, *paragraphs]) + "\n"


def draw(path: Path, translation: Translation, title: str) -> None:
    """Draws the alignment of a translation, by pieces."""
    from nmt.visual.heatmap import save_heatmap

    alignment = translation.alignment
    save_heatmap(path, alignment.matrix, alignment.source_tokens, alignment.target_tokens, title=title)
