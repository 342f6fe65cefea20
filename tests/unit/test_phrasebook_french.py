"""French as a teacher would check it; no string of CLDR is written out, since they change between versions."""

import re

import pytest
from babel.dates import get_day_names, get_month_names

from nmt.data.phrasebook import Phrase, sources
from nmt.data.phrasebook.corpus import LANGUAGES
from nmt.data.phrasebook.fr import cardinal, position, rank
from nmt.data.phrasebook.pairing import pair
from nmt.data.phrasebook.segments import Date, Duration, Items, Label, Ordinal, Price, Quantity, Segment, Sentence, Time
from nmt.data.phrasebook.wording import Words

MONTHS = get_month_names("wide", locale="fr")
BELOW_SEVENTEEN = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
TENS = {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
VALUES = {word: value for value, word in enumerate(BELOW_SEVENTEEN.split(), 1)} | TENS | {"une": 1, "et": 0}


def text(words: Words) -> str:
    return " ".join(word.text for word in words)


def say(segment: Segment) -> str:
    return text(LANGUAGES["fr"].render(segment))


def translate(*segments: Segment) -> Phrase:
    return pair(Sentence(segments), LANGUAGES["en"], LANGUAGES["fr"])


def read(numeral: str) -> int:
    """Adds up a numeral below 10,000."""
    thousands = total = 0
    for word in re.split(r"[ -]", numeral.replace("quatre-vingts", "quatre-vingt")):
        if word == "mille":
            thousands, total = max(total, 1), 0
        elif word in ("cent", "cents"):
            total = 100 * max(total, 1)
        elif word == "vingt" and total % 100 == 4:
            total += 76
        else:
            total += VALUES[word]
    return 1000 * thousands + total


def test_numerals_mean_their_numbers_and_agree() -> None:
    for number in [*range(1, 2000), *range(2000, 10_000, 7)]:
        masculine, feminine, which = (
            text(words) for words in (cardinal(number, "m", "n"), cardinal(number, "f", "n"), position(number, "n"))
        )
        assert read(masculine) == read(feminine) == number
        one = number % 10 == 1 and number % 100 not in (11, 71, 91)
        assert feminine == masculine + "e" * one, number
        # "vingt" and "cent" take the plural when multiplied and last, but never where they say which one.
        plural = number % 100 == 80 or (number % 100 == 0 and number % 1000 > 100)
        assert masculine == which + "s" * plural, number
        assert (" et " in masculine) == (number % 10 == 1 and number % 100 not in (1, 11, 81, 91)), number


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (16, "seize"),
        (17, "dix-sept"),
        (21, "vingt et un"),
        (70, "soixante-dix"),
        (71, "soixante et onze"),
        (80, "quatre-vingts"),
        (81, "quatre-vingt-un"),
        (91, "quatre-vingt-onze"),
        (99, "quatre-vingt-dix-neuf"),
        (101, "cent un"),
        (200, "deux cents"),
        (201, "deux cent un"),
        (280, "deux cent quatre-vingts"),
        (1000, "mille"),
        (1100, "mille cent"),
        (2000, "deux mille"),
        (2200, "deux mille deux cents"),
        (80_000, "quatre-vingt mille"),
        (200_000, "deux cent mille"),
    ],
)
def test_cardinals(number: int, expected: str) -> None:
    assert text(cardinal(number, "m", "n")) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "premier"),
        (2, "deuxième"),
        (3, "troisième"),
        (5, "cinquième"),
        (9, "neuvième"),
        (21, "vingt et unième"),
        (71, "soixante et onzième"),
        (80, "quatre-vingtième"),
        (81, "quatre-vingt-unième"),
        (90, "quatre-vingt-dixième"),
        (91, "quatre-vingt-onzième"),
        (200, "deux centième"),
    ],
)
def test_ordinals(number: int, expected: str) -> None:
    assert rank(number, "m") == expected


def test_first_alone_of_the_ordinals_has_a_feminine() -> None:
    assert [number for number in range(1, 100) if rank(number, "m") != rank(number, "f")] == [1]
    assert say(Ordinal(1, "day")) == "le premier jour"
    assert say(Ordinal(1, "door")) == "la première porte"


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (Label("page", 1), "page un"),
        (Label("page", 80), "page quatre-vingt"),
        (Label("room", 300), "chambre trois cent"),
        (Label("line", 3621), "ligne trois mille six cent vingt et un"),
        (Items(1, "apple"), "une pomme"),
        (Items(80, "egg"), "quatre-vingts œufs"),
        (Items(101, "lamp"), "cent une lampes"),
        (Items(1_200_000, "glass"), "un million deux cent mille verres"),
        (Items(1_000_000, "chair"), "un million de chaises"),
        (Items(2_000_000, "egg"), "deux millions d'œufs"),
        (Time(1, 0), "à une heure"),
        (Time(3, 0, "afternoon"), "à trois heures de l'après-midi"),
        (Time(3, 15), "à trois heures et quart"),
        (Time(5, 30, "morning"), "à cinq heures et demie du matin"),
        (Time(3, 10), "à trois heures dix"),
        (Time(8, 35, "evening"), "à neuf heures moins vingt-cinq du soir"),
        (Time(12, 0), "à midi"),
        (Time(12, 5), "à midi cinq"),
        (Time(12, 30), "à midi et demi"),
        (Time(11, 45), "à midi moins le quart"),
        (Time(12, 45), "à une heure moins le quart"),
    ],
)
def test_words_of_a_segment(segment: Segment, expected: str) -> None:
    assert say(segment) == expected


