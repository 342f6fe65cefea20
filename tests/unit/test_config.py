import json
from dataclasses import dataclass, field, fields
from typing import Any

import pytest

from nmt.config import (
    DataSettings,
    ModelSettings,
    SearchOptions,
    SettingsError,
    TokenizerSettings,
    UserError,
    Vocabulary,
    build,
    plain,
    prefixes,
    search_options,
)


@dataclass(frozen=True)
class Inner:
    numbers: dict[str, Any] | None = None
    width: int = 3


@dataclass(frozen=True)
class Outer:
    name: str
    rate: float = 0.5
    ready: bool = False
    size: int | None = None
    inner: Inner = field(default_factory=Inner)


def message(values: Any, cls: type[Any] = Outer, where: str = "outer") -> str:
    with pytest.raises(SettingsError) as caught:
        build(cls, values, where)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "settings",
    [
        ModelSettings(decoder="luong", cell="lstm", tying="all", dropout=0.0),
        DataSettings(train=["a", "b"], valid="c", tokenizer=TokenizerSettings(type="bpe", size=300, joint=True)),
        SearchOptions(beam_size=7, n_best=3, max_length=9, stopping="first"),
        Vocabulary(size=10, pad_id=9, bos_id=1, eos_id=2, unk_id=0),
        Outer("x", inner=Inner({"scale": 2.5})),
    ],
)
def test_plain_settings_survive_json(settings: Any) -> None:
    assert build(type(settings), json.loads(json.dumps(plain(settings))), "settings") == settings


def test_missing_keys_take_their_defaults() -> None:
    assert build(Outer, {"name": "x", "inner": {"width": 4}}, "outer") == Outer("x", inner=Inner(width=4))


def test_key_without_default_is_asked_for() -> None:
    assert message({}) == "outer lacks 'name'"


@pytest.mark.parametrize(
    ("values", "where", "near"),
    [
        ({"name": "x", "reday": True}, "outer", "ready"),
        ({"name": "x", "inner": {"widht": 1}}, "outer.inner", "width"),
    ],
)
def test_misspelt_key_is_answered_with_its_place_and_the_nearest(values: dict[str, Any], where: str, near: str) -> None:
    text = message(values)
    assert text.startswith(f"{where} has no '")
    assert text.endswith(f"did you mean '{near}'?")


def test_key_that_is_near_to_none_is_answered_with_all_of_them() -> None:
    assert all(item.name in message({"name": "x", "zzzzzz": 1}) for item in fields(Outer))


@pytest.mark.parametrize(
    ("key", "value", "wanted", "given"),
    [
        ("name", 3, "str", "int"),
        ("name", None, "str", "NoneType"),
        ("rate", "0.5", "float", "str"),
        ("rate", True, "float", "bool"),
        ("ready", 1, "bool", "int"),
        ("ready", "true", "bool", "str"),
        ("size", True, "int", "bool"),
        ("size", 2.0, "int", "float"),
        ("size", "2", "int", "str"),
    ],
)
def test_value_of_another_type_is_refused(key: str, value: Any, wanted: str, given: str) -> None:
    assert message({"name": "x", key: value}) == f"outer.{key}={value} should be of type {wanted}, not {given}"


@pytest.mark.parametrize("values", [{"name": "x", "inner": 3}, {"name": "x", "inner": None}])
def test_value_where_settings_belong_is_refused(values: dict[str, Any]) -> None:
    assert message(values).startswith("outer.inner is ")


def test_options_of_a_nested_mapping_are_typed() -> None:
    assert message({"name": "x", "inner": {"numbers": [1]}}).startswith(
        "outer.inner.numbers=[1] should be of type dict"
    )
    assert build(Outer, {"name": "x", "inner": {"numbers": {"a": None}}}, "outer").inner.numbers == {"a": None}


def test_whole_number_serves_as_a_float_and_becomes_one() -> None:
    rate = build(Outer, {"name": "x", "rate": 1}, "outer").rate
    assert rate == 1.0
    assert type(rate) is float


def test_none_is_taken_where_it_is_allowed() -> None:
    assert build(Outer, {"name": "x", "size": None}, "outer").size is None


