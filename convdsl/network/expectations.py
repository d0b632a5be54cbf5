"""Whether what a program expects holds."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings, Fix, written
from convdsl.layers import show_shape
from convdsl.messages import Grouped, T
from convdsl.network.edits import whole
from convdsl.network.graph import Expectation, Network
from convdsl.network.sizes import Facts, Report
from convdsl.network.values import VALUES


def verify(network: Network, report: Report, findings: Findings) -> None:
    """Adds what is expected and false to `findings`, and what depends on symbols."""
    if network.expectations and network.nodes:
        sums = Sums(report.facts)
        known = next((i for i, f in enumerate(report.facts) if f.output is None), len(report.facts))
        for expectation in network.expectations:
            if expectation.node < known:
                try:
                    _compare(expectation, report, sums, findings)
                except (algebra.TooLong, algebra.Exhausted):
                    findings.add("E310", expectation.written.span, T("The formulas grow too long here."), help=VALUES)
    once = {(d.code, d.span, str(d.message)): d for d in reversed(findings.items)}  # of a block, at each of its uses
    findings.items[:] = reversed(once.values())


class Sums:
    """Quantities added up from the input to a node; each is added up once, however many expectations there are."""

    def __init__(self, facts: list[Facts]) -> None:
        self.facts = facts
        self.sums: dict[str, list[Any]] = {}

    def to(self, node: int, quantity: str) -> Any:
        """The sum of a quantity (`params`, `macs` …) over all layers up to a node."""
        if quantity not in self.sums:
            self.sums[quantity] = list(accumulate((getattr(f, quantity) for f in self.facts), _add))
        return algebra.simplify(self.sums[quantity][node])


def _add(a: Any, b: Any) -> Any:
    return algebra.bounded(a + b)


def _compare(expectation: Expectation, report: Report, sums: Sums, findings: Findings) -> None:
    facts = report[expectation.node]
    actual = actual_value(expectation, sums, facts)
    expected = expectation.expected
    quantity: T | str = expectation.quantity
    if quantity == "shape":
        quantity = T("the shape")
    elif expectation.scope == "layer":
        quantity = T("layer {quantity}", quantity=quantity)
    if isinstance(actual, tuple):
        expected = expected if isinstance(expected, tuple) else (expected,) * len(actual)
        if len(expected) != len(actual):
            truth: bool | None = False
        else:
            truths = [algebra.compare(a, expectation.comparison, e) for a, e in zip(actual, expected, strict=True)]
            truth = False if False in truths else None if None in truths else True
        shown: tuple[object, object] = (show_shape(actual), show_shape(expected))
    else:
        truth = algebra.compare(actual, expectation.comparison, expected)
        shown = (_number(actual), _number(expected))
    if truth is None:
        if not report.network.holes:
            findings.add(
                "N508",
                expectation.written.span,
                T("Whether this holds depends on the symbols: here it is {actual}.", actual=shown[0]),
                help=T("Give them values with `--set`, or ask `convdsl solve`."),
            )
    elif not truth:
        sign = "" if expectation.comparison == "=" else f"{expectation.comparison} "
        findings.add(
            "E401",
            expectation.written.span,
            T(
                "Expected {quantity} {sign}{expected}, but it is {actual}.",
                quantity=quantity,
                sign=sign,
                expected=shown[1],
                actual=shown[0],
            ),
            help=_correct(expectation, sums, actual, report.network.source.text)
            if expectation.comparison == "="
            else None,
        )


def actual_value(expectation: Expectation, sums: Sums, facts: Facts) -> Any:
    """What an expectation speaks of: a shape, a value for each axis, or a number."""
    quantity = expectation.quantity
    if quantity == "shape":
        return facts.output
    if quantity == "rf":
        return facts.receptive_field
    if quantity == "jump":
        return facts.jump
    if expectation.scope == "layer":
        return getattr(facts, quantity)
    return sums.to(expectation.node, quantity)


def _number(value: Any) -> object:
    return Grouped(value) if isinstance(value, int) else algebra.text(value)


def _correct(expectation: Expectation, sums: Sums, actual: Any, text: str) -> Fix:
    """The line with what is true in it; `text` is the program's."""
    wrong, expected = expectation.written, expectation.expected
    value = whole(text, wrong.value.span)
    if isinstance(expected, float) and isinstance(actual, int) and abs(expected * 1000 - actual) < 0.5:
        way = T("A point is decimal here, and thousands are not grouped: write `{text}`.", text=str(actual))
        return written(value, str(actual), way)
    if expectation.quantity == "shape" and len(expected) == 1:
        for quantity in ("params", "macs"):
            total = sums.to(expectation.node, quantity)
            if total == expected[0]:
                line = f"expect {quantity} {total}"
                return written(whole(text, wrong.span), line, T("Write `{text}`.", text=line))
    words = "".join(f"{w.text} " for w in wrong.words)
    right = show_shape(actual, "x") if isinstance(actual, tuple) else algebra.text(actual)
    return written(
        value, right, T("If the network is right, write `expect {words}{actual}`.", words=words, actual=right)
    )
