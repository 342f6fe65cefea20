"""How links are read off the attention of a run's model: chosen on gold links where the validation text has them."""

import logging
from collections.abc import Collection
from pathlib import Path

from nmt.alignment.tuning import tune_links
from nmt.data.text import ParallelText
from nmt.translation import Translator
from nmt.translation.package import write_links

log = logging.getLogger(__name__)


def choose_links(run: Path, text: ParallelText, allow_packages: Collection[str] = ()) -> None:
    """Writes shift and `</s>` rule into the package of a run, if the text has gold links and the model attends.

    The pairs are aligned by forced decoding. Links stay those of the largest weight: thresholds, which fit one text
    better and another worse, are for `nmt align --tune`.

    Args:
        run: the run directory.
        text: the validation text.
        allow_packages: packages that an attention score from outside may be imported from.
    """
    if text.sure is None or text.possible is None:
        return
    translator = Translator.load(run, allow_packages=allow_packages)
    if not translator.model.aligns:
        return
    alignments = translator.align(text.sources, text.targets)
    found = tune_links(alignments, text.sure, text.possible, translator.links, thresholds=[None])
    log.info(
        "links: shift %d, </s> rule %s (alignment error rate %.3f on the validation text)",
        found.settings.shift,
        found.settings.end,
        found.agreement.error_rate,
    )
    write_links(run, found.settings)
