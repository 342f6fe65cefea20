"""Attention over the words of a review: a verdict, a weight for each word, and whether the weights mean anything.

    python -m recipes.sentiment.run [--seed 1] [--score additive] [--picture weights.png]

The model is built here from the encoder and the scores of the package; the query is a vector that is learnt.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nmt.config import ModelSettings
from nmt.config.attention import AttentionSettings
from nmt.modules.attention import AttentionHistory, build_attention
from nmt.modules.build import build_encoder
from recipes.sentiment.reviews import Review, reviews

TRAIN, TEST, BATCH, EPOCHS, DRAWS = 4000, 500, 50, 4, 20


class Judge(nn.Module):
    """verdict = v . attend(q, h), h the encoded words, q a learnt query."""

    def __init__(self, words: Sequence[str], score: str, size: int = 32) -> None:
        super().__init__()
        self.ids = {word: place for place, word in enumerate(words, 1)}
        settings = ModelSettings(embedding_size=size, encoder_size=size // 2, dropout=0.1)
        self.embedding = nn.Embedding(len(words) + 1, size, padding_idx=0)
        self.encoder = build_encoder(settings)
        self.query = nn.Parameter(torch.randn(1, 1, size))
        self.attention = build_attention(AttentionSettings(score), size, self.encoder.memory_size)
        self.verdict = nn.Linear(self.encoder.memory_size, 1)

    def forward(self, texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Returns logits (batch,) of praise and weights (batch, words)."""
        lengths = torch.tensor([len(words) for words in texts])
        ids = torch.zeros(len(texts), int(lengths.max()), dtype=torch.long)
        for row, words in enumerate(texts):
            ids[row, : len(words)] = torch.tensor([self.ids[word] for word in words])
        encoded = self.encoder(self.embedding(ids), lengths)
        query, state = self.query.expand(len(texts), 1, -1), AttentionHistory().state(encoded.mask)
        values, keys = self.attention.project_values(encoded.memory), self.attention.project_keys(encoded.memory)
        attended = self.attention(query, values, keys, state)
        return self.verdict(attended.context)[:, 0, 0], attended.weights[:, 0]


def train(judge: Judge, examples: Sequence[Review], seed: int) -> None:
    """Learns to tell praise from blame."""
    optimizer, order = torch.optim.Adam(judge.parameters(), lr=5e-3), list(examples)
    shuffler = random.Random(seed)
    judge.train()
    for _ in range(EPOCHS):
        shuffler.shuffle(order)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            logits, _ = judge([one.words for one in batch])
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(logits, torch.tensor([float(one.good) for one in batch])).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    judge.eval()


@torch.no_grad()
def judge_all(judge: Judge, texts: Sequence[Sequence[str]]) -> tuple[Tensor, list[list[float]]]:
    """Returns the probability of praise (texts,) and the weights of each text's words."""
    logits, weights = judge(texts)
    return torch.sigmoid(logits), [row[: len(words)].tolist() for row, words in zip(weights, texts, strict=True)]


def without(words: Sequence[str], places: Sequence[int]) -> list[str]:
    """Returns the words but those at some places."""
    return [word for place, word in enumerate(words) if place not in places]


def confidence(judge: Judge, texts: Sequence[Sequence[str]], praise: Tensor) -> Tensor:
    """Returns the probability (texts,) of the verdict that was given to the whole texts."""
    found, _ = judge_all(judge, texts)
    return torch.where(praise >= 0.5, found, 1 - found)


def measure(judge: Judge, tests: Sequence[Review], seed: int) -> dict[str, float]:
    """Returns accuracy, and what deleting the words of largest weight does to verdicts, against words drawn at random.

    As many words are deleted as decide the review, one or two. `drop`: by how much the probability of the verdict falls
    (comprehensiveness, DeYoung et al. 2020); `flips`: share of verdicts that turn round.
    """
    texts = [one.words for one in tests]
    praise, weights = judge_all(judge, texts)
    whole, generator = confidence(judge, texts, praise), random.Random(seed)
    ranked = [
        sorted(range(len(row)), key=lambda place: -row[place])[: len(one.deciding)]
        for row, one in zip(weights, tests, strict=True)
    ]
    deleted = [without(one.words, places) for one, places in zip(tests, ranked, strict=True)]
    after = confidence(judge, deleted, praise)
    draws = []
    for _ in range(DRAWS):
        drawn = [without(one.words, generator.sample(range(len(one.words)), len(one.deciding))) for one in tests]
        draws.append(confidence(judge, drawn, praise))
    chance = torch.stack(draws)
    hits = sum(len(one.deciding & set(places)) for one, places in zip(tests, ranked, strict=True))
    figures = {
        "accuracy": sum(bool(p >= 0.5) == one.good for p, one in zip(praise, tests, strict=True)) / len(tests),
        "deciding_words_found": hits / sum(len(one.deciding) for one in tests),
        "drop_largest_weights": float((whole - after).mean()),
        "drop_random_words": float((whole - chance).mean()),
        "flips_largest_weights": float((after < 0.5).float().mean()),
        "flips_random_words": float((chance < 0.5).float().mean()),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def show(judge: Judge, tests: Sequence[Review], picture: Path | None) -> None:
    """Prints a few reviews with the weight of each word, in percent; draws them if asked to."""
    praise, weights = judge_all(judge, [one.words for one in tests])
    for one, probability, row in zip(tests, praise.tolist(), weights, strict=True):
        marked = " ".join(
            f"{word}[{100 * weight:.0f}]" if weight >= 0.05 else word
            for word, weight in zip(one.words, row, strict=True)
        )
        print(f"{'praise' if probability >= 0.5 else 'blame ':6} {max(probability, 1 - probability):.2f}  {marked}")
    if picture is not None:
        from nmt.visual.heatmap import save_heatmap

        verdict = "praise" if praise[0] >= 0.5 else "blame"
        save_heatmap(picture, [weights[0]], tests[0].words, [verdict], title="weight of each word for the verdict")


def main() -> None:
    """Trains, measures, shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--score", default="additive")
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    examples, tests = reviews(TRAIN, given.seed), reviews(TEST, 10_000 + given.seed)
    judge = Judge(sorted({word for one in examples for word in one.words}), given.score)
    train(judge, examples, given.seed)
    show(judge, tests[:5], given.picture)
    print(json.dumps({"score": given.score, "seed": given.seed, **measure(judge, tests, given.seed)}, indent=2))


if __name__ == "__main__":
    main()
