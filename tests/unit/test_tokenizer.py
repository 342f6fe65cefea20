"""SentencePiece models: ids, pieces, and where each piece stands in the raw text."""

import io
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nmt.config import TokenizerSettings, Vocabulary
from nmt.data.text import DataError
from nmt.data.tokenizer import END_MARK, Tokenizer
from nmt.data.vocabulary import train_model

TEXT = [
    "Der kleine Hund läuft über die Straße .",
    "Ein Mädchen läuft schnell durch den Wald",
    "Ein großer Mann isst einen Apfel , ½ Liter Öl und ﬁn ¼",
    "犬が走る。 猫が寝る。 東京 大阪",
    "Cafe\u0301 und Kaffee 1 2 3 4",
    "Zwei Männer laufen , drei Frauen essen Äpfel",
]
RAW = [
    "",
    "Hund",
    "Der kleine Hund läuft .",
    "Müller läuft über Straßen",
    "Mu\u0308ller la\u0308uft",
    "Cafe\u0301 und Café",
    "犬が走る。",
    "猫 が　寝る",
    "Der  Hund   läuft",
    "  vorn und hinten  ",
    "\tTab\tund\u00a0fest",
    "½ Liter Öl, ¼ Liter",
    "ﬁn ﬃ ﬂ",
    "１２３ ＡＢＣ",
    "㍿ und ㌔",
    "unbekannt: 😀 Ω ж",
    "a\u200bb \ufeff c",
    "...",
    "…",
    " ",
]


