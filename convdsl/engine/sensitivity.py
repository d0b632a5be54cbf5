"""How much an answer changes with the values of a layer: a network made over so that the engine's own way back tells it.

Behind the layer stands one more, which adds a number to each value: 0, and trained, while everything else is frozen, so
that normalisations take their running statistics and nothing is dropped. The gradient of these numbers is the gradient by
the values. What is weighed at the other end goes in as targets of a squared error: with y − t = w·n/2 its gradient
2(y − t)/n is w. Every device can do that, as it can train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convdsl.diagnostics import Findings
from convdsl.engine.errors import BadInput
from convdsl.layers.convolution import DepthwiseConv
from convdsl.layers.shaping import Dropout, DropPath, Identity, Reshape
from convdsl.messages import T
from convdsl.network.ending import ending
from convdsl.network.graph import Network, Node, Output
from convdsl.network.sizes import Report, infer
from convdsl.network.view import NetView
from convdsl.source import Source, Span

RULES = ("true", "guided", "deconv")
"""What a rectifier lets through on the way back: the gradient where its input was above 0; of that only what is above 0; or
all that is above 0, wherever its input was (Springenberg et al., 2014; Zeiler and Fergus, 2014)."""


@dataclass(frozen=True, eq=False)
class Tapped:
    """A network (a NetView) with such a layer, whose bias is called `tap`; `origin` tells for each of its layers which one of
    the network it was, 0 for those that are new."""

    name: str
    input: tuple[int, ...]
    nodes: tuple[Node, ...]
    output: int
    report: Report
    origin: tuple[int, ...]
    tap: str

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The one that there is."""
        return (Output("", self.output, Span(0, 0)),)

    def weights(self, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The tensors of the network under the names that they have here, with those of the new layer."""
        found: dict[str, np.ndarray] = {}
        by_layer: dict[str, list[str]] = {}
        for name in tensors:
            by_layer.setdefault(name.split(".")[0], []).append(name)
        for node, origin in zip(self.nodes, self.origin, strict=True):
            for name in by_layer.get(str(origin), ()) if origin else ():
                found[f"{node.index}.{name.split('.', 1)[1]}"] = tensors[name]
        size = int(self.tap.split(".")[0])
        shape = self.report[size].weights
        found[self.tap] = np.zeros(shape["bias"], np.float32)
        found[self.tap.replace("bias", "weight")] = np.ones(shape["weight"], np.float32)
        return found


def tapped(net: NetView, layer: int, of: int | None = None) -> Tapped:
    """The network up to the values of layer `of` (None: its scores, before a softmax or a sigmoid), with the new layer behind
    `layer`, 0 being the input. Raises BadInput where the one does not depend on the other."""
    end = net.output if of is None else of
    last = ending(net.nodes, net.output)
    scores = last.node.index if of is None and last.scores and last.node is not None else 0
    needed = _before(net, end)
    if layer not in needed:
        raise BadInput(
            str(T("What is asked of layer {end} does not depend on the values of layer {layer}.", end=end, layer=layer))
        )
    nodes: list[Node] = []
    origin: list[int] = []
    places = {0: 0}

    def add(node: Node, was: int) -> int:
        nodes.append(node._replace(index=len(nodes) + 1, frozen=was > 0, exit=None, shared=0))
        origin.append(was)
        return len(nodes)

    def tap() -> int:
        """The three layers behind `layer`: its values as channels of one place, the new one, and back in their shape."""
        shape = net.input if layer == 0 else net.report.shape(layer)
        plain = _plain(nodes[-1] if nodes else None)
        add(plain._replace(layer=Reshape(size=(1, prod(shape))), inputs=(places[layer],)), 0)
        number = add(plain._replace(layer=DepthwiseConv(k=(1,)), inputs=(len(nodes),)), 0)
        places[layer] = add(plain._replace(layer=Reshape(size=tuple(shape)), inputs=(len(nodes),)), 0)
        return number

    number = tap() if layer == 0 else 0
    for node in net.nodes:
        if node.index not in needed:
            continue
        kept = node._replace(inputs=tuple(places[i] for i in node.inputs))
        if isinstance(node.layer, (Dropout, DropPath)):
            kept = kept._replace(layer=Identity())
        if node.index == scores:
            whole = node.activation is None
            kept = kept._replace(layer=Identity(), activation=None) if whole else kept._replace(activation=None)
        places[node.index] = add(kept, node.shared or node.index)
        if node.index == layer:
            number = tap()
    network = Network(
        net.name,
        Source("", net.name),
        tuple(net.input),
        None,
        tuple(nodes),
        places[end],
        (),
        (),
        {},
        frozenset(),
        frozenset(),
    )
    report = infer(network, Findings(network.source))
    return Tapped(
        net.name,
        tuple(net.input),
        tuple(nodes),
        places[end],
        report,
        tuple(origin),
        f"{number}.{nodes[number - 1].op}.bias",
    )


def _before(net: NetView, end: int) -> set[int]:
    """A layer and all that it depends on."""
    needed, waiting = set(), [end]
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            waiting += net.nodes[index - 1].inputs if index else ()
    return needed


def _plain(like: Node | None) -> Node:
    """A node with nothing of its own."""
    return Node(0, None, (), None, (), False, None, like.span if like else Span(0, 0), "", {}, ())


def weighed(answer: Any, count: int, shape: tuple[int, ...]) -> np.ndarray:
    """How much each answer counts, (count, *shape): 1 for those of a class (a number, or one for each image), at every
    position; or as given, for all images or for each. Raises BadInput."""
    given = np.asarray(answer)
    if given.dtype.kind in "iub" and given.shape in ((), (count,)):
        classes = np.broadcast_to(given.astype(np.int64), (count,))
        if count and not (classes.min() >= 0 and classes.max() < shape[-1]):
            text = T("There is no answer {answer}: they are numbered from 0 to {last}.",
                     answer=int(classes.max()) if classes.min() >= 0 else int(classes.min()), last=shape[-1] - 1)  # fmt: skip
            raise BadInput(str(text))
        rows = np.eye(shape[-1], dtype=np.float32)[classes]
        return np.broadcast_to(rows.reshape(count, *(1,) * (len(shape) - 1), shape[-1]), (count, *shape)).copy()
    if given.dtype.kind not in "fiub" or given.shape not in (shape, (count, *shape)):
        raise BadInput(
            str(
                T(
                    "What is asked for is the number of an answer, or weights of {shape}; these are {given}.",
                    shape="x".join(map(str, shape)),
                    given="x".join(map(str, given.shape)) or given.dtype.name,
                )
            )
        )
    return np.broadcast_to(given.astype(np.float32), (count, *shape)).copy()
