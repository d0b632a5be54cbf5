"""The answer to a program with holes or symbols: all solutions, or the condition that describes them, or why there is
none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from convdsl.algebra import forms
from convdsl.algebra.forms import Atom
from convdsl.algebra.periodic import Periodic, union
from convdsl.algebra.searching import OutOfTime, Point
from convdsl.diagnostics import Diagnostic
from convdsl.messages import T
from convdsl.network import analyse
from convdsl.network.lints import DOES_NOT_DIVIDE
from convdsl.solver.conditions import Condition, condition
from convdsl.solver.deadline import ended_after
from convdsl.solver.pieces import (
    FIRST,
    MOST,
    Piece,
    Points,
    Regular,
    bound_unknowns,
    key,
    plainness,
    together,
    without_others,
)
from convdsl.solver.problem import Problem, pose
from convdsl.solver.search import Clock, Searcher
from convdsl.solver.trace import Trace
from convdsl.source import Source

SECONDS = 10.0
"""Time that is allowed for a search unless another is asked for."""
_LAST_WORDS = 6.0
"""Seconds beyond them for some points and for the reasons why there are none, which have clocks of their own."""

SHOWN = 10
"""Solutions that stand for a set without end."""

JUDGED = 60
"""Solutions that are checked once more as `check` would."""


class Answer(NamedTuple):
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


class Program(NamedTuple):
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


def solve(
    source: Source,
    *,
    symbols: Mapping[str, int] | None = None,
    holes: Mapping[str, int] | None = None,
    input: tuple[Any, ...] | None = None,
    strict: bool = False,
    seconds: float = SECONDS,
) -> Answer:
    """All values of holes and symbols with which every size is possible and every expectation holds.

    `symbols`, `holes` and `input` give values from outside; `strict` asks strides to divide. The search is given up
    after about `seconds`, and says so.
    """
    program = Program(source, dict(symbols or {}), dict(holes or {}), input, strict)
    clock = Clock(seconds)
    try:
        with ended_after(seconds):
            problem = program.pose(Trace(clock.check))
        with ended_after(max(clock.end - time.monotonic(), 0.0) + _LAST_WORDS):
            return _solved(program, problem, clock)
    except OutOfTime:
        return Answer((), (), False, reason=T("The time allowed was not enough to look at all layers."))


def _solved(program: Program, problem: Problem, clock: Clock) -> Answer:
    from convdsl.solver.reasons import none_at_all

    if len(set(problem.counts)) == 1:
        return _repeated(program, problem, clock)
    if problem.diagnostics:
        return Answer((), (), False, diagnostics=problem.diagnostics)
    unknowns = (*problem.holes, *problem.symbols)
    if not unknowns:
        return Answer(
            (),
            (),
            True,
            reason=T("There is nothing to solve: the program has no hole and no symbol without a value."),
            unknowns=False,
        )
    ways, complete = found_ways(problem, clock)
    if not ways and complete:
        return none_at_all(program, problem, clock)
    if not ways:
        return Answer(
            _names(problem, ()), (), False, reason=T("No answer was found in the time allowed; there may be one.")
        )
    return _answer(program, problem, ways, complete)


TIMES = 64
"""How many times of a `repeat` are tried."""


def _repeated(program: Program, problem: Problem, clock: Clock) -> Answer:
    """The answer where it is asked how often something is repeated: the other unknowns are looked for with each number
    of times."""
    name = problem.counts[0]
    trace = Trace(clock.check)
    ways: list[tuple[Piece, ...]] = []
    whole = True
    last, tried = None, 0
    for times in range(1, TIMES + 1):
        try:
            one = program.pose(trace, **{name: times})
        except OutOfTime:
            break
        if one.diagnostics:
            return Answer((), (), False, diagnostics=one.diagnostics)
        tried = times
        (count,) = trace.variable(name).atoms()
        found, complete = found_ways(one, clock)
        ways += [(Regular(count, Periodic((times,))), *way) for way in found]
        whole = whole and complete
        is_hole = name in problem.network.holes
        last = one._replace(
            holes=(count, *one.holes) if is_hole else one.holes,
            symbols=one.symbols if is_hole else (count, *one.symbols),
        )
    if last is None:
        raise OutOfTime
    reason = T("The number of times of `repeat` was tried from 1 to {n}.", n=tried)
    if not ways:
        return Answer(_names(last, last.symbols), (), False, reason=reason)
    return _answer(program, last, _merged(ways), whole)._replace(complete=False, reason=reason)


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
    return _merged(ways), complete


def _merged(ways: list[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """Cases that differ in a single set are one."""
    merged: list[tuple[Piece, ...]] = []
    for way in ways:
        for number, other in enumerate(merged):
            joined = _joined(way, other)
            if joined is not None:
                merged[number] = joined
                break
        else:
            merged.append(way)
    return merged if len(merged) == len(ways) else _merged(merged)


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


def _answer(program: Program, problem: Problem, ways: list[tuple[Piece, ...]], complete: bool) -> Answer:
    mattering = {u for way in ways for piece in way for u in bound_unknowns(piece)} | set(problem.holes)
    if not mattering:
        mattering = set(problem.symbols)
    kept = [tuple(without_others(p, mattering) for p in way if set(p.unknowns) & mattering) for way in ways]
    names = _names(problem, tuple(u for u in problem.symbols if u in mattering))
    complete = complete and all(piece.complete for way in kept for piece in way)
    finite = all(piece.finite for way in kept for piece in way)
    points = [p for way in kept for p in islice(together(way), MOST + 1 if finite else 4000)]
    finite = finite and len(points) <= MOST
    solutions = _listed(points, names, finite)
    others = {u.name: max(_ORDINARY, u.minimum) for u in problem.symbols if u not in mattering}
    judged = solutions[:JUDGED]
    right = [s for s in judged if program.accepts({**others, **s})]
    if len(right) < len(judged):
        complete, solutions = False, [*right, *solutions[JUDGED:]]
    reason = None if complete else _why_not_complete(kept, finite)
    return Answer(names, tuple(solutions), complete, None if finite else condition(kept), reason)


_ORDINARY = 64
"""A value for symbols that may have any."""


def _names(problem: Problem, symbols: tuple[Atom, ...]) -> tuple[str, ...]:
    return tuple(a.name for a in (*problem.holes, *symbols))


def _listed(points: list[Point], names: tuple[str, ...], finite: bool) -> list[dict[str, int]]:
    found = {
        tuple(value[n] for n in names): point
        for point, value in ((p, {a.name: v for a, v in p.items()}) for p in points)
    }
    rising = sorted(found)
    if not finite:
        rising = sorted(sorted(rising, key=lambda values: (plainness(found[values]), values))[:SHOWN])
    return [dict(zip(names, values, strict=True)) for values in rising]


def _why_not_complete(ways: list[tuple[Piece, ...]], finite: bool) -> T:
    if not finite and all(piece.finite or piece.complete for way in ways for piece in way):
        return T("The search was given up; there may be more.")
    if not finite:
        return T("The condition is exact, but it is not proven how far its solutions go.")
    return T("The search was given up in the time allowed; there may be more.")


def first_points(ways: list[tuple[Piece, ...]]) -> Iterator[Point]:
    """Some points of what was found."""
    for way in ways:
        yield from islice(together(way), FIRST)
