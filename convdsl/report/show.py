"""The stages between a text and its numbers, for people who develop the tool or wonder how a compiler works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdsl.layers import show_shape
from convdsl.network import Analysis
from convdsl.network.outline import dotted
from convdsl.source import Source, Span


def show_tree(analysis: Analysis) -> str:
    """The syntax tree as text."""
    return "\n".join(line for s in analysis.program.statements for line in _node(s, 0))


def show_network(analysis: Analysis) -> str:
    """The graph of layers as text: each with its inputs, output size and path."""
    return "\n".join(_graph(analysis))


def _node(node: Any, depth: int, name: str = "") -> Iterator[str]:
    """A node of the tree and what hangs from it; leaves stand on one line."""
    margin = "  " * depth + (f"{name}: " if name else "")
    if not hasattr(node, "_fields"):
        yield f"{margin}{node!r}"
        return
    leaves, branches = [], []
    for field in node._fields:
        value = getattr(node, field)
        if isinstance(value, (Span, Source)) or value in (None, ()):
            continue
        if isinstance(value, tuple):
            branches.append((field, value))
        else:
            leaves.append(f"{field}={value!r}")
    yield f"{margin}{type(node).__name__}({', '.join(leaves)})"
    for field, value in branches:
        if hasattr(value, "_fields"):
            yield from _node(value, depth + 1, field)
        else:
            for item in value:
                yield from _node(item, depth + 1, field)


def _graph(analysis: Analysis) -> Iterator[str]:
    network = analysis.network
    width = max((len(n.text) for n in network.nodes), default=0)
    yield f"{0:>5}  input {show_shape(network.input)}"
    for node, facts in analysis.report:
        sources = ", ".join(map(str, node.inputs))
        output = show_shape(facts.output) if facts.output else "?"
        marks = f" weights of {node.shared}" * (node.shared > 0 and bool(facts.weights))
        marks += " frozen" * node.frozen + (f" exit×{node.exit:g}" if node.exit is not None else "")
        yield f"{node.index:>5}  {node.text:<{width}}  ← {sources:<8} {output}{marks}  {dotted(node.path)}".rstrip()
    ends = ", ".join(f"{o.node} ({o.name})" for o in network.named)
    yield f"output: {ends or network.output}"
