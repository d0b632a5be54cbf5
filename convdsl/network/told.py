"""A network's sizes and costs as a document, for who shows them where no terminal is."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.algebra.numbers import formula, grouped, short
from convdsl.document import Label, Node, Table
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.network.sizes import Report

MOST = 200
"""Layers that are listed; of more, the first and the last."""


def document(report: Report) -> Iterator[Node]:
    """The sums, and a row for each layer: what comes out of it, parameters, MACs, receptive field."""
    network, total = report.network, report.total
    sizes = " → ".join(formula_shape(s) if s else "?" for s in (network.input, report.output))
    if report.complete:
        counts = T("{params} parameters, {macs} MACs", params=short(total.params), macs=short(total.macs))
        sizes = f"{sizes} · {counts}"
    yield Label(network.name, sizes)
    rows = []
    for node, facts in report:
        if not node.text:
            continue
        known = facts.output is not None
        field = "×".join(formula(size) for size in facts.receptive_field) if known else ""
        params = grouped(facts.params) if facts.params != 0 else ""
        macs = short(facts.macs) if facts.macs != 0 else ""
        inside = "· " * len(node.path)
        output = formula_shape(facts.output) if facts.output is not None else "?"
        rows.append((f"{node.index}", f"{inside}{node.text}", output, params, macs, field))
    if len(rows) > MOST:
        gap = ("…", str(T("{n} more", n=len(rows) - MOST)), "", "", "", "")
        rows = [*rows[: MOST // 2], gap, *rows[-MOST // 2 :]]
    head = ("#", str(T("layer")), str(T("output")), str(T("parameters")), "MACs", str(T("receptive field")))
    yield Table(head, tuple(rows))
