"""A network with its weights, as every bridge takes and gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convdsl.diagnostics import Findings
from convdsl.messages import T
from convdsl.network import Analysis, Node


@dataclass(frozen=True)
class Weighted:
    """A network whose sizes are all numbers, and its weights and running statistics by name (`3.conv.weight`), laid out as
    PyTorch does: filters (F, C/g, kH, kW), dense (units, inputs) with the inputs in the order H, W, C.

    `about` is what else a file should say: the names of the classes, how images are made ready.
    """

    analysis: Analysis
    weights: Mapping[str, Any]
    about: Mapping[str, str] = field(default_factory=dict)

    def of(self, node: Node) -> dict[str, Any]:
        """The weights of a layer by role: `weight`, `bias`, `running_mean`, `running_var`, `prelu`."""
        prefix = f"{node.shared or node.index}."
        return {name.rsplit(".", 1)[1]: self.weights[name] for name in self.weights if name.startswith(prefix)}


class Unsayable(Exception):
    """A layer that a format has no words for, or an activation of that name behind it; `why` says what is missing there."""

    def __init__(self, node: Node, format: str, why: T | None = None, name: str = "") -> None:
        self.node, self.format, self.why, self.name = node, format, why, name or node.op
        super().__init__(f"{node.index}.{node.op}: {format}")


def place_of(error: Unsayable, findings: Findings) -> None:
    """Adds E601, which says where in the program the layer stands."""
    findings.add(
        "E601",
        error.node.span,
        T("`{layer}` cannot be written as {format}.", layer=error.name, format=error.format),
        note=error.why,
        help=T("Write the network with another layer in its place."),
    )


def leading_to(output: int, nodes: Sequence[Node]) -> set[int]:
    """The layers that an output comes from: all but the side exits."""
    found: set[int] = set()
    waiting = [output]
    while waiting:
        at = waiting.pop()
        if at and at not in found:
            found.add(at)
            waiting += nodes[at - 1].inputs
    return found


def not_installed(extra: str) -> T:
    """That a library is not there, and how to get it."""
    return T('this needs the package {name}: `pip install "convdsl[{extra}]"`.', name=extra, extra=extra)
