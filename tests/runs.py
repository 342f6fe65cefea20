"""Run directories made by hand, a small sweep, and what `nmt compare` says of them."""

import json
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import CallNmt
from tests.trained import TINY, UNSEEN, alone, write_lines

WORDS = ["the", "a", "dog", "man", "child", "old", "runs", "sleeps", "over", "hill", "house,", "sea.", "and", "with"]
CHANCE = random.Random(5)
REFERENCES = [" ".join(CHANCE.choice(WORDS) for _ in range(CHANCE.randint(4, 16))) for _ in range(60)]
SIGNATURE = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"


def noisy(noise: float, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(w if chance.random() > noise else "dog" for w in line.split()) for line in REFERENCES]


def make_run(
    folder: Path,
    noise: float,
    settings: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
) -> Path:
    """Writes what a run leaves."""
    write_lines(folder / "test.hypotheses", noisy(noise))
    write_lines(folder / "test.references", REFERENCES)
    write_lines(folder / "test.sources", [line[::-1] for line in REFERENCES])
    metrics = {"signature": SIGNATURE, "parameters": 1234567, **(figures or {})}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    if settings is not None:
        config = {"name": folder.name, "paths": {"output_dir": str(folder)}, "data": {"target_lang": "de"}, **settings}
        (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def attention(score: str, seed: int = 1) -> dict[str, Any]:
    return {"seed": seed, "model": {"attention": {"score": score}}}


def tables(text: str) -> dict[str, list[dict[str, str]]]:
    """Reads the tables of a report by their titles, a dictionary a row."""
    found = {}
    for part in text.split("\n## ")[1:]:
        title, *lines = part.split("\n")
        rows = [line.replace("\\|", "\0") for line in lines if line.startswith("|")]
        cells = [[cell.strip().replace("\0", "\\|") for cell in row.strip("|").split("|")] for row in rows]
        found[title] = [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]
    return found


def compared(call_nmt: CallNmt, *arguments: str | Path, said: str = "") -> dict[str, list[dict[str, str]]]:
    done = call_nmt("compare", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == said
    return tables(done.stdout)


def train_sweep(folder: Path, environment: Mapping[str, str]) -> Path:
    """Trains two scores with two seeds each, curves included, in whichever worker comes first; returns the folder."""
    settings = (
        "name=sweep",
        "trainer.max_steps=3",
        "model.attention.score=additive,cosine",
        "seed=1,2",
        "logger=csv",
        "callbacks.samples=null",
    )
    command = [
        str(Path(sys.executable).with_name("nmt")),
        "train",
        "-m",
        *(one for one in TINY if one not in UNSEEN),
        *settings,
    ]
    sweep = folder / "runs" / "sweep"
    with alone(folder / "sweep.lock"):
        if not sweep.exists():
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return sweep
