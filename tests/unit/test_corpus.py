"""From settings to text, and from text to filtered, encoded pairs."""

from pathlib import Path
from typing import Any

import pytest

from nmt.config import DataSettings, TokenizerSettings
from nmt.data.corpus import encode_pairs, load_corpus
from nmt.data.ragged import Ragged
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import train_model


@pytest.fixture(scope="module")
def letters() -> Tokenizer:
    """One piece a character; a word mark is a piece as well."""
    return Tokenizer(train_model(["abc", "b a c"], TokenizerSettings(type="char")))


def pieces(letters: Tokenizer, text: str) -> int:
    return len(letters.encode(text).ids) - 1


def sentences(*sizes: int) -> list[str]:
    """Returns sentences of that many pieces: a word mark and letters, or nothing."""
    return ["a" * (size - 1) for size in sizes]


def test_pieces_are_counted_without_the_end_mark(letters: Tokenizer) -> None:
    assert [pieces(letters, text) for text in [*sentences(2, 5), ""]] == [2, 5, 0]


def test_every_pair_is_kept_or_counted_once(letters: Tokenizer) -> None:
    source = ["", *sentences(5), "", *sentences(6, 7, 12, 2, 2, 2, 6)]
    target = ["", "", *sentences(5), *sentences(6, 2, 2, 6, 7, 2, 7)]
    settings = DataSettings(max_length=6, max_ratio=3.0)
    pairs, report = encode_pairs(ParallelText(source, target), letters, letters, settings)
    # kept: 6:6, 2:6 (ratio exactly 3), 2:2; too long: 7:2 and 12:2 (whatever their ratio), 2:7, 6:7
    assert (report.kept, report.empty, report.long, report.ratio) == (3, 3, 4, 0)
    assert list(zip(pairs.source.lengths.tolist(), pairs.target.lengths.tolist(), strict=True)) == [
        (7, 7),
        (3, 7),
        (3, 3),
    ]


def test_ratio_is_that_of_the_longer_to_the_shorter_side(letters: Tokenizer) -> None:
    text = ParallelText(sentences(7, 2, 6, 2, 4), sentences(2, 7, 2, 6, 4))
    _, report = encode_pairs(text, letters, letters, DataSettings(max_ratio=3.0))
    assert (report.kept, report.ratio) == (3, 2)


def test_white_space_lines_are_empty(letters: Tokenizer) -> None:
    text = ParallelText(["a", " ", "\u3000", "a"], ["a", "a", "a", "\t "])
    _, report = encode_pairs(text, letters, letters, DataSettings())
    assert (report.kept, report.empty) == (1, 3)


def test_report_says_all_its_numbers(letters: Tokenizer) -> None:
    text = ParallelText([*sentences(2, 9, 2), ""], [*sentences(2, 9, 6), ""])
    _, report = encode_pairs(text, letters, letters, DataSettings(max_length=8, max_ratio=2.0))
    assert str(report) == "1 of 4 pairs kept; dropped: 1 with an empty side, 1 too long, 1 of unequal length"


def test_nothing_left_is_one_line_with_the_report(letters: Tokenizer) -> None:
    text = ParallelText(sentences(9, 9), sentences(9, 9))
    with pytest.raises(DataError, match=r"0 of 2 pairs kept.*2 too long.*data\.max_length") as caught:
        encode_pairs(text, letters, letters, DataSettings(max_length=8))
    assert "\n" not in str(caught.value)


def test_encoded_pairs_hold_the_ids_of_what_was_kept(letters: Tokenizer) -> None:
    text = ParallelText(["", "a b", "c"], ["a", "cab", "b b"])
    pairs, _ = encode_pairs(text, letters, letters, DataSettings())
    assert [pairs.source[row].tolist() for row in range(len(pairs))] == [
        list(letters.encode(text).ids) for text in ("a b", "c")
    ]
    assert [pairs.target[row].tolist() for row in range(len(pairs))] == [
        list(letters.encode(text).ids) for text in ("cab", "b b")
    ]


def test_ragged_rows_come_back() -> None:
    rows = [[1, 2, 3], [], [4], [5, 6]]
    ragged = Ragged(rows)
    assert len(ragged) == 4
    assert ragged.lengths.tolist() == [3, 0, 1, 2]
    assert [ragged[row].tolist() for row in range(4)] == rows


class TestLoad:
    def files(self, folder: Path, **parts: str) -> dict[str, str]:
        for name, content in parts.items():
            for lang in ("fi", "sv"):
                (folder / f"{name}.{lang}").write_text(f"{content} {lang}\n", encoding="utf-8")
        return {name: str(folder / name) for name in parts}

    @pytest.fixture(autouse=True)
    def own_cache(self, tmp_path: Path) -> None:
        self.cache = tmp_path / "cache"

    def load(self, **settings: Any) -> Any:
        return load_corpus(DataSettings(source_lang="fi", target_lang="sv", **settings), self.cache)

    def test_parts_are_read_from_their_prefixes(self, tmp_path: Path) -> None:
        corpus = self.load(**self.files(tmp_path, train="a", valid="b", test="c"))
        assert (list(corpus.train.sources), list(corpus.train.targets)) == (["a fi"], ["a sv"])
        assert (corpus.valid.sources, corpus.test.targets) == (["b fi"], ["c sv"])

    def test_test_part_may_be_missing_and_train_a_list(self, tmp_path: Path) -> None:
        paths = self.files(tmp_path, train="a", more="b", valid="c")
        corpus = self.load(train=[paths["train"], paths["more"]], valid=paths["valid"])
        assert list(corpus.train.sources) == ["a fi", "b fi"]
        assert corpus.test is None

    @pytest.mark.parametrize("valid", [None, []])
    def test_training_without_valid_is_refused_with_the_remedy(self, tmp_path: Path, valid: Any) -> None:
        with pytest.raises(DataError, match=r"data\.valid=PREFIX") as caught:
            self.load(train=self.files(tmp_path, train="a")["train"], valid=valid)
        assert "\n" not in str(caught.value)

    def test_training_files_that_name_nothing_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"data\.train"):
            self.load(train=[], valid=self.files(tmp_path, valid="a")["valid"])

    def test_phrasebook_brings_gold_links_for_every_pair(self) -> None:
        settings = DataSettings()
        sizes = type(settings.phrasebook)(train=30, valid=5, test=6, seed=2)
        book = load_corpus(DataSettings(phrasebook=sizes), self.cache)
        assert not self.cache.exists()
        assert book.test is not None
        assert (len(book.train), len(book.valid), len(book.test)) == (30, 5, 6)
        for text in (book.train, book.valid, book.test):
            assert text.sure is not None
            assert text.possible is not None
            for source, target, sure, possible in zip(
                text.sources, text.targets, text.sure, text.possible, strict=True
            ):
                assert sure <= possible
                assert all(i < len(source.split()) and j < len(target.split()) for i, j in possible)

    def test_languages_that_the_phrasebook_lacks_are_refused_with_the_remedy(self) -> None:
        with pytest.raises(DataError, match=r"data\.train=PREFIX") as caught:
            self.load()
        assert "\n" not in str(caught.value)
