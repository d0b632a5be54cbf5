"""Sizes, costs and receptive fields of every layer, from the input to the output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from math import prod
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings, Fix, Label
from convdsl.language.layout import LARGEST
from convdsl.layers import BadValue, Layer, Reach, SizeError, show_shape
from convdsl.layers.combining import Combination
from convdsl.layers.shaping import Flatten, Identity, Reshape
from convdsl.messages import Grouped, T
from convdsl.network.edits import option
from convdsl.network.fields import Field, beginning, merge, see
from convdsl.network.graph import COUNTED, Network, Node
from convdsl.network.values import VALUES
from convdsl.records import NamedTuple

Shape = tuple[Any, ...]
BYTES = 4
"""Bytes of a value: everything is float32."""


class Facts(NamedTuple):
    """What is known of one layer. `output` is None where an error came before. Counts are for one image."""

    output: Shape | None
    inputs: tuple[Shape, ...] = ()
    weights: dict[str, Shape] = {}
    buffer_shapes: dict[str, Shape] = {}
    params: Any = 0
    trainable: Any = 0
    buffers: Any = 0
    macs: Any = 0
    flops: Any = 0
    field: tuple[Field, ...] = ()

    @property
    def receptive_field(self) -> tuple[Any, ...]:
        """Inputs seen by one output along each spatial axis of the network's input, padding counted."""
        return tuple(f.size for f in self.field)

    @property
    def jump(self) -> tuple[Any, ...]:
        """Inputs between two neighbouring outputs, along each axis."""
        return tuple(f.jump for f in self.field)


class Total(NamedTuple):
    """Sums over all layers, side exits included. The bytes are for one image in float32; `inference_bytes` is None where
    symbols are left."""

    params: Any
    trainable: Any
    buffers: Any
    macs: Any
    flops: Any
    parameter_bytes: Any
    activation_bytes: Any
    inference_bytes: Any
    training_bytes: Any


NOTHING = Total(0, 0, 0, 0, 0, 0, 0, None, 0)


class Report:
    """Facts of every layer of a network: `report[i]` are those of node i, `report.total` their sums."""

    def __init__(self, network: Network, facts: list[Facts]) -> None:
        self.network = network
        self.facts = facts
        self.total = NOTHING
        self.complete = all(f.output is not None for f in facts)
        """Whether every layer's sizes are known; otherwise the totals leave something out."""
        try:
            self.total = _total(network, facts)
        except (algebra.TooLong, algebra.Exhausted):
            self.complete = False

    def __getitem__(self, index: int) -> Facts:
        """Facts of the node with this index (from 1); 0 stands for the input."""
        return self.facts[index]

    def __iter__(self) -> Iterator[tuple[Node, Facts]]:
        return zip(self.network.nodes, self.facts[1:], strict=True)

    def _repr_html_(self) -> str:
        from convdsl.document.html import fragment
        from convdsl.network.told import document

        return fragment(document(self))

    @property
    def output(self) -> Shape | None:
        """Shape of the network's output, channels last."""
        return self.facts[self.network.output].output

    def shape(self, index: int | None = None) -> tuple[int, ...]:
        """The output of a node, or of the network, channels last, where nothing stands in the way of knowing it."""
        output = self.facts[self.network.output if index is None else index].output
        assert output is not None
        return output


class Measured(NamedTuple):
    """What one layer has for given inputs; `reach` is None where one output sees the whole input."""

    output: Shape
    weights: dict[str, Shape]
    buffers: dict[str, Shape]
    params: Any
    buffer_count: Any
    macs: Any
    flops: Any
    reach: tuple[Reach, ...] | None


def infer(network: Network, findings: Findings) -> Report:
    """Facts of every node. Sizes that do not fit go to `findings`; what depends on them stays unknown."""
    start = beginning(network.input)
    facts = [Facts(None if network.refused else network.input, field=start)]
    answers: dict[Any, Measured | SizeError] = {}
    for node in network.nodes:
        facts.append(_facts(node, facts, answers, network, findings))
    report = Report(network, facts)
    if not report.complete and not findings.failed:
        findings.add(
            "E310",
            network.input_span or network.nodes[0].span,
            T("The formulas of the totals grow too long."),
            help=VALUES,
        )
    return report


def _facts(node: Node, facts: list[Facts], answers: dict[Any, Any], network: Network, findings: Findings) -> Facts:
    inputs = tuple(x for i in node.inputs if (x := facts[i].output) is not None)
    layer = node.layer
    if layer is None or len(inputs) < len(node.inputs):
        return Facts(None, field=facts[node.inputs[0]].field)
    key = (id(layer), id(node.activation), inputs)
    answer = answers.get(key)
    if answer is None:
        try:
            answer = ask(layer, node.activation, inputs)
        except (algebra.TooLong, algebra.Exhausted):
            answer = SizeError("E310", T("The formulas grow too long here."), help=VALUES)
        except SizeError as error:
            answer = error
        answers[key] = answer
    if isinstance(answer, SizeError):
        if (*key, node.span) not in answers:
            answers[*key, node.span] = answer
            _report(answer, node, inputs, network, findings)
        return Facts(None, field=facts[node.inputs[0]].field)
    if node.shared:
        answer = _of_another(answer, node, facts, network, findings)
    try:
        field = see(answer.reach, merge([facts[i].field for i in node.inputs]), answer.output)
        for axis in field:
            algebra.bounded(axis.high)
            algebra.bounded(axis.size)  # a sum that may be longer than its parts
    except (algebra.TooLong, algebra.Exhausted):
        field = ()
    return Facts(
        answer.output,
        inputs,
        answer.weights,
        answer.buffers,
        answer.params,
        0 if node.frozen else answer.params,
        answer.buffer_count,
        answer.macs,
        answer.flops,
        field,
    )


