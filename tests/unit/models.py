"""Small models, batches and a score with a memory, shared by the tests of modules and search."""

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nmt.config import ModelSettings, Vocabulary, build
from nmt.modules.attention import AttentionScore, AttentionState
from nmt.modules.build import build_model
from nmt.modules.seq2seq import Seq2Seq
from nmt.search import Batch

SOURCE = Vocabulary(size=9, pad_id=0, bos_id=1, eos_id=2, unk_id=3)
TARGET = Vocabulary(size=11, pad_id=0, bos_id=1, eos_id=2, unk_id=3)

DECODERS: dict[str, dict[str, Any]] = {
    "bahdanau": {"decoder": "bahdanau"},
    "luong": {"decoder": "luong", "input_feeding": True},
    "luong_unfed": {"decoder": "luong", "input_feeding": False},
    "parallel": {"decoder": "parallel"},
    "conditional": {"decoder": "conditional"},
}
"""Settings of every way in which a decoder can be wired."""


class ForgetfulScore(AttentionScore):
    """score = q . (W m) - 2 last - total + m_0 sin(position): looks at all that a score may know."""

    needs_history = True

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.key = nn.Linear(memory_size, query_size, bias=False)

    def project_keys(self, memory: Tensor) -> Tensor:
        keys: Tensor = self.key(memory)
        return keys

    def forward(self, query: Tensor, keys: Tensor, state: AttentionState) -> Tensor:
        assert state.last is not None
        assert state.total is not None
        place = torch.sin(state.positions.to(keys.dtype))[:, :, None] * keys[:, None, :, 0]
        return query @ keys.transpose(1, 2) - 2 * state.last - state.total + place


def randomise(module: nn.Module, seed: int, std: float = 0.6) -> None:
    """Draws every parameter, also biases and the rows of padding, so that none of them can go unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * std)


def tiny_model(
    seed: int = 1,
    source: Vocabulary = SOURCE,
    target: Vocabulary = TARGET,
    allow_packages: Collection[str] = (),
    **settings: Any,
) -> Seq2Seq:
    """Returns a model of a few numbers in double precision, with the `model` settings given."""
    sizes = {"embedding_size": 4, "encoder_size": 3, "decoder_size": 6, "tying": "none"}
    built = build(ModelSettings, {**sizes, **settings}, "model")
    model = build_model(built, source, target, allow_packages).double().eval()
    randomise(model, seed)
    return model


def random_ids(seed: int, *shape: int, size: int = SOURCE.size) -> Tensor:
    """Returns ids that are not special."""
    return torch.randint(4, size, shape, generator=torch.Generator().manual_seed(seed))


def random_batch(lengths: Sequence[int], seed: int = 1, width: int | None = None) -> Batch:
    """Returns sources of these lengths, each with its end mark, right-padded to `width`; row b depends on b alone."""
    source = torch.full((len(lengths), width or max(lengths)), SOURCE.pad_id)
    for row, length in enumerate(lengths):
        source[row, : length - 1] = random_ids(1000 * seed + row, length - 1)
        source[row, length - 1] = SOURCE.eos_id
    return Batch(source, torch.tensor(lengths))


def rows_of(batch: Batch, rows: Sequence[int], width: int) -> Batch:
    """Returns some sentences of a batch in this order, padded to another width."""
    source = torch.full((len(rows), width), SOURCE.pad_id)
    for new, old in enumerate(rows):
        length = int(batch.source_lengths[old])
        source[new, :length] = batch.source[old, :length]
    return Batch(source, batch.source_lengths[list(rows)])


def tensors_of(tree: Any) -> list[Tensor]:
    """Returns all tensors of a tree of tuples, in order."""
    if isinstance(tree, Tensor):
        return [tree]
    return [tensor for part in tree for tensor in tensors_of(part)] if isinstance(tree, tuple) else []


LogitFunction = Callable[[int, tuple[int, ...]], Sequence[float]]


class PrefixModel:
    """A step model whose logits are a given function of the first source id and of all tokens so far."""

    def __init__(self, logits: LogitFunction, most_steps: int = 1000) -> None:
        self.logits, self.most_steps, self.steps = logits, most_steps, 0

    def start(self, source: Tensor, source_lengths: Tensor) -> tuple[Any, Any]:
        mask = torch.arange(source.shape[1]) < source_lengths[:, None]
        return (source[:, 0], mask), torch.zeros(len(source), 1, 0, dtype=torch.long)

    def step(self, tokens: Tensor, source: Any, state: Any) -> tuple[Tensor, Tensor, Any]:
        self.steps += 1
        assert self.steps <= self.most_steps, "the search does not end"
        keys, mask = source
        prefixes = torch.cat([state, tokens[:, :, None]], dim=2)
        rows = [
            [(key, tuple(prefix[1:])) for prefix in beam]
            for key, beam in zip(keys.tolist(), prefixes.tolist(), strict=True)
        ]
        logits = [[self.logits(key, prefix) for key, prefix in row] for row in rows]
        weights = [
            [self.weights(key, prefix, int(count)) + [0.0] * (mask.shape[1] - int(count)) for key, prefix in row]
            for row, count in zip(rows, mask.sum(1), strict=True)
        ]
        return torch.tensor(logits, dtype=torch.float64), torch.tensor(weights, dtype=torch.float64), prefixes

    @staticmethod
    def weights(key: int, prefix: tuple[int, ...], count: int) -> list[float]:
        """Returns weights over `count` source tokens that differ for every prefix."""
        code = 1.0 + key + sum((place + 1) * token for place, token in enumerate(prefix))
        raw = [1.1 + math.sin(code * (column + 1)) for column in range(count)]
        return [value / sum(raw) for value in raw]
