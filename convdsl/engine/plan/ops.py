"""Operations: the network's layers taken apart into what the engine can do, and the ways forward and back of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from convdsl.engine.activations import FORMULAS
from convdsl.engine.plan.values import Parameter, Step, Target, Value
from convdsl.registering import registering

FROM_OUTPUT = frozenset(name for name, formulas in FORMULAS.items() if formulas.back_told)
"""Activations whose slope can be told from their output: they are applied in place."""


@dataclass(eq=False)
class Op:
    """One operation. `activation` (name, slope) is applied to the output in place."""

    kind: str
    node: int
    inputs: list[Value]
    output: Value
    weights: dict[str, Parameter] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    activation: tuple[str, float] | None = None
    layout: Any = None
    """Where another layout of its weight than the natural one suits it: that one (see keeping.py)."""

    @cached_property
    def where(self) -> Value:
        """The places that a pooling has chosen, which its way back reads, and what puts values back there."""
        of = self.inputs[0] if self.kind == "unpool" else self.output
        return Value(f"where {self.output.name}", of.shape, "i32", interleaved=self.output.interleaved)


class Tape:
    """The gradients that the way back has met so far: one value for each value of the way forward."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._gradients: dict[Value, Value] = {}
        self._begun: set[Value] = set()
        self._ties: list[tuple[Value, Value]] = []

    def of(self, value: Value) -> Value:
        """The gradient of a value."""
        if value not in self._gradients:
            self._gradients[value] = Value(f"d {value.name}", value.shape, interleaved=value.interleaved)
        return self._gradients[value]

    def add_to(self, value: Value) -> tuple[Value, bool]:
        """The gradient of a value, to be written or, where there is something already, added to."""
        begun = value in self._begun
        self._begun.add(value)
        return self.of(value), begun

    def tie(self, a: Value, b: Value) -> None:
        """Both must have the same frame, because offsets into one are used for the other."""
        self._ties.append((a, b))

    @property
    def tied(self) -> set[Value]:
        return {value for pair in self._ties for value in pair}

    def settle_frames(self) -> None:
        for _ in self._ties:
            for a, b in self._ties:
                a.widen(b.frame)
                b.widen(a.frame)

    def has(self, value: Value) -> bool:
        return value in self._begun


class Forward(Protocol):
    def __call__(self, op: Op, training: bool) -> list[Step]: ...


class Backward(Protocol):
    def __call__(self, op: Op, tape: Tape) -> list[Step]: ...


FORWARD: dict[str, Forward] = {}
BACKWARD: dict[str, Backward] = {}


forward, backward = registering(FORWARD), registering(BACKWARD)
"""For the steps that compute an operation; and its gradients, from the gradient of its output before the activation."""


def forward_steps(op: Op, training: bool) -> list[Step]:
    steps = FORWARD[op.kind](op, training)
    fused = op.activation is not None and steps[-1].settings.get("activation") == op.activation
    if op.activation is not None and not fused:
        y = op.output
        steps.append(Step("activate", op.node, {"y": y}, {"y": y}, settings={"activation": op.activation}))
    return steps


def backward_steps(op: Op, tape: Tape) -> list[Step]:
    """What turns the gradient of the output into those of the inputs and weights."""
    if not op.output.learns or not tape.has(op.output):
        return []
    steps: list[Step] = []
    bias = op.weights.get("bias") if op.kind in BIASED else None
    if bias is not None and not bias.trainable:
        bias = None
    inside = op.kind == "batch_norm" and op.activation is not None and op.activation[0] == "relu"
    if bias is not None or (op.activation is not None and not inside):
        gradient = tape.of(op.output)
        reads = {"g": gradient} if op.activation is None else {"y": op.output, "g": gradient}
        steps.append(
            Step(
                "settle",
                op.node,
                reads,
                {"g": gradient},
                {} if bias is None else {"bias": bias},
                {"activation": op.activation},
            )
        )
    return steps + BACKWARD[op.kind](op, tape)


BIASED = frozenset({"conv", "tconv", "dense", "dwconv", "conv_dense"})
"""Operations whose bias is one number for each channel of the output."""
