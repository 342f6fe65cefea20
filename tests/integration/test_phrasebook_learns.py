"""The default corpus is learnt in about a minute; every figure of the run is computed a second time."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sacrebleu

from nmt import Translator
from nmt.data.phrasebook import phrasebook
from tests.trained import lines_of


@pytest.fixture(scope="module")
def metrics(trained: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_held_out_phrases_are_translated(metrics: dict[str, Any]) -> None:
    assert metrics["test/exact_match"] >= 0.95
    assert metrics["test/bleu"] >= 95
    assert metrics["test/aer"] < 0.3


def test_figures_have_their_names(metrics: dict[str, Any]) -> None:
    scores = {f"{part}/{name}" for part in ("valid", "test") for name in ("bleu", "chrf", "exact_match", "aer")}
    assert metrics.keys() >= scores | {"signature", "parameters", "train_seconds", "steps"}


def test_test_text_is_that_of_the_phrasebook(trained: Path) -> None:
    book = phrasebook("en", "de", train=0, valid=100, test=200, seed=1)
    assert lines_of(trained / "test.sources") == [phrase.source for phrase in book.test]
    assert lines_of(trained / "test.references") == [phrase.target for phrase in book.test]


def test_scores_are_those_of_sacrebleu(trained: Path, metrics: dict[str, Any]) -> None:
    hypotheses, references = lines_of(trained / "test.hypotheses"), lines_of(trained / "test.references")
    bleu, chrf = sacrebleu.BLEU(), sacrebleu.CHRF()
    assert metrics["test/bleu"] == pytest.approx(bleu.corpus_score(hypotheses, [references]).score, abs=1e-4)
    assert metrics["test/chrf"] == pytest.approx(chrf.corpus_score(hypotheses, [references]).score, abs=1e-4)
    same = sum(hypothesis == reference for hypothesis, reference in zip(hypotheses, references, strict=True))
    assert metrics["test/exact_match"] == pytest.approx(same / len(references), abs=1e-4)
    assert metrics["signature"] == str(bleu.get_signature())


def test_alignment_error_rate_is_that_of_the_references(
    translator: Translator, trained: Path, metrics: dict[str, Any]
) -> None:
    book = phrasebook("en", "de", train=0, valid=100, test=200, seed=1)
    hypotheses = lines_of(trained / "test.hypotheses")
    correct = links = sure = 0
    results = translator.translate([phrase.source for phrase in book.test])
    for phrase, hypothesis, result in zip(book.test, hypotheses, results, strict=True):
        assert result.text == hypothesis
        shown = result.alignment if hypothesis == phrase.target else translator.align(phrase.source, phrase.target)
        found = set(shown.links())
        correct += len(found & phrase.sure) + len(found & (phrase.sure | phrase.possible))
        links, sure = links + len(found), sure + len(phrase.sure)
    assert metrics["test/aer"] == pytest.approx(1 - correct / (links + sure), abs=1e-4)


def test_output_holds_results_alone(trained: Path, metrics: dict[str, Any]) -> None:
    output = trained.with_name("trained.out").read_text(encoding="utf-8")
    shown = dict(line.split("\t") for line in output.splitlines())
    assert shown == {name: str(value) for name, value in metrics.items() if "/" in name}


def test_log_tells_what_is_learnt(trained: Path) -> None:
    said = trained.with_name("trained.err").read_text(encoding="utf-8")
    assert "16,000 of 16,000 pairs kept" in said
    assert f"{json.loads((trained / 'metrics.json').read_text())['parameters']:,} parameters" in said
    assert re.search(r"validation after step \d+: BLEU", said)
    assert not re.search(r"warning|traceback|\x1b|\r", said, re.IGNORECASE)
    logged = (trained / "train.log").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 2)[2] for line in logged] == said.splitlines()
