import os
import random
import re
import subprocess
import sys
from functools import partial
from itertools import combinations, permutations, product

import pytest

from nmt.data.phrasebook import Phrase, Phrasebook, drawing, phrasebook, sources
from nmt.data.phrasebook.corpus import LANGUAGES
from nmt.data.phrasebook.pairing import pair
from nmt.data.phrasebook.segments import (
    Date,
    Duration,
    Items,
    Label,
    Ordinal,
    Price,
    Quantity,
    Relation,
    Segment,
    Time,
)
from nmt.data.phrasebook.wording import Language, function

DIRECTIONS = list(permutations(("de", "en", "es", "fr"), 2))
# Words that have possible links only; all others must have a sure one.
FUNCTION_WORDS = {
    "en": {"a", "after", "ago", "and", "at", "for", "in", "of", "on", "past", "the", "to"},
    "de": {"am", "das", "dem", "der", "die", "für", "in", "lang", "nach", "um", "und", "vor"},
    "es": {"a", "de", "dentro", "después", "durante", "el", "hace", "la", "las", "menos", "por", "y"},
    "fr": {"a", "après", "dans", "de", "des", "du", "et", "il", "la", "le", "moins", "pendant", "pour", "y", "à"},
}
# The letters that each language writes these words with; no word of Spanish needs a capital.
LETTERS = {"en": "A-Za-z", "de": "A-Za-zÄÖÜäöüß", "es": "a-záéíñóúü", "fr": "a-zàâçéèêëîïôœùûA-ZÀÉÈ"}


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return phrasebook(train=3000)


@pytest.fixture(scope="module", params=DIRECTIONS, ids="-".join)
def direction(request: pytest.FixtureRequest) -> tuple[str, str]:
    source, target = request.param
    return source, target


@pytest.fixture(scope="module")
def phrases(direction: tuple[str, str]) -> list[Phrase]:
    book = phrasebook(*direction, train=800, valid=100, test=100, seed=DIRECTIONS.index(direction))
    return [*book.train, *book.valid, *book.test]


def words(text: str) -> list[str]:
    return [word.rstrip(",") for word in text.split()]


def test_same_seed_same_corpus_and_other_seed_other_corpus(direction: tuple[str, str]) -> None:
    small = partial(phrasebook, *direction, train=20, valid=5, test=5)
    assert small(seed=3) == small(seed=3)
    assert small(seed=3).train != small(seed=4).train


def test_corpus_does_not_depend_on_the_process() -> None:
    size = "train=60, valid=5, test=5"
    code = f"from nmt.data.phrasebook import phrasebook as p; print(ascii([p({size}), p('fr', 'es', {size})]))"
    command = [sys.executable, "-c", code]
    environments = [{**os.environ, "PYTHONHASHSEED": hash_seed} for hash_seed in ("1", "2")]
    outputs = [subprocess.check_output(command, env=environment, text=True).strip() for environment in environments]
    small = partial(phrasebook, train=60, valid=5, test=5)
    assert outputs == [ascii([small(), small("fr", "es")])] * 2


def test_global_generator_is_left_alone() -> None:
    state = random.getstate()
    phrasebook(train=5, valid=1, test=1)
    assert random.getstate() == state


def test_sizes_are_those_asked_for(book: Phrasebook) -> None:
    assert (len(book.train), len(book.valid), len(book.test)) == (3000, 200, 200)


def test_held_out_parts_do_not_depend_on_the_size_of_train(book: Phrasebook) -> None:
    small = phrasebook(train=10)
    assert (small.valid, small.test) == (book.valid, book.test)
    assert small.train == book.train[:10]


@pytest.mark.parametrize("side", ["source", "target"])
def test_no_sentence_occurs_twice(phrases: list[Phrase], side: str) -> None:
    assert len({getattr(phrase, side) for phrase in phrases}) == len(phrases) == 1000


def test_one_sentence_has_one_translation_and_another_sentence_another() -> None:
    rng = random.Random(5)
    sentences = [drawing.draw_sentence(rng) for _ in range(2000)]
    english = [phrase.source for phrase in (pair(one, LANGUAGES["en"], LANGUAGES["de"]) for one in sentences)]
    distinct = len(set(english))
    assert distinct < len(sentences) - 20  # else nothing was compared
    for language in sorted(set(LANGUAGES) - {"en"}):
        others = [pair(one, LANGUAGES["en"], LANGUAGES[language]).target for one in sentences]
        assert len(set(others)) == len(set(zip(english, others, strict=True))) == distinct, language


def test_links_are_in_range_and_sure_ones_possible(phrases: list[Phrase]) -> None:
    for phrase in phrases:
        size = (len(phrase.source.split()), len(phrase.target.split()))
        assert phrase.sure
        assert phrase.sure <= phrase.possible
        assert all(0 <= i < size[0] and 0 <= j < size[1] for i, j in phrase.possible), phrase


def test_content_words_have_sure_links_and_function_words_possible_ones(
    direction: tuple[str, str], phrases: list[Phrase]
) -> None:
    for phrase in phrases:
        for side, (text, language) in enumerate(zip((phrase.source, phrase.target), direction, strict=True)):
            sure = {link[side] for link in phrase.sure}
            possible = {link[side] for link in phrase.possible}
            for index, word in enumerate(words(text)):
                assert (index in sure) == (word not in FUNCTION_WORDS[language]), (word, phrase)
                assert index in possible, (word, phrase)


