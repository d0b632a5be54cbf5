"""Formulas in symbols, on sympy. Floors are kept in the one form floor((N + c)/m) + d, so that a hundred strided layers
still give a formula that fits in a table."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from convdsl.algebra import TooLong, spend
from convdsl.algebra.signs import bounds

MAX_PARTS = 600
MAX_DEPTH = 40
MAX_TERMS = 300
MAX_DEGREE = 64


def bounded(value: Any) -> Any:
    """The value, if it is short enough and there is enough of the budget left (see algebra.budget)."""
    parts, depth = _extent(value)
    spend(parts + 10)
    if parts > MAX_PARTS or depth > MAX_DEPTH or _degree(value) > MAX_DEGREE:
        raise TooLong
    return value


@lru_cache(maxsize=4096)
def _degree(value: Any) -> int:
    """A bound on the degree as a polynomial: squares of squares are short to write, and sympy asks for the sign of each
    inside the others."""
    if isinstance(value, sympy.Pow) and value.exp.is_Integer:
        return _degree(value.base) * min(abs(int(value.exp)), MAX_DEGREE)
    degrees = [_degree(part) for part in value.args] or [1 if value.is_Symbol else 0]
    return min(sum(degrees) if isinstance(value, sympy.Mul) else max(degrees), MAX_DEGREE**2)


@lru_cache(maxsize=4096)
def _extent(value: Any) -> tuple[int, int]:
    """How many parts a formula has, all told, and how deep they are nested."""
    inner = [_extent(part) for part in value.args]
    return 1 + sum(parts for parts, _ in inner), 1 + max((depth for _, depth in inner), default=0)


def _expand(value: Any) -> Any:
    """The formula as a sum of products. Raises TooLong before the work, not behind it."""
    value = sympy.sympify(value)
    if _terms(value) > MAX_TERMS:
        raise TooLong
    return sympy.expand(bounded(value))


def _terms(value: Any) -> int:
    """A bound on the terms that a formula has when it is multiplied out."""
    if isinstance(value, sympy.Add):
        return sum(map(_terms, value.args))
    if isinstance(value, sympy.Mul):
        count = 1
        for factor in value.args:
            count *= _terms(factor)
        return count
    if isinstance(value, sympy.Pow) and value.exp.is_Integer and value.exp > 0:
        terms = _terms(value.base)
        return 1 if terms == 1 else comb(terms + min(int(value.exp), MAX_TERMS) - 1, terms - 1)
    return max(map(_terms, value.args), default=1)


remembered = lru_cache(maxsize=4096)
"""Layers ask for the same sizes again and again."""


def symbol(name: str, minimum: int = 1) -> sympy.Symbol:
    if minimum > 0:
        return sympy.Symbol(name, integer=True, positive=True)
    return sympy.Symbol(name, integer=True, nonnegative=True)


@remembered
def floor_divide(numerator: Any, denominator: Any) -> Any:
    """floor(numerator / denominator), nested floors merged: floor((floor(x/a) + c)/b) = floor((x + c·a)/(a·b)) for
    whole a, b > 0 and whole c (Graham, Knuth, Patashnik, Concrete Mathematics, 3.11)."""
    numerator, denominator = sympy.sympify(numerator), sympy.sympify(denominator)
    if denominator.is_Integer and denominator > 0:
        rest, floors = _split(_expand(numerator))
        if len(floors) == 1:
            inner, divisor = sympy.fraction(sympy.together(floors[0].args[0]))
            if divisor.is_Integer and rest.is_integer:
                numerator = inner + rest * divisor
                denominator = denominator * divisor
    return _integer(sympy.floor(_expand(numerator / denominator)))


def ceil_divide(numerator: Any, denominator: Any) -> Any:
    return floor_divide(numerator + denominator - 1, denominator)


def ceiling(value: Any) -> Any:
    return _integer(sympy.ceiling(value))


def exact_divide(numerator: Any, denominator: Any) -> Any:
    return numerator / denominator


def greatest_common_divisor(a: Any, b: Any) -> Any:
    return sympy.gcd(a, b) if isinstance(a, int) or isinstance(b, int) else sympy.Function("gcd")(a, b)


def divides(divisor: Any, value: Any) -> bool | None:
    quotient = sympy.sympify(value) / divisor
    return True if quotient.is_integer else False if quotient.is_number else None


def _split(expression: Any) -> tuple[Any, list[Any]]:
    """A sum as (what has no floor, the floors with coefficient 1); a floor elsewhere spoils the list's length."""
    rest, floors = sympy.Integer(0), []
    for term in sympy.Add.make_args(expression):
        if isinstance(term, sympy.floor):
            floors.append(term)
        elif term.has(sympy.floor):
            floors += [term, term]
        else:
            rest += term
    return rest, floors


