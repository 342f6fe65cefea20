"""Settings of guided training: attention that learns from given links."""

from dataclasses import dataclass

from nmt.config.checks import SettingsError, at_least, choice

UNLINKED = ("end", "skip")


@dataclass(frozen=True)
class GuidedSettings:
    """How attention learns from the links that `data.alignments` names.

    Attributes:
        weight: what its loss counts beside that of translation; None: 1.
        decay: what the weight is multiplied with after each epoch.
        shift: which row of the attention is taught to align a token: 0 its own, 1 that of the step after, whose query
            knows the token; None: 1 for a decoder that updates its state before it asks, else 0.
        unlinked: what a token without a link is taught: `end` to look at `</s>`, `skip` nothing.
    """

    weight: float | None = None
    decay: float = 1.0
    shift: int | None = None
    unlinked: str = "end"

    def __post_init__(self) -> None:
        if self.weight is not None and not self.weight > 0:
            raise SettingsError(
                f"guided.weight={self.weight} is not above 0: data.alignments=null trains without links"
            )
        at_least(self.decay, 0, "guided.decay")
        if self.shift not in (None, 0, 1):
            raise SettingsError(f"guided.shift={self.shift} is neither 0 nor 1")
        choice(self.unlinked, UNLINKED, "guided.unlinked")
