"""The recipes' own programs, on text made here: what they make of a folder, and how they fail."""

import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipes.tatoeba import prepare

RECIPES = Path(__file__).parents[2] / "recipes"
SPLITS = {"multi30k": ("train", "val", "test_2016_flickr"), "enja": ("train", "dev", "test")}
RECORD = {"experiment", "source_lang", "target_lang", "metric", "value", "tolerance", "seed", "command"} | {
    "signature",
    "commit",
    "date",
    "cores",
    "train_minutes",
    "peak_memory_mb",
}


def program(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_every_recipe_has_its_parts() -> None:
    folders = [RECIPES / name for name in ("multi30k", "tatoeba", "enja")]
    for folder in folders:
        assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")
        for record in json.loads((folder / "expected.json").read_text(encoding="utf-8")):
            assert set(record) == RECORD
            assert record["tolerance"] > 0


@pytest.mark.parametrize("name", SPLITS)
def test_prepare_takes_a_folder(name: str, tmp_path: Path) -> None:
    listed = [line.split()[1] for line in (RECIPES / name / "SHA256SUMS").read_text().splitlines()]
    assert {file.rpartition(".")[0] for file in listed} == set(SPLITS[name])
    for file in listed:
        (tmp_path / f"{file}.gz").write_bytes(gzip.compress(f"{file}\n".encode()))
    done = program(RECIPES / name / "prepare.py", "--from", tmp_path, "--to", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text() for path in (tmp_path / "data").iterdir()} == {
        file: f"{file}\n" for file in listed
    }
    assert done.stderr.count("differs from the published file") == len(listed)


def test_prepare_names_what_a_folder_lacks(tmp_path: Path) -> None:
    done = program(RECIPES / "enja" / "prepare.py", "--from", tmp_path, "--to", tmp_path / "data")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "dev.en" in done.stderr


sentences = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=6).map(" ".join)


@settings(max_examples=50)
@given(st.lists(st.tuples(sentences, sentences), unique=True, max_size=40), st.randoms(use_true_random=False))
def test_tatoeba_splits_by_sentences_alone(pairs: list[tuple[str, str]], random: Random) -> None:
    parts = prepare.split(pairs, held_out=3)
    shuffled = random.sample(pairs, len(pairs))
    assert prepare.split(shuffled, held_out=3) == parts
    assert {pair for part in parts.values() for pair in part} <= set(pairs)
    held_out = [*parts["dev"], *parts["test"]]
    for column in (0, 1):
        seen = {prepare.plain("", pair[column]) for pair in parts["train"]}
        assert not any(prepare.plain("", pair[column]) in seen for pair in held_out)
        assert len({prepare.plain("", pair[column]) for pair in held_out}) == len(held_out)
    assert all(len(english.split()) >= 3 for english, _ in held_out)


def test_tatoeba_reads_an_archive() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("_about.txt", "about\n")
        archive.writestr("xyz.txt", "Go.\tGeh.\tCC-BY\r\nGo.\tLos.\r\nGo.\tGeh.\n")
    assert prepare.read_archive(packed.getvalue()) == [("Go.", "Geh."), ("Go.", "Los.")]


def test_check_compares_a_run_with_the_record(tmp_path: Path) -> None:
    record = json.loads((RECIPES / "multi30k" / "expected.json").read_text())[0]
    languages = f"source_lang: {record['source_lang']}\n  target_lang: {record['target_lang']}"
    (tmp_path / "config.yaml").write_text(f"name: multi30k\ndata:\n  {languages}\n")
    for distance, status in ((0.5, 0), (1.5, 1)):
        value = record["value"] + distance * record["tolerance"]
        (tmp_path / "metrics.json").write_text(json.dumps({record["metric"]: value}))
        assert program(RECIPES / "check.py", tmp_path).returncode == status
    (tmp_path / "config.yaml").write_text(f"name: another\ndata:\n  {languages}\n")
    done = program(RECIPES / "check.py", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
