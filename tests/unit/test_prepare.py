"""The cache: text and ids are made once, whatever happens meanwhile, and are what they would be in memory."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmt.config import DataSettings, TokenizerSettings
from nmt.data import prepare
from nmt.data.batches import BatchLoader, plan_batches
from nmt.data.columns import Columns
from nmt.data.corpus import encode_pairs
from nmt.data.prepare import Request, stored_ids, stored_text
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import load_tokenizers, train_model

DE_EN = Columns("de", "en")
WORDS = ["der", "Hund", "läuft", "the", "dog", "runs", "犬", "e\u0301", "", "a b", "x\u2028y"]


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several portions, as a large corpus has them."""
    monkeypatch.setattr(prepare, "PORTION", 7)


def corpus(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Returns lines of known and unknown words, some of them empty."""
    random = np.random.default_rng(seed)
    sides = [[" ".join(random.choice(WORDS, size)) for size in random.integers(0, 9, count)] for _ in range(2)]
    return sides[0], sides[1]


def write(prefix: Path, sources: list[str], targets: list[str]) -> str:
    for lang, lines in (("de", sources), ("en", targets)):
        Path(f"{prefix}.{lang}").write_bytes("".join(f"{line}\n" for line in lines).encode())
    return str(prefix)


def request(*paths: str, **options: Any) -> Request:
    return Request(paths, DE_EN, "train", **options)


@pytest.mark.usefixtures("small_portions")
class TestText:
    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(seed=st.integers(0, 999), count=st.integers(1, 30))
    def test_text_comes_back_as_it_was(self, tmp_path: Path, seed: int, count: int) -> None:
        sources, targets = corpus(count, seed)
        text = stored_text(request(write(tmp_path / "p", sources, targets)), tmp_path / "cache")
        assert (list(text.sources), list(text.targets), len(text)) == (sources, targets, count)
        assert [text.sources[place] for place in range(-count, count)] == sources * 2
        assert text.targets[1:20:3] == targets[1:20:3]
        in_memory = ParallelText(sources, targets)
        assert (text.digests, text.fingerprint) == (in_memory.digests, in_memory.fingerprint)

    def test_lists_mix_all_formats_in_their_order(self, tmp_path: Path) -> None:
        prefix = write(tmp_path / "p", ["eins"], ["one"])
        (tmp_path / "t.tsv").write_text("zwei\ttwo\n", encoding="utf-8")
        (tmp_path / "j.jsonl").write_text('{"en": "three", "de": "drei"}\n', encoding="utf-8")
        paths = [str(tmp_path / "t.tsv"), prefix, str(tmp_path / "j.jsonl"), prefix]
        text = stored_text(request(*paths), tmp_path / "cache")
        assert list(zip(text.sources, text.targets, strict=True)) == [
            ("zwei", "two"),
            ("eins", "one"),
            ("drei", "three"),
            ("eins", "one"),
        ]

    def test_text_is_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = stored_text(request(write(tmp_path / "p", *corpus(20))), tmp_path / "cache")
        monkeypatch.setattr(prepare, "read_pairs", None)
        moved = write(tmp_path / "q", *corpus(20))
        assert list(stored_text(request(moved), tmp_path / "cache").sources) == list(first.sources)

    def test_other_content_or_settings_are_read_anew(self, tmp_path: Path) -> None:
        path = write(tmp_path / "p", *corpus(20))
        keys = {request(path).key(), request(path, path).key(), request(path, skip_broken=True).key()}
        write(tmp_path / "p", *corpus(20, 1))
        keys |= {request(path).key(), Request((path,), Columns("en", "de"), "train").key()}
        keys |= {Request((path,), Columns("de", "en", ("a", "b")), "train").key()}
        assert len(keys) == 6

    def test_broken_line_far_down_is_named_and_leaves_no_cache(self, tmp_path: Path) -> None:
        path = write(tmp_path / "p", *corpus(50))
        lines = (tmp_path / "p.de").read_bytes().split(b"\n")
        (tmp_path / "p.de").write_bytes(b"\n".join([*lines[:40], b"\xff", *lines[41:]]))
        with pytest.raises(DataError, match=r"p\.de, line 41: byte 1 is not UTF-8; .*data\.skip_broken=true"):
            stored_text(request(path), tmp_path / "cache")
        assert [one.suffix for one in (tmp_path / "cache" / "text").iterdir()] == [".lock"]

    def test_broken_pairs_are_left_out_and_counted_every_time(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        table = tmp_path / "t.tsv"
        table.write_bytes(b"eins\tone\nzwei\n\xff\ttwo\ndrei\tthree\n")
        for _ in range(2):
            caplog.clear()
            text = stored_text(request(str(table), skip_broken=True), tmp_path / "cache")
            assert list(text.targets) == ["one", "three"]
            assert caplog.messages == [
                f"text: 2 broken pairs left out, the first: {table}, line 2: 1 columns, but column 2 is asked for"
            ]

    def test_unequal_files_are_refused_also_when_broken_pairs_are_left_out(self, tmp_path: Path) -> None:
        path = write(tmp_path / "p", ["a", "b"], ["c"])
        with pytest.raises(DataError, match=r"p\.de has 1 more lines than .*p\.en"):
            stored_text(request(path, skip_broken=True), tmp_path / "cache")

    @pytest.mark.parametrize("content", ["", "de\ten\n"])
    def test_text_without_pairs_is_refused(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "t.tsv").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=r"no lines in .*t\.tsv \(de, en\)"):
            stored_text(request(str(tmp_path / "t.tsv")), tmp_path / "cache")


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("kind", ["unigram", "word"])
def test_everything_is_as_if_it_were_in_memory(tmp_path: Path, kind: str) -> None:
    sources, targets = corpus(200)
    in_memory = ParallelText(sources, targets)
    stored = stored_text(request(write(tmp_path / "p", sources, targets)), tmp_path / "cache")
    tokenizing = TokenizerSettings(type=kind, joint=kind == "unigram")
    data = DataSettings(tokenizer=tokenizing, max_length=12, max_ratio=2.0)

    tokenizers = load_tokenizers(stored, tokenizing, tmp_path / "cache")
    lines = [sources + targets] if tokenizing.joint else [sources, targets]
    assert [one.model for one in tokenizers] == [train_model(lines[place % len(lines)], tokenizing) for place in (0, 1)]

    found, report = encode_pairs(stored, *tokenizers, data, tmp_path / "cache")
    expected, expected_report = encode_pairs(in_memory, *tokenizers, data)
    assert report == expected_report
    assert 0 < report.kept < 200
    assert len(found) == report.kept
    for side, other in ((found.source, expected.source), (found.target, expected.target)):
        assert side.lengths.tolist() == other.lengths.tolist()
        assert [ids.tolist() for ids in map(side.__getitem__, range(len(side)))] == [
            ids.tolist() for ids in map(other.__getitem__, range(len(other)))
        ]
    plans = [[batch.tolist() for batch in plan_batches(pairs, 60, 1, 0)] for pairs in (found, expected)]
    assert plans[0] == plans[1]
    for one, other_batch in zip(BatchLoader(found, 60, 0, 0, 1), BatchLoader(expected, 60, 0, 0, 1), strict=True):
        assert one.source.tolist() == other_batch.source.tolist()
        assert one.target.tolist() == other_batch.target.tolist()


def test_filters_by_hand(tmp_path: Path) -> None:
    sides = ["a", "a b c", "", "a b c d", "a b"], ["a", "a", "a", "a b c d", "a b c"]
    stored = stored_text(request(write(tmp_path / "p", *sides)), tmp_path)
    words = Tokenizer(train_model(["a b c d"], TokenizerSettings(type="word")))
    pairs, report = encode_pairs(stored, words, words, DataSettings(max_length=3, max_ratio=2.0), tmp_path)
    assert (report.kept, report.empty, report.long, report.ratio) == (2, 1, 1, 1)
    assert pairs.target.lengths.tolist() == [2, 4]
    assert pairs.target[1].tolist() == [*words.encode("a b c").ids]


class TestIds:
    def test_text_is_encoded_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stored = stored_text(request(write(tmp_path / "p", *corpus(20))), tmp_path)
        one, other = (Tokenizer(train_model(WORDS, TokenizerSettings(type=kind))) for kind in ("char", "bpe"))
        first, _ = stored_ids(stored, (one, one), tmp_path)
        stored_ids(stored, (one, other), tmp_path)
        assert len(list(tmp_path.glob("ids/*/ids.arrow"))) == 2
        monkeypatch.setattr(Tokenizer, "encode_all", None)
        again, _ = stored_ids(stored, (one, one), tmp_path)
        assert again.source.lengths.tolist() == first.source.lengths.tolist()

    def test_share_of_unknown_words_is_said(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        stored = stored_text(request(write(tmp_path / "p", ["a b c d"] * 5, ["a a a a"] * 5)), tmp_path)
        words = Tokenizer(train_model(["a b c"], TokenizerSettings(type="word")))
        _, unknown = stored_ids(stored, (words, words), tmp_path)
        assert unknown == (0.25, 0.0)
        with caplog.at_level(logging.INFO):
            encode_pairs(stored, words, words, DataSettings(), tmp_path)
        assert "25.0 % of the source tokens and 0.0 % of the target tokens" in caplog.text


def test_cached_arrow_files_are_those_of_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    stored_text(request(write(tmp_path / "p", ["eins"], ["one"])), tmp_path / "cache")
    (path,) = (tmp_path / "cache").glob("text/*/pairs.arrow")
    assert datasets.Dataset.from_file(str(path))[0] == {"source": "eins", "target": "one"}


@pytest.fixture(autouse=True)
def nothing_half_made_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob("*.part"))
