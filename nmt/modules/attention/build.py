"""From settings to an attention."""

from collections.abc import Collection

from nmt.config import AttentionSettings, SettingsError
from nmt.config.attention import NO_SCORE
from nmt.modules.attention.coverage import Coverage
from nmt.modules.attention.layer import Attention, Heads, NoAttention
from nmt.modules.attention.normalizers import NORMALIZERS
from nmt.modules.attention.perceptron import AdditiveScore
from nmt.modules.attention.places import UniformScore
from nmt.modules.attention.score import build_score, find_score
from nmt.modules.attention.window import WINDOWS


def build_attention(
    settings: AttentionSettings, query_size: int, memory_size: int, allow_packages: Collection[str] = ()
) -> Attention | NoAttention:
    """Builds an attention with fresh weights from torch's global generator.

    Args:
        settings: what stands in `model.attention`.
        query_size: width of the queries, the decoder's.
        memory_size: width of the encoder outputs.
        allow_packages: packages that a score from outside may be imported from.

    Raises:
        SettingsError: settings that do not go together, in one line.
    """
    if settings.score == NO_SCORE:
        return NoAttention()
    cls = find_score(settings.score, allow_packages)
    count, covered = settings.heads, settings.coverage is not None
    for size, name in (
        (query_size, "model.decoder_size"),
        (memory_size, "the memory, model.encoder_size of each direction"),
    ):
        if size % count:
            raise SettingsError(f"model.attention.heads={count} does not divide the {size} of {name}")
    if covered and issubclass(cls, UniformScore):
        raise SettingsError("model.attention.coverage: score 'uniform' gives equal weights whatever it knows")
    reads = covered and issubclass(cls, AdditiveScore)  # inside of its energy
    sizes = query_size // count, memory_size // count, *([1] if reads else [])
    scores = [build_score(settings, *sizes, allow_packages=allow_packages) for _ in range(count)]
    return Attention(
        scores if count > 1 else scores[0],
        heads=Heads(count, query_size, memory_size, cls) if count > 1 else None,
        normalizer=NORMALIZERS[settings.normalizer],
        window=WINDOWS[settings.window](query_size, settings.window_size) if settings.window else None,
        coverage=Coverage(settings.coverage, memory_size, 0 if reads else sizes[0], count)
        if settings.coverage
        else None,
        temperature=settings.temperature,
        dropout=settings.dropout,
    )
