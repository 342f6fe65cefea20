"""Unknown words: a model that says each source piece again, over vocabularies that lack some."""

import io
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from torch import Tensor

from nmt import Translator
from nmt.config import SettingsError
from nmt.data.text import DataError
from nmt.data.tokenizer import Tokenizer
from nmt.translation.unknown import read_dictionary

SENTENCES = ["the dog runs .", "a cat sleeps well", "two dogs run , and", "the cat runs", "foo bar baz qux"] * 20


class Echo:
    """A model whose step t says the source token at t, with all attention on it; what it does not know, it says so."""

    aligns, training = True, False

    def __init__(self, size: int, end: int, silent: int | None = None) -> None:
        self.size, self.end, self.silent = size, end, silent

    def to(self, *_: Any) -> "Echo":
        return self

    def eval(self) -> "Echo":
        return self

    def viewed(self, *_: Any) -> "Echo":
        return self

    def start(self, source: Tensor, source_lengths: Tensor) -> tuple[Any, Any]:
        return (source, source_lengths), (torch.zeros(len(source), 1, 1, dtype=torch.long),)

    def step(self, tokens: Tensor, source: Any, state: Any) -> tuple[Tensor, Tensor, Any]:
        ids, lengths = source
        places = torch.minimum(state[0][:, :, 0], lengths[:, None] - 1)
        said = ids.gather(1, places)
        logits = torch.nn.functional.one_hot(said, self.size).double() * 9.0
        if self.silent is not None:
            logits[:, :, self.silent] = -9.0
            logits[:, :, -1] += 1.0  # what it says instead
        weights = torch.nn.functional.one_hot(places, ids.shape[1]).double()
        return logits, weights, (state[0] + 1,)


def echo(kind: str, size: int, *, silent: bool = False) -> Translator:
    """Returns a translator of a vocabulary into itself; `silent`: it never says its unknown token."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=made, vocab_size=size, model_type=kind, pad_id=3, minloglevel=2
    )
    tokenizer = Tokenizer(made.getvalue())
    words = tokenizer.vocabulary
    model: Any = Echo(words.size, words.eos_id, words.unk_id if silent else None)
    return Translator(model, tokenizer, tokenizer)


@pytest.fixture(scope="module")
def words() -> Translator:
    return echo("word", 18)


@pytest.fixture(scope="module")
def pieces() -> Translator:
    return echo("bpe", 40)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_unknown_token_gives_way_to_the_source_word(words: Translator, beam_size: int) -> None:
    options: dict[str, Any] = {"beam_size": beam_size, "replace_unknown": True}
    (found,) = words.translate(["the Zork runs Wug"], **options)
    assert found.text == "the Zork runs Wug"
    assert found.hypotheses[0].tokens == ("▁the", "<unk>", "▁runs", "<unk>")
    assert found.alignment.to_pharaoh() == "0-0 1-1 2-2 3-3"
    assert "Zork" not in words.translate("the Zork runs Wug", beam_size=beam_size).text
    entries = {"Zork": "big thing", "wug": "x"}
    replaced = words.translate("the Zork runs Wug", dictionary=entries, **options)
    assert replaced.text == "the big thing runs x"
    assert replaced.alignment.target_text == replaced.text


def test_score_is_the_models_own(words: Translator) -> None:
    found = words.translate("Zork", beam_size=1, replace_unknown=True)
    # Two steps, each with a logit of 9 for what is said and 0 for the others.
    expected = 2 * (9 - torch.log(torch.exp(torch.tensor(9.0).double()) + words.source.vocabulary.size - 1))
    assert found.hypotheses[0].log_prob == pytest.approx(float(expected))


def test_words_of_subwords(pieces: Translator) -> None:
    options: dict[str, Any] = {"beam_size": 1, "replace_unknown": True}
    assert pieces.translate("the Жук runs, Жaц cat", **options).text == "the Жук runs, Жaц cat"
    assert pieces.translate("the doЖg runs", **options).text == "the doЖg runs"
    assert pieces.translate("ЖЖ", dictionary={"ЖЖ": "a cat"}, **options).text == "a cat"
    assert pieces.translate("the (Жук) <b>Ж</b> runs", tags=True, **options).text == "the (Жук) <b>Ж</b> runs"


def test_guessed_translation_gives_way() -> None:
    """A model that never says its unknown token says something else, which looks at the unknown word."""
    silent = echo("bpe", 40, silent=True)
    found = silent.translate("the Жук runs", beam_size=1, replace_unknown=True)
    assert found.text.split()[0] == "the"
    assert found.text.count("Жук") == 1
    assert found.text.endswith("runs")
    assert silent.translate("the cat runs", beam_size=1, replace_unknown=True).text == "the cat runs"


def test_known_words_are_left_alone(words: Translator, pieces: Translator) -> None:
    for translator in (words, pieces):
        lines = ["the runs", "", "runs the the"]
        plain = translator.translate(lines)
        entries = {"runs": "wrong", "the": "wrong"}
        found = translator.translate(lines, replace_unknown=True, dictionary=entries)
        assert [one.text for one in found] == [one.text for one in plain]


def test_dictionary_is_checked(words: Translator, tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("Hund\tdog\n\nKatze \t cat\nHund\tother\n", encoding="utf-8")
    assert read_dictionary(path) == {"Hund": "dog", "Katze": "cat"}
    for line in ("Hund", "Hund\t", "\tdog", "a\tb\tc"):
        path.write_text(f"x\ty\n{line}\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"words\.tsv, line 2: write a source word, one tab"):
            read_dictionary(path)
    with pytest.raises(DataError, match="no dictionary"):
        read_dictionary(tmp_path / "none")
    with pytest.raises(SettingsError, match="--replace-unknown"):
        words.translate("a", dictionary={})
