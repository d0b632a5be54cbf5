"""Why there is no answer: which expectation cannot be met, which ones contradict each other, and the nearest miss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convdsl.algebra.forms import Atom
from convdsl.messages import Grouped, T
from convdsl.network import Expectation
from convdsl.network.windows import DOES_NOT_DIVIDE
from convdsl.solver.points import OutOfTime, Point
from convdsl.solver.problem import Problem
from convdsl.solver.relations import ONE, Relation
from convdsl.solver.search import Clock
from convdsl.solver.ways import Question, Solutions, first_points, found_ways

FARTHEST = 10**12
"""How far off a nearest miss is looked for."""

SECONDS = 3.0
"""Time for finding out why."""


def none_at_all(program: Question, problem: Problem, clock: Clock) -> Solutions:
    """The answer where it is proven that no value will do."""
    names = tuple(a.name for a in (*problem.holes, *problem.symbols))
    try:
        reason = _reason(program, problem, Clock(SECONDS))
    except OutOfTime:
        reason = T("No values meet everything that is expected.")
    return Solutions(names, (), True, reason=reason)


def _reason(program: Question, problem: Problem, clock: Clock) -> T:
    expectations = problem.network.expectations
    if not expectations or not _feasible(problem, (), clock):
        return _no_network(program, problem)
    for number in range(len(expectations)):
        if not _feasible(problem, (number,), clock):
            return _missed(program, problem, number, (), clock)
    kept: tuple[int, ...] = ()
    for number in range(len(expectations)):
        if not _feasible(problem, (*kept, number), clock):
            return _missed(program, problem, number, kept, clock)
        kept = (*kept, number)
    return T("No values meet everything that is expected.")


def _only(problem: Problem, kept: Iterable[int], miss: tuple[int, int] | None = None) -> Problem:
    """The problem with some of its expectations only; `miss` is one that may be missed by so much."""
    kept = set(kept)
    cases = []
    for case in problem.cases:
        relations: list[Relation] = []
        for relation in case.relations:
            is_expectation = isinstance(relation.origin, tuple) and relation.origin[0] == "expect"
            if not is_expectation or relation.origin[1] in kept:
                relations.append(relation)
            elif miss is not None and relation.origin[1] == miss[0]:
                relations += _loosened(relation, miss[1])
        cases.append(case._replace(relations=tuple(relations), bounding=()))
    return problem._replace(cases=tuple(cases))


def _loosened(relation: Relation, by: int) -> list[Relation]:
    if relation.form.is_constant:
        return [relation]
    if relation.kind == "ge":
        return [relation._replace(form=relation.form + by)]
    return [
        Relation("ge", relation.form + by, ONE, relation.origin),
        Relation("ge", -relation.form + by, ONE, relation.origin),
    ]


def _feasible(
    problem: Problem, kept: tuple[int, ...], clock: Clock, miss: tuple[int, int] | None = None
) -> list[Point]:
    """Some points where the expectations `kept` hold; raises OutOfTime where this is not found out."""
    ways, complete = found_ways(_only(problem, kept, miss), clock)
    if not ways and not complete:
        raise OutOfTime
    return list(first_points(ways))


def _missed(program: Question, problem: Problem, number: int, kept: tuple[int, ...], clock: Clock) -> T:
    """What to say of an expectation that cannot be met together with those `kept`."""
    expectations = problem.network.expectations
    written = _written(program, expectations[number])
    lines = ", ".join(_written(program, expectations[k]) for k in _quarrel(problem, number, kept, clock))
    nearest = _nearest(problem, number, kept, clock)
    if nearest is None:
        if lines:
            return T("{first} and {second} cannot hold together.", first=lines, second=written)
        return T("No value gives {expectation}.", expectation=written)
    values, actual = _as_values(nearest), _actual(program, problem, number, nearest)
    if lines:
        return T(
            "{first} and {second} cannot hold together. With the first the nearest is {values}, which gives {actual}.",
            first=lines,
            second=written,
            values=values,
            actual=actual,
        )
    return T(
        "No value gives {expectation}. The nearest is {values}, which gives {actual}.",
        expectation=written,
        values=values,
        actual=actual,
    )


def _quarrel(problem: Problem, number: int, kept: tuple[int, ...], clock: Clock) -> tuple[int, ...]:
    """Those of the kept expectations without which the other one could be met."""
    needed = kept
    for one in kept:
        fewer = tuple(k for k in needed if k != one)
        if not _feasible(problem, (*fewer, number), clock):
            needed = fewer
    return needed


def _nearest(problem: Problem, number: int, kept: tuple[int, ...], clock: Clock) -> Point | None:
    """A point that misses an expectation by as little as can be."""
    try:
        by = 1
        while not (points := _feasible(problem, kept, clock, (number, by))):
            by *= 8
            if by > FARTHEST:
                return None
        low, high = by // 8 + 1, by
        while low < high:
            middle = (low + high) // 2
            closer = _feasible(problem, kept, clock, (number, middle))
            low, high, points = (low, middle, closer) if closer else (middle + 1, high, points)
    except OutOfTime:
        return None
    return points[0]


def _written(program: Question, expectation: Expectation) -> str:
    span = expectation.written.span
    return f"`{' '.join(program.source.text[span.start : span.end].split())}`"


def _as_values(point: Point) -> str:
    return ", ".join(f"{atom.name} = {value}" for atom, value in sorted(point.items(), key=lambda item: item[0].number))


def _actual(program: Question, problem: Problem, number: int, point: Point) -> Any:
    """What an expectation speaks of has this value at a point."""
    from convdsl.layers import show_shape
    from convdsl.network import analyse
    from convdsl.network.expectations import Sums, actual_value

    values = {a.name: v for a, v in point.items()}
    analysis = analyse(
        program.source, symbols={**program.symbols, **values}, holes={**program.holes, **values}, input=program.input
    )
    expectation = analysis.network.expectations[number]
    actual = actual_value(expectation, Sums(analysis.report.facts), analysis.report[expectation.node])
    if isinstance(actual, tuple):
        return show_shape(actual)
    return f"{Grouped(actual)} {expectation.quantity}" if isinstance(actual, int) else str(actual)


def _no_network(program: Question, problem: Problem) -> T:
    """Where the sizes fit for no value: what `check` says of a few."""
    unknowns: tuple[Atom, ...] = (*problem.holes, *problem.symbols)
    said: dict[str, str] = {}
    for value in (1, 2, 3, 8, 64, 512):
        values = {a.name: max(value, a.minimum) for a in unknowns}
        for diagnostic in program.diagnose(values):
            if diagnostic.severity == "error" or (program.strict and diagnostic.code in DOES_NOT_DIVIDE):
                said.setdefault(str(diagnostic.message), ", ".join(f"{n} = {v}" for n, v in values.items()))
                break
    if not said:
        return T("For no values do the sizes of all layers fit.")
    message, values_text = list(said.items())[-1]
    return T(
        "For no values do the sizes of all layers fit. With {values}, for example: {message}",
        values=values_text,
        message=message,
    )
