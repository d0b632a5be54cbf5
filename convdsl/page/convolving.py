"""A convolution or a pooling worked by hand: all of it at once, and each place with what the window sees there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convdsl.document import Sentence, html
from convdsl.layers import SizeError
from convdsl.messages import T, with_decimals
from convdsl.page.answers import Refused
from convdsl.report.arithmetic import Notation, one_line
from convdsl.report.convolution import facts
from convdsl.teaching.worked.convolution import POOLINGS, Correlation, Operation, Options
from convdsl.teaching.worked.kernels import Median, names, read_kernel
from convdsl.teaching.worked.matrix import MatrixError, read_matrix
from convdsl.teaching.worked.tasks import Task, last_operation, perform

MOST_STEPS = 400
"""Places of the output that can be gone through; the output of larger ones is shown whole."""
MOST_ENTRIES = 4_000


def convolve(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What comes out where a window slides over `matrix`: a `kernel` by its name or its numbers, or pooling with a window of
    `window`; with `stride`, `padding` (a number or `same`) and `dilation`. Rows and columns count from 0. Raises Refused."""
    try:
        return _convolved(asked)
    except MatrixError as error:
        raise Refused("\n".join(map(str, filter(None, (error.message, error.help))))) from None
    except SizeError as error:
        raise Refused("\n".join(filter(None, (str(error.message), with_decimals(error.formula))))) from None


def _convolved(asked: Mapping[str, Any]) -> dict[str, Any]:
    matrix = read_matrix(asked["matrix"])
    if matrix.size[0] * matrix.size[1] > MOST_ENTRIES:
        raise Refused(str(T("Here a matrix has at most {n} entries.", n=MOST_ENTRIES)))
    task = _task(asked)
    operation = last_operation(perform(task, matrix.values))
    notation = Notation(matrix.fractions or task.fractions)
    places = list(operation.places())
    kernel = operation.kernel if isinstance(operation, Correlation) else None
    return {
        "input": [[notation.number(v) for v in row] for row in matrix.values],
        "kernel": [[notation.number(v) for v in row] for row in kernel.rows] if kernel else [],
        "divisor": kernel.divisor if kernel else 1,
        "output": [[notation.number(v) for v in row] for row in operation.output],
        "facts": html.fragment(Sentence(said, quiet=True) for said in (*map(str, matrix.notes), *facts(operation))),
        "steps": list(_steps(operation, notation)) if len(places) <= MOST_STEPS else [],
    }


def kernels(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The names of kernels and of poolings."""
    return {"kernels": [name for name in names() if name not in POOLINGS], "poolings": list(POOLINGS)}


def _task(asked: Mapping[str, Any]) -> Task:
    """What is asked for. Raises MatrixError, Refused."""
    how = Options(
        (_number(asked, "stride", 1),),
        asked["padding"] if asked["padding"] in ("same", "valid") else (_number(asked, "padding", 0),),
        (_number(asked, "dilation", 1),),
    )
    if asked["kernel"] in POOLINGS:
        return Task("pool", how, mode=asked["kernel"], window=(_number(asked, "window", 1),))
    kernel = read_kernel(asked["kernel"])
    if isinstance(kernel, Median):
        return Task("pool", how, mode="median", window=kernel.size)
    return Task("kernels", how, (kernel,), true=bool(asked.get("true")))


def _number(asked: Mapping[str, Any], name: str, least: int) -> int:
    """A whole number as it was typed. Raises Refused."""
    written = str(asked[name]).strip()
    if not written.isdecimal() or not least <= int(written[:9]) <= 1000:
        raise Refused(
            str(
                T(
                    "`{name}` is a whole number from {least} on; here it is {value}.",
                    name=name,
                    least=least,
                    value=written,
                )
            )
        )
    return int(written)


def _steps(operation: Operation, notation: Notation) -> Iterator[dict[str, Any]]:
    """Each place of the output: the places of the input that the window lies on, outside ones too, and the calculation."""
    for row, column in operation.places():
        seen = [(cell.row, cell.column) for line in operation.cells(row, column) for cell in line]
        yield {"at": [row, column], "window": seen, "line": one_line(operation, row, column, notation)}