@pytest.fixture(scope="module", params=["unigram", "bpe", "char", "word"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer(train_model(TEXT, TokenizerSettings(type=request.param)))


@pytest.fixture(scope="module")
def unigram() -> Tokenizer:
    return Tokenizer(train_model(TEXT, TokenizerSettings()))


def foreign_model(**options: Any) -> bytes:
    """Returns a model made without this toolkit."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT), model_writer=model, minloglevel=2, **{"vocab_size": 60, **options}
    )
    return model.getvalue()


@pytest.mark.parametrize("text", RAW)
def test_pieces_are_parallel_and_end_with_the_mark(tokenizer: Tokenizer, text: str) -> None:
    pieces = tokenizer.encode(text)
    assert pieces.text == text
    assert len(pieces.ids) == len(pieces.tokens) == len(pieces.spans)
    assert (pieces.ids[-1], pieces.tokens[-1]) == (tokenizer.vocabulary.eos_id, END_MARK)
    assert pieces.spans[-1] == (len(text), len(text))
    assert END_MARK not in pieces.tokens[:-1]


def follow(text: str, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether one span follows another: they overlap only in a character that both spell parts of."""
    shared = text[after[0] : before[1]].strip()
    parts = unicodedata.normalize("NFKC", shared)
    return before[0] <= after[0] and before[1] <= after[1] and (not shared or len(parts.encode()) > 1)


@pytest.mark.parametrize("text", RAW)
def test_spans_follow_each_other_inside_the_text(tokenizer: Tokenizer, text: str) -> None:
    spans = tokenizer.encode(text).spans
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(follow(text, before, after) for before, after in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    missed = [text[place] for place in range(len(text)) if place not in covered]
    # A character that normalisation drops (white space at the ends, a byte order mark) belongs to no piece.
    assert all(one.isspace() or unicodedata.category(one) == "Cf" for one in missed)


@pytest.mark.parametrize(
    "text",
    ["Der kleine Hund", "Straßen über Mädchen", "犬が走る。", "Der  Hund   läuft", "Zzz 😀 Ω", "Cafe\u0301 Cafe\u0301"],
)
def test_piece_spells_what_stands_at_its_span(tokenizer: Tokenizer, text: str) -> None:
    pieces = tokenizer.encode(text)
    for token, (start, end) in zip(pieces.tokens[:-1], pieces.spans, strict=False):
        standing = " ".join(unicodedata.normalize("NFKC", text[start:end]).split())
        assert token.replace("▁", " ").strip() == standing


@pytest.mark.parametrize(
    ("text", "words"),
    [("½ Liter", ["½", "Liter"]), ("ﬁn Hund", ["ﬁn", "Hund"]), ("  ein  Hund", ["ein", "Hund"])],
)
def test_each_word_is_covered_by_pieces_that_spell_it(tokenizer: Tokenizer, text: str, words: list[str]) -> None:
    pieces = tokenizer.encode(text)
    for word in words:
        start = text.index(word)
        inside = [
            token
            for token, (first, last) in zip(pieces.tokens[:-1], pieces.spans, strict=False)
            if first < start + len(word) and (last > start or first == last == start)
        ]
        assert unicodedata.normalize("NFKC", word) in "".join(inside)


UNSEEN = st.one_of(
    st.text(st.sampled_from("犬が走る。東京カーｶﾞか\u3099 １２½…ﬁ㍿ﷺ\u3000"), max_size=12),
    st.text(st.sampled_from("Příliš žluťoučký kůň\u030c\u0301e\u00a0 „“,–…"), max_size=12),
    st.text(st.sampled_from("😀👍🏽👨\u200d👩 é\u202fn\u0303¼ⅷ㎏한ᄒ\u1161\u11ab क\u093c"), max_size=12),
    st.text(max_size=8),
)


@pytest.fixture(scope="module", params=["unigram", "bpe", "byte fallback"])
def any_kind(request: pytest.FixtureRequest) -> Tokenizer:
    if request.param == "byte fallback":
        return Tokenizer(foreign_model(byte_fallback=True, vocab_size=330))
    return Tokenizer(train_model(TEXT, TokenizerSettings(type=request.param)))


@settings(deadline=None, max_examples=150)
@given(text=UNSEEN)
@example(text="\x08¼")
def test_characters_of_a_piece_stand_where_its_span_says(any_kind: Tokenizer, text: str) -> None:
    pieces = any_kind.encode(text)
    for number, token, (start, end) in zip(pieces.ids[:-1], pieces.tokens, pieces.spans, strict=False):
        standing = any_kind.normalize(text[start:end])
        if token.startswith("<0x"):
            assert bytes([int(token[1:-1], 16)]) in standing.encode()
        elif number != any_kind.vocabulary.unk_id:
            assert token.replace("▁", " ").strip() in standing
            assert start < end or not token.strip("▁")


def test_pieces_of_one_character_all_stand_on_it(unigram: Tokenizer) -> None:
    pieces = unigram.encode("Ω½Ω")
    assert "".join(pieces.tokens[:-1]).strip("▁") == "Ω1⁄2Ω"
    inner = [span for token, span in zip(pieces.tokens, pieces.spans, strict=True) if set(token) & set("1⁄2")]
    assert set(inner) == {(1, 2)}


def test_bytes_of_one_character_all_stand_on_it() -> None:
    made = Tokenizer(foreign_model(byte_fallback=True, vocab_size=330))
    for pieces in (made.encode("ж😀"), made.decode(made.encode("ж😀").ids)):
        spans = [span for token, span in zip(pieces.tokens, pieces.spans, strict=True) if token.startswith("<0x")]
        assert spans == [(0, 1)] * 2 + [(1, 2)] * 4


LETTERS = sorted({one for line in TEXT for one in unicodedata.normalize("NFKC", line)} - {" "})


@settings(deadline=None, max_examples=60)
@given(words=st.lists(st.text(st.sampled_from(LETTERS), min_size=1, max_size=8), max_size=6))
def test_text_of_known_characters_comes_back(unigram: Tokenizer, words: list[str]) -> None:
    text = unicodedata.normalize("NFKC", " ".join(words))
    pieces = unigram.encode(text)
    back = unigram.decode(pieces.ids)
    assert back.text == text
    assert (back.ids, back.tokens) == (pieces.ids, pieces.tokens)


@pytest.mark.parametrize("text", RAW)
def test_decoded_pieces_know_their_places_in_the_decoded_text(tokenizer: Tokenizer, text: str) -> None:
    back = tokenizer.decode(tokenizer.encode(text).ids)
    assert len(back.ids) == len(back.tokens) == len(back.spans)
    assert back.spans[-1] == (len(back.text), len(back.text))
    assert "".join(back.text[start:end] for start, end in back.spans) == back.text
    unknown = tokenizer.vocabulary.unk_id
    for number, token, (start, end) in zip(back.ids[:-1], back.tokens, back.spans, strict=False):
        if number != unknown:
            assert back.text[start:end].strip() == token.replace("▁", " ").strip()


def test_decode_takes_ids_with_and_without_the_mark(unigram: Tokenizer) -> None:
    ids = unigram.encode("Der Hund").ids
    assert unigram.decode(ids) == unigram.decode(ids[:-1])
    assert unigram.decode(ids).ids == ids
    assert unigram.decode([]).text == unigram.decode(ids[-1:]).text == ""


def test_many_sentences_encode_as_one_by_one(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode_all(RAW) == [list(tokenizer.encode(text).ids) for text in RAW]
    assert tokenizer.encode_all([]) == []


def test_own_models_have_their_special_ids_in_front(tokenizer: Tokenizer) -> None:
    size = tokenizer.vocabulary.size
    assert tokenizer.vocabulary == Vocabulary(size=size, pad_id=0, bos_id=1, eos_id=2, unk_id=3)
    assert max(max(ids) for ids in tokenizer.encode_all(TEXT)) < size


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"pad_id": -1}, Vocabulary(size=61, pad_id=60, bos_id=1, eos_id=2, unk_id=0)),
        ({"pad_id": 3}, Vocabulary(size=60, pad_id=3, bos_id=1, eos_id=2, unk_id=0)),
        ({"pad_id": -1, "bos_id": -1, "eos_id": 1}, Vocabulary(size=62, pad_id=60, bos_id=61, eos_id=1, unk_id=0)),
        ({"bos_id": -1, "eos_id": -1}, Vocabulary(size=63, pad_id=60, bos_id=61, eos_id=62, unk_id=0)),
    ],
)
def test_special_tokens_that_a_model_lacks_get_rows_after_its_last(
    options: dict[str, int], expected: Vocabulary
) -> None:
    tokenizer = Tokenizer(foreign_model(**options))
    assert tokenizer.vocabulary == expected
    pieces = tokenizer.encode("Der kleine Hund")
    assert pieces.ids[-1] == expected.eos_id
    assert tokenizer.decode(pieces.ids).text == "Der kleine Hund"
    assert not {expected.pad_id, expected.bos_id} & set(pieces.ids)


