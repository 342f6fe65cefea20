"""Given links on their way to training: read, brought to pieces, kept in step with the pairs that are trained on."""

import gzip
from collections.abc import Sequence
from importlib import metadata
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.alignment.aligners import ALIGNERS, AlignerError, aligned_directions, aligned_text
from nmt.alignment.piece_links import piece_links
from nmt.alignment.words import word_spans
from nmt.config import DataSettings, TokenizerSettings
from nmt.data.batches import BatchLoader
from nmt.data.corpus import encode_pairs
from nmt.data.links import read_links, token_spans
from nmt.data.ragged import Ragged
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer
from nmt.data.vocabulary import train_model
from nmt.training.guidance import guiding_links
from tests.conftest import lacking
from tests.trained import write_lines

SOURCES = ["the old house , dog", "a dog", "house", "the dog runs"]
TARGETS = ["das alte Haus, Hund", "ein Hund", "Haus", "der Hund läuft"]
LINKS = ["0-0 1-1 2-2 3-2 4-3", "0-0 1-1", "", "0-0 1-1 2-2"]


@pytest.fixture(scope="module")
def tokenizers() -> tuple[Tokenizer, Tokenizer]:
    def made(lines: Sequence[str]) -> Tokenizer:
        return Tokenizer(train_model(lines, TokenizerSettings(type="char", normalization="identity")))

    return made(SOURCES), made(TARGETS)


def text() -> ParallelText:
    return ParallelText(SOURCES, TARGETS)


def linked_words(links: Ragged, index: int, tokenizers: tuple[Tokenizer, Tokenizer]) -> set[tuple[str, str]]:
    """Returns the tokens of the linked pieces of a pair."""
    pieces = tokenizers[0].encode(SOURCES[index]), tokenizers[1].encode(TARGETS[index])
    return {(pieces[0].tokens[source], pieces[1].tokens[target]) for source, target in links[index].reshape(-1, 2)}


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_files_are_read_as_links_of_pieces(
    ending: str, tokenizers: tuple[Tokenizer, Tokenizer], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.links{ending}" for name in ("one", "two")]
    for path, lines in zip(paths, (LINKS[:1], LINKS[1:]), strict=True):
        content = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(content) if ending else content)
    links = guiding_links(text(), tokenizers, [str(path) for path in paths], tmp_path / "cache")
    assert links is not None
    assert len(links) == 4
    assert linked_words(links, 1, tokenizers) >= {("d", "H"), ("g", "d"), ("a", "e")}
    assert ("a", "H") not in linked_words(links, 1, tokenizers)
    assert not len(links[2])
    # Both `house` and the comma beside it are linked to the pieces of `Haus,`.
    assert linked_words(links, 0, tokenizers) >= {("h", "H"), (",", "H"), (",", ","), ("u", ",")}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (LINKS[:3], ("3 lines", "4 pairs")),
        ([*LINKS, "0-0"], ("5 lines", "4 pairs")),
        ([*LINKS[:1], "0-0 1-2", *LINKS[2:]], ("line 2", "1-2", "the target has 2 words")),
        ([*LINKS[:1], "2-0", *LINKS[2:]], ("line 2", "2-0", "the source has 2 words")),
        ([*LINKS[:3], "0-0 1p1 2-2"], ("line 4", "'1p1'", "source-target")),
    ],
)
def test_what_does_not_fit_is_said_with_file_and_line(
    lines: list[str], said: tuple[str, ...], tokenizers: tuple[Tokenizer, Tokenizer], tmp_path: Path
) -> None:
    write_lines(tmp_path / "links", lines)
    with pytest.raises(DataError) as raised:
        guiding_links(text(), tokenizers, str(tmp_path / "links"), tmp_path / "cache")
    assert all(part in str(raised.value) for part in (*said, str(tmp_path / "links")))
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        list(read_links([tmp_path / "links"]))


def test_gold_links_are_the_phrasebooks_alone(tokenizers: tuple[Tokenizer, Tokenizer], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="phrasebook"):
        guiding_links(text(), tokenizers, "gold", tmp_path)


