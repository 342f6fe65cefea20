"""This toolkit, as the benchmark runs it: the commands, and how their results are read."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nmt.config import PRECISIONS
from recipes.benchmark.data import SOURCE, TARGET
from recipes.benchmark.peer import WARM_UP, Search, Task, Training
from recipes.benchmark.work import Work

BATCH_TOKENS = {"feeding": 2262, "plain": 2262, "small": 1410}
"""Budgets that make batches of as many sentences on average as the peers' have: 227 an epoch (of 128), 362 (of 80)."""
EVERY = 5
"""Updates between two lines of the log."""
FEWEST_UPDATES = WARM_UP + EVERY
"""With fewer there is no stretch between two lines after the warm-up."""


@dataclass(frozen=True)
class Variant:
    """A way to translate that is compared with the peers.

    Attributes:
        name: in tables.
        options: of `nmt translate`.
        package: of `nmt package`, if the model has to be packaged for it; None: the run as it is.
    """

    name: str
    options: tuple[str, ...] = ()
    package: tuple[str, ...] | None = None


VARIANTS = (
    *(Variant(precision, ("--precision", precision)) for precision in PRECISIONS if precision != "double"),
    Variant("int8 shortlist", package=("--precision", "int8", "--shortlist", "--no-check")),
)
"""All that are measured; the first is the one whose BLEU the others are held against."""


def program(name: str) -> str:
    """Returns the path of a program beside the interpreter."""
    return str(Path(sys.executable).with_name(name))


def overrides(work: Work, task: Task) -> list[str]:
    """Returns the settings of `nmt train` that make the model, the text and the optimizer of a task."""
    sizes, pieces = task.sizes, (work.data / "pieces.model").resolve()
    schedule = ["schedule=warmup_inverse_sqrt", f"schedule.warmup_steps={task.warm_up}"]
    return [
        *("model=luong", f"model.input_feeding={str(sizes.feeding).lower()}", "model.bridge=last"),
        *(f"model.embedding_size={sizes.embedding}", f"model.encoder_size={sizes.encoder}"),
        *(f"model.decoder_size={sizes.decoder}", f"model.dropout={task.dropout}"),
        f"model.tying={'all' if task.tied else 'none'}",
        *("label_smoothing=0.1", f"optimizer.lr={task.rate}", "trainer.gradient_clip_val=1.0"),
        *(schedule if task.warm_up else ["schedule=constant"]),
        *(f"data.source_lang={SOURCE}", f"data.target_lang={TARGET}", f"data.batch_tokens={BATCH_TOKENS[task.name]}"),
        *(f"data.{part}={(work.data / name).resolve()}" for part, name in (("train", "train"), ("valid", "val"))),
        *(f"data.tokenizer.{side}={pieces}" for side in ("source", "target")),
        f"paths.cache_dir={(work.folder / 'cache').resolve()}",
    ]


PARALLEL = ("model=parallel", "model.decoder_layers=1")
"""The decoder whose steps all ask at once; with one layer it is as large as `luong` without feeding."""


def training(work: Work, task: Task, updates: int, folder: Path, extra: Sequence[str] = ()) -> list[str]:
    """Returns the command that trains for some updates and validates once, at the end."""
    kept = [one for one in overrides(work, task) if not (extra and one.startswith("model=luong"))]
    return [
        *(program("nmt"), "train", *extra, *kept, f"trainer.max_steps={updates}", f"paths.output_dir={folder}"),
        *(f"trainer.val_check_interval={updates}", f"trainer.log_every_n_steps={EVERY}", "search.beam_size=1"),
    ]


def model_training(work: Work, task: Task, updates: int) -> list[str]:
    """Returns the command that trains the model which is translated with: one whose decoder starts from zeros.

    OpenNMT-py and eole start theirs from both states of the encoder, ours from one; from zeros they can start alike.
    What the sentence is about such a decoder learns by attention alone, and left to itself it looks at the end mark,
    whose state knows all, and nowhere else: 12 BLEU. Links of an aligner, which count less from epoch to epoch, keep it
    from that.
    """
    mine = ("model.bridge=", "model.dropout=", "optimizer.lr=", "schedule=")
    kept = [one for one in overrides(work, task) if not one.startswith(mine)]
    return [
        *(program("nmt"), "train", *kept, "model.bridge=zero", "model.dropout=0.3", "optimizer.lr=2e-3"),
        *("schedule=warmup_inverse_sqrt", "schedule.warmup_steps=300", f"data.test={(work.data / 'test').resolve()}"),
        *("data.alignments=hmm", "guided.decay=0.7"),
        *(f"trainer.max_steps={updates}", f"paths.output_dir={work.model}"),
    ]


def read_training(folder: Path) -> Training:
    """Returns what a run directory tells of its training.

    A line of the log has the tokens a second since the one before, and the time; so their product is the tokens.
    """
    tokens = seconds = 0.0
    before: tuple[int, datetime] | None = None
    first = last = 0
    for when, update, rate in _lines((folder / "train.log").read_text(encoding="utf-8")):
        if before is not None and update > WARM_UP:
            passed = (when - before[1]).total_seconds()
            tokens, seconds, last = tokens + rate * passed, seconds + passed, update
            first = first or before[0]
        before = update, when
    figures = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    curves = json.loads((folder / "curves.json").read_text(encoding="utf-8"))
    loss = curves["valid"][-1]["valid/loss"]
    return Training(tokens / seconds, tokens / (last - first), figures["parameters"], loss)


_LINE = re.compile(r"^(\S+ \S+) step (\d+) .* (\d+) tokens/s$", re.MULTILINE)


def _lines(log: str) -> list[tuple[datetime, int, float]]:
    form = "%Y-%m-%d %H:%M:%S,%f"
    return [(datetime.strptime(when, form), int(step), float(rate)) for when, step, rate in _LINE.findall(log)]


def package(work: Work, variant: Variant) -> Path:
    """Returns what `nmt translate` shall load for a variant."""
    return work.model if variant.package is None else work.folder / f"package-{variant.name.replace(' ', '-')}"


def packaging(work: Work, variant: Variant) -> list[str]:
    """Returns the command that packages the model for a variant."""
    return [program("nmt"), "package", str(work.model), "-o", str(package(work, variant)), *(variant.package or ())]


def translation(work: Work, variant: Variant, search: Search, source: Path) -> list[str]:
    """Returns the command that translates a file and tells what it took, in JSON, in its last line."""
    output = work.made("out") / f"ours-{variant.name.replace(' ', '-')}"
    return [
        *(sys.executable, "-m", "recipes.benchmark.translate", str(package(work, variant)), *variant.options),
        *("--input", str(source), "--output", str(output), "--alignments", f"{output}.align"),
        *("--beam-size", str(search.beam), "--batch-size", str(search.batch), "--threads", str(work.threads)),
        *("--stopping", "first", "--max-length", "60", "--length-penalty", "1.0"),
    ]
