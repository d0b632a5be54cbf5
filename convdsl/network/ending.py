"""How a network ends: its last activation, and what stands behind it without computing anything."""

from __future__ import annotations

from collections.abc import Sequence

from convdsl.layers.activation import Activation
from convdsl.layers.shaping import Dropout, Flatten, Identity, Reshape
from convdsl.network.graph import Node
from convdsl.records import NamedTuple

SHAPING = (Flatten, Reshape, Identity)
"""Layers that only say how values lie."""


class Ending(NamedTuple):
    """The last activation with the node that makes it, None where the network ends without one; `dropped` is a dropout
    behind it, `before` the end of what a softmax of its own takes for scores, where that is an activation too."""

    activation: Activation | None = None
    node: Node | None = None
    dropped: Node | None = None
    before: Ending | None = None

    @property
    def name(self) -> str:
        """What the activation is called; "" for none."""
        return self.activation.name if self.activation is not None else ""

    @property
    def scores(self) -> str:
        """The name, where a loss may take what goes into the activation instead: "softmax", "sigmoid", else ""."""
        return self.name if self.dropped is None and self.name in ("softmax", "sigmoid") else ""


def ending(nodes: Sequence[Node], output: int) -> Ending:
    """The end of the way to node `output`, counted from 1; seen through layers that shape, and through dropout."""
    dropped = None
    while output:
        node = nodes[output - 1]
        if node.activation is not None:
            return Ending(node.activation, node, dropped)
        if isinstance(node.layer, Activation):
            within = ending(nodes, node.inputs[0]) if node.layer.name == "softmax" and dropped is None else Ending()
            before = within if within.activation is not None and within.dropped is None else None
            return Ending(node.layer, node, dropped, before)
        if isinstance(node.layer, Dropout):
            dropped = dropped or node
        elif not isinstance(node.layer, SHAPING):
            return Ending()
        output = node.inputs[0]
    return Ending()
