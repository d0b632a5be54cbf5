"""Formulas that keep how they came about, as on a blackboard: (N + 2P − F)/S + 1 with N = 32, F = 5.

A layer's rules are run on `Letter`s instead of numbers, and what comes out is the formula that the rules apply: there
is no second copy of it. Every `Written` also knows its value, a number or a sympy formula. How it is shown and worked
out step by step is in board.py.

Adding and multiplying tidies up only what a teacher would not write either: ones and zeros that are no letters, terms
that cancel, sums within sums.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, ClassVar

from convdsl import algebra


class Written:
    """A formula with its value. `key` tells formulas apart by how they are written."""

    __slots__ = ("key", "value")
    arithmetic: ClassVar[Any] = sys.modules[__name__]
    free_symbols: ClassVar[frozenset[Any]] = frozenset()

    key: tuple[Any, ...]
    value: Any

    def __add__(self, other: Any) -> Any:
        return _add(self, other)

    def __radd__(self, other: Any) -> Any:
        return _add(other, self)

    def __sub__(self, other: Any) -> Any:
        return _add(self, _times(-1, other))

    def __rsub__(self, other: Any) -> Any:
        return _add(other, _times(-1, self))

    def __neg__(self) -> Any:
        return _times(-1, self)

    def __mul__(self, other: Any) -> Any:
        return _times(self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return floor_divide(other, self)

    def __truediv__(self, other: Any) -> Any:
        return exact_divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return exact_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return self - other * floor_divide(self, other)

    def __eq__(self, other: object) -> bool:
        return equal(self, other) is True

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return equal(self, 0) is not True

    def __str__(self) -> str:
        return algebra.text(self.value)


class Letter(Written):
    """A letter that stands for a value: F = 5."""

    __slots__ = ("name",)

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value
        self.key = (name,)

    def __repr__(self) -> str:
        return f"Letter({self.name}={self.value})"


class Sum(Written):
    """constant + Σ factor·term, the factors being plain numbers."""

    __slots__ = ("constant", "terms")

    def __init__(self, constant: Any, terms: tuple[tuple[Any, Written], ...]) -> None:
        self.constant = constant
        self.terms = terms
        self.key = ("sum", constant, *((f, t.key) for f, t in terms))
        self.value = plain(sum((f * t.value for f, t in terms), constant))


class Product(Written):
    __slots__ = ("factors",)

    def __init__(self, factors: tuple[Written, ...]) -> None:
        self.factors = factors
        self.key = ("product", *(f.key for f in factors))
        value: Any = 1
        for factor in factors:
            value = value * factor.value
        self.value = plain(value)


class Call(Written):
    """An operation that is neither sum nor product: `over`, `floor`, `ceil`, `max`, `min`, `gcd`, with two parts; a
    `ceil` of one part is that of a value that needs no division."""

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, parts: tuple[Any, ...]) -> None:
        self.kind = kind
        self.parts = parts
        self.key = (kind, *(_key(p) for p in parts))
        self.value = apply(kind, [value_of(p) for p in parts])


def value_of(formula: Any) -> Any:
    """The value of a formula; of a number, itself."""
    return formula.value if isinstance(formula, Written) else formula


def _key(formula: Any) -> Any:
    return formula.key if isinstance(formula, Written) else formula


def apply(kind: str, values: list[Any]) -> Any:
    first, second = values if len(values) == 2 else (values[0], 1)
    match kind:
        case "over":
            return plain(Fraction(first) / second) if all(map(algebra.is_number, values)) else first / second
        case "floor":
            return algebra.floor_divide(first, second)
        case "ceil":
            return algebra.ceil_divide(first, second)
        case "max":
            return algebra.maximum(first, second)
        case "min":
            return algebra.minimum(first, second)
    return algebra.greatest_common_divisor(first, second)


def plain(value: Any) -> Any:
    """A value as an int, if it is one: neither a fraction nor one of sympy's numbers."""
    if algebra.is_number(value):
        return int(value) if value == int(value) else value
    return int(value) if value.is_Integer else value


# Building.


def _terms(formula: Any) -> tuple[Any, tuple[tuple[Any, Written], ...]]:
    """A formula as (constant, ((factor, term), …))."""
    if isinstance(formula, Sum):
        return formula.constant, formula.terms
    return (0, ((1, formula),)) if isinstance(formula, Written) else (formula, ())


def _sum(constant: Any, terms: Iterable[tuple[Any, Written]]) -> Any:
    found: dict[Any, tuple[Any, Written]] = {}
    for factor, term in terms:
        before = found.get(term.key, (0, term))[0]
        found[term.key] = (before + factor, term)
    kept = tuple((f, t) for f, t in found.values() if f != 0)
    if not kept:
        return constant
    return kept[0][1] if constant == 0 and len(kept) == 1 and kept[0][0] == 1 else Sum(constant, kept)


