"""Holes of an exercise's program: their names, the program with values in them, and all the values that fit.

The values stand in the text where the `?` stood, so that a word fits as well as a number (`p?` → `p same`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.teaching.course.draw import spread
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.facts import known

USUAL = {"p": range(0, 9), "s": range(1, 9), "k": range(1, 16), "d": range(1, 9)}
"""Where values are looked for if an exercise does not say."""
MOST_TRIED = 4000

_HOLE = re.compile(r"#[^\n]*|(?:(?P<word>[a-z_]+)[ =(]*)?\?(?P<name>[A-Z][A-Z0-9_]*)?")


class Hole(NamedTuple):
    """A `?` in a text, with the name that answers call it by."""

    name: str
    start: int
    end: int


def holes_in(program: str) -> list[Hole]:
    """Every hole, in order; holes of one name have one value. Raises ExpressionError for one without any name."""
    found: list[Hole] = []
    for match in _HOLE.finditer(program):
        if match[0].startswith("#"):
            continue
        name = match["name"] or match["word"]
        if not name or name in ("x", "expect"):
            raise ExpressionError(T("Give this hole a name, as in `?N`: `{text}`.", text=match[0]))
        if not match["name"]:
            same = sum(h.name.partition("_")[0] == name for h in found)
            name = f"{name}_{same + 1}" if same else name
        mark = match.start() + match[0].index("?")
        found.append(Hole(name, mark, match.end()))
    return found


def names_of(program: str) -> tuple[str, ...]:
    """The names of a program's holes, each once."""
    return tuple(dict.fromkeys(h.name for h in holes_in(program)))


def filled(program: str, values: Mapping[str, int | str]) -> str:
    """The program with values in place of its holes."""
    for hole in reversed(holes_in(program)):
        value = values[hole.name]
        text = f" {value}" if isinstance(value, str) else str(value)
        program = program[: hole.start] + text + program[hole.end :]
    return program


def tried(program: str, values: Mapping[str, int | str]) -> Analysis:
    """What is found about the program with these values."""
    return known(filled(program, values))


def solutions(program: str, ranges: Mapping[str, str], names: Mapping[str, object]) -> list[dict[str, int]]:
    """All values within the ranges with which nothing is wrong. Raises ExpressionError where there are too many."""
    holes = names_of(program)
    spreads = [spread(ranges[h], names) if h in ranges else USUAL.get(h.partition("_")[0], range(1, 65)) for h in holes]
    count = 1
    for values in spreads:
        count *= len(values)
    if count > MOST_TRIED:
        raise ExpressionError(T("{count} combinations are too many to try; give the holes a `range`.", count=count))
    return [dict(zip(holes, values, strict=True)) for values in _fitting(program, tuple(spreads))]


@lru_cache(maxsize=512)
def _fitting(program: str, spreads: tuple[range, ...]) -> tuple[tuple[int, ...], ...]:
    """The same, as values in the order of the holes. Remembered: many in a class have the same numbers."""
    holes = names_of(program)
    combinations = itertools.product(*spreads)
    return tuple(c for c in combinations if not tried(program, dict(zip(holes, c, strict=True))).failed)
