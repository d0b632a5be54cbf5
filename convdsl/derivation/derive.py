"""From an analysed program to derivations: every layer's rules are run on letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdsl import algebra
from convdsl.algebra.blackboard import Letter, Written, factored, ordered, plain, replaced, value_of
from convdsl.algebra.board import steps
from convdsl.derivation.lettering import AXES, lettered, shape_letters
from convdsl.derivation.reasons import reason
from convdsl.derivation.steps import Derivation, LayerDerivation, NetDerivation
from convdsl.layers.combining import Combination, Concat, MatrixProduct
from convdsl.layers.pooling import Unpool
from convdsl.messages import Rounded, T
from convdsl.network import Analysis, Facts, Node, Report
from convdsl.network.fields import Field, see
from convdsl.network.sizes import Measured, ask

AXIS_TITLES = {
    ("length",): T("length"),
    ("height",): T("height"),
    ("width",): T("width"),
    ("depth",): T("depth"),
    ("height", "width"): T("height and width"),
    ("depth", "height"): T("depth and height"),
    ("depth", "width"): T("depth and width"),
    ("depth", "height", "width"): T("depth, height and width"),
}
_AXIS_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_RANK = {name: rank for rank, name in enumerate(("F", "F_d", "F_h", "F_w", "L", "Z", "H", "W", "C", "N"))}
"""The order in which weights are counted on a blackboard: the window, then the channels."""


def derive(analysis: Analysis) -> NetDerivation:
    """How every figure of a network comes about. Layers with an error have no derivations; diagnostics say why."""
    network, report = analysis.network, analysis.report
    seen: dict[Any, int] = {}
    layers = []
    for node, facts in report:
        key = (
            node.text,
            facts.inputs,
            node.shared > 0,
            tuple((f.high - f.low, f.jump) for f in report[node.inputs[0]].field),
        )
        first = seen.setdefault(key, node.index)
        layers.append(
            derive_layer(analysis, node.index)
            if first == node.index
            else LayerDerivation(node, facts, (), as_before=first)
        )
    return NetDerivation(network.name, network.input, tuple(layers), tuple(_totals(report)))


def derive_layer(analysis: Analysis, index: int) -> LayerDerivation:
    """How the figures of one layer (its index counts from 1) come about."""
    node, facts = analysis.network.nodes[index - 1], analysis.report[index]
    remarks = tuple(
        d
        for d in analysis.diagnostics
        if node.span.start <= d.span.start and d.span.end <= node.span.end and d.code not in ("N506", "N507")
    )
    if node.layer is None or facts.output is None:
        return LayerDerivation(node, facts, (), remarks)
    return LayerDerivation(node, facts, tuple(_derivations(node, facts, analysis.report)), remarks)


def _derivations(node: Node, facts: Facts, report: Report) -> Iterator[Derivation]:
    yield from _sizes(node, facts)
    answer = _answer(node, facts)
    yield from _params(node, facts, answer)
    for quantity, title, symbol in (
        ("macs", T("multiplications (MACs)"), "MACs"),
        ("flops", T("operations (FLOPs)"), "FLOPs"),
    ):
        formula = getattr(answer, quantity)
        if value_of(formula) != 0:
            notes = (
                T("The activation's operations are among them.")
                if quantity == "flops" and node.activation is not None
                else None,
            )
            yield Derivation(
                quantity, title, symbol, steps(formula), reason(quantity, node, facts), tuple(filter(None, notes))
            )
    yield from _field(node, facts, report, answer)


# Sizes.


def _sizes(node: Node, facts: Facts) -> Iterator[Derivation]:
    """The output's size along each axis; axes with the same derivation share it."""
    x, y = facts.inputs[0], facts.output
    assert node.layer is not None and y is not None
    if len(node.inputs) > 1 or isinstance(node.layer, Combination):
        yield from _meeting(node, facts)
        return
    rank = len(x) - 1
    layer: Any = lettered(node.layer, rank)
    if not rank or len(y) != len(x):
        yield Derivation(
            "size",
            T("size"),
            "O",
            steps(layer.output(shape_letters(x))[0]) if len(y) == 1 else (y,),
            reason("size", node, facts),
        )
        return
    inputs = (*(Letter("N", size) for size in x[:-1]), Letter("C", x[-1]))
    output = layer.output(inputs)
    for title, axes in _alike(output[:-1], rank):
        yield Derivation("size", title, "O", steps(output[axes[0]]), reason("size", node, facts, axes[0]), axes=axes)
    for title, axes in _zeros(layer, inputs):
        before, after = (
            replaced(getattr(layer.geometry(inputs)[axes[0]], side), _named(output[axes[0]]))
            for side in ("before", "after")
        )
        yield Derivation(
            "zeros",
            T("zeros before, {axes}", axes=title),
            "B",
            steps(before),
            T("The zeros that the last window needs are dealt out evenly, the smaller half before.")
            if layer.p == "same"
            else T("The zeros that the last window needs are dealt out evenly, the larger half before."),
            axes=axes,
        )
        yield Derivation("zeros", T("zeros after, {axes}", axes=title), "A", steps(after), axes=axes)
    if not isinstance(output[-1], Letter) or output[-1].name != "C":
        yield Derivation("channels", T("channels"), "C'", steps(output[-1]), reason("channels", node, facts))


