"""All solutions of relations in a bounded box: the box is split and narrowed, and where an equation is left with two
unknowns, a·x·y + b·x + c·y + d = 0, it is solved: (a·x + c)·(a·y + b) = b·c − a·d leaves only the divisors of a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import isinf, isqrt
from typing import Any, NamedTuple

from convdsl.algebra.forms import Atom, Form
from convdsl.solver.compiled import function, predicate
from convdsl.solver.intervals import Box, Empty, narrow, truth
from convdsl.solver.relations import Relation

Point = dict[Atom, int]

STEP = 64
"""Ranges up to this are gone through one by one, longer ones are halved."""

QUICK = 3
"""Rounds of narrowing for each part of a box."""

WORTH = 4096
"""Boxes with fewer points are not worth a plan."""


class OutOfTime(Exception):
    """The time allowed is over."""


class Plan(NamedTuple):
    """An equation that is solved for `solved` (two unknowns, or one) when the others have values: its factors are a
    function of these."""

    solved: tuple[Atom, ...]
    factors: Callable[..., tuple[Any, ...]]


def search(
    relations: list[Relation], box: Box, check_time: Callable[[], None], bounding: tuple[list[Relation], Box] = ([], {})
) -> Iterator[Point]:
    """All points of a bounded box for which the relations hold, in no certain order. `check_time` may raise OutOfTime.
    `bounding` are relations that follow, with further unknowns: they only help to narrow."""
    start = {**box, **bounding[1]}
    try:
        narrow([*relations, *bounding[0]], start)
    except Empty:
        return
    variables = list(box)
    right = predicate(relations, variables)
    plan = _plan(relations, {v: start[v] for v in variables})
    solved = plan.solved if plan is not None else ()
    outer = [v for v in variables if v not in solved]
    pending = [start]
    while pending:
        check_time()
        here = pending.pop()
        wide = [v for v in outer if here[v][0] < here[v][1]]
        undecided = [r for r in relations if truth(r, here) is None]
        if plan is not None and undecided and len(wide) <= 1 and all(here[v][1] - here[v][0] < STEP for v in wide):
            for values in _each(here, wide):
                check_time()
                for found in _solutions(plan, [values[v] for v in outer], here):
                    values.update(found)
                    if right(*(values[v] for v in variables)):
                        yield {v: values[v] for v in variables}
            continue
        if not undecided:
            wide = [v for v in variables if here[v][0] < here[v][1]]
        if not wide:
            point = {v: here[v][0] for v in variables}
            if right(*point.values()):
                yield point
            continue
        concerned = frozenset().union(*(r.variables for r in undecided))
        split = min(wide, key=lambda v: (v not in concerned, here[v][1] - here[v][0])) if undecided else wide[0]
        low, high = here[split]
        middle = (low + high) // 2
        for part in ((middle + 1, high), (low, middle)):
            half = {**here, split: part}
            try:
                narrow([*undecided, *bounding[0]], half, QUICK)
            except Empty:
                continue
            pending.append(half)


def _each(box: Box, wide: list[Atom]) -> Iterator[dict[Atom, int]]:
    """The points of a box along its one wide unknown; the others stand at their lower end."""
    values = {v: low for v, (low, _) in box.items() if not isinf(low)}
    if not wide:
        yield values
        return
    low, high = box[wide[0]]
    for value in range(low, high + 1):
        yield {**values, wide[0]: value}


def _plan(relations: list[Relation], box: Box) -> Plan | None:
    """The equation and the widest unknowns that it can be solved for."""
    best: tuple[int, Plan] | None = None
    for relation in relations:
        if relation.kind != "eq":
            continue
        single = [v for v in box if v in relation.variables and _degree(relation.form, v) == 1]
        pairs = [(x, y) for x, y in combinations(single, 2)] + [(x,) for x in single]
        for solved in pairs:
            room = 1
            for v in solved:
                room *= box[v][1] - box[v][0] + 1
            if room > WORTH and (best is None or room > best[0]):
                outer = [v for v in box if v not in solved]
                best = (room, Plan(solved, function(_factors(relation.form, solved), outer)))
    return best[1] if best is not None else None


def _degree(form: Form, variable: Atom) -> int:
    """The degree of a form in an unknown; 99 where it stands inside a floor or the like."""
    degree = 0
    for monomial in form.terms:
        if any(variable in a.variables for a in monomial if a is not variable):
            return 99
        degree = max(degree, monomial.count(variable))
    return degree


def _factors(form: Form, solved: tuple[Atom, ...]) -> list[Form]:
    """a, b, c, d of a·x·y + b·x + c·y + d, or b, d of b·x + d."""
    parts: dict[tuple[Atom, ...], dict[Any, Any]] = {}
    for monomial, factor in form.terms.items():
        inside = tuple(a for a in monomial if a in solved)
        parts.setdefault(inside, {})[tuple(a for a in monomial if a not in solved)] = factor
    if len(solved) == 1:
        keys: list[tuple[Atom, ...]] = [solved, ()]
    else:
        x, y = solved
        keys = [tuple(sorted(solved, key=lambda a: a.number)), (x,), (y,), ()]
    return [Form(parts.get(k, {})) for k in keys]


def _solutions(plan: Plan, outer: list[int], box: Box) -> Iterator[Point]:
    factors = plan.factors(*outer)
    if len(plan.solved) == 1:
        (x,) = plan.solved
        b, d = factors
        if b and d % b == 0 and box[x][0] <= -d // b <= box[x][1]:
            yield {x: -d // b}
        elif not b and not d:
            yield from ({x: value} for value in range(box[x][0], box[x][1] + 1))
        return
    x, y = plan.solved
    a, b, c, d = factors
    for p, q in _pairs(a, b, c, d, box[x], box[y]):
        if box[x][0] <= p <= box[x][1] and box[y][0] <= q <= box[y][1]:
            yield {x: p, y: q}


def _pairs(a: int, b: int, c: int, d: int, xs: tuple[int, int], ys: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Whole x, y with a·x·y + b·x + c·y + d = 0, all that lie within the ranges among them."""
    product = b * c - a * d
    if not a or not product:
        for x in range(xs[0], xs[1] + 1):
            slope, rest = a * x + c, b * x + d
            if slope and rest % slope == 0:
                yield x, -rest // slope
            elif not slope and not rest:
                yield from ((x, y) for y in range(ys[0], ys[1] + 1))
        return
    for divisor in divisors(abs(product)):
        for first in (divisor, -divisor):
            second = product // first
            if (first - c) % a == 0 and (second - b) % a == 0:
                yield (first - c) // a, (second - b) // a


def divisors(number: int) -> list[int]:
    """All divisors of a number from 1 on."""
    found = [1]
    for prime, power in factorized(number).items():
        found = [d * prime**e for d in found for e in range(power + 1)]
    return found


def factorized(number: int) -> dict[int, int]:
    """The prime factors of a number with their powers."""
    powers: dict[int, int] = {}
    for prime in _primes():
        if prime * prime > number:
            break
        while number % prime == 0:
            powers[prime] = powers.get(prime, 0) + 1
            number //= prime
    else:
        from sympy import factorint

        for prime, power in factorint(number).items():
            powers[int(prime)] = powers.get(int(prime), 0) + int(power)
        return powers
    if number > 1:
        powers[number] = powers.get(number, 0) + 1
    return powers


_SMALL: list[int] = []


def _primes() -> list[int]:
    """The primes below 10,000."""
    if not _SMALL:
        sieve = bytearray([1]) * 10_000
        for n in range(2, isqrt(len(sieve)) + 1):
            if sieve[n]:
                sieve[n * n :: n] = bytes(len(sieve[n * n :: n]))
        _SMALL.extend(n for n in range(2, len(sieve)) if sieve[n])
    return _SMALL
