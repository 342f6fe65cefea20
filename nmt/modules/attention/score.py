"""The one class that every attention score extends, and the register of their names."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, get_type_hints

from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import AttentionSettings, SettingsError, choice, convert, nearest
from nmt.modules.attention.state import AttentionState


class AttentionScore(nn.Module):
    """How well a query matches each key, before normalisation.

    A score is built as `Score(query_size, memory_size, **options)`; its options are the keyword-only parameters of its
    constructor. Keys are projected once a sentence and passed in at each call. A score keeps no state between calls.
    """

    needs_history: ClassVar[bool] = False
    """Whether `state.last` and `state.total` are wanted, which makes teacher forcing go step by step."""

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Returns the keys of a sentence; the memory itself unless a score says otherwise."""
        return memory

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        """Returns a score for each query and key; what stands at padding is ignored."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")


SCORES: dict[str, type[AttentionScore]] = {}
ScoreClass = TypeVar("ScoreClass", bound=type[AttentionScore])


def register_score(name: str) -> Callable[[ScoreClass], ScoreClass]:
    """Class decorator: makes a score known as `model.attention.score=name`."""

    def register(cls: ScoreClass) -> ScoreClass:
        if SCORES.setdefault(name, cls) is not cls:
            raise ValueError(f"an attention score named '{name}' exists already: {SCORES[name].__qualname__}")
        return cls

    return register


def build_score(settings: AttentionSettings, query_size: int, memory_size: int) -> AttentionScore:
    """Builds the score that the settings name, with its options.

    Raises:
        SettingsError: an unknown score or option, or sizes that the score cannot compare.
    """
    cls = SCORES[choice(settings.score, SCORES, "model.attention.score")]
    options: dict[str, Any] = settings.options or {}
    parameters = inspect.signature(cls).parameters.values()
    known = [item.name for item in parameters if item.kind is inspect.Parameter.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            hint = nearest(name, known) if known else " (it has none)"
            raise SettingsError(f"model.attention.options.{name}: score '{settings.score}' has no such option{hint}")
    hints = get_type_hints(cls.__init__)
    typed = {
        name: convert(value, hints.get(name, Any), f"model.attention.options.{name}") for name, value in options.items()
    }
    return cls(query_size, memory_size, **typed)
