"""From a program to relations between its unknowns: the layers' own rules are run on forms instead of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from convdsl import algebra
from convdsl.algebra import forms
from convdsl.algebra.forms import Atom, Form, Table, as_form, denominator, without
from convdsl.diagnostics import Diagnostic, Findings
from convdsl.language import Source, parse, tree
from convdsl.layers import Reach, SizeError
from convdsl.layers.arguments import Argument
from convdsl.network import Expectation, Facts, Network, Node
from convdsl.network.expectations import Sums, actual_value
from convdsl.network.fields import Field, beginning, merge, see
from convdsl.network.graph import COUNTED
from convdsl.network.resolve import resolve
from convdsl.network.sizes import ask, same_shape, weight_shapes
from convdsl.solver.intervals import Box
from convdsl.solver.relations import ONE, Relation
from convdsl.solver.trace import Impossible, State, Trace

MAX_CASES = 4096
"""Ways through the rules that are followed."""


class Case(NamedTuple):
    """One way through the rules of a program: relations that hold for its answers. Those of an expectation have the
    origin ("expect", number), the others ("layer", index) or None."""

    relations: tuple[Relation, ...]
    box: Box
    bounding: tuple[Relation, ...] = ()
    """What follows from the relations and bounds the unknowns better: costs in terms of sizes, sizes as hidden
    unknowns, which `box` has bounds for too."""


class Problem(NamedTuple):
    """All cases of a program. `diagnostics` says what is wrong with it where it has none; `whole` is false where cases
    were left out."""

    network: Network
    holes: tuple[Atom, ...]
    symbols: tuple[Atom, ...]
    cases: tuple[Case, ...]
    table: Table
    diagnostics: tuple[Diagnostic, ...] = ()
    whole: bool = True
    counts: tuple[str, ...] = ()
    """Unknowns that say how often something is repeated: they must have a value before the others can be looked at."""


class _Broken(Exception):
    """The program is wrong whatever the unknowns are."""

    def __init__(self, network: Network, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.network = network
        self.diagnostics = diagnostics
        super().__init__()


def pose(
    source: Source,
    *,
    symbols: Mapping[str, int] | None = None,
    holes: Mapping[str, int] | None = None,
    input: tuple[Any, ...] | None = None,
    strict: bool = False,
    trace: Trace | None = None,
) -> Problem:
    """The relations that a program's unknowns must satisfy: every size is possible, branches agree, and what is
    expected holds. `strict` asks strides to divide. Problems of one `trace` share their unknowns."""
    trace = trace or Trace()
    forms.use(trace)
    try:
        with algebra.symbols_from(trace.unknown):
            return _pose(trace, source, dict(symbols or {}), dict(holes or {}), input, strict)
    finally:
        forms.use(None)


def _pose(
    trace: Trace,
    source: Source,
    symbols: dict[str, int],
    holes: dict[str, int],
    input: tuple[Any, ...] | None,
    strict: bool,
) -> Problem:
    findings = Findings(source)
    program = parse(source, findings)
    first: list[tuple[Network, Findings]] = []

    def read() -> Network:
        found = Findings(source)
        found.items += findings.items
        network = resolve(program, found, symbols=symbols, holes=holes, input=input)
        first.append((network, found))
        if found.failed:
            raise Impossible
        return network

    cases: list[Case] = []
    for network, state in trace.ways(State((), {}), read):
        walk = _Walk(trace, network, strict)
        cases += walk.cases(state)
    network, found = first[0]
    diagnostics = tuple(found.items) if found.failed and not cases else ()
    unknown = {a.name: a for a in trace.unknowns.values()}
    named = tuple(unknown[n] for n in network.holes if n in unknown)
    free = tuple(atom for name, atom in unknown.items() if name in network.symbols)
    counts = tuple(_counts(program.statements, network)) if diagnostics else ()
    return Problem(network, named, free, tuple(cases), trace, diagnostics, len(cases) < MAX_CASES, counts)


def _counts(statements: tuple[Any, ...], network: Network) -> Iterator[str]:
    """The unknowns in the numbers of times of `repeat`."""
    for statement in statements:
        if isinstance(statement, tree.Layer) and statement.name.text == "repeat" and statement.items:
            span = statement.items[0].span
            yield from (h.name for h in network.holes.values() if span.start <= h.span.start < span.end)
            yield from (s for s in sorted(_symbols(statement.items[0])) if s in network.symbols)
        for branch in getattr(statement, "branches", None) or ():
            yield from _counts(branch.statements, network)


def _symbols(expression: Any) -> set[str]:
    match expression:
        case tree.Symbol():
            return {expression.name}
        case tree.Binary():
            return _symbols(expression.left) | _symbols(expression.right)
    return set()


class _Walk:
    """The way of the data through a network, layer by layer, in every case that its rules distinguish."""

    def __init__(self, trace: Trace, network: Network, strict: bool) -> None:
        self.trace = trace
        self.network = network
        self.strict = strict
        self.fields = any(e.quantity in ("rf", "jump") for e in network.expectations)
        self.found: list[Case] = []

    def cases(self, state: State) -> list[Case]:
        start = beginning(self.network.input)
        pending = [(state, [Facts(self.network.input, field=start)])]
        while pending and len(self.found) < MAX_CASES:
            state, facts = pending.pop()
            while len(facts) <= len(self.network.nodes):
                node = self.network.nodes[len(facts) - 1]
                outcomes = list(self._outcomes(node, facts, state))
                if not outcomes:
                    break
                pending += [(s, [*facts, f]) for f, s in outcomes[1:]]
                (last, state) = outcomes[0]
                facts.append(last)
            else:
                self.found.append(self._case(state, facts))
        return self.found

    def _outcomes(self, node: Node, facts: list[Facts], state: State) -> Iterator[tuple[Facts, State]]:
        self.trace.origin = ("layer", node.index)
        return self.trace.ways(state, lambda: self._pass(node, facts))

    def _pass(self, node: Node, facts: list[Facts]) -> Facts:
        """A layer's facts. Raises Impossible where it refuses its input."""
        layer = node.layer
        inputs = tuple(facts[i].output or () for i in node.inputs)
        if layer is None:
            raise Impossible
        for name, argument in layer.arguments.items():
            for value in _parts(getattr(layer, name), argument):
                self._whole(value)
        try:
            answer = ask(layer, node.activation, inputs)
            if self.strict and hasattr(layer, "geometry"):
                self._strides_divide(layer, inputs[0])
        except SizeError:
            raise Impossible from None
        field: tuple[Field, ...] = ()
        if self.fields:
            reach: tuple[Reach, ...] | None = answer.reach
            field = see(reach, merge([facts[i].field for i in node.inputs]), answer.output)
        if node.shared:
            owner = facts[node.shared]
            if not all(map(same_shape, weight_shapes(answer), weight_shapes(owner))):
                raise Impossible
            answer = answer._replace(params=0, buffer_count=0)
        trainable = 0 if node.frozen else answer.params
        return Facts(
            answer.output,
            inputs,
            answer.weights,
            answer.buffers,
            answer.params,
            trainable,
            answer.buffer_count,
            answer.macs,
            answer.flops,
            field,
        )

    def _whole(self, value: Any) -> None:
        """Asks a value that divides by something to be whole."""
        divided = isinstance(value, Form) and (denominator(value) > 1 or any(a.kind == "over" for a in value.atoms()))
        if divided and not self.trace.decide(value, "%", ONE):
            raise Impossible

    def _strides_divide(self, layer: Any, x: tuple[Any, ...]) -> None:
        for axis in layer.geometry(x):
            if axis.rule == "floor":
                covered = axis.input + axis.before + axis.after - axis.extent
                if algebra.divides(axis.s, covered) is False:
                    raise Impossible

    def _case(self, state: State, facts: list[Facts]) -> Case:
        relations = list(state.conditions)
        sums = Sums(facts)
        for number, expectation in enumerate(self.network.expectations):
            actual = actual_value(expectation, sums, facts[expectation.node])
            origin = ("expect", number)
            relations += _expected(expectation, actual, origin)
            if (
                expectation.scope != "layer"
                and expectation.quantity in COUNTED
                and expectation.comparison in ("=", "<", "<=")
            ):
                relations += _parts_of_sum(expectation, facts, origin)
        return Case(tuple(relations), state.box, tuple(self._bounding(facts, state)))

    def _bounding(self, facts: list[Facts], state: State) -> Iterator[Relation]:
        """Expected costs, with an unknown of its own for every size that is a sum: products of sizes stay products."""
        asked = [e for e in self.network.expectations if e.quantity in COUNTED]
        sizes: dict[Any, Form] = {}

        def named(size: Any) -> Any:
            if not isinstance(size, Form) or len(size.terms) < 2:
                return size
            return sizes.setdefault(size.key, forms.hidden(len(sizes)).form)

        if not asked or not any(isinstance(s, Form) and len(s.terms) > 1 for f in facts for s in f.output or ()):
            return
        self.trace.trusting = True
        named_facts = [facts[0]]
        for node, known in zip(self.network.nodes, facts[1:], strict=True):
            assert node.layer is not None and known.output is not None
            inputs = tuple(tuple(map(named, x)) for x in known.inputs)
            answer = ask(node.layer, node.activation, inputs, tuple(map(named, known.output)))
            if node.shared:
                answer = answer._replace(params=0, buffer_count=0)
            named_facts.append(
                known._replace(
                    params=answer.params,
                    trainable=0 if node.frozen else answer.params,
                    buffers=answer.buffer_count,
                    macs=answer.macs,
                    flops=answer.flops,
                )
            )
        self.trace.trusting = False
        sums = Sums(named_facts)
        for expectation in asked:
            actual = actual_value(expectation, sums, named_facts[expectation.node])
            yield _relation(actual, expectation.comparison, expectation.expected, None)
        for known in facts:
            for size in known.output or ():
                if isinstance(size, Form) and size.key in sizes:
                    (hidden,) = sizes[size.key].atoms()
                    state.box[hidden] = (1, forms.INFINITE)
                    yield Relation("eq", sizes[size.key] - size)


