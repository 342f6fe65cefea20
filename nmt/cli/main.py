"""The program `nmt`: finds the command, and answers errors in one line."""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Any

from nmt.config import UserError, nearest

COMMANDS = {
    "train": "train a model on parallel text (Hydra overrides)",
    "translate": "translate a file or standard input, with alignments",
    "align": "links between the words of given pairs, symmetrised, against gold links",
    "score": "log-probability of given translations",
    "evaluate": "BLEU, chrF and TER of translations, compared by bootstrap",
    "compare": "a report of several runs: scores, seeds, curves, alignments",
    "bench": "how fast a model translates here, how long one waits, and what takes the time",
    "package": "a model package of a run, with weights of 8 bits or a shortlist",
    "heatmap": "draw the alignment of one sentence",
}


def usage() -> str:
    """Returns the text of `nmt --help`."""
    lines = [f"  {name:<10} {about}" for name, about in COMMANDS.items()]
    return "\n".join(
        [
            "usage: nmt COMMAND ...",
            "",
            "Recurrent neural translation with attention, and the alignment of every translation.",
            "",
            *lines,
            "",
            "nmt COMMAND --help tells more; nmt --version; with --debug an error shows its traceback.",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program and exits: 0 done, 1 failed, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    sys.exit(_guarded(lambda: _dispatch([one for one in given if one != "--debug"]), debug))


def _dispatch(given: Sequence[str]) -> int:
    if not given or given[0] in ("-h", "--help", "help"):
        print(usage(), file=sys.stdout if given else sys.stderr)
        return 0 if given else 2
    name, rest = given[0], given[1:]
    if name == "--version":
        print(f"nmt {metadata.version('nmt-attention')}")  # noqa: T201
        return 0
    if name not in COMMANDS:
        return _fail(f"no command '{name}'{nearest(name, COMMANDS)}", 2)
    logging.basicConfig(level=logging.WARNING, format="nmt: %(message)s", stream=sys.stderr)
    warnings.formatwarning = _in_one_line
    run: Callable[[Sequence[str]], None] = import_module(f"nmt.cli.{name}").run
    run(rest)
    return 0


def _in_one_line(message: Warning | str, *_: Any, **__: Any) -> str:
    """Returns a warning, such as of a script that no font draws, without the place in our code that gave it."""
    return f"nmt: {' '.join(str(message).split())}\n"


def _guarded(action: Callable[[], int], debug: bool) -> int:
    try:
        return action()
    except BrokenPipeError:
        _drop_output()  # whoever read it has seen enough
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()  # such as that of a full disk
        if debug:
            raise
        return _fail(describe(error), 1)


def _drop_output() -> None:
    """Drops what standard output has not taken: Python would try again at exit, complain and end with status 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def describe(error: Exception) -> str:
    """Returns one line that says what went wrong."""
    told = error if isinstance(error, UserError) else error.__cause__  # Hydra wraps what objects complain of
    if isinstance(told, UserError):
        return " ".join(str(told).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text} (--debug shows the traceback)"


def _fail(message: str, status: int) -> int:
    print(f"nmt: error: {message}", file=sys.stderr)  # noqa: T201
    return status
