"""Sums and products as on a blackboard: for the terminal, and in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from convdsl.layers import Axis
from convdsl.layers.window import size_formula
from convdsl.messages import decimals, listed
from convdsl.teaching.worked.chains import Gradient
from convdsl.teaching.worked.channels import Channels
from convdsl.teaching.worked.convolution import Correlation, Operation, Pooling, Transposed
from convdsl.teaching.worked.exact import Number, near, show

_MOST_SUMMANDS = 49


class Notation:
    """How numbers and signs are written; `places` rounds what is not whole to so many decimals."""

    times, equals, about = "·", "=", "≈"

    def __init__(self, fractions: bool = False, places: int | None = None) -> None:
        self.fractions = fractions
        self.places = places

    def number(self, value: Number) -> str:
        """A number by itself."""
        return show(value, self.fractions, self.places)

    def factor(self, value: Number) -> str:
        """A number behind a sign: negative ones and fractions in parentheses."""
        written = self.number(value)
        return f"({written})" if value < 0 or "/" in written else written

    def first(self, value: Number) -> str:
        """A number before a sign: negative ones in parentheses."""
        return f"({self.number(value)})" if value < 0 else self.number(value)

    def divided(self, divisor: int) -> tuple[str, str]:
        """What stands before and behind a sum that is divided."""
        return ("", "") if divisor == 1 else ("(", f")/{divisor}")

    def typeset(self, written: str) -> str:
        """Signs and numbers as they are set here."""
        return written

    def root(self, inside: str) -> str:
        return f"√({inside})" if not inside.isdigit() else f"√{inside}"

    def over(self, total: str, divisor: int) -> str:
        return f"{total}/{divisor}"

    def call(self, name: str, values: Iterable[str]) -> str:
        return f"{name}({listed(values)})"


class Latex(Notation):
    """The same in LaTeX."""

    times, about = r" \cdot ", r"\approx"

    def number(self, value: Number) -> str:
        written = self.typeset(super().number(value))
        top, _, bottom = written.partition("/")
        if not bottom:
            return written
        sign = "-" if top.startswith("-") else ""
        return rf"{sign}\frac{{{top.lstrip('-')}}}{{{bottom}}}"

    def factor(self, value: Number) -> str:
        written = self.number(value)
        return f"({written})" if value < 0 else written

    def root(self, inside: str) -> str:
        return rf"\sqrt{{{inside}}}"

    def divided(self, divisor: int) -> tuple[str, str]:
        return ("", "") if divisor == 1 else (rf"\tfrac{{1}}{{{divisor}}}\bigl(", r"\bigr)")

    def typeset(self, written: str) -> str:
        return written.replace("−", "-").replace(",", "{,}")

    def over(self, total: str, divisor: int) -> str:
        return rf"\frac{{{total}}}{{{divisor}}}"

    def call(self, name: str, values: Iterable[str]) -> str:
        operator = rf"\{name}" if name in ("max", "min") else rf"\operatorname{{{name}}}"
        return rf"{operator}({listed(values)})"


def working(operation: Operation, row: int, column: int, notation: Notation) -> list[str]:
    """How one output comes about, line by line: the products, their sum, the result."""
    if isinstance(operation, Pooling):
        return _pooling(operation, row, column, notation)
    result = operation.value(row, column)
    if isinstance(operation, Correlation):
        rows = [[(t.value, t.weight) for t in line] for line in operation.terms(row, column)]
        divisor = operation.kernel.divisor
    else:
        assert isinstance(operation, Transposed)
        rows = [[(term.value, term.weight) for _, term in operation.sources(row, column)]]
        divisor = operation.kernel.divisor
    products: list[Number] = [a * b for line in rows for a, b in line]
    if not products:
        return [f"{notation.equals} 0"]
    lines = [" + ".join(f"{notation.first(a)}{notation.times}{notation.factor(b)}" for a, b in line) for line in rows]
    lines = [line if number == 0 else f"+ {line}" for number, line in enumerate(lines)]
    opened, closed = notation.divided(divisor)
    lines[0], lines[-1] = opened + lines[0], lines[-1] + closed
    if 1 < len(products) <= _MOST_SUMMANDS:
        lines.append(f"{notation.equals} {opened}{signed_sum(products, notation)}{closed}")
    return [*lines, *_result(sum(products), divisor, result, notation)]


def _result(total: Number, divisor: int, result: Number, notation: Notation) -> list[str]:
    """`= −5`, or `= 29/9 ≈ 3.222`; a quotient that comes out even is written with its value: `= 27/9 = 3`."""
    written = f"{notation.equals} {notation.number(result)}"
    if divisor != 1 and result.denominator != divisor:
        written = f"{notation.equals} {notation.over(notation.number(total), divisor)} {written}"
    rounded = near(result)
    if rounded and notation.places is None:
        written += f" {notation.about} {notation.typeset(rounded)}"
    return [written]


def _pooling(operation: Pooling, row: int, column: int, notation: Notation) -> list[str]:
    values = operation.values(row, column)
    result = operation.value(row, column)
    if operation.mode == "avg":
        opened, closed = notation.divided(len(values))
        return [opened + signed_sum(values, notation) + closed, *_result(sum(values), len(values), result, notation)]
    call = notation.call(operation.mode, map(notation.number, values))
    return [f"{call} {notation.equals} {notation.number(result)}"]


def signed_sum(values: Sequence[Number], notation: Notation) -> str:
    """`3 + 0 − 1`."""
    first, *others = values
    return notation.number(first) + "".join(
        f" {notation.typeset('−') if v < 0 else '+'} {notation.number(-v if v < 0 else v)}" for v in others
    )


def one_line(operation: Operation, row: int, column: int, notation: Notation) -> str:
    """The same in one line: products and result."""
    lines = working(operation, row, column, notation)
    kept = [line for line in lines[:-1] if not line.startswith(notation.equals)]
    return " ".join([*kept, lines[-1]])


def magnitude(gradient: Gradient, row: int, column: int, notation: Notation) -> str:
    """`√((−5)² + 3²) = √34 ≈ 5.831`."""
    x, y = gradient.x.value(row, column), gradient.y.value(row, column)
    power = "^2" if isinstance(notation, Latex) else "²"
    square = x * x + y * y
    written = notation.root(f"{notation.factor(x)}{power} + {notation.factor(y)}{power}")
    start = f"{written} {notation.equals} {notation.root(notation.number(square))}"
    exact = root_of(square)
    if exact is not None:
        return f"{start} {notation.equals} {notation.number(exact)}"
    return f"{start} {notation.about} {notation.typeset(decimals(f'{float(square) ** 0.5:.4g}'))}"


def total_line(channels: Channels, row: int, column: int, notation: Notation) -> str:
    """`−4 + 3 + 2 − 1 = 0`, and behind a ReLU `max(0, −4 + 3 + 2 − 3) = max(0, −2) = 0`: the channels' values at a
    place, the bias last."""
    summands: list[Number] = [part.value(row, column) for part in channels.parts]
    summands += [channels.bias] if channels.bias else []
    written, total = signed_sum(summands, notation), sum(summands)
    result = notation.number(channels.after(sum(summands) - channels.bias))
    if not channels.relu:
        return f"{written} {notation.equals} {result}"
    start = notation.call("max", ("0", written))
    middle = notation.call("max", ("0", notation.number(total))) if len(summands) > 1 else ""
    return f" {notation.equals} ".join(filter(None, (start, middle, result)))


def root_of(square: Number) -> Number | None:
    """The root of a square of a whole number or fraction; None for others."""
    from math import isqrt

    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    if top * top != square.numerator or bottom * bottom != square.denominator:
        return None
    return top if bottom == 1 else Fraction(top, bottom)


def size_line(axis: Axis) -> str:
    """Where the size along an axis comes from, with the numbers: `(6 + 2·0 − 3)/1 + 1 = 4`."""
    if axis.rule in ("same", "causal"):
        return f"⌈{axis.input}/{axis.s}⌉ = {axis.output}"
    if axis.rule == "transposed":
        if axis.after > axis.before:
            return f"{axis.input}·{axis.s} = {axis.output}"
        window = f"{axis.k} − 1" if axis.d == 1 else f"{axis.d}·({axis.k} − 1)"
        extra = f" + {axis.before - axis.after}" if axis.before > axis.after else ""
        return f"({axis.input} − 1)·{axis.s} − 2·{axis.before} + {window}{extra} + 1 = {axis.output}"
    written = size_formula(axis.input, axis.k, axis.s, axis.before, axis.d)
    if not axis.remainder:
        return f"{written} = {axis.output}"
    exact = Fraction(axis.input + axis.before + axis.after - axis.extent, axis.s) + 1
    return f"{written} = {decimals(f'{float(exact):.2f}')} → {axis.output}"
