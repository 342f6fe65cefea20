"""Training vocabularies: which sizes are possible, and finding models again."""

import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest

from nmt.config import DataSettings, TokenizerSettings
from nmt.data import vocabulary
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import decide, load_tokenizers, train_model

DE = [
    f"{wer} {was} {wo}" for wer in ("der Hund", "ein Mädchen") for was in ("läuft", "isst") for wo in ("hier", "dort")
]
EN = [
    f"{who} {what} {where}" for who in ("the dog", "a girl") for what in ("runs", "eats") for where in ("here", "there")
]
TEXT = ParallelText(DE, EN)
SEPARATE, JOINT = TokenizerSettings(joint=False), TokenizerSettings(joint=True)
types = pytest.mark.parametrize("kind", ["unigram", "bpe", "char", "word"])


def size_of(model: bytes) -> int:
    return Tokenizer(model).vocabulary.size


def possible(kind: str, size: int) -> tuple[int, int]:
    """Returns the range that the refusal of a size names."""
    with pytest.raises(DataError) as caught:
        train_model(DE, TokenizerSettings(type=kind, size=size))
    text = str(caught.value)
    assert "\n" not in text
    found = re.search(
        rf"^data\.tokenizer\.size={size} is not possible .*data\.tokenizer\.type={kind}: choose from (\d+) to (\d+)$",
        text,
    )
    assert found, text
    return int(found[1]), int(found[2])


@types
@pytest.mark.parametrize("size", [1, 3, 5000])
def test_refused_size_names_a_range_of_which_both_ends_work(kind: str, size: int) -> None:
    low, high = possible(kind, size)
    assert not low <= size <= high
    assert low <= high
    for end in (low, high):
        assert size_of(train_model(DE, TokenizerSettings(type=kind, size=end))) == end


@types
def test_range_is_not_narrower_than_it_need_be(kind: str) -> None:
    low, high = possible(kind, 5000)
    assert possible(kind, high + 1) == possible(kind, low - 1) == (low, high)


@types
def test_size_in_between_is_made_exactly(kind: str) -> None:
    low, high = possible(kind, 5000)
    middle = (low + high) // 2
    assert size_of(train_model(DE, TokenizerSettings(type=kind, size=middle))) == middle


@types
def test_default_size_falls_to_the_largest_possible_and_says_so(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=vocabulary.__name__):
        size = size_of(train_model(DE, TokenizerSettings(type=kind)))
    assert size == possible(kind, 5000)[1]
    assert [record for record in caplog.messages if str(size) in record and "8000" in record]


def test_default_size_is_taken_where_it_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "DEFAULT_SIZE", 40)
    assert size_of(train_model(DE, TokenizerSettings(type="bpe"))) == 40


def test_default_size_rises_to_the_characters_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "DEFAULT_SIZE", 6)
    assert size_of(train_model(DE, TokenizerSettings(type="bpe"))) == possible("bpe", 6)[0]


@pytest.mark.parametrize("lines", [[], [""], ["", " "]])
@pytest.mark.parametrize("size", [None, 50])
def test_text_without_characters_is_one_line(lines: list[str], size: int | None) -> None:
    with pytest.raises(DataError) as caught:
        train_model(lines, TokenizerSettings(size=size))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("normalization", ["nmt_nfkc", "identity"])
@types
def test_same_text_gives_the_same_bytes(kind: str, normalization: str) -> None:
    settings = TokenizerSettings(type=kind, normalization=normalization)
    assert train_model(DE, settings) == train_model(list(DE), settings)
    assert train_model(DE, settings) != train_model(EN, settings)


def test_character_coverage_leaves_rare_characters_out() -> None:
    lines = ["aaaa bbbb"] * 50 + ["ß"]
    all_of_them, most = (
        Tokenizer(train_model(lines, TokenizerSettings(type="char", character_coverage=share))) for share in (1.0, 0.99)
    )
    assert all_of_them.vocabulary.unk_id not in all_of_them.encode("ß").ids
    assert most.vocabulary.unk_id in most.encode("ß").ids


def test_normalization_follows_the_settings() -> None:
    lines = ["Ein Hund ½", "ein ½ hund 1⁄2"]
    folded = Tokenizer(train_model(lines, TokenizerSettings(type="char", normalization="nmt_nfkc_cf")))
    kept = Tokenizer(train_model(lines, TokenizerSettings(type="char", normalization="identity")))
    assert folded.decode(folded.encode("Ein ½").ids).text == "ein 1⁄2"
    assert kept.decode(kept.encode("Ein ½").ids).text == "Ein ½"


