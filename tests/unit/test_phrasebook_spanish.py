"""Spanish as a teacher would check it; no string of CLDR is written out, since they change between versions."""

import pytest
from babel.dates import get_day_names, get_month_names

from nmt.data.phrasebook import Phrase, sources
from nmt.data.phrasebook.corpus import LANGUAGES
from nmt.data.phrasebook.es import cardinal, rank, spell
from nmt.data.phrasebook.pairing import pair
from nmt.data.phrasebook.segments import Date, Duration, Items, Label, Ordinal, Price, Quantity, Segment, Sentence, Time
from nmt.data.phrasebook.wording import Words

MONTHS = get_month_names("wide", locale="es")
SMALL = (
    "un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
    "diecinueve veinte veintiún veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho "
    "veintinueve"
)
TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa"
HUNDREDS = "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
VALUES = (
    {word: value for value, word in enumerate(SMALL.split(), 1)}
    | {word: 10 * value for value, word in enumerate(TENS.split(), 3)}
    | {word: 100 * value for value, word in enumerate(HUNDREDS.split(), 1)}
    | {"cien": 100, "y": 0}
)


def text(words: Words) -> str:
    return " ".join(word.text for word in words)


def say(segment: Segment) -> str:
    return text(LANGUAGES["es"].render(segment))


def translate(*segments: Segment) -> Phrase:
    return pair(Sentence(segments), LANGUAGES["en"], LANGUAGES["es"])


def read(numeral: str) -> int:
    """Adds up a masculine numeral below a million."""
    thousands = total = 0
    for word in numeral.split():
        if word == "mil":
            thousands, total = max(total, 1), 0
        else:
            total += VALUES[word]
    return 1000 * thousands + total


def test_numerals_mean_their_numbers_and_agree() -> None:
    for number in [*range(1, 2000), *range(2000, 10_000, 7), *range(10_001, 999_999, 9973)]:
        alone, masculine, feminine = spell(number), *(text(cardinal(number, gender, "n")) for gender in ("m", "f"))
        assert read(masculine) == number
        if number % 10 == 1 and number % 100 != 11:
            assert alone.endswith("uno")
            assert masculine.replace("ún", "un") == feminine.replace("ientas", "ientos").removesuffix("a")
        else:
            assert masculine == alone == feminine.replace("ientas", "ientos")
        assert "ientos" not in feminine
        assert (" y " in masculine.rpartition("mil")[2]) == (number % 100 > 30 and number % 10 > 0), number


@pytest.mark.parametrize(
    ("number", "masculine", "feminine"),
    [
        (1, "un", "una"),
        (16, "dieciséis", "dieciséis"),
        (21, "veintiún", "veintiuna"),
        (22, "veintidós", "veintidós"),
        (31, "treinta y un", "treinta y una"),
        (100, "cien", "cien"),
        (101, "ciento un", "ciento una"),
        (200, "doscientos", "doscientas"),
        (500, "quinientos", "quinientas"),
        (721, "setecientos veintiún", "setecientas veintiuna"),
        (1000, "mil", "mil"),
        (1100, "mil cien", "mil cien"),
        (9999, "nueve mil novecientos noventa y nueve", "nueve mil novecientas noventa y nueve"),
        (21_000, "veintiún mil", "veintiún mil"),
        (31_001, "treinta y un mil un", "treinta y un mil una"),
        (200_000, "doscientos mil", "doscientas mil"),
        (200_000_200, "doscientos millones doscientos", "doscientos millones doscientas"),
    ],
)
def test_cardinals(number: int, masculine: str, feminine: str) -> None:
    assert text(cardinal(number, "m", "n")) == masculine
    assert text(cardinal(number, "f", "n")) == feminine


