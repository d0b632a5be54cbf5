"""A first convolution whose large output goes to a dense layer alone: both are computed in strips.

Its output, for all images of a batch, is larger than any cache, and would go through memory three times. A strip is a few
of its rows: small enough to stay in the cache for many images, together with the dense layer's weights for it, which are
read once. On the way back a strip is computed again rather than kept, and the gradient of its weights is complete when
its images are through, so that no copies of it are added up.
"""

from __future__ import annotations

from dataclasses import replace

from convdsl.engine.plan.layouts import Rows
from convdsl.engine.plan.ops import Op, Tape, backward, forward
from convdsl.engine.plan.values import Layouts, Parameter, Step, Strip, Target, Value, Window

LARGE = 1 << 16
"""Bytes of the convolution's output for an image, from which on a block of images leaves the second-level cache."""

MOST_STRIPS = 32
"""Each has its own copy of the gradient of the filters."""

FEWEST_STRIPS = 8
"""They are what threads share. (The number of threads itself must not decide: it would change the results' last bits.)"""

STRIP_BYTES = 1 << 14
"""Most bytes of a strip, for one image."""


def in_strips(ops: list[Op], roots: list[Value], target: Target, training: bool, chosen: Layouts) -> list[Op]:
    """The operations, where it pays with a convolution and a dense layer as one. `chosen` are layouts that the training
    of the network has settled already."""
    if not target.does("strips"):
        return ops
    for number, conv in enumerate(ops):
        rows = _rows(conv, target)
        behind = [op for op in ops if conv.output in op.inputs]
        if not rows or conv.output in roots or len(behind) != 1:
            continue
        flat = behind[0]
        dense = next((op for op in ops if flat.output in op.inputs), flat) if flat.kind == "reshape" else flat
        if (
            dense.kind != "dense"
            or dense.weights["weight"].several
            or flat.output in roots
            or _readers(ops, flat.output) > (flat is not dense)
        ):
            continue
        weight = dense.weights["weight"]
        layout = _few_units(weight, target) if training else chosen.get(weight)
        weights = {"conv": conv.weights["weight"], **dense.weights}
        if "bias" in conv.weights:
            weights["conv_bias"] = conv.weights["bias"]
        settings = {"window": conv.settings["window"], "conv": conv, "rows": rows}
        joined = Op("conv_dense", dense.node, conv.inputs, dense.output, weights, settings, dense.activation, layout)
        place = ops.index(dense)
        rest = [op for op in ops[number + 1 : place] if op is not flat]
        return [*ops[:number], *rest, joined, *ops[place + 1 :]]
    return ops


def _readers(ops: list[Op], value: Value) -> int:
    return sum(op.inputs.count(value) for op in ops)


def _rows(conv: Op, target: Target) -> int:
    """Rows of a strip; 0 where strips do not pay."""
    if (
        conv.kind != "conv"
        or conv.weights["weight"].several
        or conv.inputs[0].learns
        or conv.weights["weight"].natural.groups != 1
    ):
        return 0
    depth, rows, columns, channels = conv.output.shape
    row = columns * channels * 4
    if depth != 1 or rows * row < LARGE or columns * channels % (2 * target.lanes):
        return 0
    possible = [n for n in range(1, rows + 1) if rows % n == 0 and rows // n <= MOST_STRIPS and n * row <= STRIP_BYTES]
    return possible[0] if possible and rows // possible[0] >= FEWEST_STRIPS else 0


def _few_units(weight: Parameter, target: Target) -> Rows | None:
    """Sums for two images and all units fit in registers at once: vectors along the inputs then waste nothing."""
    units = weight.shape[0]
    few = 2 * units + 4 <= target.registers and units < target.lanes
    return Rows(weight.shape, 2 * target.lanes) if few else None


class _Pieces:
    """A strip's values and windows; made anew for each pass, since it is computed anew."""

    def __init__(self, op: Op) -> None:
        conv, rows, window = op.settings["conv"], op.settings["rows"], op.settings["window"]
        (x,), y = op.inputs, conv.output
        self.count = y.shape[1] // rows
        self.window: Window = replace(window, output=(1, rows, window.output[2]))
        self.x = Strip(f"strip of {x.name}", x.shape, base=x, rows=rows * window.s[1])
        self.y = Value(f"strip of {y.name}", (1, rows, *y.shape[2:]), learns=y.learns)
        x.widen(window.frame)

    def gather(self, op: Op) -> list[Step]:
        conv = op.settings["conv"]
        weights = {"weight": op.weights["conv"]}
        if "conv_bias" in op.weights:
            weights["bias"] = op.weights["conv_bias"]
        relu = conv.activation if conv.activation is not None and conv.activation[0] == "relu" else None
        settings = {"window": self.window, "add": False, "activation": relu}
        steps = [Step("gather", conv.node, {"x": self.x}, {"y": self.y}, weights, settings)]
        if conv.activation is not None and relu is None:
            steps.append(
                Step("activate", conv.node, {"y": self.y}, {"y": self.y}, settings={"activation": conv.activation})
            )
        return steps


def _in(strips: int, steps: list[Step]) -> list[Step]:
    return [replace(step, strips=strips) for step in steps]


@forward("conv_dense")
def _forward(op: Op, training: bool) -> list[Step]:
    pieces, z = _Pieces(op), op.output
    parts = Value(f"parts of {z.name}", (1, 1, pieces.count, z.shape[3]))
    part = Strip(f"part of {z.name}", z.shape, base=parts, columns=1)
    product = Step("dense", op.node, {"x": pieces.y}, {"y": part}, {"weight": op.weights["weight"]}, scope="block")
    bias = {"bias": op.weights["bias"]} if "bias" in op.weights else {}
    return [
        *_in(pieces.count, [*pieces.gather(op), product]),
        Step("sum_parts", op.node, {"x": parts}, {"y": z}, bias),
    ]


@backward("conv_dense")
def _backward(op: Op, tape: Tape) -> list[Step]:
    pieces, g, conv, weight = _Pieces(op), tape.of(op.output), op.settings["conv"], op.weights["weight"]
    steps = pieces.gather(op)
    if weight.trainable:
        steps.append(Step("dense_weight", op.node, {"x": pieces.y, "g": g}, {}, {"weight": weight}, scope="block"))
    if pieces.y.learns:
        gy = Value(f"d {pieces.y.name}", pieces.y.shape)
        masked = conv.activation is not None and conv.activation[0] == "relu"
        rest = None if masked else conv.activation
        reads = {"g": gy} if rest is None else {"y": pieces.y, "g": gy}
        bias = {r: op.weights["conv_bias"] for r in ("bias",) if "conv_bias" in op.weights}
        bias = {role: p for role, p in bias.items() if p.trainable}
        of = {"g": g, "mask": pieces.y} if masked else {"g": g}
        steps.append(Step("dense_input", op.node, of, {"x": gy}, {"weight": weight}, {"add": False}, "block"))
        if bias or rest is not None:
            steps.append(Step("settle", conv.node, reads, {"g": gy}, bias, {"activation": rest}))
        if op.weights["conv"].trainable:
            filters = {"weight": op.weights["conv"]}
            steps.append(Step("correlate", conv.node, {"x": pieces.x, "g": gy}, {}, filters, {"window": pieces.window}))
    summed = {p.name: p for p in op.weights.values() if p.trainable and p is not op.weights.get("bias")}
    zero = Step("zero_gradients", op.node, weights=summed, settings={"rows": pieces.y}, scope="start")
    return _in(pieces.count, [zero, *steps]) if summed else []