class TestLoad:
    def test_joint_tokenizers_are_one(self, tmp_path: Path) -> None:
        source, target = load_tokenizers(TEXT, JOINT, tmp_path)
        assert source is target
        for line in DE + EN:
            assert source.vocabulary.unk_id not in source.encode(line).ids

    def test_separate_tokenizers_know_their_own_side(self, tmp_path: Path) -> None:
        source, target = load_tokenizers(TEXT, SEPARATE, tmp_path)
        assert source.model != target.model
        assert source.vocabulary.unk_id not in source.encode(DE[4]).ids
        assert target.vocabulary.unk_id in target.encode("ä").ids

    def test_trained_models_are_found_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = load_tokenizers(TEXT, SEPARATE, tmp_path)
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        assert [path.suffix for path in files] == [".spm", ".spm"]
        monkeypatch.setattr(vocabulary, "train_model", None)
        again = load_tokenizers(TEXT, SEPARATE, tmp_path)
        assert [one.model for one in again] == [one.model for one in first]

    @pytest.mark.parametrize(
        ("text", "settings"),
        [
            (TEXT, replace(SEPARATE, type="bpe")),
            (TEXT, replace(SEPARATE, type="char")),
            (TEXT, replace(SEPARATE, normalization="identity")),
            (ParallelText([*DE, "noch einer"], EN), SEPARATE),
            (ParallelText([DE[0] + DE[1], *DE[2:]], EN), SEPARATE),
        ],
    )
    def test_other_text_or_settings_train_anew(
        self, tmp_path: Path, text: ParallelText, settings: TokenizerSettings
    ) -> None:
        first, _ = load_tokenizers(TEXT, SEPARATE, tmp_path)
        second, _ = load_tokenizers(text, settings, tmp_path)
        assert first.model != second.model

    def test_cache_that_cannot_be_written_is_named_with_the_remedy(self, tmp_path: Path) -> None:
        (tmp_path / "tokenizers").write_text("a file where a folder should be", encoding="utf-8")
        with pytest.raises(DataError, match=r"tokenizers/\w+\.spm cannot be written .*paths\.cache_dir") as caught:
            load_tokenizers(TEXT, SEPARATE, tmp_path)
        assert "\n" not in str(caught.value)

    def test_other_sizes_train_anew(self, tmp_path: Path) -> None:
        for size in (25, 26):
            for tokenizer in load_tokenizers(TEXT, replace(SEPARATE, type="bpe", size=size), tmp_path):
                assert tokenizer.vocabulary.size == size

    def test_models_by_path_are_taken_as_they_are(self, tmp_path: Path) -> None:
        for name, lines in (("a.spm", DE), ("b.model", EN)):
            (tmp_path / name).write_bytes(train_model(lines, TokenizerSettings(type="bpe")))
        settings = TokenizerSettings(source=str(tmp_path / "a.spm"), target=str(tmp_path / "b.model"))
        source, target = load_tokenizers(TEXT, settings, tmp_path / "cache")
        assert source.model == (tmp_path / "a.spm").read_bytes()
        assert target.model == (tmp_path / "b.model").read_bytes()
        assert not (tmp_path / "cache").exists()

    def test_missing_path_is_named(self, tmp_path: Path) -> None:
        settings = TokenizerSettings(source=str(tmp_path / "a.spm"), target=str(tmp_path / "a.spm"))
        with pytest.raises(DataError, match=r"no SentencePiece model at .*a\.spm"):
            load_tokenizers(TEXT, settings, tmp_path)


OPEN = TokenizerSettings()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DataSettings(), ("unigram", 110, False, 1.0, "nmt_nfkc")),
        (DataSettings(train="a"), ("unigram", None, True, 1.0, "nmt_nfkc")),
        (DataSettings(tokenizer=replace(OPEN, size=50, joint=True)), ("unigram", 50, True, 1.0, "nmt_nfkc")),
        (
            DataSettings(train="a", tokenizer=replace(OPEN, size=50, joint=False)),
            ("unigram", 50, False, 1.0, "nmt_nfkc"),
        ),
        (DataSettings(train="a", pretokenized=True), ("word", None, False, 1.0, "identity")),
        (DataSettings(train="a", pretokenized=True, target_lang="ja"), ("word", None, False, 1.0, "identity")),
        (
            DataSettings(train="a", pretokenized=True, tokenizer=replace(OPEN, type="bpe")),
            ("bpe", None, True, 1.0, "identity"),
        ),
        (DataSettings(train="a", source_lang="ja"), ("unigram", None, True, 0.9995, "nmt_nfkc")),
        (DataSettings(train="a", target_lang="zh_TW"), ("unigram", None, True, 0.9995, "nmt_nfkc")),
        (
            DataSettings(train="a", target_lang="zh", tokenizer=replace(OPEN, character_coverage=0.99)),
            ("unigram", None, True, 0.99, "nmt_nfkc"),
        ),
    ],
)
def test_what_is_left_open_is_decided_by_the_corpus(data: DataSettings, expected: tuple[object, ...]) -> None:
    found = decide(data)
    assert (found.type, found.size, found.joint, found.character_coverage, found.normalization) == expected


def test_what_is_left_open_is_what_suits_plain_text() -> None:
    given = TokenizerSettings(type="unigram", normalization="nmt_nfkc", character_coverage=1.0)
    assert train_model(DE, TokenizerSettings()) == train_model(DE, given)
