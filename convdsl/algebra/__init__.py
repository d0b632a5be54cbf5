"""Arithmetic on sizes: whole numbers, or formulas in symbols. The only room that knows sympy, and it loads it late.

A *size* is an `int`, or a formula over whole symbols, of one of three kinds:

- a sympy expression, which `check` shows (symbolic.py);
- a `Written`, which keeps how it came about, as on a blackboard, for `explain` (blackboard.py);
- a `Form`, a normal form that is quick to compare, for `solve` (forms.py).

Every function here takes all of them, so that a layer's rules are written once and serve `check`, `explain` and
`solve`. With plain numbers none of them imports sympy, so that `check` of an ordinary net stays fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sympy import Expr

    Size = int | Expr
else:
    Size = Any


class TooLong(Exception):
    """A formula has grown beyond what anybody reads, and sympy can work with in reasonable time."""


class Exhausted(Exception):
    """All formulas together have grown beyond the budget."""


_left: ContextVar[list[int] | None] = ContextVar("budget", default=None)


@contextmanager
def budget(parts: int = 60_000) -> Iterator[None]:
    """While it lasts, Exhausted is raised when the formulas worked on have had more than `parts` parts, all told."""
    before = _left.set([parts])
    try:
        yield
    finally:
        _left.reset(before)


def spend(parts: int) -> None:
    """Takes some of the budget. Raises Exhausted where nothing is left of it."""
    left = _left.get()
    if left is not None:
        left[0] -= parts
        if left[0] < 0:
            raise Exhausted


_new_symbol: Callable[[str, int], Any] | None = None


@contextmanager
def symbols_from(source: Callable[[str, int], Any]) -> Iterator[None]:
    """While it lasts, `symbol` asks `source(name, minimum)` instead of sympy."""
    global _new_symbol
    before, _new_symbol = _new_symbol, source
    try:
        yield
    finally:
        _new_symbol = before


def _room(*values: Any) -> Any:
    """The module that knows the arithmetic of some formulas."""
    for value in values:
        room = getattr(value, "arithmetic", None)
        if room is not None:
            return room
    from convdsl.algebra import symbolic

    return symbolic


def is_number(value: Any) -> bool:
    """Whether a value is a plain number, not a formula."""
    return isinstance(value, (int, float)) or not hasattr(value, "free_symbols")


def symbol(name: str, minimum: int = 1) -> Any:
    """A whole symbol, positive, or from 0 on where `minimum` is 0."""
    if _new_symbol is not None:
        return _new_symbol(name, minimum)
    from convdsl.algebra import symbolic

    return symbolic.symbol(name, minimum)


def floor_divide(numerator: Any, denominator: Any) -> Any:
    """floor(numerator / denominator)."""
    if is_number(numerator) and is_number(denominator):
        return numerator // denominator
    return _room(numerator, denominator).floor_divide(numerator, denominator)


def ceil_divide(numerator: Any, denominator: Any) -> Any:
    """ceil(numerator / denominator)."""
    if is_number(numerator) and is_number(denominator):
        return -(-numerator // denominator)
    return _room(numerator, denominator).ceil_divide(numerator, denominator)


def exact_divide(numerator: Any, denominator: Any) -> Any:
    """numerator / denominator; a whole number where it divides."""
    if is_number(numerator) and is_number(denominator):
        divides = isinstance(numerator, int) and isinstance(denominator, int) and numerator % denominator == 0
        return numerator // denominator if divides else numerator / denominator
    return _room(numerator, denominator).exact_divide(numerator, denominator)


def divides(divisor: Any, value: Any) -> bool | None:
    """Whether `value` is a whole multiple of `divisor`; None where it depends on the symbols."""
    if is_number(divisor) and is_number(value):
        return value % divisor == 0
    return _room(divisor, value).divides(divisor, value)


def maximum(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return max(a, b)
    return _room(a, b).maximum(a, b)


def minimum(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return min(a, b)
    return _room(a, b).minimum(a, b)


def greatest_common_divisor(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return gcd(a, b)
    return _room(a, b).greatest_common_divisor(a, b)


def ceiling(value: Any) -> Any:
    """The whole number above; receptive fields behind an upsampling are fractions until they are shown."""
    return -(-value // 1) if is_number(value) else _room(value).ceiling(value)


def equal(a: Any, b: Any) -> bool | None:
    """Whether two sizes are the same; None where it depends on the symbols."""
    if is_number(a) and is_number(b):
        return a == b
    return _room(a, b).equal(a, b)


def compare(a: Any, comparison: str, b: Any) -> bool | None:
    """Truth of `a comparison b` (=, <=, >=, <, >); None where it depends on the symbols."""
    if comparison == "=":
        return equal(a, b)
    if is_number(a) and is_number(b):
        return {"<=": a <= b, ">=": a >= b, "<": a < b, ">": a > b}[comparison]
    return _room(a, b).compare(a, comparison, b)


def at_least(value: Any, bound: int) -> bool | None:
    """Whether a size is at least `bound`; None where it depends on the symbols."""
    return compare(value, ">=", bound)


def simplify(value: Any) -> Any:
    """A formula in its shortest form; a formula that is a number becomes an int."""
    if is_number(value):
        return value
    return _room(value).simplify(value)


def text(value: Any) -> str:
    """A size as text that sympy can read back: `28`, `floor((N - 5)/2) + 1`."""
    if is_number(value):
        return str(value)
    return _room(value).text(value)


def on_board(value: Any) -> str:
    """A size as a blackboard has it: `⌊(N − 5)/2⌋ + 1`, `3·p²`."""
    from convdsl.algebra.chalk import on_board

    return str(value) if is_number(value) else on_board(text(value))


def latex(value: Any) -> str:
    """A formula in symbols as LaTeX."""
    from convdsl.algebra import symbolic

    return symbolic.latex(value)


def factor(value: Any) -> Any:
    """A formula as a product, where it is one."""
    if is_number(value):
        return value
    from convdsl.algebra import symbolic

    return symbolic.factor(value)


def ratio(a: Any, b: Any) -> Any:
    """a/b in its shortest form, a Fraction if it is a number."""
    if is_number(a) and is_number(b):
        return Fraction(a) / b
    from convdsl.algebra import symbolic

    return symbolic.ratio(a, b)


def bounded(value: Any) -> Any:
    """The value itself. Raises TooLong where it is too long a formula for sympy: for what plain operators compute."""
    if is_number(value) or hasattr(value, "arithmetic"):
        return value
    from convdsl.algebra import symbolic

    return symbolic.bounded(value)


def total(values: Iterable[Any]) -> Any:
    """The sum of numbers and formulas."""
    values = list(values)
    if all(map(is_number, values)) or any(hasattr(v, "arithmetic") for v in values):
        return sum(values)
    from convdsl.algebra import symbolic

    return symbolic.total(values)


def symbols_of(value: Any) -> frozenset[str]:
    """Names of the symbols in a size."""
    return frozenset() if is_number(value) else frozenset(s.name for s in value.free_symbols)
