"""Two programs side by side: what one costs against the other."""

from __future__ import annotations

from typing import Any, NamedTuple

from convdsl import algebra
from convdsl.messages import T
from convdsl.network import Analysis


class Row(NamedTuple):
    """One quantity of both programs; `ratio` is the first over the second: a Fraction, a formula, or None."""

    quantity: str
    title: T
    first: Any
    second: Any
    ratio: Any


class Comparison(NamedTuple):
    """Two analysed programs and the quantities in which they are compared."""

    first: Analysis
    second: Analysis
    rows: tuple[Row, ...]


def compare(first: Analysis, second: Analysis) -> Comparison:
    """Sums, receptive fields and outputs of two programs without errors."""
    reports = (first.report, second.report)
    one, other = reports
    rows = [Row("output", T("output"), one.output, other.output, None)]
    for quantity, title in (
        ("params", T("parameters")),
        ("macs", T("multiplications (MACs)")),
        ("flops", T("operations (FLOPs)")),
    ):
        rows.append(_row(quantity, title, getattr(one.total, quantity), getattr(other.total, quantity)))
    fields = tuple(r[r.network.output].receptive_field for r in reports)
    square = all(len(set(f)) == 1 for f in fields)
    rows.append(
        _row("receptive_field", T("receptive field"), fields[0][0], fields[1][0])
        if square
        else Row("receptive_field", T("receptive field"), fields[0], fields[1], None)
    )
    rows.append(_row("bytes", T("bytes of all outputs"), one.total.activation_bytes, other.total.activation_bytes))
    return Comparison(first, second, tuple(rows))


def _row(quantity: str, title: T, first: Any, second: Any) -> Row:
    ratio = algebra.ratio(first, second) if second != 0 else None
    return Row(quantity, title, algebra.factor(first), algebra.factor(second), ratio)
