"""Zeros around values, where windows reach beyond them, in memory that other values have used before."""

from __future__ import annotations

from convdsl.engine.plan.values import Scope, Step, Value


def framed(steps: list[Step], written: set[Value]) -> list[Step]:
    """The steps of a region with one before each first writer of such a value, to which `written` are added; where images
    lie apart it is done for each of them, even if the writer takes a whole block."""
    result: list[Step] = []
    for step in steps:
        for root in _fresh(step, written):
            scope: Scope = "each" if step.scope == "block" and not root.interleaved else step.scope
            result.append(Step("frame", step.node, {}, {"y": root}, scope=scope))
        result.append(step)
    return result


def _fresh(step: Step, written: set[Value]) -> list[Value]:
    """Values that a step is the first to write, in memory that others use too, so that the zeros around them are gone; from
    then on they are `written`."""
    roots = [root for root in dict.fromkeys(v.root for v in step.writes.values()) if root not in written]
    written.update(roots)
    return [root for root in roots if root.framed and root.shared]
