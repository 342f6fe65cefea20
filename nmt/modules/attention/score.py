"""The one class that every attention score extends, and the register of their names."""

import importlib
import inspect
from collections.abc import Callable, Collection
from typing import Any, ClassVar, TypeVar, get_type_hints

from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import AttentionSettings, SettingsError, choice, convert, nearest
from nmt.config.attention import NO_SCORE, outside_package
from nmt.modules.attention.state import AttentionState


class AttentionScore(nn.Module):
    """How well a query matches each key, before normalisation.

    A score is built as `Score(query_size, memory_size, **options)`; its options are the keyword-only parameters of its
    constructor. Keys are projected once a sentence and passed in at each call. A score keeps no state between calls.
    """

    needs_history: ClassVar[bool] = False
    """Whether `state.last` and `state.total` are wanted, which makes teacher forcing go step by step."""
    reads_query: ClassVar[bool] = True
    """Whether queries are looked at: of a score that does not, several heads project none."""
    reads_keys: ClassVar[bool] = True
    """Whether keys are looked at, likewise."""
    margin: int = 0
    """How many more positions of `state.last` are wanted on either side of the keys."""

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


def find_score(name: str, allow_packages: Collection[str] = ()) -> type[AttentionScore]:
    """Returns the class of a score: one of the register, or one from outside, named `package.module:Class`.

    Args:
        name: as in `model.attention.score`.
        allow_packages: top-level packages that may be imported for a score from outside.

    Raises:
        SettingsError: an unknown score, a package that is not allowed, or a class that is no score.
    """
    package = outside_package(name)
    if package is None:
        return SCORES[choice(name, [*SCORES, NO_SCORE], "model.attention.score")]
    if package not in allow_packages:
        raise SettingsError(
            f"model.attention.score={name} is code from outside: allow it with --allow-package {package}, "
            f'or allow_packages=("{package}",) in Python'
        )
    module, _, qualname = name.partition(":")
    try:
        cls = getattr(importlib.import_module(module), qualname)
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"model.attention.score={name} cannot be imported ({error}): put the folder it lies in on PYTHONPATH"
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, AttentionScore)):
        raise SettingsError(f"model.attention.score={name} is no subclass of nmt.modules.attention.AttentionScore")
    return cls


def build_score(
    settings: AttentionSettings,
    query_size: int,
    memory_size: int,
    *sizes: int,
    allow_packages: Collection[str] = (),
) -> AttentionScore:
    """Builds the score that the settings name, with its options.

    Args:
        settings: the name and the options.
        query_size: width of the queries.
        memory_size: width of the memory.
        *sizes: further positional arguments, of scores that take features.
        allow_packages: see `find_score`.

    Raises:
        SettingsError: an unknown score or option, or sizes that the score cannot compare.
    """
    cls = find_score(settings.score, allow_packages)
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
    return cls(query_size, memory_size, *sizes, **typed)