def _named(output: Any) -> dict[Any, Letter]:
    return {output.key: Letter("O", output.value)} if isinstance(output, Written) else {}


def _zeros(layer: Any, inputs: tuple[Any, ...]) -> Iterator[tuple[T, tuple[int, ...]]]:
    """The axes whose zeros `p same` finds."""
    if getattr(layer, "p", None) in ("same", "same_lower") and hasattr(layer, "geometry"):
        axes = layer.geometry(inputs)
        if all(axis.rule == "same" for axis in axes):
            yield from _alike(tuple(a.before for a in axes), len(axes))


def _alike(formulas: tuple[Any, ...], rank: int) -> Iterator[tuple[T, tuple[int, ...]]]:
    """A title and the axes for each group of axes whose derivation is the same."""
    groups: dict[Any, list[int]] = {}
    for axis, formula in enumerate(formulas):
        written = tuple(map(repr, steps(formula))) if isinstance(formula, Written) else formula
        groups.setdefault(written, []).append(axis)
    for axes in groups.values():
        yield AXIS_TITLES[tuple(_AXIS_NAMES[rank][a] for a in axes)], tuple(axes)


def _meeting(node: Node, facts: Facts) -> Iterator[Derivation]:
    """Branches that meet: the channels of `concat` add up, all else stays."""
    assert facts.output is not None
    if isinstance(node.layer, Concat):
        total: Any = 0
        for number, x in enumerate(facts.inputs, 1):
            total = total + Letter(f"C_{number}", x[-1])
        yield Derivation("channels", T("channels"), "C'", steps(total), reason("size", node, facts))
    else:
        yield Derivation("size", T("size"), "O", (facts.output,), reason("size", node, facts))


# Costs.


def _answer(node: Node, facts: Facts) -> Measured:
    """What the layer's declaration says when it is asked in letters; the output's sizes are named, too."""
    assert node.layer is not None
    rank = len(facts.inputs[0]) - 1
    inputs = tuple(shape_letters(x) for x in facts.inputs)
    if isinstance(node.layer, Combination):
        assert facts.output is not None
        inputs = (shape_letters(facts.output),) * len(inputs)
        if isinstance(node.layer, Concat):
            inputs = tuple(
                (*x[:-1], Letter(f"C_{n}", f[-1])) for n, (x, f) in enumerate(zip(inputs, facts.inputs, strict=True), 1)
            )
        if isinstance(node.layer, MatrixProduct):
            (rows, inner), (_, columns) = facts.inputs
            k = Letter("K", inner)
            inputs = ((Letter("L", rows), k), (k, Letter("M", columns)))
    activation = lettered(node.activation, rank) if node.activation is not None else None
    if isinstance(node.layer, Unpool):
        inputs = facts.inputs
    answer = ask(lettered(node.layer, rank), activation, inputs)
    names = {}
    for axis, size in enumerate(answer.output[:-1]):
        if isinstance(size, Written) and not isinstance(size, Letter):
            name = "O" if rank == 1 else f"O_{AXES[rank][axis]}"
            names[size.key] = Letter(name, size.value)

    def named(value: Any) -> Any:
        return replaced(value, names)

    weights = {name: tuple(map(named, shape)) for name, shape in answer.weights.items()}
    return answer._replace(
        weights=weights, params=named(answer.params), macs=named(answer.macs), flops=named(answer.flops)
    )


