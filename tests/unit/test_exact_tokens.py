"""Vocabularies of text that is cut into tokens: what goes in comes out, and unknown tokens stay one each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.config import TokenizerSettings
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import train_model

TOKEN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \n\r\0\ufdd0"), min_size=1, max_size=4)
CUT = ["do n't 't ,", "a▁b ▁ ▁▁", "犬 が\u3000走 る 。", "$ 5.0 % \u00a0x", "</t> <u> x", "e\u0301 é ﬁ ½"]


@pytest.fixture(scope="module", params=["word", "unigram", "bpe", "char"])
def exact(request: pytest.FixtureRequest) -> Tokenizer:
    """As it is made for text that is cut into tokens."""
    return Tokenizer(train_model(CUT, TokenizerSettings(type=request.param, normalization="identity")))


@pytest.mark.parametrize("text", CUT)
def test_tokens_come_back_as_they_were(exact: Tokenizer, text: str) -> None:
    assert exact.decode(exact.encode(text).ids).text == text
    assert exact.decode(exact.encode(f"  {text.replace(' ', '   ')} ").ids).text == text


@settings(deadline=None, max_examples=80)
@given(tokens=st.lists(TOKEN, max_size=6))
def test_unknown_tokens_are_one_token_each(exact: Tokenizer, tokens: list[str]) -> None:
    back = exact.decode(exact.encode(" ".join(tokens)).ids)
    found = back.text.split(" ") if back.text else []
    assert len(found) == len(tokens)
    assert all(one == token or "<unk>" in one for one, token in zip(found, tokens, strict=True))
    assert "".join(back.text[start:end] for start, end in back.spans) == back.text


def test_unknown_word_is_written_as_one() -> None:
    words = Tokenizer(train_model(["a b"], TokenizerSettings(type="word", normalization="identity")))
    back = words.decode(words.encode("x a y▁z b").ids)
    assert (back.text, back.spans) == ("<unk> a <unk> b", ((0, 5), (5, 7), (7, 13), (13, 15), (15, 15)))
