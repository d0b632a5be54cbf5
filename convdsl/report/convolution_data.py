"""Convolution by hand as data for JSON. Whole numbers and decimals are numbers; what has no end as a decimal is a
string such as "29/9". Rows and columns count from 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdsl.report.convolution import Position
from convdsl.teaching.worked.chains import Chain, Gradient
from convdsl.teaching.worked.channels import Channels
from convdsl.teaching.worked.convolution import Correlation, Operation, Pooling, Transposed
from convdsl.teaching.worked.exact import Number, near
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.matrix import Rows
from convdsl.teaching.worked.tasks import Work


def work_data(work: Work, places: Sequence[Position] = ()) -> dict[str, Any]:
    """Everything that was computed; `places` in detail."""
    if isinstance(work, Chain):
        last = work.steps[-1]
        return {
            "operation": "chain",
            "steps": [_operation(s) for s in work.steps],
            "output": matrix(last.output),
            "equivalent": _kernel(work.equivalent),
            "same_at": work.agreeing,
            "places_in_all": work.total,
            **_detail(last, places),
        }
    if isinstance(work, Gradient):
        roots = [[round(float(v) ** 0.5, 6) for v in row] for row in work.squares]
        return {
            "operation": "gradient",
            "kernels": work.name,
            "x": {**_operation(work.x), **_detail(work.x, places)},
            "y": {**_operation(work.y), **_detail(work.y, places)},
            "output": roots,
        }
    if isinstance(work, Channels):
        return {
            "operation": "channels",
            "channels": [{**_operation(part), **_detail(part, places)} for part in work.parts],
            "sums": matrix(work.sums),
            "bias": number(work.bias),
            "relu": work.relu,
            "output": matrix(work.output),
        }
    return {**_operation(work), **_detail(work, places)}


def _operation(operation: Operation) -> dict[str, Any]:
    down, right = operation.axes
    data: dict[str, Any] = {"operation": _name(operation), "input": matrix(operation.matrix)}
    if isinstance(operation, (Correlation, Transposed)):
        data["kernel"] = _kernel(operation.kernel)
    else:
        data["window"] = list(operation.window)
    return {
        **data,
        "stride": [down.s, right.s],
        "dilation": [down.d, right.d],
        "padding": [[down.before, down.after], [right.before, right.after]],
        "size": list(operation.size),
        "output": matrix(operation.output),
    }


def _name(operation: Operation) -> str:
    if isinstance(operation, Pooling):
        return f"{operation.mode}pool"
    if isinstance(operation, Transposed):
        return "transposed"
    return "convolution" if isinstance(operation, Correlation) and operation.true else "correlation"


def _detail(operation: Operation, places: Sequence[Position]) -> dict[str, Any]:
    return {"places": [_place(operation, *p) for p in places]} if places else {}


def _place(operation: Operation, row: int, column: int) -> dict[str, Any]:
    data: dict[str, Any] = {"row": row + 1, "column": column + 1}
    if isinstance(operation, Transposed):
        data["products"] = [[number(t.value), number(t.weight)] for _, t in operation.sources(row, column)]
    else:
        data["window"] = matrix(tuple(tuple(c.value for c in cells) for cells in operation.cells(row, column)))
    if isinstance(operation, Correlation):
        data["products"] = [[number(t.value), number(t.weight)] for line in operation.terms(row, column) for t in line]
        data["divisor"] = operation.kernel.divisor
    if isinstance(operation, Pooling):
        data["values"] = [number(v) for v in operation.values(row, column)]
    return {**data, "result": number(operation.value(row, column))}


def _kernel(kernel: Kernel) -> dict[str, Any]:
    return {"name": kernel.name, "divisor": kernel.divisor, "rows": matrix(kernel.rows)}


def matrix(rows: Rows) -> list[list[int | float | str]]:
    return [[number(v) for v in row] for row in rows]


def number(value: Number) -> int | float | str:
    """A number as JSON can hold it without losing anything that a reader would miss."""
    if isinstance(value, int):
        return value
    return float(value) if near(value) is None else str(value)
