"""Links by other rules than the largest weight, and what else an alignment can tell; worked by hand."""

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.alignment import Alignment, agreement, tune_both, tune_links, word_spans
from nmt.alignment.tuning import read_links, turned
from nmt.config import LinkSettings, SettingsError, link_settings

MATRIX = [[0.5, 0.2, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.1, 0.1, 0.2, 0.6], [0.3, 0.4, 0.1, 0.2]]


def alignment(matrix: Any = MATRIX, **changes: Any) -> Alignment:
    """Returns the alignment of `ab cd` in pieces a, b, cd with `XY Z` in pieces X, Y, Z."""
    parts: dict[str, Any] = {
        "source_tokens": ("▁a", "b", "▁cd", "</s>"),
        "target_tokens": ("▁X", "Y", "▁Z", "</s>"),
        "source_text": "ab cd",
        "target_text": "XY Z",
        "source_spans": ((0, 1), (1, 2), (2, 5), (5, 5)),
        "target_spans": ((0, 1), (1, 2), (2, 4), (4, 4)),
    }
    return Alignment(np.array(matrix, np.float32), **{**parts, **changes})


class TestRules:
    def test_dropped_end_mark_leaves_the_next_best(self) -> None:
        assert alignment().links("piece", end="drop") == [(0, 0), (2, 1), (2, 2)]
        assert alignment(end="drop").links() == [(0, 0), (1, 0), (1, 1)]
        assert alignment(end="drop").links(end="skip") == alignment().links()

    def test_row_that_is_all_end_mark_links_nothing(self) -> None:
        rows = [[0, 0, 0, 1.0]] * 4
        for by in ("argmax", "support", None):
            assert alignment(rows).links(end="drop", by=by) == []
        assert alignment(rows).links(end="drop", threshold=0.01) == []

    def test_threshold_takes_all_that_reach_it(self) -> None:
        assert alignment().links("piece", threshold=0.2) == [(0, 0), (1, 0), (2, 0), (2, 1)]
        assert alignment(threshold=0.55).links("piece") == [(2, 1)]

    def test_threshold_counts_what_is_left_when_the_end_mark_is_dropped(self) -> None:
        # The third row is (.25, .25, .5) without its end mark.
        assert alignment().links("piece", threshold=0.5, end="drop") == [(0, 0), (2, 1), (2, 2)]

    def test_stored_threshold_gives_way_to_argmax(self) -> None:
        assert alignment(threshold=0.05).links("piece", by="argmax") == alignment().links("piece")

    def test_support_takes_what_is_not_zero(self) -> None:
        sparse = [[0.7, 0, 0.3, 0], [0, 0, 1.0, 0], [0, 0.4, 0, 0.6], [0, 0, 0, 1.0]]
        assert alignment(sparse).links("piece", by="support") == [(0, 0), (2, 0), (2, 1)]
        assert alignment(sparse).links("piece", by="support", end="drop") == [(0, 0), (1, 2), (2, 0), (2, 1)]

    @pytest.mark.parametrize("wrong", [{"end": "keep"}, {"threshold": 0.0}, {"threshold": 1.5}, {"by": "max"}])
    def test_unknown_rules_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(SettingsError):
            alignment().links(**wrong)

    @pytest.mark.parametrize("wrong", [{"shift": True}, {"shift": 1.0}, {"shift": 2}, {"threshold": True}])
    def test_values_of_another_type_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(SettingsError):
            LinkSettings(**wrong)

    def test_threshold_has_to_be_given(self) -> None:
        with pytest.raises(SettingsError, match="needs a threshold"):
            alignment().links(by="threshold")

    def test_words_keep_the_links_they_were_made_with(self) -> None:
        words = alignment(threshold=0.2).words()
        assert words.links() == alignment().links(threshold=0.2)
        with pytest.raises(SettingsError, match="ask the one it came from"):
            words.links(threshold=0.4)

    def test_settings_as_names_and_values(self) -> None:
        assert link_settings(LinkSettings(1), end="drop", shift=None) == LinkSettings(1, "drop")
        with pytest.raises(SettingsError, match="did you mean 'threshold'"):
            link_settings(LinkSettings(), treshold=0.5)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 1000), threshold=st.floats(0.01, 1.0), shift=st.sampled_from([0, 1]))