@pytest.mark.parametrize(
    ("number", "masculine", "feminine"),
    [
        (1, "primer", "primera"),
        (2, "segundo", "segunda"),
        (3, "tercer", "tercera"),
        (7, "séptimo", "séptima"),
        (10, "décimo", "décima"),
        (11, "undécimo", "undécima"),
        (12, "duodécimo", "duodécima"),
        (13, "decimotercer", "decimotercera"),
        (17, "decimoséptimo", "decimoséptima"),
        (18, "decimoctavo", "decimoctava"),
        (20, "vigésimo", "vigésima"),
        (21, "vigesimoprimer", "vigesimoprimera"),
        (28, "vigesimoctavo", "vigesimoctava"),
        (30, "trigésimo", "trigésima"),
        (31, "trigésimo primer", "trigésima primera"),
        (40, "cuadragésimo", "cuadragésima"),
        (56, "quincuagésimo sexto", "quincuagésima sexta"),
        (63, "sexagésimo tercer", "sexagésima tercera"),
        (77, "septuagésimo séptimo", "septuagésima séptima"),
        (88, "octogésimo octavo", "octogésima octava"),
        (99, "nonagésimo noveno", "nonagésima novena"),
    ],
)
def test_ordinals(number: int, masculine: str, feminine: str) -> None:
    assert (rank(number, "m"), rank(number, "f")) == (masculine, feminine)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (Label("page", 1), "página uno"),
        (Label("room", 201), "habitación doscientos uno"),
        (Label("line", 3621), "línea tres mil seiscientos veintiuno"),
        (Ordinal(3, "picture"), "el tercer cuadro"),
        (Ordinal(31, "door"), "la trigésima primera puerta"),
        (Items(1, "egg"), "un huevo"),
        (Items(200, "chair"), "doscientas sillas"),
        (Items(21_000, "apple"), "veintiún mil manzanas"),
        (Items(1_000_000, "book"), "un millón de libros"),
        (Items(2_200_000, "chair"), "dos millones doscientas mil sillas"),
        (Time(1, 0), "a la una"),
        (Time(3, 30), "a las tres y media"),
        (Time(1, 15, "afternoon"), "a la una y cuarto de la tarde"),
        (Time(5, 10, "morning"), "a las cinco y diez de la mañana"),
        (Time(12, 0), "a las doce"),
        (Time(12, 45), "a la una menos cuarto"),
        (Time(7, 35, "evening"), "a las ocho menos veinticinco de la tarde"),
        (Time(8, 0, "evening"), "a las ocho de la noche"),
    ],
)
def test_words_of_a_segment(segment: Segment, expected: str) -> None:
    assert say(segment) == expected


def test_dates() -> None:
    assert say(Date(7, 1)) == f"el uno de {MONTHS[7]}"
    assert say(Date(3, 31, weekday=0)) == f"el {get_day_names('wide', locale='es')[0]} treinta y uno de {MONTHS[3]}"
    assert say(Date(5, 21, year=1984)) == f"el veintiuno de {MONTHS[5]} de mil novecientos ochenta y cuatro"


def test_number_of_a_unit_agrees_with_it() -> None:
    hours, liters = (sources.unit(2, unit, "es") for unit in ("duration-hour", "volume-liter"))
    assert say(Duration("for", 21, "duration-hour")) == f"durante veintiuna {hours}"
    assert say(Duration("ago", 501, "duration-hour")) == f"hace quinientas una {hours}"
    assert say(Duration("in", 21, "duration-day")).startswith("dentro de veintiún ")
    assert say(Duration("after", 1, "duration-hour")).startswith("después de una ")
    assert say(Quantity(501, "volume-liter", "water")) == f"quinientos un {liters} de agua"


def test_prices() -> None:
    euro, euros = (sources.currency(number, "EUR", "es") for number in (1, 2))
    assert say(Price(1, "EUR", 1)) == f"por un {euro} y un céntimo"
    assert say(Price(101, "EUR", 31)) == f"por ciento un {euros} y treinta y un céntimos"
    assert say(Price(1_000_000, "EUR")) == f"por un millón de {euros}"
    assert say(Price(200, "USD", 50)).endswith(" y cincuenta centavos")


def test_links_of_a_numeral() -> None:
    phrase = translate(Items(1342, "chair"))
    assert phrase.source == "one thousand three hundred and forty-two chairs"
    assert phrase.target == "mil trescientas cuarenta y dos sillas"
    assert phrase.sure == {(0, 0), (1, 0), (2, 1), (3, 1), (5, 2), (5, 4), (6, 5)}
    assert phrase.possible - phrase.sure == {(4, 2), (4, 4), (5, 3), (4, 3)}


def test_links_of_a_date() -> None:
    phrase = translate(Date(3, 7, year=1984))
    # on March seventh, nineteen eighty-four: el siete de marzo de mil novecientos ochenta y cuatro
    assert phrase.sure == {(1, 3), (2, 1), (3, 5), (3, 6), (4, 7), (4, 9)}
    assert phrase.possible - phrase.sure == {(0, 0), (1, 2), (3, 4), (4, 8)}


def test_links_of_times() -> None:
    phrase = translate(Time(3, 50))  # at ten to four: a las cuatro menos diez
    assert phrase.sure == {(1, 4), (3, 2)}
    assert phrase.possible - phrase.sure == {(0, 0), (2, 3), (3, 1)}
    phrase = translate(Time(3, 30))  # at half past three: a las tres y media
    assert phrase.sure == {(1, 4), (3, 2)}
    assert phrase.possible - phrase.sure == {(0, 0), (1, 3), (2, 3), (2, 4), (3, 1)}
    phrase = translate(Time(3, 0))  # at three o'clock: a las tres
    assert phrase.sure == {(1, 2), (2, 2)}
    assert phrase.possible - phrase.sure == {(0, 0), (1, 1)}


def test_date_stands_before_the_time() -> None:
    assert translate(Time(8, 0), Date(5, 2)).target == f"el dos de {MONTHS[5]} a las ocho"
