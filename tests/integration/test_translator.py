"""The Python API: what a translator answers, and what it loads to do so."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

import nmt
from nmt import Alignment, Translation, Translator
from nmt.config import SettingsError
from tests.trained import lines_of

PHRASES = ["three eggs", "", "on May eighth, at half past five", "for two euros and thirty cents", " "]


@pytest.fixture(scope="module")
def sources(trained: Path) -> list[str]:
    return lines_of(trained / "test.sources")[:50]


def test_a_sentence_gives_one_and_a_list_a_list(translator: Translator) -> None:
    one = translator.translate(PHRASES[0])
    assert isinstance(one, Translation)
    assert one.source == PHRASES[0]
    assert one.text == str(one) == one.hypotheses[0].text
    assert one.score == one.hypotheses[0].score < 0
    many = translator.translate(PHRASES)
    assert [result.source for result in many] == PHRASES
    assert many[0].text == one.text
    assert translator.translate([]) == []


def test_empty_lines_stay_empty(translator: Translator) -> None:
    for result in translator.translate(["", " \t"]):
        assert (result.text, result.hypotheses, result.source_tokens) == ("", (), ())
        assert result.alignment.matrix.shape == (0, 0)
        assert result.alignment.to_pharaoh() == ""
        assert result.alignment.words().matrix.shape == (0, 0)


def test_tokens_are_those_of_the_alignment(translator: Translator) -> None:
    result = translator.translate(PHRASES[2])
    hypothesis = result.hypotheses[0]
    assert result.alignment.source_tokens == (*result.source_tokens, "</s>")
    assert result.alignment.target_tokens == (*hypothesis.tokens, "</s>")
    matrix = result.alignment.matrix
    assert matrix.dtype == np.float32
    assert matrix.shape == (len(hypothesis.tokens) + 1, len(result.source_tokens) + 1)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)


def test_hypotheses_are_ranked_and_different(translator: Translator) -> None:
    hypotheses = translator.translate(PHRASES[2], beam_size=6, n_best=6).hypotheses
    assert len(hypotheses) == 6
    assert [one.score for one in hypotheses] == sorted((one.score for one in hypotheses), reverse=True)
    assert len({one.tokens for one in hypotheses}) == 6
    for one in hypotheses:
        np.testing.assert_allclose(one.alignment.matrix.sum(axis=1), 1, atol=1e-5)
        assert one.alignment.target_text == one.text


def test_company_changes_nothing(translator: Translator, sources: list[str]) -> None:
    together = translator.translate(sources)
    for batch_size in (1, 7):
        apart = translator.translate(sources[::-1], batch_size=batch_size)[::-1]
        assert [one.text for one in apart] == [one.text for one in together]
        for one, other in zip(apart, together, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            np.testing.assert_allclose(one.alignment.matrix, other.alignment.matrix, atol=1e-4)


def test_aligning_a_translation_repeats_its_alignment(translator: Translator, sources: list[str]) -> None:
    compared = 0
    for result in translator.translate(sources):
        hypothesis = result.hypotheses[0]
        again = translator.align(result.source, result.text)
        if again.target_tokens != hypothesis.alignment.target_tokens:
            continue  # searched for in other pieces than its text is cut into
        compared += 1
        assert again.source_tokens == hypothesis.alignment.source_tokens
        np.testing.assert_allclose(again.matrix, hypothesis.alignment.matrix, atol=1e-4)
        scored = translator.score_pair(result.source, result.text)
        assert scored.log_prob == pytest.approx(hypothesis.log_prob, abs=1e-3)
        assert scored.tokens == again.target_tokens
        assert len(scored.token_log_probs) == len(scored.tokens)
        assert scored.log_prob == pytest.approx(sum(scored.token_log_probs))
    assert compared >= 0.8 * len(sources)


def test_wrong_translation_scores_lower(translator: Translator) -> None:
    right = translator.score_pair("three eggs", "drei Eier")
    assert right.log_prob > translator.score_pair("three eggs", "vier Stühle").log_prob
    assert right.tokens[-1] == "</s>"


@pytest.mark.parametrize("pair", [("", "drei Eier"), ("three eggs", ""), ("three eggs", "  ")])
def test_nothing_cannot_be_aligned(translator: Translator, pair: tuple[str, str]) -> None:
    for method in (translator.align, translator.score_pair):
        with pytest.raises(SettingsError, match="empty"):
            method(*pair)


class Counted:
    """Lines that know how many of them have been read."""

    def __init__(self, count: int) -> None:
        self.count, self.read = count, 0

    def __iter__(self) -> Iterator[str]:
        for number in range(self.count):
            self.read += 1
            yield f"{number % 9 + 1} eggs\n"


@pytest.mark.parametrize(("batch_size", "window"), [(1, 1), (2, 16)])
def test_stream_reads_no_further_than_its_window(translator: Translator, batch_size: int, window: int) -> None:
    lines = Counted(100)
    stream = translator.stream(lines, batch_size=batch_size, beam_size=1)
    assert lines.read == 0
    first = next(stream)
    assert first.source == "1 eggs"
    assert 1 <= lines.read <= window
    next(stream)
    assert lines.read <= max(2, window)


def test_stream_keeps_the_order(translator: Translator, sources: list[str]) -> None:
    streamed = list(translator.stream((f"{line}\r\n" for line in sources), batch_size=4))
    assert [one.source for one in streamed] == sources
    assert [one.text for one in streamed] == [one.text for one in translator.translate(sources)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beem_size": 3}, "did you mean 'beam_size'"),
        ({"beam_size": "3"}, "type int"),
        ({"beam_size": 0}, "at least 1"),
        ({"n_best": 9}, "more than beam_size"),
        ({"batch_size": 0}, "batch_size"),
        ({"stopping": "frist"}, "did you mean 'first'"),
    ],
)
def test_wrong_options(translator: Translator, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        translator.translate("three eggs", **options)
    with pytest.raises(SettingsError, match=said):
        translator.stream(["three eggs"], **options)  # at once, not with the first line


def test_wrong_device_and_precision(trained: Path) -> None:
    with pytest.raises(SettingsError, match="precision=half"):
        Translator.load(trained, precision="half")
    with pytest.raises(SettingsError, match="device=abacus"):
        Translator.load(trained, device="abacus")


def test_words_and_links_agree_with_the_pieces(translator: Translator) -> None:
    alignment = translator.translate(PHRASES[2]).alignment
    words = alignment.words()
    assert words.source_tokens == tuple(alignment.source_text.split())
    assert words.target_tokens == tuple(alignment.target_text.split())
    np.testing.assert_allclose(words.matrix.sum(axis=1), 1, atol=1e-5)
    assert alignment.to_pharaoh() == " ".join(f"{source}-{target}" for source, target in alignment.links())
    assert words.links() == alignment.links()
    assert (0, 0) in translator.align("three eggs", "drei Eier").links()


def test_alignment_shows_itself(translator: Translator) -> None:
    result = translator.translate("three <eggs>")
    for shown in (result._repr_html_(), result.alignment._repr_html_(), result.alignment.words()._repr_html_()):
        assert "<table" in shown
        assert "<script" not in shown
        assert "<eggs>" not in shown
    assert Alignment.empty()._repr_html_()
    page = result.alignment.to_html()
    assert page.startswith("<!DOCTYPE html>")
    assert "three &lt;eggs&gt;" in page


def test_alignment_is_drawn(translator: Translator) -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    alignment = translator.translate(PHRASES[0]).alignment
    assert alignment.plot(ax=axes, title="eggs") is axes
    assert isinstance(alignment.words().plot(), Axes)
    assert len(axes.get_xticklabels()) == len(alignment.source_tokens)
    assert len(axes.get_yticklabels()) == len(alignment.target_tokens)


def test_run_and_package_are_the_same_model(translator: Translator, trained: Path) -> None:
    package = Translator.load(str(trained / "model"), device="cpu", precision="double")
    assert package.translate(PHRASES[0]).text == translator.translate(PHRASES[0]).text
    assert nmt.Translator is Translator


def test_translating_needs_neither_lightning_nor_hydra(trained: Path, environment: dict[str, str]) -> None:
    code = """
import sys
import nmt
result = nmt.Translator.load(sys.argv[1]).translate("three eggs")
assert result.text and result.alignment.links() and result.alignment.to_html()
print(*sorted({"lightning", "pytorch_lightning", "hydra", "omegaconf", "datasets", "matplotlib"} & set(sys.modules)))
"""
    command = [sys.executable, "-W", "error", "-c", code, str(trained)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
