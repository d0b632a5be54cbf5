"""Pooling, activations, combinators, normalisations and what only moves data."""

from __future__ import annotations

from typing import Any

from convdsl.engine.plan.ops import Op, Tape, backward, forward
from convdsl.engine.plan.pooling import POOLINGS
from convdsl.engine.plan.values import Parameter, Step, Value


def _trainable(op: Op) -> dict[str, Parameter]:
    return {role: p for role, p in op.weights.items() if p.trainable}


def _simple(op: Op, kind: str, **settings: Any) -> list[Step]:
    return [Step(kind, op.node, {"x": op.inputs[0]}, {"y": op.output}, op.weights, {**op.settings, **settings})]


def _simple_back(op: Op, tape: Tape, *, x: bool = False, y: bool = False, **settings: Any) -> list[Step]:
    """One step that reads g (and the input or the output, where it needs them) and writes the input's gradient, and
    the gradients of weights if there are any to train."""
    reads = {"g": tape.of(op.output)} | ({"x": op.inputs[0]} if x else {}) | ({"y": op.output} if y else {})
    writes: dict[str, Value] = {}
    add = False
    if op.inputs[0].learns:
        writes["gx"], add = tape.add_to(op.inputs[0])
    return [
        Step(
            f"{op.kind}_gradient",
            op.node,
            reads,
            writes,
            op.weights,
            {**op.settings, **settings, "add": add, "train": bool(_trainable(op))},
        )
    ]


@forward("pool")
def _pool(op: Op, training: bool) -> list[Step]:
    (step,) = _simple(op, "pool")
    if training and op.inputs[0].learns and POOLINGS[op.settings["mode"]].chooses:
        step.writes["where"] = op.where
    return [step]


@backward("pool")
def _pool_back(op: Op, tape: Tape) -> list[Step]:
    reads = {"g": tape.of(op.output)}
    if POOLINGS[op.settings["mode"]].chooses:
        reads["where"] = op.where
    into, add = tape.add_to(op.inputs[0])
    return [Step("pool_gradient", op.node, reads, {"gx": into}, {}, {**op.settings, "add": add})]


@forward("unpool")
def _unpool(op: Op, training: bool) -> list[Step]:
    values, source = op.inputs
    largest = Value(f"largest {op.output.name}", values.shape)
    return [
        Step("places", op.node, {"x": source}, {"where": op.where, "y": largest}, {}, op.settings),
        Step("put", op.node, {"x": values, "where": op.where}, {"y": op.output}, {}, op.settings),
    ]


@backward("unpool")
def _unpool_back(op: Op, tape: Tape) -> list[Step]:
    into, add = tape.add_to(op.inputs[0])
    return [Step("pick", op.node, {"g": tape.of(op.output), "where": op.where}, {"gx": into}, {}, {"add": add})]


@forward("batch_norm")
def _batch_norm(op: Op, training: bool) -> list[Step]:
    x, y = op.inputs[0], op.output
    fused = op.activation if op.activation is not None and op.activation[0] == "relu" else None
    training = training and not op.settings["frozen"]
    key = {"op": op, "training": training}
    if not training:
        return [
            Step("bn_frozen", op.node, {}, {}, op.weights, key, "serial"),
            Step("bn_apply", op.node, {"x": x}, {"y": y}, op.weights, {**key, "activation": fused}),
        ]
    return [
        Step("bn_begin", op.node, {}, {}, op.weights, key, "start"),
        Step("bn_sum", op.node, {"x": x}, {}, op.weights, key),
        Step("bn_combine", op.node, {}, {}, op.weights, key, "serial"),
        Step("bn_apply", op.node, {"x": x}, {"y": y}, op.weights, {**key, "activation": fused}),
    ]


@backward("batch_norm")
def _batch_norm_back(op: Op, tape: Tape) -> list[Step]:
    x, g = op.inputs[0], tape.of(op.output)
    relu = op.activation is not None and op.activation[0] == "relu"
    key = {"op": op, "train": bool(_trainable(op)), "relu": relu}
    if op.settings["frozen"]:  # its statistics are fixed numbers: a factor is all that there is on the way back
        into, add = tape.add_to(x)
        return [Step("bn_input", op.node, {"x": x, "g": g}, {"gx": into}, op.weights, {**key, "add": add})]
    steps = [
        Step("bn_begin", op.node, {}, {}, op.weights, key, "start"),
        Step("bn_sum_gradient", op.node, {"x": x, "g": g}, {}, op.weights, key),
        Step("bn_combine_gradient", op.node, {}, {}, op.weights, key, "serial"),
    ]
    if x.learns:
        into, add = tape.add_to(x)
        steps.append(Step("bn_input", op.node, {"x": x, "g": g}, {"gx": into}, op.weights, {**key, "add": add}))
    return steps


@forward("dropout")
def _dropout(op: Op, training: bool) -> list[Step]:
    if not training:
        return _simple(op, "copy", at=(0, 0, 0, 0), fill=False, add=False)
    return _simple(op, "dropout", add=False)


