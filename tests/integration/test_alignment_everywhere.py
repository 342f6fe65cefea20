"""Every way to a translation gives an alignment with the same properties."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nmt import Alignment, Translator
from nmt.config import SettingsError

TEXT = ["three eggs and one lamp", "on May eighth,  at half past five", "room № ½… 犬 e\u0301 😀 fi\ufb01", " a\u00a0b"]
WAYS: dict[str, dict[str, Any]] = {
    "greedy": {"beam_size": 1},
    "beam": {"beam_size": 4},
    "n-best": {"beam_size": 4, "n_best": 4},
    "first": {"beam_size": 3, "stopping": "first"},
    "cut": {"max_source_length": 3},
    "warm": {"attention_temperature": 3.0},
    "short": {"max_length": 2},
}


def all_of(translator: Translator, way: str) -> Iterator[Alignment]:
    if way == "forced":
        yield from translator.align(TEXT, ["drei Eier", "am achten Mai 犬", "Zimmer", "b"])
        return
    for result in translator.translate(TEXT, **WAYS[way]):
        yield from (one.alignment for one in result.hypotheses)


@pytest.mark.parametrize("way", [*WAYS, "forced"])
def test_alignment_is_complete(translator: Translator, way: str) -> None:
    count = 0
    for found in all_of(translator, way):
        count += 1
        assert found.matrix.dtype == np.float32
        assert found.matrix.shape == (len(found.target_tokens), len(found.source_tokens))
        assert found.source_tokens[-1] == found.target_tokens[-1] == "</s>"
        np.testing.assert_allclose(found.matrix.sum(axis=1), 1, atol=1e-5)
        for text, tokens, spans in (
            (found.source_text, found.source_tokens, found.source_spans),
            (found.target_text, found.target_tokens, found.target_spans),
        ):
            assert len(spans) == len(tokens)
            assert all(0 <= start <= end <= len(text) for start, end in spans)
        words = found.words()
        assert words.source_tokens == tuple(found.source_text.split())
        assert words.target_tokens == tuple(found.target_text.split())
        assert all(s < len(words.source_tokens) and t < len(words.target_tokens) for s, t in found.links())
        assert found.entropy().shape == (len(found.target_tokens),)
        assert found.coverage().sum() == pytest.approx(len(found.target_tokens), abs=1e-3)
        assert found.link_settings == translator.links
    assert count >= len(TEXT)


def test_lists_of_pairs_align_as_one_by_one(translator: Translator) -> None:
    targets = ["drei Eier", "am achten Mai", "Zimmer", "b"]
    for one, source, target in zip(translator.align(TEXT, targets), TEXT, targets, strict=True):
        alone = translator.align(source, target)
        np.testing.assert_allclose(one.matrix, alone.matrix, atol=1e-5)
        assert one.source_spans == alone.source_spans
    pairs = iter([("three eggs\n", "drei Eier\n"), ("", "Ei"), ("egg", " ")])
    found = list(translator.align_pairs(pairs, batch_size=1))
    assert [one.matrix.size > 0 for one in found] == [True, False, False]
    assert found[0].links() == translator.align("three eggs", "drei Eier").links()


@pytest.mark.parametrize("pair", [("a", ["b"]), (["a"], "b"), (["a"], ["b", "c"])])
def test_pairs_have_to_be_pairs(translator: Translator, pair: Any) -> None:
    with pytest.raises(SettingsError, match="two lists"):
        translator.align(*pair)
