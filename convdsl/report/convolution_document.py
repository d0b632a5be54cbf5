"""Convolution by hand as a document: formulas with their matrices, and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from convdsl.document import Formula, Heading, Matrix, Node, Sentence
from convdsl.messages import T
from convdsl.report.arithmetic import Latex, Notation, magnitude, root_of, total_line, working
from convdsl.report.convolution import (
    Position,
    chain_facts,
    channel_title,
    facts,
    magnitudes,
    place_title,
    sum_title,
)
from convdsl.teaching.worked.chains import Chain, Gradient
from convdsl.teaching.worked.channels import Channels
from convdsl.teaching.worked.convolution import MOST_PRODUCTS, Correlation, Operation, Pooling, Transposed
from convdsl.teaching.worked.exact import Number
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.matrix import Rows
from convdsl.teaching.worked.tasks import Work

_OPERATORS = {"⋆": r"\star", "∗": "*", "⋆ᵀ": r"\star^{\top}"}


class _Part(NamedTuple):
    """A part of a formula, in LaTeX and as text with matrices in it."""

    latex: str
    text: tuple[str | Matrix, ...]

    def __add__(self, other: object) -> _Part:
        assert isinstance(other, _Part)
        return _Part(self.latex + other.latex, self.text + other.text)


class Told:
    """What is to be said of a result; numbers as `notation` has them."""

    def __init__(self, notation: Notation) -> None:
        self.plain = notation
        self.latex = Latex(notation.fractions, notation.places)

    def work(self, work: Work, places: Sequence[Position] = ()) -> Iterator[Node]:
        """A result, with some of its places in detail; only those where the whole output would take too long."""
        at = places[0] if len(places) == 1 else None
        if at is not None and isinstance(work, Operation) and work.products > MOST_PRODUCTS:
            yield from map(Sentence, facts(work))
        elif isinstance(work, Chain):
            yield from self._chain(work)
        elif isinstance(work, Gradient):
            yield from self._gradient(work)
        elif isinstance(work, Channels):
            for number, part in enumerate(work.parts, 1):
                yield Heading(channel_title(number))
                yield from self.operation(part, at)
            yield Heading(sum_title(work))
            yield self._sum(work, at)
        else:
            yield from self.operation(work, at)
        for place in places:
            yield from self.place(work, *place)

    def operation(
        self, operation: Operation, at: Position | None = None, reached: int | None = None, name: str = ""
    ) -> Iterator[Node]:
        """Input, kernel and output, and the sizes. `at` is marked; outputs behind number `reached` are not shown."""
        given, output = self._input(operation, at), self._output(operation, at, reached)
        if isinstance(operation, Pooling):
            height, width = operation.window
            call = rf"\operatorname{{{operation.mode}}}_{{{height} \times {width}}} "
            said = (*given.text, f" {operation.mode} {height}×{width} ", " = ", *output.text)
            yield Formula((f"{name}{call}{given.latex} = {output.latex}",), said)
        else:
            assert isinstance(operation, (Correlation, Transposed))
            sign = _sign(f"\n{_OPERATORS[operation.symbol]} ", f" {operation.symbol} ")
            equation = given + sign + self._kernel(operation.kernel) + _sign("\n= ", " = ") + output
            yield _formula(_sign(name, "") + equation)
        yield from map(Sentence, facts(operation))

    def place(self, work: Work, row: int, column: int) -> Iterator[Node]:
        """How one output comes about."""
        if isinstance(work, Gradient):
            for part in (work.x, work.y):
                yield from self.place(part, row, column)
            yield Formula((magnitude(work, row, column, self.latex),), (magnitude(work, row, column, self.plain),))
            return
        if isinstance(work, Channels):
            for number, part in enumerate(work.parts, 1):
                yield Heading(channel_title(number))
                yield from self.place(part, row, column)
            yield Heading(sum_title(work))
            yield Formula((total_line(work, row, column, self.latex),), (total_line(work, row, column, self.plain),))
            return
        operation = work.steps[-1] if isinstance(work, Chain) else work
        yield Heading(place_title(operation, row, column), 4)
        if not isinstance(operation, Transposed):
            seen = self._matrix(tuple(tuple(c.value for c in cells) for cells in operation.cells(row, column)))
            if isinstance(operation, Correlation):
                seen = seen + _sign(r" \cdot ", " · ") + self._matrix(operation.applied.rows)
            yield _formula(seen)
        lines = " \\\\\n".join(f"& {line}" for line in working(operation, row, column, self.latex))
        aligned = f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"
        yield Formula((aligned,), tuple(working(operation, row, column, self.plain)))

    def flat(self, rows: Rows, flat: tuple[Number, ...]) -> Iterator[Node]:
        """A matrix and the row that it becomes, read line by line."""
        yield _formula(self._matrix(rows) + _sign(r" \mapsto ", " → ") + self._matrix((flat,)))
        shape = f"{len(rows)}×{len(rows[0])}"
        yield Sentence(str(T("{shape} → one row of {n} values, read line by line.", shape=shape, n=len(flat))))

    def _chain(self, chain: Chain) -> Iterator[Node]:
        for number, step in enumerate(chain.steps, 1):
            yield Heading(str(T("Step {n}", n=number)))
            yield from self.operation(step)
        yield Heading(str(T("The one kernel that does the same")))
        product = self._kernel(chain.steps[0].kernel)
        for step in chain.steps[1:]:
            product += _sign(" * ", " ∗ ") + self._kernel(step.kernel)
        yield _formula(product + _sign(" = ") + self._kernel(chain.equivalent))
        yield from map(Sentence, chain_facts(chain))

    def _gradient(self, gradient: Gradient) -> Iterator[Node]:
        for name, letter, part in (("Gx", "G_x", gradient.x), ("Gy", "G_y", gradient.y)):
            yield Heading(name)
            yield from self.operation(part, name=f"{letter} = ")
        yield Heading("√(Gx² + Gy²)")
        exact = [[self._root(v) for v in squares] for squares in gradient.squares]
        rows = _matrix(exact, magnitudes(gradient, self.plain))
        yield _formula(_sign(r"\sqrt{G_x^2 + G_y^2} = ", "") + rows)

    def _input(self, operation: Operation, at: Position | None) -> _Part:
        """The matrix, the zeros of the padding around it, and what the window at `at` sees."""
        down, right = operation.axes
        if isinstance(operation, Transposed):
            seen = [cell for cell, _ in operation.sources(*at)] if at is not None else []
            return self._matrix(operation.matrix, marks=[((c.row, c.column), "window") for c in seen])
        cells = [cell for line in operation.cells(*at) for cell in line] if at is not None else []
        margin = down.before, down.after, right.before, right.after
        return self._matrix(operation.matrix, margin, [((c.row, c.column), "window") for c in cells])

    def _output(self, operation: Operation, at: Position | None, reached: int | None) -> _Part:
        wide = len(operation.output[0])
        later = range(len(operation.output) * wide if reached is None else reached + 1, len(operation.output) * wide)
        marks = [(divmod(n, wide), "later") for n in later]
        return self._matrix(operation.output, marks=[*marks, *_found(at)])

    def _sum(self, channels: Channels, at: Position | None) -> Formula:
        said = self._matrix(channels.sums)
        if channels.bias:
            sign = "-" if channels.bias < 0 else "+"
            bias = max(channels.bias, -channels.bias)
            said += _sign(f" {sign} {self.latex.number(bias)}", f" {sign.replace('-', '−')} {self.plain.number(bias)}")
        if channels.relu:
            said = _sign(r"\max\left(0, ", "max(0, ") + said + _sign(r"\right)", ")")
        if channels.bias or channels.relu:
            said += _sign("\n= ", " = ") + self._matrix(channels.output, marks=_found(at))
        return _formula(said)

    def _kernel(self, kernel: Kernel) -> _Part:
        factor = (
            _Part("", ())
            if kernel.divisor == 1
            else _sign(rf"\frac{{1}}{{{kernel.divisor}}} ", f"1/{kernel.divisor} · ")
        )
        return factor + self._matrix(kernel.rows)

    def _matrix(
        self, rows: Rows, margin: tuple[int, int, int, int] = (0, 0, 0, 0), marks: Iterable[tuple[Position, str]] = ()
    ) -> _Part:
        latex, text = ([[notation.number(v) for v in row] for row in rows] for notation in (self.latex, self.plain))
        return _matrix(latex, text, margin, tuple(marks))

    def _root(self, square: Number) -> str:
        root = root_of(square)
        return self.latex.number(root) if root is not None else self.latex.root(self.latex.number(square))


def _found(at: Position | None) -> list[tuple[Position, str]]:
    return [] if at is None else [(at, "result")]


def _formula(part: _Part) -> Formula:
    return Formula((part.latex,), part.text)


def _sign(latex: str, text: str | None = None) -> _Part:
    return _Part(latex, tuple(filter(None, [latex if text is None else text])))


def _matrix(
    latex: Sequence[Sequence[str]],
    text: Sequence[Sequence[str]],
    margin: tuple[int, int, int, int] = (0, 0, 0, 0),
    marks: tuple[tuple[Position, str], ...] = (),
) -> _Part:
    """A matrix in square brackets, its entries to the right."""
    lines = r" \\ ".join(" & ".join(row) for row in latex)
    written = rf"\left[\begin{{array}}{{{'r' * len(latex[0])}}} {lines} \end{{array}}\right]"
    return _Part(written, (Matrix(tuple(map(tuple, text)), margin, marks),))
