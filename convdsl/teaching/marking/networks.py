"""Whether two networks are the same: layers in their order, activations, branches and shortcuts.

What an exercise leaves free is named in it: `padding` everywhere, `conv.padding` for one sort of layer, `conv.2.window` for
the second of its sort; `pool` stands for all poolings, `layer` for the layers themselves (they may be left out or added),
`kind` for which pooling it is. How a network is written does not matter: `flatten` before a dense layer, an activation on a
line of its own, `p same` or `p1`, branches in another order.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, NamedTuple

from convdsl.layers.window import Windowed
from convdsl.messages import T
from convdsl.network import Analysis, Node

POOLS = frozenset({"maxpool", "avgpool", "minpool", "medianpool"})
SUMS = frozenset({"add", "mul", "mean", "max", "absdiff", "concat"})
"""Layers whose branches may stand in any order: what comes out differs by the order of its channels at most."""
ANYTHING = "everything"
ATTRIBUTES = {
    "layer": T("the layer itself"),
    "kind": T("its kind"),
    "activation": T("its activation"),
    "window": T("its window"),
    "stride": T("its stride"),
    "dilation": T("its dilation"),
    "padding": T("its padding"),
    "filters": T("its number of filters"),
    "units": T("its number of units"),
    "groups": T("its groups"),
    "bias": T("its biases"),
    "frozen": T("what is frozen"),
    "others": T("its settings"),
}
"""What may be left free, and what it is called where it differs."""
_MOST_BRANCHES = 5
_NAMES = {"filters": "filters", "units": "units", "g": "groups", "bias": "bias"}


class Piece(NamedTuple):
    """A layer as it is compared: its sort, its number among those of its sort, its attributes, what it gets."""

    sort: str
    number: int
    attributes: dict[str, Any]
    inputs: tuple[int, ...]
    text: str


class Difference(NamedTuple):
    """Where a network is another one: the layer, as it is written (empty where there is none), and what about it."""

    text: str
    attribute: str

    @property
    def message(self) -> T:
        if not self.text:
            return T("A layer is missing, or there is one too many.")
        if self.attribute == "layer":
            return T("Another layer is asked for in place of `{text}`.", text=self.text)
        return T("In `{text}`, change {what}.", text=self.text, what=ATTRIBUTES[self.attribute])


def same_as(one: Analysis, other: Analysis, free: tuple[str, ...] = ()) -> Difference | None:
    """The first difference of a network from another, or None where they are the same but for what is `free`."""
    if ANYTHING in free:
        return None
    if one.network.input != other.network.input:
        return Difference("input", "others")
    return _Comparison(_Pieces(one, free), _Pieces(other, free), free).differ()


def is_free(free: tuple[str, ...], attribute: str, sort: str, number: int) -> bool:
    """Whether an attribute of the layer `number` of a sort is left free."""
    if attribute != "layer" and is_free(free, "layer", sort, number):
        return True
    names = {sort, "pool" if sort in POOLS else sort}
    wanted = {attribute, *(f"{n}.{attribute}" for n in names), *(f"{n}.{number}.{attribute}" for n in names)}
    return not wanted.isdisjoint(free) or ANYTHING in free


class _Pieces:
    """A network's layers without what is only another way of writing."""

    def __init__(self, analysis: Analysis, free: tuple[str, ...]) -> None:
        self.nodes = {n.index: n for n in analysis.network.nodes}
        self.users: dict[int, list[Node]] = {}
        for node in analysis.network.nodes:
            for index in node.inputs:
                self.users.setdefault(index, []).append(node)
        self.pieces: dict[int, Piece] = {}
        self.replaced: dict[int, int] = {}
        self.activated: dict[int, str] = {}
        counts: dict[str, int] = {}
        for node in analysis.network.nodes:
            sort = "pool" if node.op in POOLS else node.op
            if self._passes_on(node) or is_free(free, "layer", node.op, counts.get(sort, 0) + 1):
                self.replaced[node.index] = self.behind(node.inputs[0])
                continue
            counts[sort] = counts.get(sort, 0) + 1
            inputs = tuple(self.behind(i) for i in node.inputs)
            shapes = analysis.report[node.index].inputs
            self.pieces[node.index] = Piece(sort, counts[sort], _attributes(node, shapes), inputs, node.text)
        self.output = self.behind(analysis.network.output)
        self.size = len(self.pieces)

    def _passes_on(self, node: Node) -> bool:
        """Whether a layer changes nothing here, or is the activation of the one before it."""
        if node.exit is not None or len(node.inputs) != 1:
            return False
        if node.op == "identity" and node.activation is None:
            return True
        users = self.users.get(node.index, [])
        if node.op == "flatten" and node.activation is None:
            return bool(users) and all(u.op in ("dense", "flatten", "identity") for u in users)
        before = self.behind(node.inputs[0])
        piece = self.pieces.get(before)
        layer = self.nodes[before].layer if before else None
        activates = layer is not None and type(layer).activates
        alone = len(self.users.get(node.inputs[0], [])) == 1
        if piece is not None and activates and alone and not piece.attributes["activation"] and _is_activation(node):
            self.pieces[before] = piece._replace(attributes={**piece.attributes, "activation": node.op})
            return True
        return False

    def behind(self, index: int) -> int:
        return self.replaced.get(index, index)


