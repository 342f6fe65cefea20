import os
import random
import subprocess
import sys
from functools import partial
from itertools import product
from typing import Literal

import pytest
from babel.dates import get_day_names, get_month_names

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
    Sentence,
    Time,
)
from nmt.data.phrasebook.wording import Language, function

# Words that have possible links only; all others must have a sure one.
FUNCTION_WORDS = {
    "en": {"a", "after", "ago", "and", "at", "for", "in", "of", "on", "past", "the", "to"},
    "de": {"am", "das", "dem", "der", "die", "für", "in", "lang", "nach", "um", "und", "vor"},
}


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return phrasebook(train=3000)


@pytest.fixture(scope="module")
def phrases(book: Phrasebook) -> list[Phrase]:
    return [*book.train, *book.valid, *book.test]


def translate(*segments: Segment, joiner: Literal["and", ","] | None = None) -> Phrase:
    return pair(Sentence(segments, joiner), LANGUAGES["en"], LANGUAGES["de"])


def words(text: str) -> list[str]:
    return [word.rstrip(",") for word in text.split()]


def test_same_seed_same_corpus_and_other_seed_other_corpus() -> None:
    small = partial(phrasebook, train=40, valid=10, test=10)
    assert small(seed=3) == small(seed=3)
    assert small(seed=3).train != small(seed=4).train


def test_corpus_does_not_depend_on_the_process() -> None:
    code = "from nmt.data.phrasebook import phrasebook; print(ascii(phrasebook(train=60, valid=5, test=5)))"
    command = [sys.executable, "-c", code]
    environments = [{**os.environ, "PYTHONHASHSEED": hash_seed} for hash_seed in ("1", "2")]
    outputs = [subprocess.check_output(command, env=environment, text=True).strip() for environment in environments]
    assert outputs == [ascii(phrasebook(train=60, valid=5, test=5))] * 2


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
    assert len({getattr(phrase, side) for phrase in phrases}) == len(phrases) == 3400


@pytest.mark.parametrize(("source", "target"), [("en", "de"), ("de", "en")])
def test_target_is_determined_by_source(source: str, target: str) -> None:
    rng = random.Random(5)
    translations: dict[str, str] = {}
    repeated = 0
    for _ in range(3000):
        phrase = pair(drawing.draw_sentence(rng), LANGUAGES[source], LANGUAGES[target])
        repeated += phrase.source in translations
        assert translations.setdefault(phrase.source, phrase.target) == phrase.target
    assert repeated > 20  # else nothing was compared


def test_links_are_in_range_and_sure_ones_possible(phrases: list[Phrase]) -> None:
    for phrase in phrases:
        size = (len(phrase.source.split()), len(phrase.target.split()))
        assert phrase.sure
        assert phrase.sure <= phrase.possible
        assert all(0 <= i < size[0] and 0 <= j < size[1] for i, j in phrase.possible), phrase


def test_content_words_have_sure_links_and_function_words_possible_ones(phrases: list[Phrase]) -> None:
    for phrase in phrases:
        for side, (text, language) in enumerate([(phrase.source, "en"), (phrase.target, "de")]):
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


def test_exchanged_languages_give_the_mirrored_corpus() -> None:
    forward = phrasebook("en", "de", train=150, valid=20, test=20)
    backward = phrasebook("de", "en", train=150, valid=20, test=20)
    for part in ("train", "valid", "test"):
        for one, other in zip(getattr(forward, part), getattr(backward, part), strict=True):
            assert (one.source, one.target) == (other.target, other.source)
            assert one.sure == {(j, i) for i, j in other.sure}
            assert one.possible == {(j, i) for i, j in other.possible}
            assert set(one.segments) == {(right, left) for left, right in other.segments}


def test_held_out_phrases_are_made_of_known_words(book: Phrasebook) -> None:
    known = {word for phrase in book.train for word in words(phrase.source)}
    assert {word for phrase in [*book.valid, *book.test] for word in words(phrase.source)} <= known


def test_phrases_are_plain_text_of_moderate_length(phrases: list[Phrase]) -> None:
    for phrase in phrases:
        for text in (phrase.source, phrase.target):
            assert text == " ".join(text.split(" ")).strip()
            assert not any(char.isdigit() or char in "\u00a0\u202f" for char in text), text
    lengths = sorted(len(phrase.source.split()) for phrase in phrases)
    assert lengths[0] >= 2
    assert lengths[int(0.9 * len(lengths))] <= 14


@pytest.mark.parametrize(
    ("segment", "english", "german"),
    [
        (Label("page", 1), "page one", "Seite eins"),
        (Label("room", 716), "room seven hundred and sixteen", "Zimmer siebenhundertsechzehn"),
        (Label("page", 101), "page one hundred and one", "Seite einhunderteins"),
        (Label("page", 342), "page three hundred and forty-two", "Seite dreihundertzweiundvierzig"),
        (Label("page", 1001), "page one thousand and one", "Seite eintausendeins"),
        (Label("page", 6500), "page six thousand five hundred", "Seite sechstausendfünfhundert"),
        (
            Label("line", 1234),
            "line one thousand two hundred and thirty-four",
            "Zeile eintausendzweihundertvierunddreißig",
        ),
        (Items(1, "apple"), "one apple", "ein Apfel"),
        (Items(1, "pear"), "one pear", "eine Birne"),
        (Items(1, "book"), "one book", "ein Buch"),
        (Items(2, "glass"), "two glasses", "zwei Gläser"),
        (Items(121, "chair"), "one hundred and twenty-one chairs", "einhunderteinundzwanzig Stühle"),
        (Items(101, "egg"), "one hundred and one eggs", "einhundertein Eier"),
        (Items(2001, "lamp"), "two thousand and one lamps", "zweitausendein Lampen"),
        (Ordinal(1, "day"), "the first day", "der erste Tag"),
        (Ordinal(3, "house"), "the third house", "das dritte Haus"),
        (Ordinal(23, "door"), "the twenty-third door", "die dreiundzwanzigste Tür"),
        (Time(1, 0), "at one o'clock", "um ein Uhr"),
        (Time(5, 30, "morning"), "at half past five in the morning", "morgens um halb sechs"),
        (Time(3, 15, "afternoon"), "at a quarter past three in the afternoon", "nachmittags um Viertel nach drei"),
        (Time(12, 45), "at a quarter to one", "um Viertel vor eins"),
        (Time(8, 35, "evening"), "at twenty-five to nine in the evening", "abends um fünfundzwanzig vor neun"),
    ],
)
def test_words_of_a_segment(segment: Segment, english: str, german: str) -> None:
    phrase = translate(segment)
    assert (phrase.source, phrase.target) == (english, german)


