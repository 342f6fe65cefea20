"""What the processes of `nmt bench` do: load a model, translate once and say how long it took."""

import json
import logging
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from nmt.config import UserError
from nmt.translation.parts import time_parts
from nmt.translation.translator import Translator


def main() -> None:
    """Reads an order as JSON from standard input and writes its answer, or what went wrong, to standard output."""
    order = json.load(sys.stdin)
    logging.getLogger("nmt").setLevel(logging.ERROR)  # warnings of lines would come once a round
    try:
        answer = measure(**order)
    except UserError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


def measure(
    *,
    model: str,
    device: str,
    allow_packages: Sequence[str],
    lines: Sequence[str],
    beam_size: int | None,
    batch_size: int,
    threads: int | None,
    precision: str | None,
    profile: bool,
) -> dict[str, Any]:
    """Translates lines as told, after a first batch that does not count.

    Returns:
        What was set (`beam_size`, `threads`, `precision`, `device`), `seconds` and output `tokens` of all lines,
        `latencies` of each batch in seconds (with batch size 1 of each line, from text to text), `load_seconds`,
        `peak_mb` of this process, `cuda_peak_mb` of a GPU or None; with `profile` the `shares` of the parts alone.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    begin = time.perf_counter()
    translator = Translator.load(model, device=device, precision=precision, allow_packages=allow_packages)
    load_seconds = time.perf_counter() - begin
    options: dict[str, Any] = {"batch_size": batch_size, "beam_size": beam_size}
    translator.translate(lines[:batch_size], **options)
    if profile:
        if batch_size > 1 and translator.device.type == "cpu":
            torch.set_num_threads(1)  # a stopwatch is for one thread, and each batch has one where several go at a time
        watch = time_parts(translator)
        translator.translate(lines, **options)
        return {"shares": watch.shares()}
    batches = _timed_batches(translator)
    requests, tokens = list[float](), 0
    begin = last = time.perf_counter()
    for result in translator.stream(lines, **options):
        now = time.perf_counter()
        requests.append(now - last)
        last = now
        tokens += len(result.hypotheses[0].tokens) if result.hypotheses else 0
    on_gpu = translator.device.type == "cuda"
    return {
        "seconds": last - begin,
        "tokens": tokens,
        "latencies": requests if batch_size == 1 else batches,
        "load_seconds": load_seconds,
        "peak_mb": peak_memory() / 1e6,
        "cuda_peak_mb": torch.cuda.max_memory_allocated(translator.device) / 1e6 if on_gpu else None,
        "beam_size": beam_size or translator.options.beam_size,
        "threads": torch.get_num_threads(),
        "precision": translator.precision,
        "device": str(translator.device),
    }


def _timed_batches(translator: Translator) -> list[float]:
    """Lets the translator note the seconds of each batch, results on the CPU included."""
    found, search = list[float](), translator.search_batch

    def timed(*args: Any) -> Any:
        begin = time.perf_counter()
        results = search(*args)
        found.append(time.perf_counter() - begin)
        return results

    setattr(translator, "search_batch", timed)  # noqa: B010
    return found


def peak_memory() -> float:
    """Returns the most bytes of memory that this process has held at once."""
    status = Path("/proc/self/status")
    if status.is_file():  # not getrusage, which counts what the process was before it became this program
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return float(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)
