"""What stands behind every statement in an editor: what comes out of it, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from convdsl.algebra.numbers import short
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.network import Analysis, Facts, Node


class Hint(NamedTuple):
    """`28×28×6 · 456` behind the statement that ends at `offset`; `node` is the first layer that it stands for."""

    offset: int
    text: str
    node: int


def hints(analysis: Analysis) -> list[Hint]:
    """A hint for each statement whose sizes are known, in the order of the text.

    A statement that stands for several layers (in a block or a repeat) has their first and their last size where these
    differ, and the sum of their parameters.
    """
    uses: dict[tuple[int, int], list[tuple[Node, Facts]]] = {}
    for node, facts in analysis.report:
        if node.text and facts.output is not None:
            uses.setdefault((node.span.start, node.span.end), []).append((node, facts))
    return [Hint(place[1], _hint(found), found[0][0].index) for place, found in sorted(uses.items(), key=_where)]


def at(analysis: Analysis, offset: int) -> Node | None:
    """The first layer of the innermost statement around a place in the text."""
    around = [n for n in analysis.network.nodes if n.text and n.span.start <= offset <= n.span.end]
    return min(around, key=lambda n: (n.span.end - n.span.start, n.index), default=None)


def _where(item: tuple[tuple[int, int], Any]) -> tuple[int, int]:
    (start, end), _ = item
    return end, start


def _hint(uses: Sequence[tuple[Node, Facts]]) -> str:
    shapes = list(dict.fromkeys(formula_shape(facts.output) for _, facts in uses if facts.output is not None))
    said = shapes[0] if len(shapes) == 1 else f"{shapes[0]} … {shapes[-1]}"
    if len(uses) > 1:
        said += f" (×{len(uses)})"
    params = _sum([facts.params for node, facts in uses if not node.shared])
    if params != 0:
        said += f" · {short(params)}"
    if any(node.frozen and facts.params != 0 for node, facts in uses):
        said += f" ({T('frozen')})"
    return said


def _sum(counts: Sequence[Any]) -> Any:
    """The sum of counts. (Formulas that are the same are multiplied, which is quicker than adding them up.)"""
    each: dict[Any, int] = {}
    for count in counts:
        each[count] = each.get(count, 0) + 1
    total: Any = 0
    for count, times in each.items():
        total = total + times * count
    return total
