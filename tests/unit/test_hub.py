"""Data sets of the hub."""

from pathlib import Path
from typing import Any

import pytest

from nmt.config import DataSettings
from nmt.data import hub
from nmt.data.columns import Columns
from nmt.data.corpus import load_corpus
from nmt.data.prepare import Request, stored_text
from nmt.data.text import DataError

DE_EN = Columns("de", "en")


class TestHub:
    """Data sets of the hub, stood in for by ones in memory: tests have no network."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, str]]:
        datasets = pytest.importorskip("datasets")
        asked: list[tuple[str, str | None, str]] = []

        def load(name: str, config: str | None, split: str) -> Any:
            asked.append((name, config, split))
            if name == "far/away":
                raise ConnectionError("Couldn't reach 'far/away' on the Hub")
            if name == "no/where":
                raise datasets.exceptions.DatasetNotFoundError("Dataset 'no/where' doesn't exist on the Hub\nor so.")
            rows = [{"id": 1, "translation": {"de": f"ja {split}", "en": "yes"}}]
            return datasets.Dataset.from_list(rows)

        monkeypatch.setattr(datasets, "load_dataset", load)
        monkeypatch.setattr(datasets, "get_dataset_split_names", lambda name, config: ["train", "dev", "heldout"])
        monkeypatch.setattr(hub, "_quiet", lambda module: None)
        return asked

    def load(self, cache: Path, name: str, part: str = "train") -> list[str]:
        return list(stored_text(Request((name,), DE_EN, part), cache).sources)

    @pytest.mark.parametrize(
        ("name", "part", "loaded"),
        [
            ("hf://wmt", "train", ("wmt", None, "train")),
            ("hf://org/wmt-16.b", "valid", ("org/wmt-16.b", None, "dev")),
            ("hf://org/wmt@de-en", "train", ("org/wmt", "de-en", "train")),
            ("hf://org/wmt@de-en:heldout", "train", ("org/wmt", "de-en", "heldout")),
            ("hf://org/wmt:train[:10%]", "test", ("org/wmt", None, "train[:10%]")),
        ],
    )
    def test_names_are_read(
        self, tmp_path: Path, asked: list[Any], name: str, part: str, loaded: tuple[str, str | None, str]
    ) -> None:
        assert self.load(tmp_path, name, part) == [f"ja {loaded[2]}"]
        assert asked == [loaded]

    def test_what_was_fetched_once_is_used_without_the_hub(self, tmp_path: Path, asked: list[Any]) -> None:
        first = self.load(tmp_path, "hf://org/wmt")
        assert self.load(tmp_path, "hf://org/wmt") == first
        assert len(asked) == 1

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("hf://far/away", "hf://far/away: the hub cannot be reached"),
            ("hf://no/where", "Dataset 'no/where' doesn't exist on the Hub or so."),
            ("hf://", "write hf://NAME"),
            ("hf://a/b/c", "write hf://NAME"),
        ],
    )
    def test_failures_are_one_line(self, tmp_path: Path, asked: list[Any], name: str, said: str) -> None:
        with pytest.raises(DataError) as caught:
            self.load(tmp_path, name)
        assert said in str(caught.value)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_missing_split_is_answered_with_those_there_are(self, tmp_path: Path, asked: list[Any]) -> None:
        with pytest.raises(
            DataError, match=r"no split for data\.test; name one of train, dev, heldout, as in hf://a/b:"
        ):
            self.load(tmp_path, "hf://a/b", "test")

    def test_corpus_of_the_hub(self, tmp_path: Path, asked: list[Any]) -> None:
        settings = DataSettings(
            source_lang="en", target_lang="de", train="hf://a/b", valid="hf://a/b", pretokenized=True
        )
        corpus = load_corpus(settings, tmp_path)
        assert (list(corpus.train.targets), corpus.valid.targets) == (["ja train"], ["ja dev"])
        assert corpus.valid.bleu_tokenizer == "none"