@pytest.mark.parametrize(
    ("cls", "values", "needle"),
    [
        (ModelSettings, {"decoder": "luog"}, "model.decoder=luog is not known; did you mean 'luong'?"),
        (ModelSettings, {"cell": "rnn!"}, "known: gru, lstm"),
        (ModelSettings, {"bridge": "densee"}, "did you mean 'dense'?"),
        (ModelSettings, {"tying": "al"}, "did you mean 'all'?"),
        (ModelSettings, {"encoder_merge": "sums"}, "model.encoder_merge=sums is not known; did you mean 'sum'?"),
        (ModelSettings, {"layer_norms": True}, "did you mean 'layer_norm'?"),
        (ModelSettings, {"residual": "yes"}, "model.residual=yes should be of type bool"),
        (ModelSettings, {"encoder_layers": 0}, "model.encoder_layers=0 is too small: at least 1"),
        (ModelSettings, {"dropout": 1}, "model.dropout=1.0 is not in [0, 1)"),
        (ModelSettings, {"dropout": float("nan")}, "model.dropout=nan"),
        (TokenizerSettings, {"type": "bpee"}, "did you mean 'bpe'?"),
        (TokenizerSettings, {"normalization": "nfck"}, "did you mean 'nfkc'?"),
        (TokenizerSettings, {"size": 0}, "data.tokenizer.size=0 is too small"),
        (TokenizerSettings, {"character_coverage": 0.0}, "data.tokenizer.character_coverage=0.0"),
        (
            TokenizerSettings,
            {"character_coverage": 0.97},
            "data.tokenizer.character_coverage=0.97",
        ),  # SentencePiece's own
        (TokenizerSettings, {"source": "a.spm"}, "go together"),
        (DataSettings, {"batch_tokens": 0}, "data.batch_tokens=0"),
        (DataSettings, {"max_ratio": 0.5}, "data.max_ratio=0.5"),
        (DataSettings, {"train": 5}, "data.train=5 should be a path or a list of paths"),
        (DataSettings, {"columns": "de"}, "data.columns=de should be two columns, such as [de,en]"),
        (DataSettings, {"columns": ["de"]}, "data.columns=['de'] should be two columns"),
        (DataSettings, {"columns": ["de", 1]}, "should be two columns"),
        (DataSettings, {"columns": [0, -1]}, "should be two columns"),
        (DataSettings, {"columns": [False, True]}, "should be two columns"),
        (DataSettings, {"skip_broken": "yes"}, "data.skip_broken=yes should be of type bool"),
        (DataSettings, {"test": ["a", 5]}, "data.test=['a', 5] should be a path or a list of paths"),
        (SearchOptions, {"stopping": "frist"}, "did you mean 'first'?"),
    ],
)
def test_values_that_cannot_be_are_one_line(cls: type[Any], values: dict[str, Any], needle: str) -> None:
    assert needle in message(values, cls, "model" if cls is ModelSettings else "data")


@pytest.mark.parametrize("share", [0.98, 1.0, 1])
def test_character_coverage_that_sentencepiece_takes_is_taken(share: float) -> None:
    assert build(TokenizerSettings, {"character_coverage": share}, "tokenizer").character_coverage == share


def test_settings_error_is_for_users_and_a_value_error() -> None:
    assert issubclass(SettingsError, UserError)
    assert issubclass(SettingsError, ValueError)


@pytest.mark.parametrize(
    ("value", "paths"), [(None, ()), ("a", ("a",)), (["a", "b"], ("a", "b")), (("a",), ("a",)), ([], ())]
)
def test_prefixes_are_one_or_many(value: Any, paths: tuple[str, ...]) -> None:
    assert prefixes(value, "data.train") == paths


class TestSearchOptions:
    base = SearchOptions(beam_size=4, length_penalty=0.6, max_length=30)

    def test_none_leaves_what_stands(self) -> None:
        assert search_options(self.base, beam_size=None, max_length=None) == self.base

    def test_given_options_change(self) -> None:
        changed = search_options(self.base, beam_size=2, length_penalty=0)
        assert changed == SearchOptions(beam_size=2, length_penalty=0.0, max_length=30)

    @pytest.mark.parametrize(
        ("changes", "needle"),
        [
            ({"beamsize": 3}, "did you mean 'beam_size'?"),
            ({"beam_size": "3"}, "options.beam_size=3 should be of type int, not str"),
            ({"beam_size": True}, "should be of type int, not bool"),
            ({"beam_size": 0}, "beam_size=0 is too small: at least 1"),
            ({"n_best": 5}, "n_best=5 is more than beam_size=4"),
            ({"max_length": 0}, "max_length=0 is too small"),
            ({"max_source_length": 0}, "max_source_length=0 is too small"),
            ({"stopping": "never"}, "stopping=never is not known"),
        ],
    )
    def test_options_that_cannot_be_are_one_line(self, changes: dict[str, Any], needle: str) -> None:
        with pytest.raises(SettingsError) as caught:
            search_options(self.base, **changes)
        assert needle in str(caught.value)
        assert "\n" not in str(caught.value)
