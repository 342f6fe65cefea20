"""What is compared: statistical aligners, and models that are trained with and without links."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nmt.alignment.aligners import aligned_directions
from nmt.alignment.symmetrization import symmetrize
from nmt.data.text import replace_file
from recipes.alignment.text import Text

NMT = str(Path(sys.executable).with_name("nmt"))
DIRECTIONS = ("forward", "backward")
Links = list[tuple[int, int]]

COMMON = (
    *("logger=none", "trainer.val_check_interval=500", "trainer.log_every_n_steps=100"),
    *("callbacks.early_stopping=null", "callbacks.samples=null", "callbacks.curves=null"),
    *("data.batch_tokens=1024", "data.max_length=150"),
    *("model.embedding_size=128", "model.encoder_size=96", "model.decoder_size=192", "model.dropout=0.1"),
    *("optimizer.lr=4e-3", "schedule.warmup_steps=100"),
)
DECODERS = {
    "parallel": ("model=parallel", "model.decoder_layers=1", "model.cell=gru"),
    "luong": ("model=luong", "model.cell=gru"),
    "conditional": ("model=conditional",),
    "bahdanau": ("model=bahdanau",),
}
"""Decoders and their settings; the first is the cheapest, which does without a loop over target words."""
KINDS = ("guided", "raw", "self")
"""Trained with the links of eflomal, without any, or with those that the two raw models of a decoder agree upon."""


def pharaoh(links: Links) -> str:
    """Returns a line of links."""
    return " ".join(f"{source}-{target}" for source, target in sorted(links))


def write_links(path: Path, lines: Sequence[Links]) -> None:
    """Writes a file of links."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, "".join(f"{pharaoh(one)}\n" for one in lines).encode())


def run_aligner(folder: Path, text: Text, aligner: str) -> None:
    """Aligns the whole text; writes the links of the test sentences, and those that models learn from.

    Words are those between blanks, in lower case.
    """
    done = folder / "aligners" / aligner
    if (done / "seconds").is_file():
        return
    begin = time.process_time() + _children()
    words = [[line.split() for line in lines] for lines in text.read("all")]
    both = aligned_directions(words[0], words[1], aligner)
    seconds = time.process_time() + _children() - begin
    for name, links in zip(DIRECTIONS, both, strict=True):
        write_links(done / f"test.{name}", [links[place] for place in text.places("test")])
    joined = [symmetrize(*pair) for pair in zip(*both, strict=True)]
    write_links(done / "model.links", [joined[place] for place in text.places("model")])
    (done / "seconds").write_text(f"{seconds:.1f}\n", encoding="utf-8")


def _children() -> float:
    """Returns the processor time of programs that have been called, in seconds."""
    times = os.times()
    return times.children_user + times.children_system


@dataclass(frozen=True)
class Training:
    """A model to train.

    Attributes:
        folder: of everything.
        decoder: one of `DECODERS`.
        kind: one of `KINDS`.
        direction: `forward` from source to target, or `backward`.
        pieces: of its vocabulary.
    """

    folder: Path
    decoder: str
    kind: str
    direction: str
    pieces: int = 3000

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.folder / "models" / f"{self.decoder}-{self.kind}-{self.direction}"

    @property
    def finished(self) -> bool:
        """Whether it is trained."""
        return (self.run / "metrics.json").is_file()

    @property
    def links(self) -> Path | None:
        """The links it learns from."""
        if self.kind == "raw":
            return None
        source = Path("aligners", "eflomal") if self.kind == "guided" else Path("models", f"{self.decoder}-agreed")
        return self.folder / source / f"model.links{'' if self.direction == 'forward' else '.backward'}"

    def command(self, text: Text, end: str) -> list[str]:
        """Returns the command that begins the training, or continues it; `end` is the setting that ends it."""
        if (self.run / "checkpoints" / "last.ckpt").is_file():
            return [NMT, "train", f"resume={self.run}"]
        shutil.rmtree(self.run, ignore_errors=True)
        source, target = text.languages if self.direction == "forward" else text.languages[::-1]
        overrides = [*COMMON, *DECODERS[self.decoder], f"paths.output_dir={self.run}"]
        overrides += [f"data.source_lang={source}", f"data.target_lang={target}", f"data.tokenizer.size={self.pieces}"]
        overrides += [f"data.train={text.prefix('model')}", f"data.valid={text.prefix('valid')}"]
        return [NMT, "train", *overrides, end, *([f"data.alignments={self.links}"] if self.links else [])]

    def train(self, text: Text, end: str) -> None:
        """Trains unless it is trained."""
        if self.finished:
            return
        if self.links is not None:
            _turn(self.links)
        call(self.command(text, end), self.run.name)


def _turn(path: Path) -> None:
    """Writes `model.links.backward` from `model.links`, each link turned round, if that is what is asked for."""
    if path.suffix != ".backward" or path.is_file():
        return
    lines = path.with_suffix("").read_text(encoding="ascii").split("\n")[:-1]
    turned = [[(int(b), int(a)) for a, b in (one.split("-") for one in line.split())] for line in lines]
    write_links(path, turned)


def agree(folder: Path, text: Text, decoder: str) -> None:
    """Writes the links that two raw models, one of each direction, agree upon in the text that models learn from.

    They are those of the posterior, which are better.
    """
    output = folder / "models" / f"{decoder}-agreed" / "model.links"
    if output.is_file():
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    models = [folder / "models" / f"{decoder}-raw-{direction}" for direction in DIRECTIONS]
    source, target = (f"{text.prefix('model')}.{language}" for language in text.languages)
    part = output.with_suffix(".part")
    command = [NMT, "align", str(models[0]), "--reverse", str(models[1]), "--symmetrize", "grow-diag-final-and"]
    call([*command, "--posterior", "--source", source, "--target", target, "-o", str(part)], output.parent.name)
    part.replace(output)


def call(command: Sequence[str], name: str) -> None:
    """Runs a command with one thread.

    Raises:
        RuntimeError: it failed; the message is its last line.
    """
    print(name, "begins", flush=True)
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    print(name, "done", flush=True)
