"""Convolution by hand as LaTeX, and as Markdown with LaTeX between $$, for slides and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convdsl.latex import escaped
from convdsl.messages import T
from convdsl.report.arithmetic import Latex, magnitude, root_of, working
from convdsl.report.convolution import Position, chain_facts, facts
from convdsl.teaching.chains import Chain, Gradient
from convdsl.teaching.convolution import Correlation, Operation, Pooling, Transposed
from convdsl.teaching.exact import Number
from convdsl.teaching.kernels import Kernel
from convdsl.teaching.matrix import Rows
from convdsl.teaching.tasks import Work

_OPERATORS = {"⋆": r"\star", "∗": "*", "⋆ᵀ": r"\star^{\top}"}


Pieces = Iterator[tuple[bool, str]]
"""Formulas (true) and sentences (false), in order."""


def latex(pieces: Pieces) -> str:
    """Formulas between \\[ and \\], sentences between them."""
    return "\n\n".join(f"\\[\n{text}\n\\]" if is_formula else escaped(text) for is_formula, text in pieces)


def markdown(pieces: Pieces) -> str:
    """The same for Markdown that knows LaTeX: Jupyter, GitHub, Marp, Quarto."""
    return "\n\n".join(f"$$\n{text}\n$$" if is_formula else text.replace("*", r"\*") for is_formula, text in pieces)


def pieces(work: Work, notation: Latex, places: Sequence[Position] = ()) -> Pieces:
    """What is to be said about a result, with some of its places in detail."""
    if isinstance(work, Chain):
        for step in work.steps:
            yield from _operation(step, notation)
        product = " * ".join(_kernel(step.kernel, notation) for step in work.steps)
        yield True, f"{product} = {_kernel(work.equivalent, notation)}"
        yield from ((False, line) for line in chain_facts(work))
    elif isinstance(work, Gradient):
        for name, part in (("G_x", work.x), ("G_y", work.y)):
            yield from _operation(part, notation, f"{name} = ")
        yield True, rf"\sqrt{{G_x^2 + G_y^2}} = {_roots(work, notation)}"
    else:
        yield from _operation(work, notation)
    for row, column in places:
        yield False, str(T("Row {row}, column {column}:", row=row + 1, column=column + 1))
        yield True, _place(work, row, column, notation)


def _operation(operation: Operation, notation: Latex, name: str = "") -> Pieces:
    given, output = matrix(operation.matrix, notation), matrix(operation.output, notation)
    if isinstance(operation, Pooling):
        height, width = operation.window
        yield True, rf"{name}\operatorname{{{operation.mode}}}_{{{height} \times {width}}} {given} = {output}"
    else:
        assert isinstance(operation, (Correlation, Transposed))
        sign = _OPERATORS[operation.symbol]
        yield True, f"{name}{given}\n{sign} {_kernel(operation.kernel, notation)}\n= {output}"
    yield from ((False, line) for line in facts(operation))


def flat_pieces(rows: Rows, flat: tuple[Number, ...], notation: Latex) -> Pieces:
    """A matrix and the row that it becomes."""
    yield True, rf"{matrix(rows, notation)} \mapsto {matrix((flat,), notation)}"


def _place(work: Work, row: int, column: int, notation: Latex) -> str:
    if isinstance(work, Gradient):
        return magnitude(work, row, column, notation)
    operation = work.steps[-1] if isinstance(work, Chain) else work
    lines = " \\\\\n".join(f"& {line}" for line in working(operation, row, column, notation))
    return f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"


def _kernel(kernel: Kernel, notation: Latex) -> str:
    factor = "" if kernel.divisor == 1 else rf"\frac{{1}}{{{kernel.divisor}}} "
    return factor + matrix(kernel.rows, notation)


def matrix(rows: Rows, notation: Latex) -> str:
    """A matrix in square brackets, its entries to the right."""
    return _array([[notation.number(v) for v in row] for row in rows])


def _roots(gradient: Gradient, notation: Latex) -> str:
    rows = []
    for squares in gradient.squares:
        roots = [(root_of(v), v) for v in squares]
        rows.append([notation.number(r) if r is not None else rf"\sqrt{{{notation.number(v)}}}" for r, v in roots])
    return _array(rows)


def _array(rows: Sequence[Sequence[str]]) -> str:
    lines = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\left[\begin{{array}}{{{'r' * len(rows[0])}}} {lines} \end{{array}}\right]"