def test_model_is_read_from_its_file(tmp_path: Path, unigram: Tokenizer) -> None:
    path = tmp_path / "own.spm"
    path.write_bytes(unigram.model)
    assert Tokenizer.load(path).encode(TEXT[0]) == unigram.encode(TEXT[0])


@pytest.mark.parametrize("content", [None, b"", b"not a model", b"\xff" * 100])
def test_file_that_is_no_model_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.spm"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.spm") as caught:
        Tokenizer.load(path)
    assert "\n" not in str(caught.value)


SCRIPTS = {
    "ja": ["私は犬が好きです。", "東京で寿司を食べました！", "彼女は「はい」と言った。", "コーヒーを一杯ください。"],
    "zh": ["我喜欢狗。", "他昨天在北京吃了饺子。", "请给我一杯咖啡！", "這是一本很有趣的書。"],
    "ar": ["أنا أحب الكلاب.", "كُلُّ شَيْءٍ جَمِيلٌ", "أكلنا السمك أمس في القاهرة.", "هل تريد قهوة؟"],
    "he": ["אני אוהב כלבים.", "אכלנו דגים אתמול בתל אביב."],
    "th": ["ฉันชอบหมา", "เมื่อวานเรากินปลาที่กรุงเทพฯ", "ขอกาแฟหนึ่งแก้ว"],
    "hi": ["मुझे कुत्ते पसंद हैं।", "कल हमने दिल्ली में मछली खाई।"],
    "decomposed": [
        unicodedata.normalize("NFD", "Tiếng Việt có nhiều dấu"),
        unicodedata.normalize("NFD", "größer, öfter"),
    ],
    "emoji": ["Hallo 😀 und 👍🏽 !", "Ein 🐕 und eine 🐈"],
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("kind", ["unigram", "bpe", "char"])
def test_text_of_any_script_comes_back(script: str, kind: str) -> None:
    tokenizer = Tokenizer(train_model(SCRIPTS[script] * 5, TokenizerSettings(type=kind)))
    for text in SCRIPTS[script]:
        pieces = tokenizer.encode(text)
        assert tokenizer.vocabulary.unk_id not in pieces.ids
        assert tokenizer.decode(pieces.ids).text == unicodedata.normalize("NFKC", text)
        assert all(0 <= start <= end <= len(text) for start, end in pieces.spans)
        assert all(follow(text, before, after) for before, after in pairwise(pieces.spans))


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧 familie",
        "\u200fשלום\u200e abc",
        "\u202bمرحبا\u202c",
        "\u2066a\u2069b",
        "لا\u200cنه",
        "\ufeffx",
        "\U000e0041x",
    ],
)
def test_marks_that_cannot_be_seen_do_no_harm(text: str) -> None:
    tokenizer = Tokenizer(train_model([text, *TEXT], TokenizerSettings()))
    pieces = tokenizer.encode(text)
    assert all(0 <= start <= end <= len(text) for start, end in pieces.spans)
    once = tokenizer.decode(pieces.ids).text
    assert tokenizer.decode(tokenizer.encode(once).ids).text == once
