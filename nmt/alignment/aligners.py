"""Statistical word aligners: maintained programs of others, called where they are installed.

`eflomal` is the program of Östling and Tiedemann (2016), which samples a Bayesian HMM with fertilities; it comes as
source and needs a C compiler. `hmm` (Vogel et al. 1996), `ibm4` (Brown et al. 1993) and `fast_align` (Dyer et al. 2013)
are those of SIL's Thot, `sil-thot`.
"""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nmt.alignment.symmetrization import symmetrize
from nmt.config import UserError, choice

Link = tuple[int, int]
Sentence = Sequence[str]
Directions = tuple[list[list[Link]], list[list[Link]]]

ALIGNERS = {"eflomal": "eflomal", "hmm": "sil-thot", "ibm4": "sil-thot", "fast_align": "sil-thot"}
"""Aligners, and the distribution that each comes with."""

LONGEST = 1000
"""Pairs with more words on a side are not aligned: the programs' time and memory grow with the product of both."""

ITERATIONS = 5
"""Rounds of expectation maximisation of each of Thot's models, as is usual for them."""


class AlignerError(UserError):
    """An aligner that is not installed, or fails."""


def aligner_version(aligner: str) -> str:
    """Returns the version of the installed distribution that an aligner comes with.

    Raises:
        SettingsError: no such aligner.
        AlignerError: it is not installed.
    """
    distribution = ALIGNERS[choice(aligner, ALIGNERS, "aligner")]
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise AlignerError(
            f"the aligner {aligner} needs {distribution}, which is not installed: pip install {distribution}"
        ) from error


def aligned_text(
    sources: Sequence[Sentence], targets: Sequence[Sentence], aligner: str, method: str = "grow-diag-final-and"
) -> list[list[Link]]:
    """Aligns a text in both directions; returns the symmetrised (source, target) links of each pair.

    Args:
        sources: words of each source.
        targets: words of each target.
        aligner: one of `ALIGNERS`.
        method: how the directions are joined; see `symmetrize`.

    Raises:
        AlignerError: the aligner is not installed, or fails.
    """
    both = aligned_directions(sources, targets, aligner)
    return [symmetrize(*pair, method) for pair in zip(*both, strict=True)]


def aligned_directions(sources: Sequence[Sentence], targets: Sequence[Sentence], aligner: str) -> Directions:
    """Aligns a text; returns the (source, target) links of each pair: one source a target, and one target a source.

    A pair with an empty side, or more than `LONGEST` words on one, has no links.

    Raises:
        AlignerError: the aligner is not installed, or fails.
    """
    aligner_version(aligner)
    texts = list(zip(sources, targets, strict=True))
    usable = [index for index, pair in enumerate(texts) if all(0 < len(side) <= LONGEST for side in pair)]
    found: Directions = ([[] for _ in texts], [[] for _ in texts])
    if usable:
        kept = [texts[index][0] for index in usable], [texts[index][1] for index in usable]
        made = _eflomal(*kept) if aligner == "eflomal" else _thot(*kept, aligner)
        for whole, some in zip(found, made, strict=True):
            for index, links in zip(usable, some, strict=True):
                whole[index] = links
    return found


def _eflomal(sources: Sequence[Sentence], targets: Sequence[Sentence]) -> Directions:
    import eflomal

    with TemporaryDirectory() as folder:
        files = Path(folder, "forward"), Path(folder, "backward")
        try:
            eflomal.Aligner().align(
                *([" ".join(one) for one in side] for side in (sources, targets)),
                links_filename_fwd=str(files[0]),
                links_filename_rev=str(files[1]),
            )
            lines = [file.read_text(encoding="ascii").split("\n")[:-1] for file in files]
        except (OSError, RuntimeError) as error:
            raise AlignerError(f"eflomal failed: {str(error).splitlines()[0]}") from error
    forward, backward = ([_read(line) for line in part] for part in lines)
    return forward, backward


def _read(line: str) -> list[Link]:
    pairs = (one.split("-") for one in line.split())
    return [(int(source), int(target)) for source, target in pairs]


def _thot(sources: Sequence[Sentence], targets: Sequence[Sentence], aligner: str) -> Directions:
    forward = _thot_links(sources, targets, aligner)
    backward = _thot_links(targets, sources, aligner)
    return forward, [sorted((source, target) for target, source in links) for links in backward]


def _thot_links(sources: Sequence[Sentence], targets: Sequence[Sentence], aligner: str) -> list[list[Link]]:
    """Trains a model and returns the links of its text: one source word, or none, for each target word."""
    model = _thot_model(sources, targets, aligner)
    best = model.get_best_alignments(sources, targets)
    # A matrix as a list: for each target word the source word counted from 1, 0 for none.
    return [
        sorted((source - 1, target) for target, source in enumerate(matrix.to_list()) if source) for _, matrix in best
    ]


def _thot_model(sources: Sequence[Sentence], targets: Sequence[Sentence], aligner: str) -> Any:
    from thot import alignment as thot

    first = thot.FastAlignModel() if aligner == "fast_align" else thot.Ibm1AlignmentModel()
    for source, target in zip(sources, targets, strict=True):
        first.add_sentence_pair(source, target)
    model = _trained(first)
    if aligner == "fast_align":
        return model
    model = _trained(thot.HmmAlignmentModel(model))  # each model starts from the one before
    return model if aligner == "hmm" else _trained(thot.Ibm4AlignmentModel(model))


def _trained(model: Any) -> Any:
    model.start_training()
    for _ in range(ITERATIONS):
        model.train()
    model.end_training()
    return model
