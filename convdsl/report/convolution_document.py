"""Convolution by hand as a document, for slides, notebooks and pages: formulas with their matrices, and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from convdsl.document import Formula, Matrix, Node, Sentence
from convdsl.messages import T
from convdsl.report.arithmetic import Latex, Notation, magnitude, root_of, total_line, working
from convdsl.report.convolution import Position, chain_facts, channel_title, facts, sum_title
from convdsl.teaching.chains import Chain, Gradient
from convdsl.teaching.channels import Channels
from convdsl.teaching.convolution import Correlation, Operation, Pooling, Transposed
from convdsl.teaching.exact import Number
from convdsl.teaching.kernels import Kernel
from convdsl.teaching.matrix import Rows
from convdsl.teaching.tasks import Work

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
        """A result, with some of its places in detail."""
        if isinstance(work, Chain):
            for step in work.steps:
                yield from self._operation(step)
            product = self._kernel(work.steps[0].kernel)
            for step in work.steps[1:]:
                product += _sign(" * ", " ∗ ") + self._kernel(step.kernel)
            yield _formula(product + _sign(" = ") + self._kernel(work.equivalent))
            yield from map(Sentence, chain_facts(work))
        elif isinstance(work, Gradient):
            for name, letter, part in (("G_x", "Gx", work.x), ("G_y", "Gy", work.y)):
                yield from self._operation(part, _sign(f"{name} = ", f"{letter} = "))
            yield _formula(_sign(r"\sqrt{G_x^2 + G_y^2} = ", "√(Gx² + Gy²) = ") + self._roots(work))
        elif isinstance(work, Channels):
            for number, part in enumerate(work.parts, 1):
                yield Sentence(f"{channel_title(number)}:")
                yield from self._operation(part)
            yield Sentence(f"{sum_title(work)}:")
            yield self._sum(work)
        else:
            yield from self._operation(work)
        for row, column in places:
            yield Sentence(str(T("Row {row}, column {column}:", row=row + 1, column=column + 1)))
            if isinstance(work, Channels):
                for part in work.parts:
                    yield self._place(part, row, column)
            yield self._place(work, row, column)

    def flat(self, rows: Rows, flat: tuple[Number, ...]) -> Iterator[Node]:
        """A matrix and the row that it becomes."""
        yield _formula(self._matrix(rows) + _sign(r" \mapsto ", " ↦ ") + self._matrix((flat,)))

    def _operation(self, operation: Operation, name: _Part | None = None) -> Iterator[Node]:
        name = name or _Part("", ())
        given, output = self._matrix(operation.matrix), self._matrix(operation.output)
        if isinstance(operation, Pooling):
            height, width = operation.window
            call = _sign(
                rf"\operatorname{{{operation.mode}}}_{{{height} \times {width}}} ",
                f"{operation.mode} {height}×{width} ",
            )
            yield _formula(name + call + given + _sign(" = ") + output)
        else:
            assert isinstance(operation, (Correlation, Transposed))
            sign = _sign(f"\n{_OPERATORS[operation.symbol]} ", f" {operation.symbol} ")
            yield _formula(name + given + sign + self._kernel(operation.kernel) + _sign("\n= ", " = ") + output)
        yield from map(Sentence, facts(operation))

    def _sum(self, channels: Channels) -> Formula:
        said = self._matrix(channels.sums)
        if channels.bias:
            sign = "-" if channels.bias < 0 else "+"
            bias = max(channels.bias, -channels.bias)
            said += _sign(f" {sign} {self.latex.number(bias)}", f" {sign.replace('-', '−')} {self.plain.number(bias)}")
        if channels.relu:
            said = _sign(r"\max\left(0, ", "max(0, ") + said + _sign(r"\right)", ")")
        if channels.bias or channels.relu:
            said += _sign("\n= ", " = ") + self._matrix(channels.output)
        return _formula(said)

    def _place(self, work: Work, row: int, column: int) -> Formula:
        if isinstance(work, Gradient):
            return Formula((magnitude(work, row, column, self.latex),), (magnitude(work, row, column, self.plain),))
        if isinstance(work, Channels):
            return Formula((total_line(work, row, column, self.latex),), (total_line(work, row, column, self.plain),))
        operation = work.steps[-1] if isinstance(work, Chain) else work
        lines = " \\\\\n".join(f"& {line}" for line in working(operation, row, column, self.latex))
        aligned = f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"
        return Formula((aligned,), tuple(working(operation, row, column, self.plain)))

    def _kernel(self, kernel: Kernel) -> _Part:
        factor = (
            _Part("", ())
            if kernel.divisor == 1
            else _sign(rf"\frac{{1}}{{{kernel.divisor}}} ", f"1/{kernel.divisor} · ")
        )
        return factor + self._matrix(kernel.rows)

    def _matrix(self, rows: Rows) -> _Part:
        return _matrix(
            [[self.latex.number(v) for v in row] for row in rows], [[self.plain.number(v) for v in row] for row in rows]
        )

    def _roots(self, gradient: Gradient) -> _Part:
        def written(notation: Notation) -> list[list[str]]:
            return [[self._root(notation, v) for v in squares] for squares in gradient.squares]

        return _matrix(written(self.latex), written(self.plain))

    @staticmethod
    def _root(notation: Notation, square: Number) -> str:
        root = root_of(square)
        return notation.number(root) if root is not None else notation.root(notation.number(square))


def _formula(part: _Part) -> Formula:
    return Formula((part.latex,), part.text)


def _sign(latex: str, text: str = "") -> _Part:
    return _Part(latex, (text or latex,))


def _matrix(latex: Sequence[Sequence[str]], text: Sequence[Sequence[str]]) -> _Part:
    """A matrix in square brackets, its entries to the right."""
    lines = r" \\ ".join(" & ".join(row) for row in latex)
    written = rf"\left[\begin{{array}}{{{'r' * len(latex[0])}}} {lines} \end{{array}}\right]"
    return _Part(written, (Matrix(tuple(map(tuple, text))),))
