"""The answer to a program with holes or symbols: all solutions, or the condition that describes them, or why there is
none."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import islice
from typing import Any

from convdsl.algebra.forms import Atom
from convdsl.messages import T
from convdsl.solver.conditions import condition
from convdsl.solver.deadline import ended_after
from convdsl.solver.periodic import Periodic
from convdsl.solver.pieces import (
    MOST,
    Piece,
    Regular,
    bound_unknowns,
    plainness,
    together,
    without_others,
)
from convdsl.solver.points import OutOfTime, Point
from convdsl.solver.problem import Problem
from convdsl.solver.reasons import none_at_all
from convdsl.solver.search import Clock
from convdsl.solver.trace import Trace
from convdsl.solver.ways import Question, Solutions, found_ways, merged
from convdsl.source import Source

SECONDS = 10.0
"""Time that is allowed for a search unless another is asked for."""
_LAST_WORDS = 6.0
"""Seconds beyond them for some points and for the reasons why there are none, which have clocks of their own."""

SHOWN = 10
"""Solutions that stand for a set without end."""

JUDGED = 60
"""Solutions that are checked once more as `check` would."""


def solve(
    source: Source,
    *,
    symbols: Mapping[str, int] | None = None,
    holes: Mapping[str, int] | None = None,
    input: tuple[Any, ...] | None = None,
    strict: bool = False,
    seconds: float = SECONDS,
) -> Solutions:
    """All values of holes and symbols with which every size is possible and every expectation holds.

    `symbols`, `holes` and `input` give values from outside; `strict` asks strides to divide. The search is given up
    after about `seconds`, and says so.
    """
    program = Question(source, dict(symbols or {}), dict(holes or {}), input, strict)
    clock = Clock(seconds)
    try:
        with ended_after(seconds):
            problem = program.pose(Trace(clock.check))
        with ended_after(max(clock.end - time.monotonic(), 0.0) + _LAST_WORDS):
            return _solved(program, problem, clock)
    except OutOfTime:
        return Solutions((), (), False, reason=T("The time allowed was not enough to look at all layers."))


def _solved(program: Question, problem: Problem, clock: Clock) -> Solutions:
    if len(set(problem.counts)) == 1:
        return _repeated(program, problem, clock)
    if problem.diagnostics:
        return Solutions((), (), False, diagnostics=problem.diagnostics)
    unknowns = (*problem.holes, *problem.symbols)
    if not unknowns:
        return Solutions(
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
        return Solutions(
            _names(problem, ()), (), False, reason=T("No answer was found in the time allowed; there may be one.")
        )
    return _answer(program, problem, ways, complete)


TIMES = 64
"""How many times of a `repeat` are tried."""


def _repeated(program: Question, problem: Problem, clock: Clock) -> Solutions:
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
            return Solutions((), (), False, diagnostics=one.diagnostics)
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
        return Solutions(_names(last, last.symbols), (), False, reason=reason)
    return _answer(program, last, merged(ways), whole)._replace(complete=False, reason=reason)


def _answer(program: Question, problem: Problem, ways: list[tuple[Piece, ...]], complete: bool) -> Solutions:
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
    return Solutions(names, tuple(solutions), complete, None if finite else condition(kept), reason)


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
