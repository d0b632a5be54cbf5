"""The network: a flat list of layers in the order of the data, joined by edges. What braces nest, edges express."""

from __future__ import annotations

from typing import Any

from convdsl.language.tree import Expect, Setting
from convdsl.layers import Layer
from convdsl.layers.activation import Activation
from convdsl.network.outline import Path
from convdsl.records import NamedTuple
from convdsl.source import Source, Span


class Node(NamedTuple):
    """One layer of the network.

    `inputs` are indices of nodes, 0 being the network's input. `path` is the braces and blocks around it,
    outermost first. `exit` is the weight of the loss where this node ends an `aux` side exit. `layer` is None where
    the line could not be understood. `places` are the spans of the options written; `calls` those of the block calls
    that led here, outermost first. `text` is empty where a statement could not be read at all.
    """

    index: int  # type: ignore[assignment]  # tuple.index, which nobody asks a node for
    layer: Layer | None
    inputs: tuple[int, ...]
    activation: Activation | None
    path: Path
    frozen: bool
    exit: float | None
    span: Span
    text: str
    places: dict[str, Span]
    calls: tuple[Span, ...]
    shared: int = 0
    """The earlier layer whose weights these are; 0 where it has its own."""

    @property
    def op(self) -> str:
        """The layer's name: `conv`, `add`."""
        return self.layer.name if self.layer is not None else "?"


class Output(NamedTuple):
    """One of the things that a network answers: its name, "" where the end of the program is the only one, the node whose
    value it is, and where the name stands."""

    name: str
    node: int
    span: Span


COUNTED = ("params", "trainable", "buffers", "macs", "flops")
"""What is counted for each layer and added up over all."""

QUANTITIES = (*COUNTED, "rf", "jump")
"""What `expect` can speak of besides a shape."""


class Expectation(NamedTuple):
    """An `expect` line: `expected` (a shape or a number, or formulas) is compared with what holds after `node`."""

    node: int
    scope: str
    quantity: str
    comparison: str
    expected: Any
    written: Expect


class Unknown(NamedTuple):
    """A hole: the name that answers call it by, its symbol, where it stands and its smallest value."""

    name: str
    symbol: Any
    span: Span
    minimum: int


class Network(NamedTuple):
    """A program with its blocks expanded and its names resolved; sizes are not known yet (see convdsl.network.sizes)."""

    name: str
    source: Source
    input: tuple[Any, ...]
    input_span: Span | None
    nodes: tuple[Node, ...]
    output: int
    """The node at the end of the program; of several outputs, the last one's."""
    expectations: tuple[Expectation, ...]
    train: tuple[Setting, ...]
    holes: dict[str, Unknown]
    symbols: frozenset[str]
    """Symbols that have no value."""
    mentioned: frozenset[str]
    """All symbols that the program speaks of, with a value or without."""
    refused: bool = False
    """Whether the input's sizes cannot be used, so that nothing is known of any size."""
    named: tuple[Output, ...] = ()
    """The outputs that have names, in the order of the program."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs; without names there is one, the end of the program."""
        return self.named or (Output("", self.output, Span(0, 0)),)

    @property
    def ends(self) -> frozenset[int]:
        """The nodes that something is wanted of: outputs, and the ends of side exits."""
        return frozenset((*(o.node for o in self.outputs), *(n.index for n in self.nodes if n.exit is not None)))
