"""Where the time of a translation goes: a stopwatch for each part of it."""

import time
from collections.abc import Callable
from typing import Any

import torch

from nmt.modules.seq2seq import Seq2Seq
from nmt.translation.translator import Translator

PARTS = ("tokenise", "encoder", "attention", "recurrent", "readout", "output", "search", "detokenise")
"""`encoder` is all that happens once a sentence; `recurrent` the rest of a step beside attention, readout and output;
`search` ranks, keeps the books and traces alignments: it is what no other part claims, so that all add up."""


class Stopwatch:
    """Gives each moment to the innermost part that is running, and to `search` when none is.

    Attributes:
        seconds: of each part so far.
    """

    def __init__(self, device: torch.device) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._device = device
        self._running = ["search"]
        self._since = self._now()

    def of(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns the function, its time given to a part."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._turn()
            self._running.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self._turn()
                self._running.pop()

        return timed

    def shares(self) -> dict[str, float]:
        """Returns each part's share of the time until now, at most 1; they add up to 1."""
        self._turn()
        total = sum(self.seconds.values())
        return {part: seconds / total for part, seconds in self.seconds.items()}

    def _turn(self) -> None:
        now = self._now()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)  # else a part would be charged for what others have queued
        return time.perf_counter()


def time_parts(translator: Translator) -> Stopwatch:
    """Puts a running stopwatch into a translator, for good: use one that is loaded for this alone, with one thread."""
    watch, model = Stopwatch(translator.device), translator.model
    assert isinstance(model, Seq2Seq), "an ensemble has no parts of its own"
    places: list[tuple[Any, str, str]] = [
        (translator, "encode", "tokenise"),
        (translator.target, "decode", "detokenise"),
        (model, "start", "encoder"),
        (model, "advance", "recurrent"),
        (model.decoder.attention, "forward", "attention"),
        (model.decoder.readout, "forward", "readout"),
        (model.output, "forward", "output"),
    ]
    for owner, name, part in places:
        setattr(owner, name, watch.of(part, getattr(owner, name)))
    some = model.output.of
    model.output.of = watch.of("output", lambda tokens: watch.of("output", some(tokens).__call__))  # type: ignore[method-assign]
    return watch