@backward("dropout")
def _dropout_back(op: Op, tape: Tape) -> list[Step]:
    into, add = tape.add_to(op.inputs[0])
    return [Step("dropout", op.node, {"x": tape.of(op.output)}, {"y": into}, {}, {**op.settings, "add": add})]


@forward("copy")
def _copy(op: Op, training: bool) -> list[Step]:
    return _simple(op, "copy", add=False, fill=_reaches_beyond(op.inputs[0], op.output, op.settings["at"]))


def _reaches_beyond(x: Value, y: Value, at: tuple[int, ...]) -> bool:
    """Whether x, put at a place of y, leaves some of y free."""
    return any(a > 0 or a + n < m for a, n, m in zip(at, x.shape, y.shape, strict=True))


@backward("copy")
def _copy_back(op: Op, tape: Tape) -> list[Step]:
    into, add = tape.add_to(op.inputs[0])
    at = tuple(-a for a in op.settings["at"])
    settings = {"at": at, "add": add, "fill": _reaches_beyond(op.output, into, at)}
    return [Step("copy", op.node, {"x": tape.of(op.output)}, {"y": into}, {}, settings)]


@forward("reshape")
def _reshape(op: Op, training: bool) -> list[Step]:
    return _simple(op, "reshape", add=False)


@backward("reshape")
def _reshape_back(op: Op, tape: Tape) -> list[Step]:
    into, add = tape.add_to(op.inputs[0])
    return [Step("reshape", op.node, {"x": tape.of(op.output)}, {"y": into}, {}, {"add": add})]


@forward("add")
def _add(op: Op, training: bool) -> list[Step]:
    fused = op.activation if op.activation is not None and op.activation[0] == "relu" else None
    steps = []
    total = op.inputs[0]
    for i, x in enumerate(op.inputs[1:]):
        last = i == len(op.inputs) - 2
        steps.append(
            Step(
                "sum", op.node, {"a": total, "b": x}, {"y": op.output}, settings={"activation": fused if last else None}
            )
        )
        total = op.output
    return steps


@backward("add")
def _add_back(op: Op, tape: Tape) -> list[Step]:
    steps = []
    for x in op.inputs:
        if x.learns:
            into, add = tape.add_to(x)
            steps.append(
                Step(
                    "copy",
                    op.node,
                    {"x": tape.of(op.output)},
                    {"y": into},
                    {},
                    {"at": (0, 0, 0, 0), "add": add, "fill": False},
                )
            )
    return steps


@forward("mul")
def _mul(op: Op, training: bool) -> list[Step]:
    product, steps = op.inputs[0], []
    for x in op.inputs[1:]:
        steps.append(Step("product", op.node, {"a": product, "b": x}, {"y": op.output}))
        product = op.output
    return steps


@backward("mul")
def _mul_back(op: Op, tape: Tape) -> list[Step]:
    steps = []
    for i, x in enumerate(op.inputs):
        if not x.learns:
            continue
        *others, last = [other for j, other in enumerate(op.inputs) if j != i]
        g = tape.of(op.output)
        for other in others:
            partial = Value(f"{g.name} partial", op.output.shape)
            steps.append(Step("product", op.node, {"a": g, "b": other}, {"y": partial}))
            g = partial
        into, add = tape.add_to(x)
        steps.append(Step("product_gradient", op.node, {"g": g, "a": last}, {"gx": into}, {}, {"add": add}))
    return steps


@forward("concat")
def _concat(op: Op, training: bool) -> list[Step]:
    steps, at = [], 0
    for x in op.inputs:
        steps.append(
            Step("copy", op.node, {"x": x}, {"y": op.output}, {}, {"at": (0, 0, 0, at), "add": False, "fill": False})
        )
        at += x.shape[3]
    return steps


@backward("concat")
def _concat_back(op: Op, tape: Tape) -> list[Step]:
    steps, at = [], 0
    for x in op.inputs:
        if x.learns:
            into, add = tape.add_to(x)
            settings = {"at": (0, 0, 0, -at), "add": add, "fill": False}
            steps.append(Step("copy", op.node, {"x": tape.of(op.output)}, {"y": into}, {}, settings))
        at += x.shape[3]
    return steps


@forward("shuffle")
def _shuffle(op: Op, training: bool) -> list[Step]:
    return _simple(op, "shuffle", add=False)


@backward("shuffle")
def _shuffle_back(op: Op, tape: Tape) -> list[Step]:
    into, add = tape.add_to(op.inputs[0])
    back = op.output.shape[3] // op.settings["groups"]
    return [Step("shuffle", op.node, {"x": tape.of(op.output)}, {"y": into}, {}, {"groups": back, "add": add})]


def _register(kind: str, *, x: bool = False, y: bool = False) -> None:
    """An operation with one step forward and one back, which reads the input (`x`) or the output (`y`) again."""
    forward(kind)(lambda op, training: _simple(op, kind))
    backward(kind)(lambda op, tape: _simple_back(op, tape, x=x, y=y))


_register("activation", x=True)
_register("prelu", x=True)
_register("softmax", y=True)
_register("adaptive")
_register("upsample")
_register("group_norm", x=True)
_register("position_norm", x=True)
_register("response_norm", x=True)
_register("scale", x=True)
