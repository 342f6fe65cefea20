"""Measures this toolkit and its peers in turn, on the same text, and prints ratios; what has been measured stays.

    python -m recipes.benchmark.run --from DIR      everything, three rounds: hours, or less with --only
    python -m recipes.benchmark.run --only bound feeding --peers fairseq --rounds 1

Every measurement is a line of WORK/results.jsonl; a second start goes on. Peers are installed into environments of
their own, WORK/venv-NAME, unless `--venvs` names a folder that has them. Nothing else should run meanwhile.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from recipes.benchmark import data, ours, report
from recipes.benchmark.peer import TASKS, Peer, Search
from recipes.benchmark.peers import PEERS
from recipes.benchmark.work import ROOT, BenchmarkError, Results, Work

Measurement = Callable[[], Mapping[str, Any]]
SEARCHES = {"beam": (5, 64), "greedy": (1, 64), "single": (5, 1)}
"""Beam and batch of what is translated."""
CASES = ("bound", *TASKS, *SEARCHES, "long", "startup")


@dataclass(frozen=True)
class Plan:
    """What is asked for. Attributes: as the options of the same names."""

    work: Work
    peers: tuple[str, ...]
    updates: int
    sentences: int
    single: int

    def amount(self, case: str) -> int:
        """Returns how much of a case is one measurement: updates, or sentences."""
        if case in TASKS:
            return self.updates * (2 if case == "small" else 1)
        return {"bound": 1, "single": self.single, "long": data.COPIES, "startup": 1}.get(case, self.sentences)

    def sides(self, case: str) -> Iterator[tuple[str, Measurement]]:
        """Yields what is measured in turn in a case, ours first."""
        if case in TASKS:
            yield from self._training(case)
        elif case in SEARCHES:
            yield from self._translation(case)
        elif case == "bound":
            yield "machine", self._bound
        elif case == "long":
            yield from self._long()
        else:
            yield from self._startup()

    def _peers(self) -> Iterator[Peer]:
        return (PEERS[name] for name in self.peers)

    def _training(self, case: str) -> Iterator[tuple[str, Measurement]]:
        yield "ours", partial(self._train_ours, case)
        if case == "plain":
            yield "ours, parallel", partial(self._train_ours, case, *ours.PARALLEL)
        for peer in self._peers():
            if case in peer.tasks:
                yield peer.name, partial(self._train, peer, case)

    def _train_ours(self, case: str, *extra: str) -> Mapping[str, Any]:
        folder = fresh(self.work.made("runs") / f"{case}{'-parallel' if extra else ''}")
        command = ours.training(self.work, TASKS[case], self.amount(case), folder, extra)
        ran = self.work.run(command, f"train-{case}-ours")
        return {**asdict(ours.read_training(folder)), "whole_s": ran.seconds, "peak_mb": ran.peak_mb}

    def _train(self, peer: Peer, case: str) -> Mapping[str, Any]:
        command = peer.training(self.work, TASKS[case], self.amount(case))
        ran = self.work.run(command, f"train-{case}-{peer.name}")
        return {**asdict(peer.read_training(ran.log)), "whole_s": ran.seconds, "peak_mb": ran.peak_mb}

    def _search(self, case: str) -> Search:
        return Search(*SEARCHES[case], sentences=self.amount(case))

    def _translation(self, case: str) -> Iterator[tuple[str, Measurement]]:
        search = self._search(case)
        for variant in ours.VARIANTS:
            name = "ours" if variant == ours.VARIANTS[0] else f"ours, {variant.name}"
            yield name, partial(self._translate_ours, variant, search, "test")
        for peer in self._peers():
            if peer.translates:
                yield peer.name, partial(self._translate, peer, search)

    def _translate_ours(self, variant: ours.Variant, search: Search, text: str) -> Mapping[str, Any]:
        source = data.first_lines(self.work, f"{text}.{data.SOURCE}", search.sentences)
        ran = self.work.run(ours.translation(self.work, variant, search, source), f"translate-ours-{variant.name}")
        found = json.loads(ran.log.splitlines()[-1])
        output = data.read(self.work.folder / "out" / f"ours-{variant.name.replace(' ', '-')}")
        return {**rates(ran.seconds, ran.peak_mb, **found), "bleu": self._bleu(output, text)}

    def _translate(self, peer: Peer, search: Search) -> Mapping[str, Any]:
        model = self.work.folder / f"{peer.name}-ours"
        ran = self.work.run(peer.translation(self.work, model, search), f"translate-{peer.name}")
        pieces = peer.translations(self.work)
        text = [data.processor(self.work).decode(line) for line in pieces]
        tokens = sum(len(line) + 1 for line in pieces)
        found = rates(ran.seconds, ran.peak_mb, peer.read_translation(ran.log), search.sentences, tokens)
        return {**found, "bleu": self._bleu(text, "test")}

    def _bleu(self, output: list[str], text: str) -> float:
        import sacrebleu

        references = data.read(self.work.data / f"{text}.{data.TARGET}")[: len(output)]
        return round(sacrebleu.corpus_bleu(output, [references]).score, 2)

    def _long(self) -> Iterator[tuple[str, Measurement]]:
        fastest = ours.VARIANTS[-1]
        lines = len(data.read(self.work.data / f"test.{data.SOURCE}"))
        for text, count in (("test", lines), ("long", lines * data.COPIES)):
            search = Search(*SEARCHES["beam"], sentences=count)
            yield f"{count:,} sentences", partial(self._translate_ours, fastest, search, text)

    def _startup(self) -> Iterator[tuple[str, Measurement]]:
        line = data.first_lines(self.work, f"test.{data.SOURCE}", 1)
        torch = [sys.executable, "-c", "import torch"]
        command = [ours.program("nmt"), "translate", str(self.work.model), "--input", str(line)]
        for name, one in (("import torch", torch), ("first translation", command)):
            yield name, partial(self._whole, one)

    def _whole(self, command: Sequence[str]) -> Mapping[str, Any]:
        return {"whole_s": self.work.run(command, "startup").seconds}

    def _bound(self) -> Mapping[str, Any]:
        ran = self.work.run([sys.executable, "-m", "recipes.benchmark.bound"], "bound")
        return {name: float(value) for name, value in json.loads(ran.log).items()}


def rates(
    whole_s: float, peak_mb: int, seconds: float, sentences: int, tokens: int, load_s: float = 0.0
) -> dict[str, Any]:
    """Returns the figures of a translation."""
    found = {"sentences_s": sentences / seconds, "tokens_s": tokens / seconds, "tokens": tokens, "whole_s": whole_s}
    return {**found, "peak_mb": peak_mb, "sentences": sentences, **({"load_s": load_s} if load_s else {})}


def fresh(folder: Path) -> Path:
    """Returns a folder that is not there, with a number after its name if need be."""
    count = 1
    while (made := folder.with_name(f"{folder.name}-{count}")).exists():
        count += 1
    return made


def set_up(plan: Plan, source: Path | None, cases: tuple[str, ...], model_updates: int) -> None:
    """Brings text, peers and the model to translate with, as far as the cases need them."""
    data.prepare(plan.work, source)
    if set(cases) & {*TASKS, *SEARCHES}:
        for name in plan.peers:
            PEERS[name].install(plan.work)
    if not set(cases) & {*SEARCHES, "long", "startup"}:
        return
    work, task = plan.work, TASKS["feeding"]
    if not (work.model / "metrics.json").is_file():
        work.run(ours.model_training(work, task, model_updates), "model")
    for variant in ours.VARIANTS:
        if variant.package is not None and not (ours.package(work, variant) / "model.safetensors").exists():
            work.run(ours.packaging(work, variant), "package")
    for name in plan.peers:
        peer, converted = PEERS[name], work.folder / f"{name}-ours"
        if peer.translates and set(cases) & set(SEARCHES) and not converted.exists():
            work.run(peer.training(work, task, 1, bridge=True), f"template-{name}")
            convert = [sys.executable, "-m", "recipes.benchmark.convert", str(work.model), name]
            work.run([*convert, str(peer.template(work)), str(converted)], f"convert-{name}")


def measure(plan: Plan, cases: tuple[str, ...], rounds: int, results: Results) -> None:
    """Measures what has not been measured: round after round, in each every side of every case."""
    for number in range(1, rounds + 1):
        for case in cases:
            for side, measurement in plan.sides(case):
                key = {"case": case, "side": side, "round": number, "amount": plan.amount(case)}
                if not results.has(key):
                    found = measurement()
                    results.add({**key, **{name: rounded(value) for name, value in found.items()}})
                    print(json.dumps(results.rows()[-1]), file=sys.stderr, flush=True)


def rounded(value: Any) -> Any:
    """Returns a number with four significant decimals, other values as they are."""
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Measures and prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "runs" / "benchmark", metavar="DIR", help="default: runs/benchmark"
    )
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="a folder that has the files of Multi30k"
    )
    parser.add_argument("--venvs", type=Path, metavar="DIR", help="a folder with venv-onmt and so on (default: WORK)")
    parser.add_argument("--only", nargs="+", default=CASES, choices=CASES, metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS, metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--updates", type=int, default=30, metavar="N", help="of training, a round (default: %(default)s)"
    )
    parser.add_argument("--sentences", type=int, default=1000, metavar="N", help="to translate (default: %(default)s)")
    parser.add_argument("--single", type=int, default=100, metavar="N", help="one at a time (default: %(default)s)")
    parser.add_argument(
        "--model-updates", type=int, default=1800, metavar="N", help="to train the model (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="of every side (default: %(default)s)")
    given = parser.parse_args()
    if given.updates < ours.FEWEST_UPDATES:
        parser.error(f"--updates {given.updates} leaves nothing after warming up: at least {ours.FEWEST_UPDATES}")
    folder = given.work.resolve()
    work = Work(folder, (given.venvs or folder).resolve(), given.threads)
    plan = Plan(work, tuple(given.peers), given.updates, given.sentences, given.single)
    results = Results(folder / "results.jsonl")
    try:
        set_up(plan, given.source, tuple(given.only), given.model_updates)
        measure(plan, tuple(given.only), given.rounds, results)
    except BenchmarkError as error:
        sys.exit(f"run.py: error: {error}")
    sys.stdout.buffer.write(report.page(results.rows()).encode())


if __name__ == "__main__":
    main()
