"""Formulas in symbols, on sympy. Floors are kept in the one form floor((N + c)/m) + d, so that a hundred strided layers
still give a formula that fits in a table."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter


def symbol(name: str, minimum: int = 1) -> sympy.Symbol:
    if minimum > 0:
        return sympy.Symbol(name, integer=True, positive=True)
    return sympy.Symbol(name, integer=True, nonnegative=True)


def floor_divide(numerator: Any, denominator: Any) -> Any:
    """floor(numerator / denominator), nested floors merged: floor((floor(x/a) + c)/b) = floor((x + c·a)/(a·b)) for
    whole a, b > 0 and whole c (Graham, Knuth, Patashnik, Concrete Mathematics, 3.11)."""
    numerator, denominator = sympy.sympify(numerator), sympy.sympify(denominator)
    if denominator.is_Integer and denominator > 0:
        rest, floors = _split(sympy.expand(numerator))
        if len(floors) == 1:
            inner, divisor = sympy.fraction(sympy.together(floors[0].args[0]))
            if divisor.is_Integer and rest.is_integer:
                numerator = inner + rest * divisor
                denominator = denominator * divisor
    quotient = sympy.expand(numerator / denominator)
    return _integer(sympy.floor(quotient))


def ceil_divide(numerator: Any, denominator: Any) -> Any:
    return floor_divide(numerator + denominator - 1, denominator)


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


def maximum(a: Any, b: Any) -> Any:
    return _integer(sympy.Max(a, b))


def minimum(a: Any, b: Any) -> Any:
    return _integer(sympy.Min(a, b))


def equal(a: Any, b: Any) -> bool | None:
    difference = simplify(sympy.sympify(a) - sympy.sympify(b))
    if isinstance(difference, int):
        return difference == 0
    if difference.is_nonzero or difference.is_positive or difference.is_negative:
        return False
    return None


def compare(a: Any, comparison: str, b: Any) -> bool | None:
    difference = sympy.expand(sympy.sympify(a) - sympy.sympify(b))
    answer = {
        "<=": difference.is_nonpositive,
        ">=": difference.is_nonnegative,
        "<": difference.is_negative,
        ">": difference.is_positive,
    }[comparison]
    return None if answer is None else bool(answer)


def simplify(value: Any) -> Any:
    return _integer(sympy.expand(value))


def _integer(value: Any) -> Any:
    return int(value) if value.is_Integer else value


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
