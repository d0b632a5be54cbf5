"""What is said of a box: its name, the sizes in and out, what it costs, and what is wrong with it, as texts."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any, NamedTuple

from convdsl.algebra import is_number, simplify
from convdsl.algebra.numbers import formula, grouped, memory, short
from convdsl.diagnostics import Diagnostic
from convdsl.drawing.tree import Closed, Layers, nodes
from convdsl.layers import formula_shape
from convdsl.layers.activation import Activation
from convdsl.layers.combining import AbsoluteDifference, Add, Combination, Concat, Multiply
from convdsl.layers.convolution import TransposedConv
from convdsl.layers.dense import Dense
from convdsl.layers.normalization import LocalResponseNorm, Normalization
from convdsl.layers.pooling import Unpool
from convdsl.layers.rearranging import PixelShuffle
from convdsl.layers.shaping import Identity, Upsample
from convdsl.layers.window import Windowed, size_formula
from convdsl.messages import T
from convdsl.network import Analysis, Facts, Node
from convdsl.network.outline import Level
from convdsl.network.sizes import BYTES

SHOWN = ("sizes", "params", "macs", "rf", "memory")
"""What can be shown in a box, besides what the program says."""
SHAPES = ("hwc", "c@hw", "chw")
"""How a size is written: 28×28×6, 6@28×28, 6×28×28."""
KINDS = {
    "input": T("input"),
    "conv": T("convolution"),
    "up": T("enlarges"),
    "pool": T("pooling"),
    "norm": T("normalisation"),
    "act": T("activation"),
    "dense": T("dense"),
    "join": T("joins branches"),
    "shape": T("changes the form"),
    "block": T("block, closed"),
    "error": T("error"),
}
"""The kinds of boxes, each of a colour, and what the legend says of them."""


class Box(NamedTuple):
    """What is said of one box. Figures are of all layers that it stands for; sizes of its first turn's input and its last
    turn's output, and None where an error leaves them open."""

    kind: str
    lines: tuple[str, ...]
    """The program's lines, or the block's name."""
    times: int
    size: str
    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None
    figures: tuple[str, ...]
    about: str
    cover: tuple[int, ...]
    first: int
    last: int
    """The layers by which the box is entered and left."""
    code: str = ""
    """The error's code, where it is here."""
    params: Any = 0
    macs: Any = 0
    values: Any = 0
    """How many values leave it, those of the layers inside added."""
    nodes: tuple[Node, ...] = ()
    weight: float | None = None
    frozen: bool = False

    @property
    def node(self) -> Node | None:
        return self.nodes[0] if self.nodes else None


