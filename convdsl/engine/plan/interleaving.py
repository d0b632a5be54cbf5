"""Networks with few channels: images side by side in the lanes of a vector.

Where a layer has fewer channels than a vector has lanes, vectors of channels stay half empty. There the values of a block
of images are interleaved, number by number: each vector holds one value of every image, whatever the layer's width.
"""

from __future__ import annotations

from dataclasses import replace

from convdsl.engine.plan.lowering import Lowering
from convdsl.engine.plan.ops import Op
from convdsl.engine.plan.pooling import POOLINGS
from convdsl.engine.plan.values import Step, Target, Value
from convdsl.network.view import NetView

MOST_FILTERS = 16
_POINTWISE = frozenset({"activation"})
_WHOLE_BLOCKS = frozenset(
    {
        "gather",
        "spread",
        "correlate",
        "pool",
        "pool_gradient",
        "activate",
        "activation",
        "activation_gradient",
        "settle",
    }
)


def lanes_for(net: NetView, target: Target, batch: int) -> int:
    """How many images to interleave: as many as a vector has lanes, or none where that does not pay."""
    if batch < target.lanes or not target.does("interleaving"):
        return 0
    low = Lowering(net, target, True, {})
    low.run()
    exits = [*(o.node for o in net.outputs), *(node.index for node in net.nodes if node.exit is not None)]
    results = {low.values[i] for i in exits} | {low.logits[i] for i in exits if i in low.logits}
    return target.lanes if _interleaved(low.ops, low.input, results) else 0


def interleave(ops: list[Op], first: Value, lanes: int) -> None:
    """Marks the values from the input to where images are flattened."""
    for value in _interleaved(ops, first, set()):
        value.interleaved = lanes


def _interleaved(ops: list[Op], first: Value, results: set[Value]) -> set[Value]:
    """The values to interleave; none if a layer among them cannot work on whole blocks, or if one is a result: there each
    image's gradient begins alone."""
    inside, convolutions, largest = {first}, 0, 0
    for op in ops:
        if not any(x in inside for x in op.inputs):
            continue
        if op.kind == "reshape":
            continue
        if op.kind == "conv":
            filters = op.weights["weight"].natural
            if filters.groups != 1 or filters.blocks != 1:  # tiles go through the filters of one block only
                return set()
            convolutions += 1
            largest = max(largest, filters.filters)
        elif op.kind == "pool":
            if not POOLINGS[op.settings["mode"]].in_blocks:
                return set()
        elif op.kind not in _POINTWISE:
            return set()
        inside.add(op.output)
    return inside if convolutions and largest <= MOST_FILTERS and not results & inside else set()


def schedule(steps: list[Step]) -> list[Step]:
    """Steps that see nothing but interleaved values take whole blocks. Where others write such a value, image by image, the
    lanes without an image are zero: what was there before, were it not a number, would count."""
    result: list[Step] = []
    for step in steps:
        if step.kind in _WHOLE_BLOCKS and step.scope == "image" and all(v.interleaved for v in step.values()):
            step = replace(step, scope="block")
        y = step.writes.get("y")
        if step.scope == "image" and y is not None and y.interleaved and not step.settings.get("add"):
            result.append(Step("clear", step.node, {}, {"y": y}, scope="block"))
        result.append(step)
    return result
