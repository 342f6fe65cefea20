"""Pictures for the report of several runs: their learning curves, and how each model aligns the same sentences."""

import logging
from collections.abc import Collection, Sequence

from nmt.alignment import Alignment
from nmt.config import UserError
from nmt.evaluation.ranking import Ranked, Ranking
from nmt.translation.translator import Translator
from nmt.visual.curves import DIFFERENT, Curve, Panel
from nmt.visual.report_page import Gallery, Image
from nmt.visual.report_pictures import curves_png, heatmaps_png

log = logging.getLogger(__name__)

SENTENCES = 3
CURVES = (
    ("BLEU of the validation text", "valid", "valid/bleu"),
    ("validation loss, nats a target token", "valid", "valid/loss"),
    ("training loss, nats a target token", "train", "loss"),
)

Points = dict[str, list[dict[str, float]]]


def galleries(ranking: Ranking, allow_packages: Collection[str] = ()) -> list[Gallery]:
    """Returns learning curves and alignments, as far as the runs give them; says in notes what they do not.

    Args:
        ranking: the runs.
        allow_packages: packages whose code may be run for models with a score from outside.
    """
    runs = {f"{rank}  {one.name}": one for rank, one in enumerate(ranking.runs, 1)}
    return [_curves(runs), _alignments(runs, ranking.sources, allow_packages)]


def _curves(runs: dict[str, Ranked]) -> Gallery:
    found = {name: one.run.curves() for name, one in runs.items()}
    notes = [f"Left out, because it has no curves.json: {name}" for name, points in found.items() if points is None]
    drawn = {name: points for name, points in found.items() if points is not None}
    if not drawn:
        return Gallery("Learning curves", [], notes)
    if len(drawn) > DIFFERENT:
        notes.append(f"{DIFFERENT} kinds of lines differ; further runs begin again with the first.")
    panels = [
        Panel(title, [_curve(name, points[part], figure) for name, points in drawn.items()])
        for title, part, figure in CURVES
    ]
    image = Image(curves_png(panels, list(drawn)), "Scores and losses of all runs over the steps")
    return Gallery("Learning curves", [image], notes)


def _curve(name: str, points: Sequence[dict[str, float]], figure: str) -> Curve:
    kept = [point for point in points if isinstance(point.get(figure), int | float)]
    return Curve(name, [point["step"] for point in kept], [point[figure] for point in kept])


def _alignments(runs: dict[str, Ranked], sources: Sequence[str] | None, allow_packages: Collection[str]) -> Gallery:
    title = "Alignments of test sentences"
    if sources is None:
        return Gallery(title, [], ["None, because these runs do not tell of one common source text (test.sources)."])
    references = next(iter(runs.values())).run.references
    pairs = [(sources[index], references[index]) for index in spread_lines(sources, references)]
    if not pairs:
        return Gallery(title, [], ["None, because no line of the test text has words on both sides."])
    found: dict[str, list[Alignment]] = {}
    notes = ["How each model aligns the reference with its source, by words (forced decoding)."]
    for name, one in runs.items():
        try:
            translator = Translator.load(one.run.folder, allow_packages=allow_packages)
            found[name] = [translator.align(*pair).words() for pair in pairs]
        except (UserError, OSError) as error:
            notes.append(f"Left out: {name}: {' '.join(str(error).split())}")
            log.warning("%s: no alignments in the report: %s", one.run.folder, error)
    if not found:
        return Gallery(title, [], notes)
    images = [
        Image(heatmaps_png([each[index] for each in found.values()], list(found)), "\n".join(pair))
        for index, pair in enumerate(pairs)
    ]
    return Gallery(title, images, notes)


def spread_lines(sources: Sequence[str], references: Sequence[str], count: int = SENTENCES) -> list[int]:
    """Returns up to `count` lines with words on both sides, from short to long, without the extremes."""
    filled = [index for index, pair in enumerate(zip(sources, references, strict=True)) if all(map(str.strip, pair))]
    filled.sort(key=lambda index: (len(sources[index].split()), index))
    if len(filled) <= count:
        return filled
    return [filled[(2 * number + 1) * len(filled) // (2 * count)] for number in range(count)]