def _is_activation(node: Node) -> bool:
    from convdsl.layers.activation import Activation

    return isinstance(node.layer, Activation) and not node.layer.arguments


def _attributes(node: Node, shapes: tuple[Any, ...]) -> dict[str, Any]:
    layer = node.layer
    activation = node.activation
    found: dict[str, Any] = {
        "kind": node.op,
        "activation": "" if activation is None else activation.text(),
        "frozen": (node.frozen, node.exit),
    }
    settings = {k: v for k, v in vars(layer).items() if k != "given"} if layer is not None else {}
    if isinstance(layer, Windowed):
        axes = layer.geometry(shapes[0])
        found["window"] = tuple(a.k for a in axes)
        found["stride"] = tuple(a.s for a in axes)
        found["dilation"] = tuple(a.d for a in axes)
        found["padding"] = tuple((a.before, a.after) for a in axes)
        if any(a.rule == "ceil" and a.remainder for a in axes):
            found["others"] = (("ceil", True),)
        settings = {k: v for k, v in settings.items() if k not in ("k", "s", "p", "d", "ceil")}
    for name, value in settings.items():
        attribute = _NAMES.get(name, "others")
        found[attribute] = (*found.get(attribute, ()), (name, value))
    return found


class _Comparison:
    """Two networks compared from the output to the input; each pair of layers once."""

    def __init__(self, mine: _Pieces, asked: _Pieces, free: tuple[str, ...]) -> None:
        self.mine, self.asked, self.free = mine, asked, free
        self.known: dict[tuple[int, int], Difference | None] = {}

    def differ(self) -> Difference | None:
        # From the input on, so that no depth of the network is a depth of calls.
        for one in [0, *self.mine.pieces]:
            for other in [0, *self.asked.pieces]:
                self.known[one, other] = self._pair(one, other)
        found = self.known[self.mine.output, self.asked.output]
        if found is None and self.mine.size != self.asked.size:
            return Difference("", "layer")
        return found

    def _pair(self, one: int, other: int) -> Difference | None:
        if not one or not other:
            text = self.mine.pieces[one].text if one else ""
            return None if one == other else Difference(text, "layer")
        mine, asked = self.mine.pieces[one], self.asked.pieces[other]
        if mine.sort != asked.sort or len(mine.inputs) != len(asked.inputs):
            return Difference(mine.text, "layer")
        before = self._inputs(mine, asked)
        if before is not None:
            return before
        for attribute in ATTRIBUTES:
            differ = mine.attributes.get(attribute) != asked.attributes.get(attribute)
            if differ and not self._is_free(attribute, mine, asked):
                return Difference(mine.text, attribute)
        return None

    def _is_free(self, attribute: str, mine: Piece, asked: Piece) -> bool:
        if attribute == "others" and mine.attributes["kind"] != asked.attributes["kind"]:
            return True  # settings that only one of two kinds has
        return is_free(self.free, attribute, asked.sort, asked.number)

    def _inputs(self, mine: Piece, asked: Piece) -> Difference | None:
        first = self._in_order(mine.inputs, asked.inputs)
        if first is None or mine.sort not in SUMS or len(mine.inputs) > _MOST_BRANCHES:
            return first
        others = permutations(mine.inputs)
        return None if any(self._in_order(order, asked.inputs) is None for order in others) else first

    def _in_order(self, mine: tuple[int, ...], asked: tuple[int, ...]) -> Difference | None:
        pairs = zip(mine, asked, strict=True)
        return next((d for d in (self.known[pair] for pair in pairs) if d is not None), None)
