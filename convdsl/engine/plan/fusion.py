"""Operations that become one: a convolution, its ReLU and the maximum of 2x2 after it.

A 2x2 maximum passes at most one gradient in four on, and the ReLU fewer: the way back is a sparse problem. For each
filter the plan lists (window, gradient), and both gradients walk the lists: the same sums, a quarter of the work.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from convdsl.engine.plan.layouts import FilterByFilter
from convdsl.engine.plan.ops import BACKWARD, Op, Tape, backward, forward
from convdsl.engine.plan.pooling import POOLINGS
from convdsl.engine.plan.values import Layouts, Parameter, Step, Target, Value

_POOL = {"k": (1, 2, 2), "s": (1, 2, 2), "d": (1, 1, 1), "before": (0, 0, 0)}


def fuse(ops: list[Op], roots: list[Value], target: Target, training: bool, chosen: Layouts) -> list[Op]:
    """The operations with those that can be joined joined. `chosen` are layouts that the training of the network has
    settled already."""
    if not target.does("fusion"):
        return ops
    readers = Counter(x for op in ops for x in op.inputs)
    result: list[Op] = []
    for op in ops:
        before = result[-1] if result else None
        joined = None
        if before is not None and op.inputs == [before.output] and readers[before.output] == 1:
            joined = _joined(before, op, target, training, chosen) if before.output not in roots else None
        if joined is not None:
            result[-1] = joined
        else:
            result.append(op)
    return result


def _joined(conv: Op, pool: Op, target: Target, training: bool, chosen: Layouts) -> Op | None:
    """Both as one operation; None where no kernel can do them together, or their way back."""
    if not _joinable(conv, pool, target):
        return None
    weight, window = conv.weights["weight"], conv.settings["window"]
    sparse = training and conv.output.learns and not target.whole_batch
    layout = _by_filter(weight, window.k, conv.inputs[0], target) if sparse else chosen.get(weight)
    if sparse and layout is None:
        return None
    settings = {"window": window, "inner": conv.output}
    return Op("conv_pool", conv.node, conv.inputs, pool.output, conv.weights, settings, layout=layout)


def _joinable(conv: Op, pool: Op, target: Target) -> bool:
    """Whether one kernel can do both."""
    if conv.kind != "conv" or pool.kind != "pool" or pool.activation is not None:
        return False
    if not POOLINGS[pool.settings["mode"]].joins:
        return False
    if conv.activation is None or conv.activation[0] != "relu":
        return False
    window, over = conv.settings["window"], pool.settings["window"]
    weight, (x,) = conv.weights["weight"], conv.inputs
    if any(getattr(over, name) != value for name, value in _POOL.items()) or window.k[0] != 1 or x.shape[0] != 1:
        return False
    if over.output[1] * 2 > window.output[1] or over.output[2] * 2 > window.output[2]:
        return False
    if weight.natural.groups != 1:
        return False
    plain = window.s == window.d == (1, 1, 1) and not weight.several
    return target.whole_batch or (plain and conv.output.shape[3] % target.lanes == 0)


def taps_in_tile(target: Target) -> int:
    """Taps of a window whose sums fit in registers at once, with two vectors of channels each (one, if there are few)."""
    return (target.registers - 4) // (2 if target.registers >= 32 else 1)


def _by_filter(weight: Parameter, k: tuple[int, int, int], x: Value, target: Target) -> FilterByFilter | None:
    filters, channels = weight.shape[:2]
    if channels % target.lanes == 0 and k[1] * k[2] <= 4 * taps_in_tile(target):
        vectors = 2 if channels % (2 * target.lanes) == 0 and target.registers >= 32 else 1
        return FilterByFilter(weight.shape, filters, channels, k[1], k[2], target.lanes, vectors)
    row = k[2] * channels
    lanes = next((n for n in (4, 8, 16) if row <= n <= target.lanes), 0)
    if lanes and not x.learns and k[1] <= target.registers // 2:
        return FilterByFilter(weight.shape, filters, channels, k[1], k[2], lanes, 0)
    return None


@forward("conv_pool")
def _conv_pool(op: Op, training: bool) -> list[Step]:
    (x,), window = op.inputs, op.settings["window"]
    x.widen(window.frame)
    writes = {"y": op.output, "where": op.where} if training and op.output.learns else {"y": op.output}
    return [Step("gather_pool", op.node, {"x": x}, writes, op.weights, {"window": window})]


@backward("conv_pool")
def _conv_pool_back(op: Op, tape: Tape) -> list[Step]:
    (x,), y, g, where = op.inputs, op.output, tape.of(op.output), op.where
    weight, window = op.weights["weight"], op.settings["window"]
    bias = {role: p for role, p in op.weights.items() if role == "bias" and p.trainable}
    if tape.target.whole_batch:
        return _dense_back(op, tape, bias)
    if op.layout.few:
        passed = Value(f"passed {g.name}", y.shape)
        steps = [Step("passed", op.node, {"y": y, "g": g}, {"passed": passed}, bias)]
        if weight.trainable:
            steps.append(
                Step(
                    "few_weight",
                    op.node,
                    {"x": x, "where": where, "g": passed},
                    {},
                    {"weight": weight},
                    {"window": window},
                )
            )
        return steps
    count = y.shape[1] * y.shape[2]
    lists = {
        "offsets": Value(f"offsets {y.name}", (1, 1, y.shape[3], count), "i32"),
        "values": Value(f"gradients {y.name}", (1, 1, y.shape[3], count)),
        "lengths": Value(f"lengths {y.name}", (1, 1, 1, y.shape[3]), "i32"),
    }
    steps = [Step("sparse_lists", op.node, {"y": y, "g": g, "where": where}, dict(lists), bias)]
    if weight.trainable:
        steps.append(Step("sparse_weight", op.node, {"x": x, **lists}, {}, {"weight": weight}, {"window": window}))
    if x.learns:
        into, add = tape.add_to(x)
        tape.tie(x, into)
        steps.append(
            Step("sparse_input", op.node, dict(lists), {"gx": into}, {"weight": weight}, {"window": window, "add": add})
        )
    return steps


def _dense_back(op: Op, tape: Tape, bias: dict[str, Parameter]) -> list[Step]:
    """On a GPU: the gradient before the pooling, most of it zeros, and then as for any convolution."""
    (x,), y, inner = op.inputs, op.output, op.settings["inner"]
    g = tape.of(inner)
    roles = {"y": y, "g": tape.of(y), "where": op.where}
    steps = [Step("unpool", op.node, roles, {"gx": g}, bias)]
    conv = Op("conv", op.node, [x], inner, op.weights, {"window": op.settings["window"]})
    return steps + BACKWARD["conv"](conv, tape)


_EPILOGUES = frozenset({"gather", "spread", "dense"})


def join_activations(steps: list[Step], target: Target) -> list[Step]:
    """On a GPU an activation is applied where a product's sums are in registers, and costs nothing."""
    if not target.does("epilogues"):
        return steps
    result: list[Step] = []
    for step in steps:
        before = result[-1] if result else None
        if (
            step.kind == "activate"
            and before is not None
            and before.kind in _EPILOGUES
            and before.writes["y"] is step.writes["y"]
            and before.settings["activation"] is None
        ):
            result[-1] = replace(before, settings={**before.settings, "activation": step.settings["activation"]})
        else:
            result.append(step)
    return result
