"""Why a formula is what it is: the sentence that the layer's declaration has for it."""

from __future__ import annotations

from typing import Any

from convdsl import algebra
from convdsl.messages import T
from convdsl.network import Facts, Node


def reason(quantity: str, node: Node, facts: Facts, axis: int = 0) -> T | None:
    """The sentence for a quantity of a layer; None where the formula says it all."""
    layer, x, y = node.layer, facts.inputs[0], facts.output or ()
    assert layer is not None
    match quantity:
        case "size":
            return layer.why_size(x, y, axis)
        case "params" if not layer.weights(x):
            return T("The activation learns one slope for each channel.") if node.activation is not None else None
        case "field":
            return layer.why_field(x, y, _jump_before(node, facts, axis))
    return getattr(layer, f"why_{quantity}")(x, y)


def _jump_before(node: Node, facts: Facts, axis: int) -> Any:
    """The jump before a layer, from the one behind it. Behind a `reshape` to other axes no layer changes it any more."""
    assert node.layer is not None
    if not facts.jump:
        return 1
    reach = node.layer.reach(facts.inputs[0], facts.output or ()) if len(node.inputs) == 1 else None
    along = facts.field[axis].axis if axis < len(facts.field) else -1
    if reach and 0 <= along < len(reach):
        return algebra.exact_divide(facts.jump[axis], reach[along].step)
    return facts.jump[axis]