def _of_another(answer: Measured, node: Node, facts: list[Facts], network: Network, findings: Findings) -> Measured:
    """A layer whose weights are those of an earlier one has none to count; both must have one shape."""
    owner = facts[node.shared]
    for mine, its in zip(weight_shapes(answer), weight_shapes(owner), strict=False):
        if not same_shape(mine, its):
            first = network.nodes[node.shared - 1]
            labels = [Label(call, T("called here")) for call in (*node.calls, *first.calls)]
            findings.add(
                "E216",
                node.span,
                T(
                    "The weights of a shared block have one size: {first} where it is used first, {here} here.",
                    first=show_shape(its),
                    here=show_shape(mine),
                ),
                help=T("Give all uses the same channels, or use `block`: then each call has weights of its own."),
                labels=tuple(labels),
            )
            break
    return answer._replace(params=0, buffer_count=0)


def weight_shapes(known: Measured | Facts) -> list[Shape]:
    """The shapes of all that a layer keeps."""
    buffers = known.buffers if isinstance(known, Measured) else known.buffer_shapes
    return [*known.weights.values(), *buffers.values()]


def same_shape(a: Shape, b: Shape) -> bool:
    """Whether two shapes agree, as far as their formulas tell."""
    return len(a) == len(b) and all(algebra.equal(x, y) is not False for x, y in zip(a, b, strict=True))


def ask(layer: Layer, activation: Layer | None, inputs: tuple[Any, ...], output: Shape | None = None) -> Measured:
    """What a layer's declaration says of given inputs; `output` is its output's shape, if that is known already. Raises
    SizeError, TooLong."""
    x = inputs[0]
    y = output or tuple(algebra.simplify(s) for s in layer.output(*inputs))
    for size in y:
        if algebra.is_number(size) and size > LARGEST:
            raise SizeError("E309", T("The output would have {n} values along one axis.", n=Grouped(size)))
    weights = layer.weights(x)
    buffers = layer.buffers(x)
    macs = algebra.bounded(layer.macs(x, y))
    flops = layer.flops(x, y)
    if isinstance(layer, Combination):
        flops += layer.combine_flops(inputs, y)
    if activation is not None:
        weights = {**weights, **activation.weights(y)}
        flops += activation.flops(y, y)
    params = _count(weights)
    return Measured(
        y,
        weights,
        buffers,
        params,
        _count(buffers),
        macs,
        algebra.bounded(flops),
        tuple(Reach(1) for _ in y[:-1]) if isinstance(layer, Combination) and not layer.mixes else layer.reach(x, y),
    )


def _count(shapes: dict[str, Shape]) -> Any:
    return algebra.simplify(sum(prod(s) for s in shapes.values())) if shapes else 0


def _report(error: SizeError, node: Node, inputs: tuple[Any, ...], network: Network, findings: Findings) -> None:
    span = node.places.get(error.argument or "", node.span)
    labels = [Label(call, T("called here")) for call in node.calls]
    if error.sizes:
        places = [network.nodes[i - 1].span if i else span for i in node.inputs]
        labels += [
            Label(p, T("this branch gives {shape}", shape=show_shape(s)))
            for p, s in zip(places, error.sizes, strict=True)
        ]
    findings.add(
        error.code,
        span,
        error.message,
        formula=error.formula,
        help=error.help,
        labels=tuple(labels),
        fixes=fixes_of(node, error.ways, network, lambda layer: bool(layer.output(*inputs))),
    )


def fixes_of(
    node: Node, ways: Iterable[tuple[str, Any]], network: Network, fits: Callable[[Layer], bool]
) -> Iterator[Fix]:
    """The fixes that give a layer's options other values: those of the ways with which the layer `fits`."""
    layer = node.layer
    for name, value in ways:
        if layer is None or name not in layer.arguments or not (isinstance(value, str) or algebra.is_number(value)):
            continue
        with suppress(SizeError, BadValue, algebra.TooLong, algebra.Exhausted):
            if fits(layer.but(**{name: value if isinstance(value, str) else int(value)})):
                yield option(network.source.text, node, name, str(value))


def _total(network: Network, facts: list[Facts]) -> Total:
    layers = facts[1:]
    sums = {name: algebra.simplify(algebra.total(getattr(f, name) for f in layers)) for name in COUNTED}
    outputs = (f.output for n, f in zip(network.nodes, layers, strict=True) if f.output and not _is_view(n))
    kept = algebra.simplify(algebra.total(map(prod, outputs)))
    parameters = BYTES * (sums["params"] + sums["buffers"])
    peak = _peak(network, facts)
    return Total(
        **sums,
        parameter_bytes=parameters,
        activation_bytes=BYTES * kept,
        inference_bytes=None if peak is None else parameters + BYTES * peak,
        training_bytes=parameters + BYTES * (3 * sums["trainable"] + 2 * kept),
    )


def _is_view(node: Node) -> bool:
    """Whether a layer only reads its input in another way and keeps nothing of its own."""
    return isinstance(node.layer, (Flatten, Reshape, Identity))


def _peak(network: Network, facts: list[Facts]) -> int | None:
    """Values alive at the worst moment of inference, layer after layer; None where sizes are not all known."""
    values = [prod(f.output) if f.output else 0 for f in facts]
    if not all(isinstance(v, int) for v in values):
        return None
    last = {i: n.index for n in network.nodes for i in n.inputs}
    ends = network.ends
    alive = peak = values[0]
    for node in network.nodes:
        alive += values[node.index]
        peak = max(peak, alive)
        alive -= sum(values[i] for i in set(node.inputs) if last[i] == node.index)
        if node.index not in last and node.index not in ends:
            alive -= values[node.index]
    return peak
