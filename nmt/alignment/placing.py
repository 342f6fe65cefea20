"""Where brackets around source words belong in the translation: nested as they were, whatever the order of words.

In the order in which they are written, opening and closing brackets and points make a sequence of steps, and what lies
between two steps is inside of a known set of brackets. The best boundaries for all steps are therefore those of the
best path through (steps taken, target units passed), found by dynamic programming (Viterbi 1967); nesting holds by
construction. Brackets side by side are put in the order of where each would be best alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

EMPTY = 100.0
"""What a pair of brackets around nothing costs: more than any unwanted unit in it."""
BARRED = 1e6
"""What a boundary costs that is not allowed."""
MOST_STEPS = 300
"""Of more than so many steps each is placed for itself, in the order of the source."""


@dataclass(frozen=True, eq=False)
class Bracket:
    """A pair of brackets, or a point, to be placed among n units of the target.

    Attributes:
        content: whatever the caller knows it by.
        point: whether it has no inside.
        values: (n,) what is gained by each unit inside; of a point (n + 1,) what each boundary is worth.
        allowed: (n + 1,) the boundaries where it may begin and end; the first and the last always.
        children: what lies inside, in the order of the source.
    """

    content: Any
    point: bool
    values: Values
    allowed: npt.NDArray[np.bool_]
    children: tuple["Bracket", ...] = ()


class Step(NamedTuple):
    """A bracket that opens or closes, or a point, before target unit number `boundary`."""

    bracket: Bracket
    closes: bool
    boundary: int


def place(brackets: Sequence[Bracket], units: int) -> list[Step]:
    """Returns all steps in the order in which they are to be written, well nested, boundaries rising.

    Args:
        brackets: the outermost ones, in the order of the source.
        units: n, how many units the target has.
    """
    steps = _sequence(brackets, ordered=True)
    if len(steps) > MOST_STEPS:
        return _each_alone(_sequence(brackets, ordered=False))
    costs = _costs(steps)
    values = np.cumsum(np.stack([np.zeros(units + 1), *map(_boundary_values, steps)]), axis=0)
    gains = np.cumsum(np.stack([np.zeros(units), *(_unit_gains(step, units) for step in steps)]), axis=0)
    best = np.full(len(steps) + 1, -np.inf)
    best[0] = 0.0
    origins = []
    for boundary in range(units + 1):
        worth = values[:, boundary]
        totals = (best - worth)[:, None] + worth[None, :] - costs
        origin = totals.argmax(axis=0)
        best = totals[origin, np.arange(len(best))]
        origins.append(origin)
        if boundary < units:
            best = best + gains[:, boundary]
    return _traced(steps, origins)


def _traced(steps: Sequence[Step], origins: Sequence[npt.NDArray[np.intp]]) -> list[Step]:
    """Returns the steps with their boundaries, read back from the last one."""
    found, taken = list(steps), len(steps)
    for boundary in range(len(origins) - 1, -1, -1):
        before = int(origins[boundary][taken])
        for index in range(before, taken):
            found[index] = steps[index]._replace(boundary=boundary)
        taken = before
    return found


def _sequence(brackets: Sequence[Bracket], *, ordered: bool) -> list[Step]:
    """Returns all steps without boundaries; `ordered`: what lies side by side in the order of the target."""
    steps, waiting = list[Step](), [Step(one, False, 0) for one in reversed(_sorted(brackets, ordered))]
    while waiting:
        step = waiting.pop()
        steps.append(step)
        if not step.closes and not step.bracket.point:
            waiting.append(step._replace(closes=True))
            waiting.extend(Step(one, False, 0) for one in reversed(_sorted(step.bracket.children, ordered)))
    return steps


def _sorted(brackets: Sequence[Bracket], ordered: bool) -> list[Bracket]:
    return sorted(brackets, key=lambda one: sum(_alone(one))) if ordered else list(brackets)


def _alone(bracket: Bracket) -> tuple[int, int]:
    """Returns the best begin and end of a bracket that is alone: of all runs of units the one of the largest sum."""
    if bracket.point:
        best = int(np.where(bracket.allowed, bracket.values, -np.inf).argmax())
        return best, best
    sums = np.concatenate([[0.0], np.cumsum(bracket.values)])
    opening = np.where(bracket.allowed, sums, np.inf)
    least = np.minimum.accumulate(opening)[:-1]  # of the boundaries before each
    closing = np.where(bracket.allowed[1:], sums[1:] - least, -np.inf)
    if not len(closing):
        return 0, 0
    end = int(closing.argmax()) + 1
    return int(opening[:end].argmin()), end


def _each_alone(steps: Sequence[Step]) -> list[Step]:
    """Places each step where its bracket would be best alone, or as near after it as the step before lets it be."""
    found, last = list[Step](), 0
    for step in steps:
        last = max(last, _alone(step.bracket)[step.closes])
        found.append(step._replace(boundary=last))
    return found


def _costs(steps: Sequence[Step]) -> Values:
    """Returns (p, q) what it costs to go from p steps taken to q of them at one boundary."""
    costs = np.full((len(steps) + 1, len(steps) + 1), np.inf)
    costs[np.triu_indices(len(costs))] = 0.0
    opened = list[int]()
    for index, step in enumerate(steps):
        if step.closes:
            before = opened.pop() + 1
            costs[:before, index + 1 :] += EMPTY
        elif not step.bracket.point:
            opened.append(index)
    return costs


def _boundary_values(step: Step) -> Values:
    bracket = step.bracket
    values = bracket.values if bracket.point else np.zeros(len(bracket.allowed))
    return np.where(bracket.allowed, values, values - BARRED)


def _unit_gains(step: Step, units: int) -> Values:
    if step.bracket.point:
        return np.zeros(units)
    return -step.bracket.values if step.closes else step.bracket.values
