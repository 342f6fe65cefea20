"""Options of the search."""

from dataclasses import asdict, dataclass
from typing import Any

from nmt.config.attention import check_temperature
from nmt.config.checks import SettingsError, at_least, build, choice

STOPPING = ("complete", "first")
PRECISIONS = ("float", "double", "int8")


@dataclass(frozen=True)
class SearchOptions:
    """How translations are searched for.

    Attributes:
        beam_size: hypotheses kept at each step; 1 is greedy search.
        n_best: hypotheses returned for each sentence, at most `beam_size` unless they are drawn.
        length_penalty: exponent in `score = log_prob / ((5 + T) / 6) ** length_penalty` (Wu et al. 2016, eq. 14);
            T counts the end mark.
        max_length: most pieces of a translation, end mark not counted; None: twice the source plus ten.
        stopping: `complete`: until `beam_size` hypotheses have finished; `first`: when the best candidate of a step
            ends and `n_best` have finished.
        attention_temperature: what attention scores are divided by instead of the model's own temperature; below it
            alignments get sharper, above it flatter.
        max_source_length: longer sources are cut to that many pieces, end mark not counted.
        shortlist: whether only target pieces are looked at that the source pieces may turn into, if the model package
            has a list of them; probabilities are then shared by the pieces on a sentence's list.
        tags: whether tags and placeholders in a line are carried to its translation; see `nmt.translation.tags`.
        replace_unknown: whether words that the vocabulary lacks are carried to the translation; see
            `nmt.translation.unknown`.
        sample: whether translations are drawn by their probability instead; see `nmt.search.sampling`.
        temperature: what log-probabilities are divided by before drawing; below 1 probable tokens are drawn more often.
        top_k: so many of the most probable tokens alone are drawn from; None: all.
        top_p: the most probable tokens that make this probability alone are drawn from; None: all.
        seed: another one draws others.
    """

    beam_size: int = 5
    n_best: int = 1
    length_penalty: float = 1.0
    max_length: int | None = None
    stopping: str = "complete"
    max_source_length: int = 1000
    attention_temperature: float | None = None
    shortlist: bool = True
    tags: bool = False
    replace_unknown: bool = False
    sample: bool = False
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        choice(self.stopping, STOPPING, "stopping")
        for name in ("beam_size", "n_best", "max_length", "max_source_length", "top_k"):
            at_least(getattr(self, name), 1, name)
        check_temperature(self.attention_temperature, "attention_temperature")
        if not -10 <= self.length_penalty <= 10:
            raise SettingsError(f"length_penalty={self.length_penalty} is not between -10 and 10")
        if not 1e-3 <= self.temperature <= 1e3:
            raise SettingsError(f"temperature={self.temperature} is not between 0.001 and 1000")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SettingsError(f"top_p={self.top_p} is not above 0 and at most 1")
        if self.n_best > self.beam_size and not self.sample:
            raise SettingsError(f"n_best={self.n_best} is more than beam_size={self.beam_size}")


def search_options(base: SearchOptions, **changes: Any) -> SearchOptions:
    """Returns `base` with the options that are not None changed; the one place where callers' options are checked.

    Raises:
        SettingsError: an unknown option, a value of the wrong type or out of range.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    return build(SearchOptions, {**asdict(base), **given}, "options")
