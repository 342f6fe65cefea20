"""Recurrent neural translation with attention, and the alignment of every translation.

Importing this package loads nothing heavy: the names below are fetched on first use.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nmt.alignment import Alignment
    from nmt.alignment.pages import alignment_page
    from nmt.modules.attention import attend, attention_weights
    from nmt.translation import Hypothesis, Translation, Translator

__all__ = [
    "Alignment",
    "Hypothesis",
    "Translation",
    "Translator",
    "__version__",
    "alignment_page",
    "attend",
    "attention_weights",
]

_HOMES = {
    "Alignment": "nmt.alignment",
    "Hypothesis": "nmt.translation",
    "Translation": "nmt.translation",
    "Translator": "nmt.translation",
    "alignment_page": "nmt.alignment.pages",
    "attend": "nmt.modules.attention",
    "attention_weights": "nmt.modules.attention",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return metadata.version("nmt-attention")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nmt' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