class Telling:
    """Says of each part of a tree what its box says, for one network and one choice of what is shown."""

    def __init__(
        self,
        analysis: Analysis,
        show: Iterable[str] = ("sizes",),
        shape: str = "hwc",
        numbers: bool = True,
        instead: Iterable[tuple[int, str]] = (),
    ) -> None:
        self.analysis = analysis
        self.report = analysis.report
        self.show = tuple(show)
        self.order = shape
        self.numbers = numbers
        self.instead = dict(instead)
        self.errors = errors(analysis)
        self.kept: dict[int, list[Node]] = {}
        """The layers that take up the value of another one, by its number."""
        for node in analysis.network.nodes:
            if takes_up(node):
                self.kept.setdefault(node.inputs[0], []).append(node)

    def input(self) -> Box:
        """The box of the network's input."""
        shape = self.report[0].output
        size = self.size(shape)
        about = str(T("input: {size}", size=size))
        return Box("input", (str(T("input")),), 1, size, None, shape, self._keeps((0,)), about, (0,), 0, 0)

    def before(self, part: Closed) -> Box:
        """The box of what goes into a part that is drawn by itself."""
        first = next(nodes(part.what)).inputs[0]
        shape = self.report[first].output
        size = self.size(shape)
        about = str(T("input: {size}", size=size))
        return Box("input", (str(T("input")),), 1, size, None, shape, (), about, (first,), first, first)

    def _keeps(self, cover: tuple[int, ...]) -> tuple[str, ...]:
        """Under which names what is in a box is taken up outside it, as the program says it: no wire leads there."""
        if not self.kept:
            return ()
        outside = (n for i in cover for n in self.kept.get(i, ()) if n.index not in cover)
        return _some("keep", (n.text.removeprefix("from ") for n in outside))

    def _takes(self, cover: tuple[int, ...]) -> tuple[str, ...]:
        """What a closed box takes up that was kept outside it."""
        inside = (n for i, found in self.kept.items() if i not in cover for n in found if n.index in cover)
        return _some("from", (n.text.removeprefix("from ") for n in inside)) if self.kept else ()

    def layers(self, part: Layers) -> Box:
        """The box of some layers that are drawn as one."""
        lines = tuple((" ".join(n.text.split()) if self.numbers else _names(n)) or "?" for n in part.nodes)
        return self._box(part, kind_of(part.nodes[0]), lines, part.nodes, 1, len(part.cover) // len(part.nodes))

    def closed(self, part: Closed, turns: int = 1) -> Box:
        """The box of a block that is not opened, or of what was left out; what is around it has `turns` turns."""
        inside = tuple(nodes(part.what))
        lines = self._title(part, len(part.cover) // turns)
        return self._box(part, "block", lines, inside, part.times, turns)

    def _title(self, part: Closed, layers: int) -> tuple[str, ...]:
        counted = str(T("one layer", "{n} layers", n=layers))
        if part.level is None:
            return ("…", counted)
        if part.branches:
            return (part.level.name, str(T("one branch", "{n} branches", n=part.branches)), counted)
        if part.level.kind == "repeat":
            return (f"repeat {part.times}", counted)
        return (title(part.level), counted)

    def _box(
        self, part: Layers | Closed, kind: str, lines: tuple[str, ...], inside: tuple[Node, ...], times: int, turns: int
    ) -> Box:
        first, last = inside[0], inside[-1]
        turn = sorted(part.cover)[: len(part.cover) // turns]
        facts = [self.report[i] for i in turn]
        before = self.report[first.inputs[0]].output
        after = facts[-1].output
        found = next((self.errors[i] for i in part.cover if i in self.errors), None)
        figures: tuple[Any, Any, Any] | None = None
        if all(f.output is not None for f in facts):
            figures = (
                simplify(sum(f.params for f in facts)),
                simplify(sum(f.macs for f in facts)),
                simplify(sum(prod(f.output) for f in facts if f.output)),
            )
        about = [" → ".join(lines) if isinstance(part, Layers) else ", ".join(lines)]
        about.append(f"{self.size(before)} → {self.size(after)}")
        if isinstance(part, Layers):
            about += _derived(part.nodes[0], self.report[first.index])
        if figures and figures[0] != 0:
            about.append(_parameters(figures[0]))
        if figures and figures[1] != 0:
            about.append(f"{grouped(figures[1])} MACs")
        if turns > 1:
            about.append(f"× {turns}")
        shared = next((n.shared for n, f in zip(inside, facts, strict=False) if n.shared and f.weights), 0)
        if shared:
            about.append(str(T("weights of {n}", n=shared)))
        if found:
            about.append(f"{found.code}: {found.message}")
        params, macs, values = figures or (None, None, None)
        closed = self._takes(part.cover) if isinstance(part, Closed) else ()
        return Box(
            "error" if found else kind,
            lines,
            times,
            self.instead.get(last.index, self.size(after)) if "sizes" in self.show else "",
            before,
            after,
            (*self._figures(figures, facts[-1]), *self._keeps(part.cover), *closed),
            "\n".join(about),
            part.cover,
            first.index,
            last.index,
            found.code if found else "",
            params,
            macs,
            values,
            inside,
            last.exit,
            any(n.frozen for n in inside),
        )

    def _figures(self, figures: tuple[Any, Any, Any] | None, last: Facts) -> tuple[str, ...]:
        """The lines of `--show`, of one turn where a box stands for many."""
        found = []
        if figures:
            params, macs, values = figures
            if "params" in self.show and params != 0:
                found.append(_parameters(params))
            if "macs" in self.show and macs != 0:
                found.append(f"{short(macs)} MACs")
            if "memory" in self.show:
                found.append(memory(BYTES * values))
        if "rf" in self.show and last.output is not None and last.field:
            found.append(str(T("sees {size}", size="×".join(map(formula, last.receptive_field)))))
        return tuple(found)

    def size(self, shape: tuple[Any, ...] | None) -> str:
        """A shape in the order asked for; `?` where it is unknown."""
        if shape is None:
            return "?"
        if len(shape) < 2 or self.order == "hwc":
            return formula_shape(shape)
        if self.order == "chw":
            return formula_shape((shape[-1], *shape[:-1]))
        channels = formula_shape((shape[-1], 1))[:-2]
        return f"{channels}@{formula_shape(shape[:-1])}"

    def heat(self, box: Box, by: str) -> Any:
        """The figure by which a box is coloured: its `macs`, `params` or `memory`."""
        return {"macs": box.macs, "params": box.params, "memory": box.values}[by]

    def summary(self) -> str:
        """The network in a sentence or two, for those who do not see the drawing."""
        report, network = self.report, self.analysis.network
        said = [str(T("one layer", "{n} layers", n=len(network.nodes)))]
        outputs = [(o.name, report[o.node].output) for o in network.outputs]
        known = ", ".join(f"{name} {formula_shape(size)}".strip() for name, size in outputs if size)
        ends = f"{formula_shape(network.input)} → {known}" if known else formula_shape(network.input)
        said.append(ends)
        if report.complete:
            said.append(_parameters(report.total.params))
            said.append(f"{short(report.total.macs)} MACs")
        joins = sum(isinstance(n.layer, Combination) for n in network.nodes)
        if joins:
            said.append(str(T("branches meet in one place", "branches meet in {n} places", n=joins)))
        exits = sum(n.exit is not None for n in network.nodes)
        if exits:
            said.append(str(T("one side exit", "{n} side exits", n=exits)))
        return "; ".join(said) + "."


def _derived(node: Node, facts: Facts) -> list[str]:
    """How a window's sizes come about, an axis a line: `(28 + 2·0 − 3)/1 + 1 = 26`; only where they are numbers."""
    layer = node.layer
    if not isinstance(layer, Windowed) or facts.output is None or not all(map(is_number, facts.inputs[0])):
        return []
    found: dict[str, None] = {}
    for axis in layer.geometry(facts.inputs[0]):
        if axis.rule != "floor" or axis.before != axis.after or not is_number(axis.output):
            continue
        formula = size_formula(axis.input, axis.k, axis.s, axis.before, axis.d)
        if axis.remainder:
            formula = f"⌊{formula.removesuffix(' + 1')}⌋ + 1"
        found[f"{formula} = {axis.output}"] = None
    return list(found)


def _some(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """A line for each name; of many the first and the last."""
    lines = tuple(f"{word} {name}" for name in dict.fromkeys(names))
    return lines if len(lines) <= 3 else (lines[0], "…", lines[-1])


def _names(node: Node) -> str:
    """A layer without its numbers: `conv relu`."""
    return " ".join([node.op, *([node.activation.name] if node.activation is not None else [])])


def _parameters(count: Any) -> str:
    """`1 parameter`, `61,706 parameters`; a formula counts as many."""
    return str(T("{count} parameter", "{count} parameters", count=grouped(count), n=count if is_number(count) else 2))


def title(level: Level) -> str:
    """A block as it is called, with its values: `stage(64, 1, 3)`."""
    if level.kind == "block":
        return f"{level.name}({', '.join(map(formula, level.arguments))})"
    return level.name


def kind_of(node: Node) -> str:
    """Which of KINDS a layer is."""
    layer = node.layer
    match layer:
        case None:
            return "error"
        case Combination():
            return "join"
        case TransposedConv() | Upsample() | PixelShuffle() | Unpool():
            return "up"
        case Dense():
            return "dense"
        case Normalization() | LocalResponseNorm():
            return "norm"
        case Activation():
            return "act"
    if layer.weighs or layer.name == "filter":
        return "conv"
    return "pool" if "pool" in layer.name else "shape"


def is_wire(node: Node) -> bool:
    """Whether a layer lets everything pass, and is drawn as a wire."""
    return isinstance(node.layer, Identity) and not takes_up(node)


def takes_up(node: Node) -> bool:
    """Whether it goes on from a kept value: no wire leads there, its box says where from."""
    return isinstance(node.layer, Identity) and node.text.startswith("from ")


SIGNS: dict[type, str] = {Add: "+", Multiply: "×", AbsoluteDifference: "−"}


def sign(node: Node) -> str:
    """What stands in the circle of a layer where branches meet; nothing for `concat`, which is a bar."""
    if isinstance(node.layer, Concat):
        return ""
    return next((s for kind, s in SIGNS.items() if isinstance(node.layer, kind)), "?")


def errors(analysis: Analysis) -> dict[int, Diagnostic]:
    """The layers that an error is about: where sizes do not fit, or the line could not be read; also where what is
    expected does not hold."""
    found: dict[int, Diagnostic] = {}
    wrong = [d for d in analysis.diagnostics if d.severity == "error"]
    if not wrong:
        return found
    network, report = analysis.network, analysis.report
    places = {e.written.span: e.node for e in network.expectations}
    for node in network.nodes:
        if report[node.index].output is None and all(report[i].output is not None for i in node.inputs):
            inside = [d for d in wrong if node.span.start <= d.span.start <= max(node.span.end - 1, node.span.start)]
            if inside:
                found[node.index] = inside[0]
    for diagnostic in wrong:
        for span, index in places.items():
            if span.start <= diagnostic.span.start < span.end and index:
                found.setdefault(index, diagnostic)
    return found
