"""What arithmetic allows: the work of a token in a model, and how fast this machine multiplies matrices of its shapes.

    python -m recipes.benchmark.bound

prints the measured rates and, for training, the target tokens a second at which a side would do nothing else. Work
counts products alone, a multiplication and an addition as two operations; three products a weight in training (forward,
gradient of the input, gradient of the weight). Embeddings, gates, softmax and the optimizer come on top and are not
counted.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SOURCE_TOKENS = 470_058 / 454_234
"""Source tokens for each target token of the training text, end marks counted."""
SOURCE_LENGTH = 17.7
"""Source tokens that a target token attends to, on average over target tokens of the training text."""


@dataclass(frozen=True)
class Product:
    """A product of rows with a weight (inner, outer).

    Attributes:
        name: of the part of the network.
        inner: width of its input.
        outer: width of its output.
        share: rows for each target token.
        stepwise: whether its rows, forward and in the gradient of its input, come a target step at a time.
    """

    name: str
    inner: int
    outer: int
    share: float = 1.0
    stepwise: bool = False


@dataclass(frozen=True)
class Sizes:
    """Sizes of a model: a bi-directional LSTM layer, general attention, an LSTM layer, one vocabulary.

    Attributes:
        embedding: width of embeddings.
        encoder: width of a direction.
        decoder: width of the decoder, of the query and of what the output layer reads.
        feeding: whether the last attentional vector is fed into the next step.
        sentences: of a batch in training.
        vocabulary: pieces.
    """

    embedding: int = 256
    encoder: int = 256
    decoder: int = 512
    feeding: bool = True
    sentences: int = 128
    vocabulary: int = 8000

    def products(self) -> Iterator[Product]:
        """Yields the products of the network; those of both directions of the encoder are alike."""
        gates, hidden = 4 * self.encoder, 4 * self.decoder
        yield Product("encoder, inputs", self.embedding, 2 * gates, SOURCE_TOKENS)
        yield Product("encoder, states", self.encoder, 2 * gates, SOURCE_TOKENS, stepwise=True)
        yield Product("decoder, embeddings", self.embedding, hidden)
        read = self.decoder * (2 if self.feeding else 1)
        yield Product("decoder, states and feed" if self.feeding else "decoder, states", read, hidden, stepwise=True)
        yield Product("attention", self.decoder, 2 * self.encoder, stepwise=self.feeding)
        yield Product("readout", 2 * self.encoder + self.decoder, self.decoder, stepwise=self.feeding)
        yield Product("output layer", self.decoder, self.vocabulary)

    def attending(self) -> float:
        """Returns the multiplications of scores and context of a target token."""
        return SOURCE_LENGTH * 2 * (2 * self.encoder)

    def training_flop(self) -> float:
        """Returns the operations of a target token, forward and backward.

        By hand for the reference model, multiplications: encoder 1.0348 x 2 x (256 + 256) x 1024 = 1.085 M; decoder
        (256 + 512 + 512) x 2048 = 2.621 M; query 512 x 512 = 0.262 M; readout 1024 x 512 = 0.524 M; output layer
        512 x 8000 = 4.096 M; scores and context 17.7 x 2 x 512 = 0.018 M: 8.607 M, times 2 x 3 = 51.6 M operations.
        """
        weights = sum(one.inner * one.outer * one.share for one in self.products())
        return 6 * (weights + self.attending())

    def step_flop(self) -> float:
        """Returns the operations of a hypothesis that takes a step: everything but the encoder."""
        weights = sum(one.inner * one.outer for one in self.products() if not one.name.startswith("encoder"))
        return 2 * (weights + self.attending())

    def encoder_flop(self) -> float:
        """Returns the operations of a source token in the encoder."""
        return 2 * sum(one.inner * one.outer for one in self.products() if one.name.startswith("encoder"))


REFERENCE = Sizes()
PLAIN = Sizes(feeding=False)
SMALL = Sizes(encoder=128, decoder=256, sentences=80)


def shapes(sizes: Sizes, target_length: float = 15.7) -> Iterator[tuple[float, int, int, int]]:
    """Yields the products of a batch in training as (how often for each target token x rows, m, k, n).

    Args:
        sizes: of the model.
        target_length: of a sentence, in tokens, on average.
    """
    batch = round(sizes.sentences * target_length)
    for one in sizes.products():
        outer, often = (one.outer // 2, 2) if one.name.startswith("encoder") else (one.outer, 1)
        rows = sizes.sentences if one.stepwise else batch
        yield often * one.share, rows, one.inner, outer  # forward
        yield often * one.share, rows, outer, one.inner  # gradient of the input
        yield often * one.share, batch, one.inner, outer  # gradient of the weight, of all steps at once


def rate(rows: int, inner: int, outer: int, *, of_weight: bool = False) -> float:
    """Returns the operations a second of a product, the best of some repetitions and of the layouts there are.

    Args:
        rows: of the input.
        inner: width of the input.
        outer: width of the output.
        of_weight: the gradient of the weight (outer, rows) by (rows, inner) instead of (rows, inner) by (inner, outer).
    """
    import torch

    left, weight, after = torch.randn(rows, inner), torch.randn(outer, inner), torch.randn(rows, outer)
    turned = weight.t().contiguous()
    layouts: list[Callable[[], object]] = [
        lambda: torch.mm(left, weight.t()),
        lambda: torch.mm(weight, left.t()),
        lambda: torch.mm(left, turned),
    ]
    if of_weight:
        layouts = [lambda: torch.mm(after.t(), left)]
    best = min(fastest(product) for product in layouts)
    return 2.0 * rows * inner * outer / best


def fastest(product: Callable[[], object]) -> float:
    """Returns the least seconds that a function takes in a tenth of a second of repetitions."""
    product()
    best, end = float("inf"), time.perf_counter() + 0.1
    while time.perf_counter() < end:
        begin = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - begin)
    return best


def training_bound(sizes: Sizes) -> float:
    """Returns the target tokens a second that the products alone would allow."""
    seconds = 0.0
    for index, (share, rows, inner, outer) in enumerate(shapes(sizes)):
        seconds += share * 2.0 * inner * outer / rate(rows, inner, outer, of_weight=index % 3 == 2)
    whole = sizes.training_flop()
    return 1.0 / (seconds * whole / (whole - 6 * sizes.attending()))


def step_rate(sizes: Sizes, rows: int) -> float:
    """Returns the operations a second in a step of `rows` hypotheses, encoder left out."""
    steps = [one for one in sizes.products() if not one.name.startswith("encoder")]
    work = [2.0 * one.inner * one.outer for one in steps]
    return sum(work) / sum(each / rate(rows, one.inner, one.outer) for each, one in zip(work, steps, strict=True))


def measure() -> dict[str, float]:
    """Returns what the machine does: bounds of training, and operations a second in translation by rows."""
    import torch

    found = {
        "feeding": training_bound(REFERENCE),
        "plain": training_bound(PLAIN),
        "small": training_bound(SMALL),
        "peak": rate(2048, 2048, 2048),
        "threads": torch.get_num_threads(),
    }
    return found | {f"step {rows}": step_rate(REFERENCE, rows) for rows in (320, 64, 5, 1)}


if __name__ == "__main__":
    print(json.dumps(measure()))