@remembered
def maximum(a: Any, b: Any) -> Any:
    larger = a if compare(a, ">=", b) else b if compare(a, "<", b) else None
    return _integer(sympy.Max(a, b, evaluate=_is_short(a - b))) if larger is None else larger


@remembered
def minimum(a: Any, b: Any) -> Any:
    smaller = a if compare(a, "<=", b) else b if compare(a, ">", b) else None
    return _integer(sympy.Min(a, b, evaluate=_is_short(a - b))) if smaller is None else smaller


@remembered
def equal(a: Any, b: Any) -> bool | None:
    try:
        difference = simplify(a - b)
    except TooLong:
        return None
    if isinstance(difference, int):
        return difference == 0
    low, high = bounds(difference)
    if (low is not None and low > 0) or (high is not None and high < 0):
        return False
    return False if _is_short(difference) and difference.is_nonzero else None


@remembered
def compare(a: Any, comparison: str, b: Any) -> bool | None:
    if comparison in ("<=", "<"):
        return compare(b, ">=" if comparison == "<=" else ">", a)
    try:
        difference = _expand(a - b)
    except TooLong:
        return None
    strictly = comparison == ">"
    low, high = bounds(difference)
    if low is not None and (low > 0 or (low == 0 and not strictly)):
        return True
    if high is not None and (high < 0 or (high == 0 and strictly)):
        return False
    if not _is_short(difference):
        return None
    answer = difference.is_positive if strictly else difference.is_nonnegative
    return None if answer is None else bool(answer)


def _is_short(value: Any) -> bool:
    """Whether sympy may be asked for the sign of a formula (see signs.py)."""
    return _extent(value)[0] <= 40 and all(p.exp.is_Integer and p.exp <= 4 for p in value.atoms(sympy.Pow))


@remembered
def simplify(value: Any) -> Any:
    return _integer(_expand(value))


def total(values: list[Any]) -> Any:
    """All at once: adding them up one by one sorts the terms again and again."""
    return bounded(sympy.Add(*values))


def _integer(value: Any) -> Any:
    return int(value) if value.is_Integer else bounded(value)


class _Printer(StrPrinter):
    """Floors with one fraction inside: floor((N - 5)/2) rather than floor(N/2 - 5/2)."""

    def _print_Add(self, expression: Any, order: Any = None) -> str:
        """Positive terms first, N - F rather than -F + N; and a size as a number of places, floor((N - 5)/2) + 1."""
        expression = _as_places(expression)
        terms = self._as_ordered_terms(expression, order=order)
        positive = any(not t.is_number and not t.could_extract_minus_sign() for t in terms)
        first, *others = sorted(terms, key=lambda t: (t.is_number is positive, t.could_extract_minus_sign()))
        written = self._print(first)
        for term in others:
            negative = term.could_extract_minus_sign()
            part = self.parenthesize(-term if negative else term, PRECEDENCE["Add"])
            written += f" {'-' if negative else '+'} {part}"
        return written

    def _print_floor(self, expression: Any) -> str:
        top, bottom = _fraction(expression)
        constant = top.as_coeff_Add()[0]
        if bottom.is_Integer and constant == bottom - 1 > 0:
            return f"ceiling({self._print((top - constant) / bottom)})"
        return f"floor({self.parenthesize(top, PRECEDENCE['Mul'])}/{self.parenthesize(bottom, PRECEDENCE['Pow'])})"


def _fraction(floor: Any) -> tuple[Any, Any]:
    """What stands in a floor, as one fraction."""
    top, bottom = sympy.fraction(sympy.together(sympy.expand(floor.args[0])))
    return sympy.expand(top), bottom


def _as_places(expression: Any) -> Any:
    """floor((N - 1)/2) - 1 as floor((N - 5)/2) + 1, the form of (N + 2P - F)/S + 1; a floor that divides stays."""
    shift, rest = expression.as_coeff_Add()
    if not isinstance(rest, sympy.floor) or not shift.is_Integer or shift == 1:
        return expression
    top, bottom = _fraction(rest)
    if not bottom.is_Integer or top.as_coeff_Add()[0] % bottom == 0:
        return expression
    inner = sympy.floor(sympy.Mul(top + (shift - 1) * bottom, 1 / bottom, evaluate=False), evaluate=False)
    return sympy.Add(inner, 1, evaluate=False)


_printer = _Printer()


def latex(value: Any) -> str:
    return str(sympy.latex(_as_places(sympy.sympify(value))))


def factor(value: Any) -> Any:
    return sympy.factor(value)


def ratio(a: Any, b: Any) -> Any:
    quotient = sympy.cancel(sympy.sympify(a) / sympy.sympify(b))
    return Fraction(int(quotient.p), int(quotient.q)) if quotient.is_Rational else sympy.factor(quotient)


def text(value: Any) -> str:
    return _printer.doprint(sympy.sympify(value))