def test_links_stay_with_their_pairs(tokenizers: tuple[Tokenizer, Tokenizer], tmp_path: Path) -> None:
    write_lines(tmp_path / "links", LINKS)
    links = guiding_links(text(), tokenizers, str(tmp_path / "links"), tmp_path / "cache")
    assert links is not None
    pairs, report = encode_pairs(text(), *tokenizers, DataSettings(max_length=16), links=links)
    assert report.long == 1
    source, target = (tokenizer.vocabulary for tokenizer in tokenizers)
    seen = 0
    for batch in BatchLoader(pairs, 40, source.pad_id, target.pad_id, seed=1):
        assert batch.links is not None
        for row, ids in enumerate(batch.source.tolist()):
            index = next(one for one in range(1, 4) if [*tokenizers[0].encode(SOURCES[one]).ids] == ids[: len(ids)])
            of_row = batch.links[batch.links[:, 0] == row]
            assert sorted(of_row[:, [2, 1]].tolist()) == sorted(links[index].reshape(-1, 2).tolist())
            seen += 1
    assert seen == 3


words = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(st.data(), words, words)
def test_pieces_are_linked_if_and_only_if_their_words_are(
    data: st.DataObject, sources: list[str], targets: list[str]
) -> None:
    texts = " ".join(sources), " ".join(targets)
    cuts = []
    for one in texts:  # any cut of the text into spans, spaces anywhere in them
        inner = data.draw(st.sets(st.integers(1, max(1, len(one) - 1)), max_size=6))
        places = sorted({0, *(place for place in inner if place < len(one)), len(one)})
        cuts.append(list(pairwise(places)))
    spans = word_spans(texts[0]), word_spans(texts[1])
    pairs = st.tuples(st.integers(0, len(sources) - 1), st.integers(0, len(targets) - 1))
    links = data.draw(st.sets(pairs))
    found = piece_links(texts, (cuts[0], cuts[1]), spans, links)

    def of(one: int, span: tuple[int, int]) -> set[int]:
        characters = {place for place in range(*span) if not texts[one][place].isspace()}
        if not characters:  # of the word that follows
            return {next(n for n, (_, end) in enumerate(spans[one]) if span[0] < end)}
        return {n for n, word in enumerate(spans[one]) if characters & {*range(*word)}}

    assert found == sorted(
        (s, t)
        for s, source in enumerate(cuts[0])
        for t, target in enumerate(cuts[1])
        if links & {*product(of(0, source), of(1, target))}
    )


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("L'homme n’est pas là.", ["L'", "homme", "n’", "est", "pas", "là", "."]),
        ("Haus, (Hund)", ["Haus", ",", "(", "Hund", ")"]),
        ("東京へ行く。Go!", ["東", "京", "へ", "行", "く", "。", "Go", "!"]),
        ("  ", []),
    ],
)
def test_aligners_get_words_without_their_punctuation(line: str, tokens: list[str]) -> None:
    assert [line[start:end] for start, end in token_spans(line)] == tokens


def installed(aligner: str) -> None:
    try:
        metadata.version(ALIGNERS[aligner])
    except metadata.PackageNotFoundError:
        lacking(f"{ALIGNERS[aligner]} is not installed")


NUMBERS = ["one", "two", "three", "four", "five", "six", "seven"]
ZAHLEN = ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben"]


@pytest.mark.parametrize("aligner", ALIGNERS)
def test_aligners_find_a_reversed_order(aligner: str) -> None:
    """Sentences of numbers whose translations run backwards; each aligner has another way of finding that out."""
    installed(aligner)
    rows = [[(start + step * k) % 7 for k in range(4)] for start in range(7) for step in (1, 2, 3)] * 8
    sources = [[NUMBERS[one] for one in row] for row in rows]
    targets = [[ZAHLEN[one] for one in row[::-1]] for row in rows]
    found = aligned_text([*sources, []], [*targets, ["eins"]], aligner)
    assert found[-1] == []
    right = [(place, 3 - place) for place in range(4)]
    assert sum(sorted(links) == right for links in found[:-1]) >= 0.9 * len(rows)


def test_directions_have_one_link_a_target_and_one_a_source() -> None:
    installed("fast_align")
    sources = [["the", "old", "house"], ["the", "house"], ["old"]] * 20
    targets = [["das", "alte", "haus", "da"], ["das", "haus"], ["alte"]] * 20
    forward, backward = aligned_directions(sources, targets, "fast_align")
    for links, others in zip(forward, backward, strict=True):
        assert len({target for _, target in links}) == len(links)
        assert len({source for source, _ in others}) == len(others)
        assert {(0, 0)} <= {*links} & {*others}


def test_an_aligner_that_is_missing_is_an_error_with_the_remedy(
    tokenizers: tuple[Tokenizer, Tokenizer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(AlignerError, match="pip install eflomal"):
        guiding_links(text(), tokenizers, "eflomal", tmp_path)
