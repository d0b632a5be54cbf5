"""From a program to relations between its unknowns: the layers' own rules are run on forms instead of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from convdsl import algebra
from convdsl.algebra import forms
from convdsl.algebra.forms import Atom, Form, Table, as_form, denominator, without
from convdsl.algebra.intervals import Box
from convdsl.algebra.relations import ONE, Relation
from convdsl.diagnostics import Diagnostic, Findings
from convdsl.language import Source, parse
from convdsl.layers import Reach, SizeError
from convdsl.layers.arguments import Argument
from convdsl.network import Expectation, Facts, Network, Node
from convdsl.network.expectations import Sums, actual_value
from convdsl.network.resolve import resolve
from convdsl.network.sizes import Field, ask, merge, see
from convdsl.solver.trace import Impossible, State, Trace

MAX_CASES = 4096
"""Ways through the rules that are followed."""


class Case(NamedTuple):
    """One way through the rules of a program: relations that hold for its answers. Those of an expectation have the
    origin ("expect", number), the others ("layer", index) or None."""

    relations: tuple[Relation, ...]
    box: Box


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


class _Broken(Exception):
    """The program is wrong whatever the unknowns are."""

    def __init__(self, network: Network, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.network = network
        self.diagnostics = diagnostics
        super().__init__()


def pose(source: Source, *, symbols: Mapping[str, int] | None = None, holes: Mapping[str, int] | None = None,
         input: tuple[Any, ...] | None = None, strict: bool = False) -> Problem:
    """The relations that a program's unknowns must satisfy: every size is possible, branches agree, and what is
    expected holds. `strict` asks strides to divide."""
    trace = Trace()
    forms.use(trace)
    try:
        with algebra.symbols_from(trace.unknown):
            return _pose(trace, source, dict(symbols or {}), dict(holes or {}), input, strict)
    finally:
        forms.use(None)


def _pose(trace: Trace, source: Source, symbols: dict[str, int], holes: dict[str, int], input: tuple[Any, ...] | None,
          strict: bool) -> Problem:
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
    free = tuple(unknown[n] for n in sorted(network.symbols) if n in unknown)
    return Problem(network, named, free, tuple(cases), trace, diagnostics, len(cases) < MAX_CASES)


class _Walk:
    """The way of the data through a network, layer by layer, in every case that its rules distinguish."""

    def __init__(self, trace: Trace, network: Network, strict: bool) -> None:
        self.trace = trace
        self.network = network
        self.strict = strict
        self.fields = any(e.quantity in ("rf", "jump") for e in network.expectations)
        self.found: list[Case] = []

    def cases(self, state: State) -> list[Case]:
        start = tuple(Field(0, 0, 1, n) for n in self.network.input[:-1]) or (Field(0, 0, 1, self.network.input[0]),)
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
        trainable = 0 if node.frozen else answer.params
        return Facts(answer.output, inputs, answer.weights, answer.buffers, answer.params, trainable, answer.buffer_count,
                     answer.macs, answer.flops, field)

    def _whole(self, value: Any) -> None:
        """Asks a value that divides by something to be whole."""
        if isinstance(value, Form) and (denominator(value) > 1 or any(a.kind == "over" for a in value.atoms())):
            if not forms.divides(1, value) if denominator(value) == 1 else not self.trace.decide(value, "%", ONE):
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
            relations += _expected(expectation, actual, ("expect", number))
        return Case(tuple(relations), state.box)


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