def test_thresholds_agree_with_the_weights_that_are_told(seed: int, threshold: float, shift: int) -> None:
    made = alignment(np.random.default_rng(seed).dirichlet(np.full(4, 0.5), 4), shift=shift)
    for level in ("word", "piece"):
        told = made.weighted_links(level, threshold=1e-6)
        assert made.links(level, threshold=threshold) == sorted(
            one for one, weight in told.items() if weight >= threshold
        )


class TestReverse:
    def test_links_of_both_directions(self) -> None:
        # The model of the other direction reads the pair turned round: rows are pieces of `ab cd`.
        reverse = replace(
            alignment([[0, 0, 0.9, 0.1], [0.8, 0.1, 0.1, 0], [0.7, 0.2, 0.1, 0], [0, 0, 0, 1]]),
            source_tokens=("▁X", "Y", "▁Z", "</s>"),
            target_tokens=("▁a", "b", "▁cd", "</s>"),
            source_text="XY Z",
            target_text="ab cd",
            source_spans=alignment().target_spans,
            target_spans=alignment().source_spans,
        )
        assert reverse.links() == [(0, 0), (0, 1), (1, 0)]  # (XY, ab), (XY, cd), (Z, ab)
        assert alignment().links(reverse=reverse) == [(0, 0), (1, 0)]
        assert alignment().links(reverse=reverse, symmetrize="union") == [(0, 0), (0, 1), (1, 0)]
        assert alignment().links("piece", reverse=reverse) == []

    def test_reverse_of_another_pair_is_refused(self) -> None:
        other = alignment(target_text="X Y Z", target_spans=((0, 1), (1, 3), (3, 5), (5, 5)))
        with pytest.raises(SettingsError, match="reverse"):
            alignment().links(reverse=other)


def test_entropy_and_coverage() -> None:
    made = alignment([[0.5, 0.5, 0, 0], [0.25] * 4, [1, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_allclose(made.entropy(), [np.log(2), np.log(4), 0, 0], atol=1e-6)
    np.testing.assert_allclose(made.coverage(), [1.75, 0.75, 0.25, 1.25])
    assert Alignment.empty().entropy().shape == Alignment.empty().coverage().shape == (0,)


class TestFormats:
    def test_pharaoh_with_weights(self) -> None:
        assert alignment().to_pharaoh("piece", probabilities=True) == "0-0:0.5000 2-1:0.6000"
        assert alignment().to_pharaoh(probabilities=True) == "0-0:0.5000 1-0:0.6000"
        assert Alignment.empty().to_pharaoh(probabilities=True) == ""

    def test_json(self) -> None:
        found = json.loads(alignment().to_json("piece"))
        assert found["alignment"] == [[0, 0], [2, 1]]
        assert found["source_tokens"] == ["▁a", "b", "▁cd", "</s>"]
        np.testing.assert_allclose(found["matrix"], MATRIX)
        assert "\n" not in alignment().to_json()

    @pytest.mark.parametrize("level", ["word", "piece"])
    def test_archive(self, level: str) -> None:
        file = io.BytesIO()
        alignment().to_npz(file, level)
        file.seek(0)
        shown = alignment().at(level)
        with np.load(file, allow_pickle=False) as archive:
            np.testing.assert_array_equal(archive["matrix"], shown.matrix)
            assert archive["target_tokens"].tolist() == list(shown.target_tokens)
            assert [tuple(one) for one in archive["source_spans"].tolist()] == list(shown.source_spans)
            assert [tuple(one) for one in archive["links"].tolist()] == alignment().links(level)
            assert str(archive["source_text"]) == "ab cd"

    def test_frame(self) -> None:
        pytest.importorskip("pandas")
        frame = alignment().to_frame("piece")
        assert (list(frame.columns), list(frame.index)) == (
            ["▁a", "b", "▁cd", "</s>"],
            ["▁X", "Y", "▁Z", "</s>"],
        )
        np.testing.assert_array_equal(frame.to_numpy(), alignment().matrix)
        assert alignment().to_frame().loc["Z", "ab"] == pytest.approx(0.5)
        assert Alignment.empty().to_frame().empty


class TestScripts:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Der Hund, 3.5 km", ["Der", "Hund,", "3.5", "km"]),
            ("私は犬が好きです。", ["私", "は", "犬", "が", "好", "きです", "。"]),
            ("コーヒーを 2杯 ください！", ["コーヒー", "を", "2", "杯", "ください", "！"]),
            ("か\u3099くせい ｶﾞｽ", ["か\u3099くせい", "ｶﾞｽ"]),
            ("我在Berlin吃了3个饺子。", ["我", "在", "Berlin", "吃", "了", "3", "个", "饺", "子", "。"]),
            ("ที่นี่", ["ที่", "นี่"]),
            ("한국어 문장.", ["한국어", "문장."]),
            ("Příliš žluťoučký kůň", ["Příliš", "žluťoučký", "kůň"]),
            ("時々", ["時", "々"]),
        ],
    )
    def test_worked_examples(self, text: str, words: list[str]) -> None:
        assert [text[start:end] for start, end in word_spans(text, "script")] == words

    @settings(deadline=None, max_examples=60)
    @given(text=st.text(st.sampled_from("犬は走カナー々。a 1ก่\u0301\u3000x,"), max_size=12))
    def test_script_cuts_white_space_words_further(self, text: str) -> None:
        spans = word_spans(text, "script")
        assert "".join(text[start:end] for start, end in spans) == "".join(text.split())
        assert all(start < end for start, end in spans)
        cuts = {start for start, _ in word_spans(text)}
        assert cuts <= {start for start, _ in spans}

    def test_piece_of_several_words_belongs_to_all_of_them(self) -> None:
        made = Alignment(
            np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0, 0, 1]], np.float32),
            ("▁東京", "駅", "</s>"),
            ("▁To", "kyo", "</s>"),
            "東京駅",
            "Tokyo",
            ((0, 2), (2, 3), (3, 3)),
            ((0, 2), (2, 5), (5, 5)),
        )
        assert made.links() == [(0, 0)]
        by_script = replace(made, split="script")
        assert by_script.links() == [(0, 0), (1, 0), (2, 0)]
        # Half of the weight of the first piece each, rows (.8, .1) and (.2, .6) averaged: (.5, .35) of .85.
        np.testing.assert_allclose(by_script.words().matrix, [[0.25 / 0.85, 0.25 / 0.85, 0.35 / 0.85]], rtol=1e-6)
        assert made.words(split="script").source_tokens == ("東", "京", "駅")


