"""Scores of translations: what is counted, which tokeniser counts, how lines are grouped."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest

from nmt.config import SettingsError
from nmt.evaluation import compare_systems, corpus_scores, tokenizers
from nmt.evaluation.lengths import length_ranges, members, sentence_lengths
from nmt.evaluation.tokenizers import bleu_tokenizer, looks_tokenized, named_tokenizer, unspaced

REFERENCES = [f"the {size} dog runs over {count} hills, and sleeps." for size in ("big", "old") for count in range(20)]
JAPANESE = ["今日はとても暑いですね。", "犬が公園を走っている。", "彼は本を読むのが好きだ。"]


def noisy(lines: Sequence[str], share: float, seed: int) -> list[str]:
    """Lines without some of their words."""
    source = random.Random(seed)
    return [" ".join(word for word in line.split() if source.random() > share) or "a" for line in lines]


SYSTEMS = {"one": noisy(REFERENCES, 0.2, 1), "two": noisy(REFERENCES, 0.25, 2), "three": noisy(REFERENCES, 0.5, 3)}


@pytest.fixture(autouse=True)
def no_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SACREBLEU_SEED", raising=False)


@pytest.mark.parametrize("seed", [12345, 7])
def test_figures_are_those_of_sacrebleus_paired_test(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", str(seed))
    signatures, expected = PairedTest(
        list(SYSTEMS.items()), {"BLEU": BLEU(references=[REFERENCES])}, None, test_type="bs", n_samples=200
    )()
    found = compare_systems(SYSTEMS, REFERENCES, bootstrap=200)
    assert found.signatures["bleu"] == str(signatures["BLEU"])
    for system, result in zip(found.systems, expected["BLEU"], strict=True):
        assert not isinstance(result, str)
        assert system.bleu.score == pytest.approx(result.score)
        assert system.bleu.mean == pytest.approx(result.mean)
        assert system.bleu.margin == pytest.approx(result.ci)
        assert system.bleu.p_value == pytest.approx(result.p_value)


def test_scores_do_not_depend_on_samples_or_company() -> None:
    together = compare_systems(SYSTEMS, REFERENCES, bootstrap=50)
    for system in together.systems:
        (alone,) = compare_systems({"x": SYSTEMS[system.name]}, REFERENCES, bootstrap=0).systems
        for metric in ("bleu", "chrf", "ter"):
            assert alone[metric].score == system[metric].score
            assert alone[metric].mean is alone[metric].lower is alone[metric].p_value is alone[metric].margin is None
            lower, mean, upper = system[metric].lower, system[metric].mean, system[metric].upper
            assert lower is not None and mean is not None and upper is not None  # noqa: PT018
            assert lower <= mean <= upper


def test_seed() -> None:
    one, two = (compare_systems(SYSTEMS, REFERENCES, bootstrap=50, seed=seed).systems[1].bleu for seed in (0, 1))
    assert one == compare_systems(SYSTEMS, REFERENCES, bootstrap=50, seed=0).systems[1].bleu
    assert one.mean != two.mean


def test_seed_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "None")
    unfixed = [compare_systems({"x": SYSTEMS["one"]}, REFERENCES, bootstrap=30) for _ in range(2)]
    assert unfixed[0].systems[0].chrf.mean != unfixed[1].systems[0].chrf.mean
    assert "seed:none" in unfixed[0].signatures["chrf"]
    monkeypatch.setenv("SACREBLEU_SEED", "many")
    with pytest.raises(SettingsError, match="SACREBLEU_SEED=many"):
        compare_systems(SYSTEMS, REFERENCES)
    assert compare_systems(SYSTEMS, REFERENCES, bootstrap=1, seed=3).seed == "3"


def test_same_translations_are_no_sure_difference(caplog: pytest.LogCaptureFixture) -> None:
    found = compare_systems({"a": REFERENCES, "b": REFERENCES}, REFERENCES, bootstrap=100)
    assert "*" not in str(found).split("\n\n")[0]
    assert "same translations" in caplog.text


def test_several_references_help() -> None:
    single = compare_systems({"x": SYSTEMS["one"]}, REFERENCES, bootstrap=0)
    double = compare_systems({"x": SYSTEMS["one"]}, [REFERENCES, SYSTEMS["one"]], bootstrap=0)
    assert double.references == 2
    assert double.systems[0].bleu.score == pytest.approx(100)
    assert single.systems[0].bleu.score < 90


def test_empty_lines_can_be_scored() -> None:
    (system,) = compare_systems({"x": ["", "a b c d e"]}, ["", "a b c d e"], bootstrap=10).systems
    assert system.bleu.score == pytest.approx(100)
    assert system.ter.score == 0
    (nothing,) = compare_systems({"x": ["", ""]}, ["a", "b"], bootstrap=10).systems
    assert (nothing.bleu.score, nothing.chrf.score, nothing.ter.score) == (0, 0, 100)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: compare_systems({}, REFERENCES), "nothing to score"),
        (lambda: compare_systems(SYSTEMS, []), "nothing to score"),
        (lambda: compare_systems({"x": ["a"]}, ["a", "b"]), "x: 1 lines"),
        (lambda: compare_systems({"x": ["a"]}, [["a"], ["a", "b"]]), "reference 2: 2 lines"),
        (lambda: compare_systems({"x": ["a"]}, ["a"], sources=["a", "b"]), "sources: 2 lines"),
        (lambda: compare_systems({"x": ["a"]}, ["a"], tokenize="13b"), "did you mean '13a'"),
        (lambda: compare_systems({"x": ["a"]}, ["a"], bootstrap=-1), "bootstrap"),
        (lambda: compare_systems({"x": ["a"]}, ["a"], seed=-1), "seed=-1"),
        (lambda: corpus_scores(["a"], ["a"], "de", tokenize="13b"), "did you mean '13a'"),
    ],
)
def test_wrong_uses(call: Callable[[], object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        call()


def test_tokeniser_given_for_corpus_scores() -> None:
    lines = ["a b c d-e.", "f g h i,"]
    assert "tok:none" in corpus_scores(lines, lines, "ja", tokenize="none").signature
    assert "tok:13a" in corpus_scores(lines, lines, "de").signature


@pytest.mark.parametrize(
    ("language", "name"),
    [
        *(dict.fromkeys(("zh", "zh-TW", "zh_Hant", "ZH", "zho", "cmn_Hans", "yue"), "zh")).items(),
        *(dict.fromkeys(("ja", "ja-JP", "jpn", "jpn_Jpan"), "ja-mecab")).items(),
        *(dict.fromkeys(("ko", "kor_Hang"), "ko-mecab")).items(),
        *(dict.fromkeys(("de", "pt_BR", "", "jam", "zha", "kok"), "13a")).items(),
    ],
)
def test_tokeniser_of_a_language(monkeypatch: pytest.MonkeyPatch, language: str, name: str) -> None:
    monkeypatch.setattr(tokenizers, "_installed", lambda _: True)
    bleu_tokenizer.cache_clear()
    assert bleu_tokenizer(language) == name
    bleu_tokenizer.cache_clear()


def test_missing_extra_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(tokenizers, "_installed", lambda name: name != "ja-mecab")
    bleu_tokenizer.cache_clear()
    for _ in range(2):
        found = compare_systems({"x": JAPANESE}, JAPANESE, target_lang="ja", bootstrap=0)
        assert "tok:char" in found.signatures["bleu"]
    (record,) = caplog.records
    assert "sacrebleu[ja]" in record.getMessage()
    with pytest.raises(SettingsError, match="ja-mecab is not installed"):
        named_tokenizer("ja-mecab")
    bleu_tokenizer.cache_clear()


def test_looks() -> None:
    assert looks_tokenized(["The dog runs .", "Yes , it does ."])
    assert looks_tokenized(["犬 が 走 る 。"])
    assert not looks_tokenized(["The dog runs.", "It costs 3.50, or 4 ."])
    assert not looks_tokenized(["no marks at all"])
    assert unspaced(JAPANESE)
    assert unspaced(["สวัสดีครับผมชื่อสมชาย"])
    assert not unspaced(["今日 は 暑い です ね 。"])
    assert not unspaced(["Donaudampfschifffahrtsgesellschaft", "Kapitänsmützenhersteller"])
    assert not unspaced([""])


@pytest.mark.parametrize("tokenized_side", ["hypotheses", "references"])
def test_tokenised_text_is_noticed_once(caplog: pytest.LogCaptureFixture, tokenized_side: str) -> None:
    plain, apart = ["The dog runs, or not.", "Yes."] * 60, ["The dog runs , or not .", "Yes ."] * 60
    here, there = (apart, plain) if tokenized_side == "hypotheses" else (plain, apart)
    compare_systems({"a.txt": here, "b.txt": [*here[1:], here[0]]}, there, bootstrap=0)
    (record,) = caplog.records
    assert record.name.startswith("nmt.")
    assert record.getMessage().startswith("a.txt, b.txt: ")
    caplog.clear()
    compare_systems({"a.txt": apart}, apart, bootstrap=0)
    assert not caplog.records


def test_text_without_spaces_asks_for_its_language(caplog: pytest.LogCaptureFixture) -> None:
    compare_systems({"x": JAPANESE}, JAPANESE, bootstrap=0)
    assert "--target-lang" in caplog.text
    caplog.clear()
    compare_systems({"x": JAPANESE}, JAPANESE, bootstrap=0, target_lang="th")
    assert "--tokenize char" in caplog.text
    caplog.clear()
    compare_systems({"x": JAPANESE}, JAPANESE, bootstrap=0, tokenize="char")
    assert not caplog.records


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=300))
def test_ranges_hold_every_line_and_none_is_nearly_empty(lengths: list[int]) -> None:
    ranges = length_ranges(lengths)
    groups = members(lengths, ranges)
    assert sorted(line for group in groups for line in group) == list(range(len(lengths)))
    assert ranges[-1][1] == max(lengths)
    assert all(end + 1 == start for (_, end), (start, _) in pairwise(ranges))
    for (start, end), group in zip(ranges, groups, strict=True):
        assert all(start <= lengths[line] <= end for line in group)
        assert len(group) >= min(len(lengths), max(10, 0.05 * len(lengths)))
    assert len(ranges) <= 7


def test_ranges_end_at_round_lengths() -> None:
    lengths = np.random.default_rng(1).integers(1, 31, 1000).tolist()
    assert length_ranges(lengths) == [(1, 10), (11, 20), (21, 30)]


def test_bleu_by_length_is_that_of_the_lines() -> None:
    sources = [" ".join("w" * (1 + index % 20)) for index in range(40)]
    found = compare_systems(SYSTEMS, REFERENCES, sources=sources, bootstrap=0)
    assert found.by_length is not None
    groups = members(sentence_lengths(sources)[0], found.by_length.ranges)
    assert len(groups) > 1
    for system in found.systems:
        assert system.bleu_by_length is not None
        for score, group in zip(system.bleu_by_length, groups, strict=True):
            hypotheses, references = ([text[i] for i in group] for text in (SYSTEMS[system.name], REFERENCES))
            assert score == pytest.approx(corpus_scores(hypotheses, references, "en").bleu)


def test_lengths_of_text_without_spaces_are_characters() -> None:
    assert sentence_lengths(["今日は 暑い。", "犬が公園を走っている。"]) == ([6, 11], "characters")
    assert sentence_lengths(["a dog", ""]) == ([2, 0], "words")


@pytest.mark.parametrize("count", [1, 5])
def test_table_is_aligned(count: int) -> None:
    systems = {f"{'x' * (3 * index)}.txt": noisy(REFERENCES, index / 8, 1) for index in range(count)}
    found = compare_systems(systems, REFERENCES, sources=REFERENCES, bootstrap=20)
    table, notes, lengths, signatures = str(found).split("\n\n")
    assert len(table.splitlines()) == count + 1
    assert len({len(line) for line in table.splitlines() if "*" not in line}) <= 3
    assert "40 lines" in notes
    assert lengths.splitlines()[0] == "BLEU by words of the source"
    assert [line.split()[0] for line in signatures.splitlines()] == ["BLEU", "chrF2", "TER"]
    for name in systems:
        assert f"\n{name} " in table
        assert f"\n{name} " in lengths