def test_segments_divide_the_words_and_hold_all_links(phrases: list[Phrase]) -> None:
    for phrase in phrases:
        for side, text in enumerate([phrase.source, phrase.target]):
            indices = [index for group in phrase.segments for index in group[side]]
            assert sorted(indices) == list(range(len(text.split())))
        inside = {(i, j) for left, right in phrase.segments for i in left for j in right}
        assert phrase.possible <= inside, phrase


@pytest.mark.parametrize(("one", "other"), list(combinations(sorted(LANGUAGES), 2)))
def test_exchanged_languages_give_the_mirrored_corpus(one: str, other: str) -> None:
    forward = phrasebook(one, other, train=100, valid=10, test=10)
    backward = phrasebook(other, one, train=100, valid=10, test=10)
    for part in ("train", "valid", "test"):
        for there, back in zip(getattr(forward, part), getattr(backward, part), strict=True):
            assert (there.source, there.target) == (back.target, back.source)
            assert there.sure == {(j, i) for i, j in back.sure}
            assert there.possible == {(j, i) for i, j in back.possible}
            assert set(there.segments) == {(right, left) for left, right in back.segments}


def test_held_out_phrases_are_made_of_known_words(book: Phrasebook) -> None:
    known = {word for phrase in book.train for word in words(phrase.source)}
    assert {word for phrase in [*book.valid, *book.test] for word in words(phrase.source)} <= known


def test_phrases_are_plain_text_of_moderate_length(direction: tuple[str, str], phrases: list[Phrase]) -> None:
    for texts, language in zip(
        zip(*((one.source, one.target) for one in phrases), strict=True), direction, strict=True
    ):
        # One word is letters, joined by hyphens and apostrophes; one space between words, at most a comma before it.
        word = f"[{LETTERS[language]}]+(?:[-'’][{LETTERS[language]}]+)*"
        assert not [text for text in texts if not re.fullmatch(f"{word}(?:,? {word})*", text)]
        lengths = sorted(len(text.split()) for text in texts)
        assert lengths[0] >= 2
        assert lengths[int(0.9 * len(lengths))] <= 16


def test_and_never_follows_an_open_number() -> None:
    rng = random.Random(2)
    sentences = [drawing.draw_sentence(rng) for _ in range(2000)]
    first = [sentence.segments[0] for sentence in sentences if sentence.joiner == "and"]
    assert first
    assert not any(isinstance(segment, Label) or (isinstance(segment, Date) and segment.year) for segment in first)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_words_for_everything_that_is_drawn(language: str) -> None:
    numbers = (1, 2, 101, 1001)
    relations: tuple[Relation, ...] = ("for", "ago", "in", "after")
    segments: list[Segment] = [
        *(Label(name, n) for name in drawing.LABELS for n in numbers),
        *(Ordinal(1, thing) for thing in drawing.THINGS),
        *(Items(n, item) for item in drawing.ITEMS for n in numbers),
        *(Quantity(n, unit, good) for unit, goods in drawing.GOODS.items() for good in goods for n in numbers),
        *(Duration(*parts) for parts in product(relations, numbers, drawing.DURATIONS)),
        *(Price(*parts) for parts in product(numbers, drawing.CURRENCIES, (0, 1, 5))),
        *(Date(*parts) for parts in product(range(1, 13), (1, 31), (None, 0, 6), (None, 1910, 2099))),
        *(Time(*parts) for parts in product((1, 12), range(0, 60, 5), (None, "morning", "afternoon", "evening"))),
    ]
    texts = {" ".join(word.text for word in LANGUAGES[language].render(segment)) for segment in segments}
    assert len(texts) == len(segments)
    with pytest.raises(NotImplementedError):
        LANGUAGES[language].render("no segment")  # type: ignore[arg-type]


def test_strings_of_cldr_are_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "format_unit", lambda *args, **kwargs: "1\u202f234,5\u00a0long\u00a0units")
    assert sources.unit.__wrapped__(1234, "duration-day", "fr") == "long units"
    monkeypatch.setattr(sources, "get_currency_name", lambda *args, **kwargs: "US\u00a0dollar")
    assert sources.currency.__wrapped__(1, "USD", "en") == "US dollar"


@pytest.mark.parametrize("pair_of_codes", [("en", "tlh"), ("tlh", "de")])
def test_unsupported_language_is_named_beside_those_that_exist(pair_of_codes: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no language 'tlh'; it has de, en, es, fr$"):
        phrasebook(*pair_of_codes)


def test_no_target_occurs_twice_even_where_a_language_says_the_same_of_many_things(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vague = Language(lambda segment: function(type(segment).__name__, "all"), "und", LANGUAGES["de"].order)
    monkeypatch.setitem(LANGUAGES, "vague", vague)
    targets = [phrase.target for phrase in phrasebook("en", "vague", train=20, valid=0, test=0).train]
    assert len(set(targets)) == len(targets) == 20


def test_same_language_twice_and_negative_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="two different languages"):
        phrasebook("en", "en")
    with pytest.raises(ValueError, match="negative"):
        phrasebook(train=-1)