def _parts(value: Any, argument: Argument) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _expected(expectation: Expectation, actual: Any, origin: Any) -> Iterator[Relation]:
    """What an expectation asks; something that is never true where a shape has another number of sizes."""
    expected = expectation.expected
    if not isinstance(actual, tuple):
        yield _relation(actual, expectation.comparison, expected, origin)
        return
    expected = expected if isinstance(expected, tuple) else (expected,) * len(actual)
    if len(expected) != len(actual):
        yield Relation("ge", as_form(-1), ONE, origin)
        return
    for a, e in zip(actual, expected, strict=True):
        yield _relation(a, expectation.comparison, e, origin)


def _parts_of_sum(expectation: Expectation, facts: list[Facts], origin: Any) -> Iterator[Relation]:
    """No layer has more than all together: this follows from the sum, but bounds the unknowns better."""
    for one in facts[1 : expectation.node + 1]:
        values = [getattr(one, expectation.quantity)]
        if expectation.quantity == "flops":
            values.append(2 * one.macs)
        for value in values:
            if isinstance(value, Form):
                yield _relation(value, "<=", expectation.expected, origin)


def _relation(actual: Any, comparison: str, expected: Any, origin: Any) -> Relation:
    difference = as_form(actual) - expected
    match comparison:
        case "=":
            return Relation("eq", difference, ONE, origin)
        case ">=":
            return Relation("ge", difference, ONE, origin)
        case "<=":
            return Relation("ge", -difference, ONE, origin)
        case ">":
            return Relation("ge", _above(difference), ONE, origin)
    return Relation("ge", _above(-difference), ONE, origin)


def _above(form: Form) -> Form:
    """A form that is at least 0 where the given one is above 0."""
    while (over := next((a for a in form.atoms() if a.kind == "over"), None)) is not None:
        form = without(form, over)
    return form * denominator(form) - 1
