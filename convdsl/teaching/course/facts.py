"""A network as expressions see it: `net.out`, `net.params`, `net.layer(2).macs`, `net.count("conv")`."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

from convdsl.layers.window import Windowed
from convdsl.messages import T
from convdsl.network import Analysis, Facts, Node, analyse
from convdsl.network.graph import QUANTITIES
from convdsl.source import Source
from convdsl.teaching.course.expressions import ExpressionError, WithParts

PARTS_OF_LAYER = (*QUANTITIES, "op", "inp", "out", "weights", "biases", "activation")
MEMORY = ("param_bytes", "activation_bytes", "train_bytes")
PARTS_OF_NET = (*QUANTITIES, *MEMORY, "input", "out", "layers", "layer", "count", "exits", "window_rf")


class LayerView(WithParts):
    """One layer; `out` and `inp` are shapes, channels last."""

    parts = frozenset(PARTS_OF_LAYER)

    def __init__(self, node: Node, facts: Facts) -> None:
        self.op = node.op
        self.activation = node.activation.name if node.activation is not None else ""
        self.inp = facts.inputs[0]
        self.out = facts.output
        self.params, self.trainable, self.buffers = facts.params, facts.trainable, facts.buffers
        self.macs, self.flops = facts.macs, facts.flops
        self.rf = _one(facts.receptive_field)
        self.jump = _one(facts.jump)
        self.biases = facts.weights["bias"][0] if "bias" in facts.weights else 0
        self.weights = facts.params - self.biases


class NetView(WithParts):
    """A network without errors, holes or symbols. Raises ExpressionError where it has some."""

    parts = frozenset(PARTS_OF_NET)

    def __init__(self, analysis: Analysis) -> None:
        if analysis.failed:
            first = next(d for d in analysis.diagnostics if d.severity == "error")
            line = analysis.source.position(first.span.start)[0]
            raise ExpressionError(T("The program is wrong in line {line}: {reason}", line=line, reason=first.message))
        network, report = analysis.network, analysis.report
        if network.holes or network.symbols:
            raise ExpressionError(
                T(
                    "The program has holes or symbols left: {names}.",
                    names=", ".join(sorted({*network.holes, *network.symbols})),
                )
            )
        self.analysis = analysis
        self.input = network.input
        last = report[network.output]
        self.out = last.output
        total = report.total
        self.params, self.trainable, self.buffers = total.params, total.trainable, total.buffers
        self.macs, self.flops = total.macs, total.flops
        self.param_bytes, self.activation_bytes = total.parameter_bytes, total.activation_bytes
        self.train_bytes = total.training_bytes
        self.rf, self.jump = _one(last.receptive_field), _one(last.jump)
        self.layers = len(network.nodes)
        self.exits = sum(n.exit is not None for n in network.nodes)
        self.window_rf = max((min(f.receptive_field) for n, f in report if _slides(n, f)), default=1)

    def layer(self, number: int) -> LayerView:
        """Layer `number`, counted from 1, or from the end with −1."""
        nodes = self.analysis.network.nodes
        if not 1 <= abs(number) <= len(nodes):
            raise ExpressionError(T("There is no layer {n}; there are {count}.", n=number, count=len(nodes)))
        node = nodes[number - 1 if number > 0 else number]
        return LayerView(node, self.analysis.report[node.index])

    def count(self, *ops: str) -> int:
        """How many layers there are with one of these names; activations of layers count too."""
        return sum(
            (n.op in ops) + (n.activation is not None and n.activation.name in ops) for n in self.analysis.network.nodes
        )


def _slides(node: Node, facts: Facts) -> bool:
    """Whether a layer is a window that stands at more than one place: a global pooling is none."""
    return isinstance(node.layer, Windowed) and prod((facts.output or ())[:-1]) > 1


def _one(sizes: tuple[Any, ...]) -> Any:
    """A size that is the same along all axes as one number."""
    return sizes[0] if sizes and all(s == sizes[0] for s in sizes) else sizes


@lru_cache(maxsize=256)
def known(program: str) -> Analysis:
    """The analysis of a course's program: questions ask for the same one many times."""
    return analyse(Source(program, "program"))


def network(program: str) -> NetView:
    """What is known of a program. Raises ExpressionError where it is wrong."""
    return NetView(known(program))
