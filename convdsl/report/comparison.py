"""Two programs side by side, in the terminal, as a document or as data."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from rich import box
from rich import table as rich_table
from rich.console import Console
from rich.text import Text

from convdsl.algebra.numbers import formula, grouped, short
from convdsl.derivation.compare import Comparison, Row
from convdsl.document import Node, Table
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.report.data import plain
from convdsl.report.diagnostics import clean


def print_comparison(out: Console, comparison: Comparison) -> None:
    """The layers of both with their costs, then the quantities and their ratios."""
    for mark, analysis in (("A", comparison.first), ("B", comparison.second)):
        out.print(
            Text.assemble(
                (f"{mark}  ", "bold cyan"),
                (clean(analysis.network.name), "bold"),
                f"  {formula_shape(analysis.network.input)}",
            )
        )
        for text, output, params, macs in _layers(analysis):
            costs = ", ".join(c for c in (params, macs) if c)
            out.print(
                Text.assemble("     ", clean(text), (f"  → {output}", "dim"), f"   {costs}" if costs else ""),
                soft_wrap=True,
            )
    table = rich_table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "A", "B", "A/B"):
        table.add_column(title, justify="left" if not title else "right", overflow="fold")
    for row in comparison.rows:
        table.add_row(*_cells(row))
    out.print(table)


def _layers(analysis: Analysis) -> Iterator[tuple[str, str, str, str]]:
    for node, facts in analysis.report:
        params = str(T("{n} parameters", n=grouped(facts.params))) if facts.params != 0 else ""
        macs = f"{short(facts.macs)} MACs" if facts.macs != 0 else ""
        yield node.text, formula_shape(facts.output or ()), params, macs


def _cells(row: Row) -> tuple[str, str, str, str]:
    return str(row.title), _value(row.first), _value(row.second), _ratio(row.ratio)


def _value(value: Any) -> str:
    return formula_shape(value) if isinstance(value, tuple) else grouped(value)


def _ratio(value: Any) -> str:
    """`9.68`, `1`, or a formula."""
    if value is None:
        return ""
    if not isinstance(value, Fraction):
        return formula(value)
    return f"{float(value):.4g}"


def _names(comparison: Comparison) -> tuple[str, str]:
    first, second = comparison.first.network.name, comparison.second.network.name
    return (first, second) if first != second else ("A", "B")


def document(comparison: Comparison) -> Iterator[Node]:
    """A table of the quantities."""
    yield Table(("", *_names(comparison), "A/B"), tuple(map(_cells, comparison.rows)))


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """The quantities as JSON holds them; a ratio is a number, or a formula as text."""
    return {
        "programs": [comparison.first.network.name, comparison.second.network.name],
        "quantities": {
            row.quantity: {
                "values": [plain(row.first), plain(row.second)],
                "ratio": None if row.ratio is None else plain(row.ratio),
            }
            for row in comparison.rows
        },
    }
