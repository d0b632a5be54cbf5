"""A program as a problem for the search, what is known of its unknowns afterwards, and the cases that have solutions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from convdsl.algebra import forms
from convdsl.diagnostics import Diagnostic
from convdsl.messages import T
from convdsl.network import analyse
from convdsl.network.windows import DOES_NOT_DIVIDE
from convdsl.solver.conditions import Condition
from convdsl.solver.periodic import union
from convdsl.solver.pieces import FIRST, Piece, Points, Regular, key, together
from convdsl.solver.points import OutOfTime, Point
from convdsl.solver.problem import Problem, pose
from convdsl.solver.search import Clock, Searcher
from convdsl.solver.trace import Trace
from convdsl.source import Source


class Solutions(NamedTuple):
    """What is known of the unknowns of a program.

    `names` are the holes, and the symbols that matter, in the order of the program. `solutions` are all solutions where
    `family` is None; otherwise some with little padding and small numbers, `family` being the condition for all.
    `complete` says whether this is proven to be everything. `reason` says why there is none, or why it may not be
    everything. `diagnostics` is what is wrong with the program itself.
    """

    names: tuple[str, ...]
    solutions: tuple[dict[str, int], ...]
    complete: bool
    family: Condition | None = None
    reason: T | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    unknowns: bool = True


class Question(NamedTuple):
    """A source text with the values that are given from outside."""

    source: Source
    symbols: Mapping[str, int]
    holes: Mapping[str, int]
    input: tuple[Any, ...] | None
    strict: bool

    def pose(self, trace: Trace | None = None, **fixed: int) -> Problem:
        """The problem that it poses, with some unknowns fixed."""
        return pose(
            self.source,
            symbols={**self.symbols, **fixed},
            holes={**self.holes, **fixed},
            input=self.input,
            strict=self.strict,
            trace=trace,
        )

    def accepts(self, values: Mapping[str, int]) -> bool:
        """Whether `check` is content when the unknowns have these values."""
        return not any(
            d.severity == "error" or (self.strict and d.code in DOES_NOT_DIVIDE) for d in self.diagnose(values)
        )

    def diagnose(self, values: Mapping[str, int]) -> tuple[Diagnostic, ...]:
        """What `check` says when the unknowns have these values."""
        return analyse(
            self.source, symbols={**self.symbols, **values}, holes={**self.holes, **values}, input=self.input
        ).diagnostics


def found_ways(problem: Problem, clock: Clock) -> tuple[list[tuple[Piece, ...]], bool]:
    """The pieces of every case that has solutions, and whether all cases were gone through."""
    searcher = Searcher(problem.holes, problem.symbols, clock)
    ways: list[tuple[Piece, ...]] = []
    complete = problem.whole
    forms.use(problem.table)
    try:
        for case in problem.cases:
            try:
                pieces = searcher.solve(case)
            except OutOfTime:
                complete = False
                continue
            if pieces is not None:
                ways.append(pieces)
    finally:
        forms.use(None)
    return merged(ways), complete


def merged(ways: list[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """Cases that differ in a single set are one."""
    left: list[tuple[Piece, ...]] = []
    for way in ways:
        for number, other in enumerate(left):
            joined = _joined(way, other)
            if joined is not None:
                left[number] = joined
                break
        else:
            left.append(way)
    return left if len(left) == len(ways) else merged(left)


def _joined(a: tuple[Piece, ...], b: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    if len(a) != len(b):
        return None
    different = [n for n, (x, y) in enumerate(zip(a, b, strict=True)) if key(x) != key(y)]
    if not different:
        return a
    n = different[0]
    x, y = a[n], b[n]
    if len(different) == 1 and isinstance(x, Regular) and isinstance(y, Regular) and x.unknown is y.unknown:
        both = union((x.values, y.values), x.unknown.minimum)
        return (*a[:n], Regular(x.unknown, both), *a[n + 1 :]) if both is not None else None
    if len(different) == 1 and isinstance(x, Points) and isinstance(y, Points) and x.unknowns == y.unknowns:
        found = tuple(sorted({*x.found, *y.found}))
        return (*a[:n], Points(x.unknowns, found, x.complete and y.complete), *a[n + 1 :])
    return None


def first_points(ways: list[tuple[Piece, ...]]) -> Iterator[Point]:
    """Some points of what was found."""
    for way in ways:
        yield from islice(together(way), FIRST)