def test_one_is_inflected_by_case_and_gender() -> None:
    durations: list[tuple[Relation, str]] = [
        ("for", "day"),
        ("for", "hour"),
        ("ago", "month"),
        ("in", "week"),
        ("after", "year"),
    ]
    targets = [translate(Duration(relation, 1, f"duration-{unit}")).target.split() for relation, unit in durations]
    assert [targets[0][0], targets[1][0]] == ["einen", "eine"]
    assert [target[1] for target in targets[2:]] == ["einem", "einer", "einem"]
    assert translate(Quantity(1, "volume-liter", "milk")).target.startswith("ein ")
    assert translate(Price(1, "EUR")).target.startswith("für einen ")


def test_ago_moves_before_the_number_and_asks_for_the_dative() -> None:
    phrase = translate(Duration("ago", 3, "duration-day"))
    english, german = phrase.source.split(), phrase.target.split()
    assert (english[0], english[2]) == ("three", "ago")
    assert german[:2] == ["vor", "drei"]
    assert german[2] == sources.unit(3, "duration-day", "de") + "n"
    assert phrase.sure == {(0, 1), (1, 2)}
    assert phrase.possible - phrase.sure == {(2, 0)}
    hours = sources.unit(2, "duration-hour", "de")  # ends in "n" and gets no other
    assert translate(Duration("ago", 2, "duration-hour")).target == f"vor zwei {hours}"


def test_dates() -> None:
    march = [get_month_names("wide", locale=language)[3] for language in ("en", "de")]
    monday = [get_day_names("wide", locale=language)[0] for language in ("en", "de")]
    phrase = translate(Date(3, 23, weekday=0))
    assert phrase.source == f"on {monday[0]}, {march[0]} twenty-third"
    assert phrase.target == f"am {monday[1]}, dem dreiundzwanzigsten {march[1]}"
    phrase = translate(Date(3, 7, year=1984))
    assert phrase.source == f"on {march[0]} seventh, nineteen eighty-four"
    assert phrase.target == f"am siebten {march[1]} neunzehnhundertvierundachtzig"
    assert phrase.sure == {(1, 2), (2, 1), (3, 3), (4, 3)}


def test_price_has_both_numbers_in_the_accusative() -> None:
    phrase = translate(Price(12, "EUR", 1))
    assert phrase.source.split()[:2] == ["for", "twelve"]
    assert phrase.source.endswith(" and one cent")
    assert phrase.target.split()[:2] == ["für", "zwölf"]
    assert phrase.target.endswith(" und einen Cent")


def test_links_of_a_compound() -> None:
    phrase = translate(Items(1342, "chair"))
    assert phrase.source == "one thousand three hundred and forty-two chairs"
    assert phrase.target == "eintausenddreihundertzweiundvierzig Stühle"
    assert phrase.sure == {(0, 0), (1, 0), (2, 0), (3, 0), (5, 0), (6, 1)}
    assert phrase.possible - phrase.sure == {(4, 0)}


def test_links_that_cross() -> None:
    phrase = translate(Time(5, 30, "morning"))
    assert phrase.sure == {(1, 2), (3, 3), (6, 0)}
    assert phrase.possible - phrase.sure == {(0, 1), (2, 2), (4, 0), (5, 0)}


def test_joined_segments() -> None:
    phrase = translate(Items(3, "apple"), Items(2, "egg"), joiner="and")
    assert (phrase.source, phrase.target) == ("three apples and two eggs", "drei Äpfel und zwei Eier")
    assert phrase.sure == {(0, 0), (1, 1), (3, 3), (4, 4)}
    assert phrase.possible - phrase.sure == {(2, 2)}
    assert phrase.segments == (((0, 1), (0, 1)), ((2,), (2,)), ((3, 4), (3, 4)))
    phrase = translate(Items(3, "apple"), Label("room", 2), joiner=",")
    assert (phrase.source, phrase.target) == ("three apples, room two", "drei Äpfel, Zimmer zwei")


def test_german_puts_the_date_before_the_time() -> None:
    phrase = translate(Time(8, 0), Date(5, 2))
    assert phrase.source.split()[:3] == ["at", "eight", "o'clock"]
    assert phrase.target.split()[-3:] == ["um", "acht", "Uhr"]
    assert phrase.segments == (((0, 1, 2), (3, 4, 5)), ((3, 4, 5), (0, 1, 2)))


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
    with pytest.raises(ValueError, match="no language 'tlh'; it has de, en"):
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