def test_dates() -> None:
    assert say(Date(7, 1)) == f"le premier {MONTHS[7]}"
    assert say(Date(7, 2)) == f"le deux {MONTHS[7]}"
    assert say(Date(3, 31, weekday=0)) == f"le {get_day_names('wide', locale='fr')[0]} trente et un {MONTHS[3]}"
    # A year says which one, so that its "vingt" stays without "s".
    assert say(Date(8, 11, year=1980)) == f"le onze {MONTHS[8]} mille neuf cent quatre-vingt"


def test_number_of_a_unit_agrees_with_it() -> None:
    hour, hours = (sources.unit(number, "duration-hour", "fr") for number in (1, 2))
    assert say(Duration("ago", 1, "duration-hour")) == f"il y a une {hour}"
    assert say(Duration("for", 21, "duration-hour")) == f"pendant vingt et une {hours}"
    assert say(Duration("in", 21, "duration-day")).startswith("dans vingt et un ")
    assert say(Duration("after", 1_000_000, "duration-hour")) == f"après un million d'{hours}"


def test_de_loses_its_vowel_before_another() -> None:
    assert say(Quantity(2, "volume-liter", "water")).endswith(" d'eau")
    assert say(Quantity(2, "volume-liter", "oil")).endswith(" d'huile")
    assert say(Quantity(2, "volume-liter", "milk")).endswith(" de lait")
    assert say(Price(1_000_000, "EUR")) == f"pour un million d'{sources.currency(2, 'EUR', 'fr')}"


def test_prices() -> None:
    euro, euros = (sources.currency(number, "EUR", "fr") for number in (1, 2))
    assert say(Price(1, "EUR", 1)) == f"pour un {euro} et un centime"
    assert say(Price(80, "EUR", 21)) == f"pour quatre-vingts {euros} et vingt et un centimes"
    assert say(Price(200, "USD", 50)).endswith(" et cinquante cents")


def test_links_of_a_numeral() -> None:
    phrase = translate(Items(1342, "chair"))
    assert phrase.source == "one thousand three hundred and forty-two chairs"
    assert phrase.target == "mille trois cent quarante-deux chaises"
    assert phrase.sure == {(0, 0), (1, 0), (2, 1), (2, 2), (3, 1), (3, 2), (5, 3), (6, 4)}
    assert phrase.possible - phrase.sure == {(4, 3)}
    phrase = translate(Items(21, "chair"))  # twenty-one chairs: vingt et une chaises
    assert phrase.sure == {(0, 0), (0, 2), (1, 3)}
    assert phrase.possible - phrase.sure == {(0, 1)}


def test_links_of_times() -> None:
    phrase = translate(Time(5, 30, "morning"))  # at half past five in the morning: à cinq heures et demie du matin
    assert phrase.sure == {(1, 4), (3, 1), (3, 2), (6, 6)}
    helping = {(0, 0), (1, 3), (2, 3), (2, 4), (4, 5), (4, 6), (5, 5), (5, 6), (6, 5)}
    assert phrase.possible - phrase.sure == helping
    phrase = translate(Time(3, 10))  # at ten past three: à trois heures dix
    assert phrase.sure == {(1, 3), (3, 1), (3, 2)}
    assert phrase.possible - phrase.sure == {(0, 0), (2, 2)}
    phrase = translate(Time(3, 45))  # at a quarter to four: à quatre heures moins le quart
    assert phrase.sure == {(2, 5), (4, 1), (4, 2)}
    assert phrase.possible - phrase.sure == {(0, 0), (1, 4), (1, 5), (2, 4), (3, 3)}
    assert translate(Time(3, 0)).sure == {(1, 1), (2, 2)}  # at three o'clock: à trois heures
    assert translate(Time(12, 0)).sure == {(1, 1), (2, 1)}  # at twelve o'clock: à midi


def test_date_stands_before_the_time() -> None:
    assert translate(Time(8, 0), Date(5, 2)).target == f"le deux {MONTHS[5]} à huit heures"


def test_names_of_units_do_not_follow_the_millions_of_cldr(monkeypatch: pytest.MonkeyPatch) -> None:
    # CLDR has a plural of its own for millions; some names lack it, others bring their own "de".
    monkeypatch.setattr(sources, "unit", lambda number, key, language: {1: "an", 2: "ans"}.get(number, key))
    assert say(Duration("in", 2_000_000, "duration-year")) == "dans deux millions d'ans"
