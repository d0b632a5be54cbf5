"""Two programs side by side, as a document or as data."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from convdsl.algebra.numbers import formula, grouped, short
from convdsl.derivation.compare import Comparison, Row
from convdsl.document import Heading, Items, Node, Table
from convdsl.layers import formula_shape
from convdsl.messages import T, decimals
from convdsl.network import Analysis
from convdsl.report.data import plain


def document(comparison: Comparison) -> Iterator[Node]:
    """The layers of both with their costs, then the quantities and their ratios."""
    for letter, analysis in (("A", comparison.first), ("B", comparison.second)):
        yield Heading(f"{letter}  {analysis.network.name}", beside=formula_shape(analysis.network.input))
        layers = list(_layers(analysis))
        yield Items(layers, [""] * len(layers))
    yield Table(("", "A", "B", "A/B"), tuple(map(_cells, comparison.rows)))


def _layers(analysis: Analysis) -> Iterator[str]:
    """`conv 6 k5  → 28×28×6   156 parameters, 117,600 MACs`."""
    for node, facts in analysis.report:
        params = str(T("{n} parameters", n=grouped(facts.params))) if facts.params != 0 else ""
        macs = f"{short(facts.macs)} MACs" if facts.macs != 0 else ""
        costs = ", ".join(c for c in (params, macs) if c)
        yield f"{node.text}  → {formula_shape(facts.output or ())}" + (f"   {costs}" if costs else "")


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
    return decimals(f"{float(value):.4g}")


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
