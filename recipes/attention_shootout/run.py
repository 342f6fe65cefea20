"""Trains the models of the shoot-out, one process a model; what is finished stays, what was interrupted continues.

    python -m recipes.attention_shootout.run phrasebook     every score with every decoder, 192 runs of half a minute
    python -m recipes.attention_shootout.run tatoeba        seven attentions on 30,000 pairs, 28 runs of three minutes

`--seeds 5 6 7` repeats it with other seeds, `--list` prints the commands without running them.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = ROOT / "recipes" / "tatoeba" / "data" / "deu-eng"
PREFIX = ROOT / "recipes" / "attention_shootout" / "data" / "train"
PAIRS = 30_000

SCORES = (
    *("additive", "dot", "scaled_dot", "general", "concat", "cosine", "euclidean", "squared_euclidean"),
    *("location", "location_aware", "uniform", "none"),
)
DECODERS = ("bahdanau", "luong", "parallel", "conditional")
COMMON = ("logger=none", "trainer.log_every_n_steps=100", "data.batch_tokens=1024")
PHRASEBOOK = (
    *("data=phrasebook", "trainer.max_steps=400", "trainer.val_check_interval=200"),
    *("model.embedding_size=64", "model.encoder_size=64", "model.decoder_size=128"),
    *("optimizer.lr=8e-3", "schedule.warmup_steps=60"),
)
TATOEBA = (
    *("data.source_lang=de", "data.target_lang=en", "data.tokenizer.size=2000"),
    f"data.train={PREFIX.relative_to(ROOT)}",
    f"data.valid={TEXT.relative_to(ROOT) / 'dev'}",
    f"data.test={TEXT.relative_to(ROOT) / 'test'}",
    *("trainer.max_steps=1760", "trainer.val_check_interval=440"),
    *("model.encoder_size=96", "model.decoder_size=192", "model.dropout=0.2"),
    *("optimizer.lr=4e-3", "schedule.warmup_steps=300"),
)
ATTENTIONS = {
    "additive": (96, "score=additive"),
    "dot": (117, "score=dot"),
    "general": (107, "score=general"),
    "cosine": (107, "score=cosine"),
    "euclidean": (107, "score=euclidean"),
    "general_local_p": (96, "score=general window=local_p window_size=5"),
    "none": (159, "score=none"),
}
"""Those of Tatoeba: the size of embeddings that makes the model as large as the others, and the settings."""


@dataclass(frozen=True)
class Trial:
    """A model to train: its folder within `runs/attention_shootout`, and the overrides of `nmt train`."""

    name: str
    overrides: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The run directory, relative to the project."""
        return Path("runs") / "attention_shootout" / self.name

    def command(self) -> list[str]:
        """Returns the command that begins the run, or continues it where it was interrupted."""
        nmt = str(Path(sys.executable).with_name("nmt"))
        if any((ROOT / self.folder / "checkpoints").glob("*.ckpt")):
            return [nmt, "train", f"resume={self.folder}"]
        return [nmt, "train", *self.overrides, f"paths.output_dir={self.folder}"]


def phrasebook(seeds: Sequence[int]) -> Iterator[Trial]:
    """Yields every score with every decoder, all of one seed before the next."""
    for seed, decoder, score in product(seeds, DECODERS, SCORES):
        own = (f"model={decoder}", f"model.attention.score={score}", f"seed={seed}")
        yield Trial(f"phrasebook/{decoder}-{score}-{seed}", (*COMMON, *PHRASEBOOK, *own))


def tatoeba(seeds: Sequence[int]) -> Iterator[Trial]:
    """Yields the attentions that are compared at equal size."""
    for seed, (name, (size, settings)) in product(seeds, ATTENTIONS.items()):
        own = (f"model.attention.{one}" for one in settings.split())
        yield Trial(f"tatoeba/{name}-{seed}", (*COMMON, *TATOEBA, f"model.embedding_size={size}", *own, f"seed={seed}"))


def prepare() -> None:
    """Writes the first pairs of the training text of recipes/tatoeba."""
    PREFIX.parent.mkdir(exist_ok=True)
    for language in ("de", "en"):
        text = TEXT / f"train.{language}"
        if not text.is_file():
            sys.exit(f"run.py: error: {text.relative_to(ROOT)} is not there: run recipes/tatoeba/prepare.py first")
        with text.open(encoding="utf-8", newline="\n") as lines:
            kept = [line for line, _ in zip(lines, range(PAIRS), strict=False)]
        Path(f"{PREFIX}.{language}").write_text("".join(kept), encoding="utf-8", newline="\n")


def finish(trial: Trial) -> str | None:
    """Trains a model unless it is trained; returns what went wrong, if something did."""
    if (ROOT / trial.folder / "metrics.json").is_file():
        return None
    done = subprocess.run(
        trial.command(),
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(trial.folder, "failed" if done.returncode else "done", flush=True)
    return f"{trial.folder}: {done.stderr.strip().splitlines()[-1:]}" if done.returncode else None


def main() -> None:
    """Trains what is missing; ends with status 1 if a run failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("phrasebook", "tatoeba"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4], metavar="N", help="default: 1 2 3 4")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at a time, a core each (default: 1)")
    parser.add_argument("--list", action="store_true", help="print the commands")
    arguments = parser.parse_args()
    trials = list({"phrasebook": phrasebook, "tatoeba": tatoeba}[arguments.part](arguments.seeds))
    if arguments.list:
        print("\n".join(" ".join(["nmt", *trial.command()[1:]]) for trial in trials))
        return
    if arguments.part == "tatoeba":
        prepare()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        failed = [error for error in pool.map(finish, trials) if error]
    if failed:
        sys.exit("\n".join(["run.py: error: not all runs finished; the same command tries again", *failed]))


if __name__ == "__main__":
    main()
