"""The recipe of attention over words: what it generates, learns and measures."""

import json
import statistics
from pathlib import Path

import pytest
import torch

from recipes.sentiment import run
from recipes.sentiment.reviews import BAD, GOOD, NEGATIONS, reviews

FOLDER = Path(__file__).parents[2] / "recipes" / "sentiment"


def test_reviews_are_labelled_by_their_deciding_words() -> None:
    drawn = reviews(400, seed=3)
    assert drawn == reviews(400, seed=3)
    for one in drawn:
        deciding = [one.words[place] for place in sorted(one.deciding)]
        opinion, negated = deciding[-1], len(deciding) == 2
        assert opinion in GOOD + BAD
        assert not negated or deciding[0] in NEGATIONS
        assert one.good == ((opinion in GOOD) != negated)
        others = [word for place, word in enumerate(one.words) if place not in one.deciding]
        assert not set(others) & {*GOOD, *BAD, *NEGATIONS}
    assert 0.4 < sum(one.good for one in drawn) / len(drawn) < 0.6


@pytest.fixture
def judge() -> run.Judge:
    torch.manual_seed(1)
    examples = reviews(1500, seed=1)
    made = run.Judge(sorted({word for one in examples for word in one.words}), "general")
    run.train(made, examples, seed=1)
    return made


def test_it_learns_and_deleting_heavy_words_matters_more_than_random_ones(judge: run.Judge) -> None:
    found = run.measure(judge, reviews(200, seed=2), seed=1)
    assert found["accuracy"] > 0.95
    assert found["drop_largest_weights"] > found["drop_random_words"] + 0.1
    assert found["flips_largest_weights"] > found["flips_random_words"]


def test_weights_are_one_row_a_review_whatever_stands_beside_it(judge: run.Judge) -> None:
    texts = [one.words for one in reviews(5, seed=4)]
    praise, weights = run.judge_all(judge, texts)
    for place, words in enumerate(texts):
        alone, row = run.judge_all(judge, [words])
        assert sum(row[0]) == pytest.approx(1, abs=1e-5)
        assert row[0] == pytest.approx(weights[place], abs=1e-5)
        assert float(alone[0]) == pytest.approx(float(praise[place]), abs=1e-5)


def test_readme_shows_the_means_of_what_is_on_record() -> None:
    records = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for score in ("additive", "general", "cosine"):
        found = [one["deciding_words_found"] for one in records if one["score"] == score]
        assert len(found) == 3
        assert f"| `{score}` | {statistics.mean(found):.2f} ± {statistics.stdev(found):.2f} |" in text
