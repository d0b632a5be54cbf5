"""Arithmetic on sizes: whole numbers, or formulas in symbols. The only room that knows sympy, and it loads it late.

A *size* is an `int`, or a sympy expression over positive whole symbols. Every function here takes both; with plain
numbers none of them imports sympy, so that `check` of an ordinary net stays fast.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sympy import Expr

    Size = int | Expr
else:
    Size = Any


def is_number(value: Any) -> bool:
    """Whether a value is a plain number, not a formula."""
    return isinstance(value, (int, float)) or not hasattr(value, "free_symbols")


def symbol(name: str, minimum: int = 1) -> Any:
    """A whole symbol, positive, or from 0 on where `minimum` is 0."""
    from convdsl.algebra import symbolic

    return symbolic.symbol(name, minimum)


def floor_divide(numerator: Any, denominator: Any) -> Any:
    """floor(numerator / denominator)."""
    if is_number(numerator) and is_number(denominator):
        return numerator // denominator
    from convdsl.algebra import symbolic

    return symbolic.floor_divide(numerator, denominator)


def ceil_divide(numerator: Any, denominator: Any) -> Any:
    """ceil(numerator / denominator)."""
    if is_number(numerator) and is_number(denominator):
        return -(-numerator // denominator)
    from convdsl.algebra import symbolic

    return symbolic.floor_divide(numerator + denominator - 1, denominator)


def exact_divide(numerator: Any, denominator: Any) -> Any:
    """numerator / denominator; a whole number where it divides."""
    if is_number(numerator) and is_number(denominator):
        divides = isinstance(numerator, int) and isinstance(denominator, int) and numerator % denominator == 0
        return numerator // denominator if divides else numerator / denominator
    return numerator / denominator


def maximum(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return max(a, b)
    from convdsl.algebra import symbolic

    return symbolic.maximum(a, b)


def minimum(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return min(a, b)
    from convdsl.algebra import symbolic

    return symbolic.minimum(a, b)


def greatest_common_divisor(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return gcd(a, b)
    import sympy

    return sympy.gcd(a, b) if is_number(a) or is_number(b) else sympy.Function("gcd")(a, b)


def ceiling(value: Any) -> Any:
    """The whole number above; receptive fields behind an upsampling are fractions until they are shown."""
    return -(-value // 1) if is_number(value) else ceil_divide(value, 1)


def equal(a: Any, b: Any) -> bool | None:
    """Whether two sizes are the same; None where it depends on the symbols."""
    if is_number(a) and is_number(b):
        return a == b
    from convdsl.algebra import symbolic

    return symbolic.equal(a, b)


def compare(a: Any, comparison: str, b: Any) -> bool | None:
    """Truth of `a comparison b` (=, <=, >=, <, >); None where it depends on the symbols."""
    if comparison == "=":
        return equal(a, b)
    if is_number(a) and is_number(b):
        return {"<=": a <= b, ">=": a >= b, "<": a < b, ">": a > b}[comparison]
    from convdsl.algebra import symbolic

    return symbolic.compare(a, comparison, b)


def at_least(value: Any, bound: int) -> bool | None:
    """Whether a size is at least `bound`; None where it depends on the symbols."""
    return compare(value, ">=", bound)


def simplify(value: Any) -> Any:
    """A formula in its shortest form; a formula that is a number becomes an int."""
    if is_number(value):
        return value
    from convdsl.algebra import symbolic

    return symbolic.simplify(value)


def text(value: Any) -> str:
    """A size as text that sympy can read back: `28`, `floor((N - 5)/2) + 1`."""
    if is_number(value):
        return str(value)
    from convdsl.algebra import symbolic

    return symbolic.text(value)


def symbols_of(value: Any) -> frozenset[str]:
    """Names of the symbols in a size."""
    return frozenset() if is_number(value) else frozenset(s.name for s in value.free_symbols)