class TestTuning:
    def test_shift_and_end_rule_are_found(self) -> None:
        # Each row holds the link of the token before it, and `</s>` draws most weight.
        rows = np.array([[0.1, 0.2, 0, 0.7], [0.3, 0.1, 0, 0.6], [0.1, 0.3, 0.1, 0.5], [0, 0, 0.4, 0.6]])
        gold = [alignment(rows).links(shift=1, end="drop")]
        assert gold == [[(0, 0), (1, 1)]]
        found = tune_links([alignment(rows)], gold, gold, thresholds=[None])
        assert found.settings == LinkSettings(1, "drop")
        assert found.agreement.error_rate == 0

    def test_ties_go_to_what_is_preferred(self) -> None:
        eye = np.eye(4)
        gold = [alignment(eye).links()]
        assert tune_links([alignment(eye)], gold, gold).settings == LinkSettings()
        assert tune_links([], [], []).settings == LinkSettings()
        preferred = LinkSettings(end="drop")
        assert tune_links([alignment(eye)], gold, gold, preferred).settings == preferred

    def test_result_is_the_best_of_all_tried(self) -> None:
        chance = np.random.default_rng(3)
        made = [alignment(chance.dirichlet(np.full(4, 0.4), 4)) for _ in range(8)]
        gold = [one.links(threshold=0.3) for one in made]
        found = tune_links(made, gold, gold)
        for settings_ in (LinkSettings(), LinkSettings(1), LinkSettings(0, "drop", 0.3), LinkSettings(0, "skip", 0.3)):
            tried = agreement([read_links(one, settings_) for one in made], gold, gold).error_rate
            assert found.agreement.error_rate <= tried
        assert found.agreement.error_rate == 0

    def test_both_directions_are_tuned_together(self) -> None:
        eye, turn = (
            np.eye(4),
            replace(alignment(np.roll(np.eye(4), 1, axis=0)), source_text="XY Z", target_text="ab cd"),
        )
        gold = [alignment(eye).links()]
        one, other = tune_both([alignment(eye)], [turn], gold, gold, "intersection")
        assert one.agreement.error_rate == 0
        assert one.settings == LinkSettings()
        assert other.settings.shift == 1

    def test_turned(self) -> None:
        assert turned([(0, 1), (2, 3)]) == [(1, 0), (3, 2)]