def _add(a: Any, b: Any) -> Any:
    (c, first), (d, second) = _terms(a), _terms(b)
    return _sum(c + d, (*first, *second))


def _times(a: Any, b: Any) -> Any:
    (factor, first), (other, second) = _factors(a), _factors(b)
    factor *= other
    if factor == 0:
        return 0
    factors = (*first, *second)
    if not factors:
        return factor
    for part in factors:
        if isinstance(part, Call) and part.kind == "over" and part.parts[0] == 1 and len(factors) > 1:
            rest: Any = factor
            for other in factors:
                rest = rest if other is part else _times(rest, other)
            return exact_divide(rest, part.parts[1])
    term = factors[0] if len(factors) == 1 else Product(factors)
    if factor == -1 and isinstance(term, Sum):
        return _sum(-term.constant, [(-f, t) for f, t in term.terms])
    return _sum(0, [(factor, term)]) if factor != 1 else term


def _factors(formula: Any) -> tuple[Any, tuple[Written, ...]]:
    """A formula as (number, factors)."""
    if not isinstance(formula, Written):
        return formula, ()
    if isinstance(formula, Sum) and formula.constant == 0 and len(formula.terms) == 1:
        factor, term = formula.terms[0]
        return factor, term.factors if isinstance(term, Product) else (term,)
    return 1, formula.factors if isinstance(formula, Product) else (formula,)


def floor_divide(a: Any, b: Any) -> Any:
    if _is(b, 1):
        return Call("floor", (a,)) if isinstance(value_of(a), Fraction) else a
    return Call("floor", (a, b))


def ceil_divide(a: Any, b: Any) -> Any:
    if _is(b, 1):
        return a if isinstance(value_of(a), int) else Call("ceil", (a,))
    return Call("ceil", (a, b))


def ceiling(value: Any) -> Any:
    return ceil_divide(value, 1)


def exact_divide(a: Any, b: Any) -> Any:
    return a if _is(b, 1) else Call("over", (a, b))


def maximum(a: Any, b: Any) -> Any:
    return Call("max", (a, b))


def minimum(a: Any, b: Any) -> Any:
    return Call("min", (a, b))


def greatest_common_divisor(a: Any, b: Any) -> Any:
    return Call("gcd", (a, b))


def _is(formula: Any, number: int) -> bool:
    return not isinstance(formula, Written) and formula == number


# Asking: the values answer.


def equal(a: Any, b: Any) -> bool | None:
    return algebra.equal(value_of(a), value_of(b))


def compare(a: Any, comparison: str, b: Any) -> bool | None:
    return algebra.compare(value_of(a), comparison, value_of(b))


def divides(divisor: Any, value: Any) -> bool | None:
    return algebra.divides(value_of(divisor), value_of(value))


def simplify(formula: Written) -> Written:
    return formula


def text(formula: Written) -> str:
    return algebra.text(formula.value)


# Rewriting.


def replaced(formula: Any, names: dict[Any, Letter]) -> Any:
    """The formula with parts named: `names` maps keys of parts to letters."""
    if not isinstance(formula, Written):
        return formula
    if formula.key in names:
        return names[formula.key]
    match formula:
        case Sum():
            total = formula.constant
            for factor, term in formula.terms:
                total = total + factor * replaced(term, names)
            return total
        case Product():
            product: Any = 1
            for part in formula.factors:
                product = product * replaced(part, names)
            return product
        case Call():
            return Call(formula.kind, tuple(replaced(p, names) for p in formula.parts))
    return formula


def factored(formula: Any) -> Any:
    """K·C·F·F + K as (C·F·F + 1)·K: what all terms have in common stands outside."""
    if not isinstance(formula, Sum) or formula.constant != 0 or len(formula.terms) < 2:
        return formula
    bags = [list(_factors(t)[1]) for _, t in formula.terms]
    common = []
    for factor in list(bags[0]):
        keys = [[f.key for f in bag] for bag in bags]
        if all(factor.key in found for found in keys):
            common.append(factor)
            for bag, found in zip(bags, keys, strict=True):
                bag.pop(found.index(factor.key))
    inside: Any = 0
    for (number, _), bag in zip(formula.terms, bags, strict=True):
        product: Any = number
        for factor in bag:
            product = product * factor
        inside = inside + product
    for factor in common:
        inside = inside * factor
    return inside


def ordered(formula: Any, rank: dict[str, int]) -> Any:
    """The formula with the letters of its products in the order of `rank`; other letters stay behind them."""
    match formula:
        case Product():
            parts = [ordered(f, rank) for f in formula.factors]
            return Product(tuple(sorted(parts, key=lambda f: rank.get(getattr(f, "name", ""), len(rank)))))
        case Sum():
            return Sum(formula.constant, tuple((f, ordered(t, rank)) for f, t in formula.terms))
    return formula
