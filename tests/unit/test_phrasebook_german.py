"""English and German as a teacher would check them, and the links between their words."""

from typing import Literal

import pytest
from babel.dates import get_day_names, get_month_names

from nmt.data.phrasebook import Phrase, sources
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


def translate(*segments: Segment, joiner: Literal["and", ","] | None = None) -> Phrase:
    return pair(Sentence(segments, joiner), LANGUAGES["en"], LANGUAGES["de"])


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
