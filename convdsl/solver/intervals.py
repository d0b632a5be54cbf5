"""Bounds: between what a formula lies when its unknowns lie in a box, and what a relation leaves of the box.

Intervals are pairs of whole numbers, with ±inf for what is not bounded. Narrowing is hull consistency (HC4: Benhamou,
Goualard, Granvilliers, Puget, Revising hull and box consistency, 1999).
"""

from __future__ import annotations

from math import inf, isinf
from typing import Any

from convdsl.algebra.forms import Atom, Form
from convdsl.solver.relations import Relation

Interval = tuple[Any, Any]
Box = dict[Atom, Interval]

HUGE = 10**100
"""Ends beyond this are taken for infinite."""

SWEEPS = 40
"""Rounds of narrowing before it is given up: it may creep forever."""


class Empty(Exception):
    """Nothing is left of a box."""


def _times(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        return _outward(_product(a[0], b[0]), _product(a[1], b[1]))
    corners = [_product(x, y) for x in a for y in b]
    return _outward(min(corners), max(corners))


def _outward(low: Any, high: Any) -> Interval:
    """An interval around (low, high) whose ends are no larger than can be added to infinity."""
    return -inf if low < -HUGE else min(low, HUGE), inf if high > HUGE else max(high, -HUGE)


def _product(x: Any, y: Any) -> Any:
    return 0 if x == 0 or y == 0 else x * y


def _power(a: Interval, exponent: int) -> Interval:
    result = a
    for _ in range(exponent - 1):
        result = _times(result, a)
    return (max(result[0], 0), result[1]) if exponent % 2 == 0 else result


def _down(x: Any, y: Any) -> Any:
    """floor(x/y) for y > 0."""
    if isinf(y):
        return (0 if x >= 0 else -1) if not isinf(x) else x
    return x if isinf(x) else x // y


def _up(x: Any, y: Any) -> Any:
    return -_down(-x, y)


class Bounds:
    """Bounds within one box, each atom's calculated once."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.known: dict[Atom, Interval] = {}

    def of(self, form: Form) -> Interval:
        low: Any = 0
        high: Any = 0
        for monomial, factor in form.terms.items():
            a, b = self._term(monomial, factor)
            low, high = low + a, high + b
        return low, high

    def _term(self, monomial: tuple[Atom, ...], factor: Any) -> Interval:
        return _times((factor, factor), self.product(monomial))

    def product(self, monomial: tuple[Atom, ...]) -> Interval:
        result: Interval = (1, 1)
        for atom in dict.fromkeys(monomial):
            exponent = monomial.count(atom)
            interval = self.atom(atom)
            result = _times(result, interval if exponent == 1 else _power(interval, exponent))
        return result

    def atom(self, atom: Atom) -> Interval:
        if atom.kind == "variable":
            return self.box[atom]
        if atom not in self.known:
            self.known[atom] = self._operation(atom)
        return self.known[atom]

    def _operation(self, atom: Atom) -> Interval:
        (a, b), (c, d) = (self.of(p) for p in atom.parts)
        match atom.kind:
            case "floor":
                c = max(c, 1)
                return _down(a, c if a < 0 else d), _down(b, d if b < 0 else c)
            case "over":
                c = max(c, 1)
                return (0 if a >= 0 else -inf), (inf if b > 0 else 0)
            case "max":
                return max(a, c), max(b, d)
            case "min":
                return min(a, c), min(b, d)
        return 1, min(b, d)


def truth(relation: Relation, box: Box) -> bool | None:
    """Whether a relation holds everywhere in a box (True), nowhere (False), or here and there (None)."""
    low, high = Bounds(box).of(relation.form)
    match relation.kind:
        case "ge":
            return True if low >= 0 else False if high < 0 else None
        case "eq":
            return True if low == high == 0 else False if low > 0 or high < 0 else None
    divisor = Bounds(box).of(relation.divisor)
    if low == high and divisor[0] == divisor[1]:
        return low % divisor[0] == 0
    return False if (low > 0 and high < divisor[0]) else None


def narrow(relations: list[Relation], box: Box, sweeps: int = SWEEPS) -> None:
    """Narrows a box to what can satisfy all relations. Raises Empty."""
    for _ in range(sweeps):
        before = dict(box)
        for relation in relations:
            _narrow(relation, box)
        if box == before:
            return


def _narrow(relation: Relation, box: Box) -> None:
    match relation.kind:
        case "ge":
            _require(relation.form, (0, inf), box)
        case "eq":
            _require(relation.form, (0, 0), box)
        case _:
            if truth(relation, box) is False:
                raise Empty
            low, high = Bounds(box).of(relation.form)
            if low > 0 and not isinf(high):
                _require(relation.divisor, (1, high), box)


def _require(form: Form, wanted: Interval, box: Box) -> None:
    """Narrows a box to where a form lies within an interval."""
    wanted = _outward(*wanted)
    bounds = Bounds(box)
    terms = [(m, c, bounds._term(m, c)) for m, c in form.terms.items()]
    low, high = sum(t[2][0] for t in terms), sum(t[2][1] for t in terms)
    if low > wanted[1] or high < wanted[0]:
        raise Empty
    if low >= wanted[0] and high <= wanted[1]:
        return
    for monomial, factor, (a, b) in terms:
        if not monomial:
            continue
        rest_low = sum(t[2][0] for t in terms if t[0] is not monomial) if isinf(low) else low - a
        rest_high = sum(t[2][1] for t in terms if t[0] is not monomial) if isinf(high) else high - b
        least, most = wanted[0] - rest_high, wanted[1] - rest_low
        if factor < 0:
            least, most = -most, -least
        size = abs(factor)
        _require_product(monomial, (_up(least, size), _down(most, size)), box)


def _require_product(monomial: tuple[Atom, ...], wanted: Interval, box: Box) -> None:
    bounds = Bounds(box)
    distinct = tuple(dict.fromkeys(monomial))
    for atom in distinct:
        exponent = monomial.count(atom)
        rest: Interval = (1, 1)
        for other in distinct:
            if other is not atom:
                n = monomial.count(other)
                rest = _times(rest, bounds.atom(other) if n == 1 else _power(bounds.atom(other), n))
        least, most = wanted
        if rest != (1, 1):
            if rest[0] <= 0:
                continue
            least = _up(least, rest[1]) if least > 0 else _up(least, rest[0])
            most = _down(most, rest[0]) if most >= 0 else _down(most, rest[1])
        if exponent > 1:
            if most < 0 and exponent % 2 == 0:
                raise Empty
            most = _root(most, exponent) if most >= 0 and not isinf(most) else inf
            least = _root_up(least, exponent) if least > 0 and bounds.atom(atom)[0] >= 0 else -inf
        if least > most:
            raise Empty
        _require_atom(atom, (least, most), box)
        bounds = Bounds(box)


def _root(value: int, exponent: int) -> int:
    """The largest whole number whose power is at most `value`, by bisection: a float's root is off by far for large ones."""
    low, high = 0, 1 << (value.bit_length() // exponent + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**exponent <= value else (low, middle)
    return low


def _root_up(value: Any, exponent: int) -> Any:
    return inf if isinf(value) else _root(value - 1, exponent) + 1


def _require_atom(atom: Atom, wanted: Interval, box: Box) -> None:
    least, most = wanted
    if atom.kind == "variable":
        low, high = box[atom]
        low, high = max(low, least), min(high, most)
        if low > high:
            raise Empty
        box[atom] = (low, high)
        return
    bounds = Bounds(box)
    low, high = bounds.atom(atom)
    least, most = max(least, low), min(most, high)
    if least > most:
        raise Empty
    if (least, most) == (low, high):
        return
    top, bottom = atom.parts
    match atom.kind:
        case "floor":
            c, d = bounds.of(bottom)
            c = max(c, 1)
            _require(top, (_product(least, c if least >= 0 else d), _product(most + 1, d if most >= 0 else c) - 1), box)
            if not bottom.is_constant:
                a, b = Bounds(box).of(top)
                largest = _down(b, least) if least > 0 else inf
                smallest = _down(a, most + 1) + 1 if most >= 0 and a > 0 and not isinf(most) and not isinf(a) else 1
                if smallest > largest:
                    raise Empty
                _require(bottom, (smallest, largest), box)
        case "max":
            for part in atom.parts:
                _require(part, (-inf, most), box)
        case "min":
            for part in atom.parts:
                _require(part, (least, inf), box)
