"""How links are read off attention weights."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from nmt.config.checks import SettingsError, build, choice

END_RULES = ("skip", "drop")


@dataclass(frozen=True)
class LinkSettings:
    """How the rows of an alignment become links.

    Attributes:
        shift: 1 reads a target token's links off the row of the step after the one that emitted it, 0 off its own.
            Luong et al. 2015 (footnote 14) saw that content scores asked after the update align the word that goes
            into a step; Chen et al. 2020 (arXiv 2004.14837) call it Shift-Att.
        end: what happens where the `</s>` of the source draws weight. `skip`: a row whose largest weight is there makes
            no link; `drop`: that column is left out, and the rest of the row brought back to a sum of one.
        threshold: every source token of at least that weight is linked; None: the one of the largest weight.
    """

    shift: int = 0
    end: str = "skip"
    threshold: float | None = None

    def __post_init__(self) -> None:
        if type(self.shift) is not int or self.shift not in (0, 1):
            raise SettingsError(f"shift={self.shift} is neither 0 nor 1")
        choice(self.end, END_RULES, "end")
        if self.threshold is not None and (isinstance(self.threshold, bool) or not 0.0 < self.threshold <= 1.0):
            raise SettingsError(f"threshold={self.threshold} is not above 0 and at most 1")

    def of_posterior(self) -> "LinkSettings":
        """Returns how links are read off a posterior, which is surer than attention: by a threshold of its own."""
        return replace(self, threshold=POSTERIOR_THRESHOLD)


DECODER_LINKS = {
    "bahdanau": LinkSettings(),
    "luong": LinkSettings(),
    "parallel": LinkSettings(),
    "conditional": LinkSettings(),
}
"""What a model is given whose validation text has no gold links, by decoder.

Measured on the phrasebook (200 validation pairs, English to German, forced decoding, largest weight), error rates for
shift 0 with `skip` and `drop`, then shift 1: luong .234 .247, .485 .485; parallel .257 .281, .517 .523; and, barely
trained, bahdanau .601 .599, .620 .619; conditional .510 .514, .569 .567. On sentences of the Hansards shift 0 is best
for all four, in both directions (`recipes/alignment`, models that learn without links, tuned).
"""


POSTERIOR_THRESHOLD = 0.5
"""From where on the posterior of an alignment makes links, unless told otherwise: source and target token are then more
probably linked than not.

Measured on the Hansards (447 pairs, two models without links, `recipes/alignment`): error rates from English to French,
back, and of both with grow-diag-final-and: .218 .227 .162, where the largest weight alone gives .282 .278 .192, 0.4
.235 .240 .174 and 0.6 .209 .232 .157.
"""


def link_settings(base: LinkSettings, **changes: Any) -> LinkSettings:
    """Returns `base` with the settings that are not None changed.

    Raises:
        SettingsError: an unknown setting, a value of the wrong type or out of range.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        return base
    return build(LinkSettings, {**asdict(base), **given}, "links")