def _params(node: Node, facts: Facts, answer: Measured) -> Iterator[Derivation]:
    if not facts.weights:
        return
    if node.shared:
        yield Derivation(
            "params",
            T("parameters"),
            "params",
            (0,),
            T(
                "The weights are those of layer {n}, where they are counted: they exist once, and are trained once.",
                n=node.shared,
            ),
        )
        return
    own: Any = 0
    learned_activation: Any = 0
    for name, shape in answer.weights.items():
        count: Any = 1
        for size in shape:
            count = count * size
        if node.activation is not None and name == node.activation.name:
            learned_activation = learned_activation + count
        else:
            own = own + ordered(count, _RANK)
    formula = factored(own) + learned_activation
    notes = [T("These weights are frozen: they are counted, but not trained.")] if node.frozen else []
    if facts.buffers != 0 and node.frozen:
        notes.append(
            T(
                "Running statistics, {n} values, are kept besides. Frozen, they stand still, and the layer normalises with "
                "them in training too.",
                n=algebra.on_board(facts.buffers),
            )
        )
    elif facts.buffers != 0:
        notes.append(
            T("Running statistics, {n} values, are kept besides but not learned.", n=algebra.on_board(facts.buffers))
        )
        momentum = getattr(node.layer, "momentum", None)
        if momentum is not None:
            notes.append(
                T(
                    "In training each batch moves them: {keep} of what they were, and {take} of what the batch has.",
                    keep=Rounded(momentum, "g"),
                    take=Rounded(1 - momentum, "g"),
                )
            )
    yield Derivation("params", T("parameters"), "params", steps(formula), reason("params", node, facts), tuple(notes))


# The receptive field.


def _field(node: Node, facts: Facts, report: Report, answer: Measured) -> Iterator[Derivation]:
    if len(node.inputs) != 1:
        yield Derivation("field", T("receptive field"), "R'", (facts.receptive_field,), reason("field", node, facts))
        return
    before = report[node.inputs[0]].field
    letters = [
        Field(0, Letter("R", plain(f.high - f.low + 1)) - 1, Letter("J", plain(f.jump)), Letter("N", f.places), f.axis)
        for f in before
    ]
    after = see(answer.reach, tuple(letters), answer.output)
    sizes_after, jumps = tuple(f.size for f in after), tuple(f.jump for f in after)
    for title, axes in _alike(sizes_after, len(after)):
        name = T("receptive field") if len(axes) == len(after) else T("receptive field, {axes}", axes=title)
        yield Derivation(
            "field", name, "R'", steps(sizes_after[axes[0]]), reason("field", node, facts, axes[0]), axes=axes
        )
    for title, axes in _alike(jumps, len(after)):
        jump = jumps[axes[0]]
        if answer.reach is not None and algebra.equal(jump, before[axes[0]].jump) is not True:
            name = T("jump") if len(axes) == len(after) else T("jump, {axes}", axes=title)
            yield Derivation("jump", name, "J'", steps(jump), reason("jump", node, facts, axes[0]), axes=axes)


# Sums.


MOST_TERMS = 12
"""Longer sums gather equal terms: 25·102,760,448."""


def _totals(report: Report) -> Iterator[Derivation]:
    """Sums over all layers, those that have nothing left out."""
    if not report.complete:
        return
    for quantity, title in (
        ("params", T("parameters")),
        ("macs", T("multiplications (MACs)")),
        ("flops", T("operations (FLOPs)")),
    ):
        parts = [(node, value) for node, facts in report if (value := getattr(facts, quantity)) != 0]
        gather = len(parts) > MOST_TERMS
        letters: dict[Any, Letter] = {}
        total: Any = 0
        for node, value in parts:
            letter = letters.setdefault(value if gather else node.index, Letter(f"{node.op}_{node.index}", value))
            total = total + letter
        if isinstance(total, Written):
            yield Derivation(quantity, title, quantity, steps(total))
