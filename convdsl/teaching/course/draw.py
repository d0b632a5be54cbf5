"""Numbers for an exercise: drawn from ranges with a seed, so that the same seed gives the same numbers everywhere."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from convdsl.messages import T
from convdsl.teaching.course.expressions import ExpressionError, evaluate
from convdsl.teaching.worked.exact import whole

TRIES = 5000
"""Draws before the conditions of an exercise count as impossible."""
MOST_IN_RANGE = 100_000
LARGEST_SEED = 9999

_RANGE = re.compile(r"(.+?)\.\.(.+?)(?:\s+by\s+(.+))?")
_MATRIX = re.compile(r"(\d{1,2})x(\d{1,2})\s+of\s+(.+)")

Source = str | Sequence[Any] | int


class Dice:
    """Whole numbers from a seed. Built on `random()` alone, the one thing that Python promises to keep."""

    def __init__(self, seed: int, name: str) -> None:
        self._random = random.Random(f"{seed}/{name}")

    def below(self, n: int) -> int:
        return int(self._random.random() * n)

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]


def new_seed() -> int:
    """A short seed, easy to read out in a classroom."""
    return 1 + int(random.random() * LARGEST_SEED)


def draw(sources: Mapping[str, Source], where: Sequence[str], dice: Dice) -> dict[str, Any]:
    """A value for each name such that all conditions hold. Raises ExpressionError."""
    for _ in range(TRIES):
        names: dict[str, Any] = {}
        for name, source in sources.items():
            names[name] = pick(source, names, dice)
        if all(evaluate(condition, names) for condition in where):
            return names
    raise ExpressionError(T("No numbers were found with which {conditions} hold.", conditions=" · ".join(where)))


def pick(source: Source, names: Mapping[str, Any], dice: Dice) -> Any:
    """One value from a list, a range such as `3..N-1 by 2`, or a matrix such as `5x5 of 0..9`."""
    if isinstance(source, int):
        return source
    if not isinstance(source, str):
        return constant(source[dice.below(len(source))])
    match = _MATRIX.fullmatch(source.strip())
    if match:
        values = spread(match[3], names)
        return tuple(tuple(values[dice.below(len(values))] for _ in range(int(match[2]))) for _ in range(int(match[1])))
    values = spread(source, names)
    return values[dice.below(len(values))]


def spread(source: str, names: Mapping[str, Any]) -> range:
    """The whole numbers of a range; both ends belong to it. Raises ExpressionError."""
    match = _RANGE.fullmatch(source.strip())
    if match is None:
        raise ExpressionError(T("`{source}` is no range; write 3..9, 8..64 by 8, or a list.", source=source))
    low, high = evaluate(match[1], names), evaluate(match[2], names)
    step = evaluate(match[3], names) if match[3] else 1
    if not all(isinstance(v, int) for v in (low, high, step)) or step < 1 or high < low:
        raise ExpressionError(T("The range `{source}` is empty.", source=source))
    found = range(low, high + 1, step)
    if len(found) > MOST_IN_RANGE:
        raise ExpressionError(T("The range `{source}` is too long.", source=source))
    return found


def constant(value: Any) -> Any:
    """A value written in a file: lists become tuples, of rows where they nest; decimals stay exact."""
    if isinstance(value, float):
        return whole(Fraction(str(value)))
    return tuple(map(constant, value)) if isinstance(value, list) else value
