"""The network as it grows, and the place where the expansion of a program stands.

What all its rooms share: the nodes so far, names and their values, what was complained of; adding a layer, binding a line, counting
what must not grow without end. The rooms call each other from chain to braces and blocks and back: `chain` is handed in, so that
their files do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdsl.diagnostics import Findings, Fix, Label
from convdsl.language import tree
from convdsl.layers import Layer
from convdsl.layers.activation import Activation
from convdsl.layers.pooling import Unpool
from convdsl.layers.rearranging import Share
from convdsl.layers.shaping import Identity
from convdsl.messages import Grouped, T
from convdsl.network import kept
from convdsl.network.binding import Binder, Bound
from convdsl.network.graph import Expectation, Node, Output
from convdsl.network.outline import Level, Path
from convdsl.network.values import Refused, Scope, Values
from convdsl.records import NamedTuple
from convdsl.source import Span

MAX_NODES = 200_000
MAX_STEPS = 450_000
"""Statements that are gone through, and turns of `repeat`: more than the layers that come of them."""
MAX_DEPTH = 64
MAX_NAMES = 1_000
MAX_FINDINGS = 1_000


class TooLarge(Exception):
    """The network has more layers than can be handled; the diagnostic has been added."""


class Place(NamedTuple):
    """Where in the nest of braces and blocks the expansion stands."""

    scope: Scope
    path: Path = ()
    frozen: bool = False
    blocks: tuple[str, ...] = ()
    calls: tuple[Span, ...] = ()
    depth: int = 0
    names: kept.Names = kept.Names()


class Expansion:
    """A network that is being built out of a program."""

    def __init__(
        self,
        program: tree.Program,
        findings: Findings,
        symbols: dict[str, int],
        holes: dict[str, int],
        chain: Callable[[Expansion, tuple[tree.Statement, ...], int, Place], int],
    ) -> None:
        self.program = program
        self.findings = findings
        self.outside = symbols
        self.values = Values(findings, holes)
        self.binder = Binder(self.values, findings)
        self.globals = Scope(dict(symbols))
        self.blocks: dict[str, tree.Block] = {}
        self.first_uses: dict[str, tuple[int, int]] = {}
        self.nodes: list[Node] = []
        self.expectations: list[Expectation] = []
        self.outputs: dict[str, Output] = {}
        self.steps = 0
        self.reached = Span(0, 0)
        self.bound: dict[tuple[int, int], Bound | None] = {}
        self.texts: dict[tuple[int, int], str] = {}
        self.lines: dict[tuple[str, int], tuple[int, Bound]] = {}
        self.scopes: dict[Any, Scope] = {}
        self.named: dict[tuple[Path, str], int] = {}
        self.complained: set[tuple[str, Span]] = set()
        self.answered: set[int] = set()
        self.shares: dict[tuple[int, int], Share] = {}
        self.unpools: dict[int, Unpool] = {}
        self.passage = Identity()
        self._chain = chain

    def chain(self, statements: tuple[tree.Statement, ...], current: int, place: Place) -> int:
        """Adds the nodes of a chain that starts at node `current`; returns the node where it ends."""
        return self._chain(self, statements, current, place)

    def value(self, written: tree.Value, scope: Scope, context: str) -> Any:
        """The value of an expression. Raises Refused, and complains about one place once."""
        before = len(self.findings.items)
        try:
            return self.values.of(written, scope, context)
        except Refused:
            self.forget_repeats(before)
            raise

    def count(self, span: Span, steps: int = 1) -> None:
        self.steps += steps
        self.reached = span
        if len(self.findings.items) > MAX_FINDINGS:
            self.findings.add(
                "E105",
                span,
                T("This is wrong in more than {n} places: the rest is not looked at.", n=Grouped(MAX_FINDINGS)),
            )
            raise TooLarge
        if len(self.nodes) > MAX_NODES or self.steps > MAX_STEPS:
            self.findings.add(
                "E105", span, T("This network has more than {n} layers.", n=Grouped(MAX_NODES)), help=T("Repeat less.")
            )
            raise TooLarge

    def bind(
        self, written: tree.Layer, declared: type[Layer], items: tuple[tree.Item, ...], scope: Scope
    ) -> Bound | None:
        """The bound layer; one line in one scope is read once, however often it is repeated."""
        key = (id(written), id(scope))
        if key not in self.bound:
            self.bound[key] = self._bind_line(written, declared, items, scope)
        return self.bound[key]

    def _bind_line(
        self, written: tree.Layer, declared: type[Layer], items: tuple[tree.Item, ...], scope: Scope
    ) -> Bound | None:
        """As `bind`; of equal lines in one scope the first is read. Holes are told apart by their places."""
        text = "?" if written.branches is not None else self.program.source.text[written.span.start : written.span.end]
        start = written.span.start
        if (text, id(scope)) in self.lines:
            first, bound = self.lines[text, id(scope)]
            return Bound(
                bound.layer,
                bound.activation,
                {name: Span(s.start - first + start, s.end - first + start) for name, s in bound.places.items()},
            )
        before = len(self.findings.items)
        try:
            bound = self.binder.bind(declared, written.name, items, scope)
        except Refused:
            self.forget_repeats(before)
            return None
        if "?" not in text:
            self.lines[text, id(scope)] = start, bound
        return bound

    def forget_repeats(self, before: int) -> None:
        """A line in a block that is called often is complained about once."""
        fresh = self.findings.items[before:]
        del self.findings.items[before:]
        for diagnostic in fresh:
            if (diagnostic.code, diagnostic.span) not in self.complained:
                self.complained.add((diagnostic.code, diagnostic.span))
                self.findings.items.append(diagnostic)

    def complain(
        self, code: str, span: Span, message: T, help: T | Fix | None = None, labels: tuple[Label, ...] = ()
    ) -> None:
        before = len(self.findings.items)
        self.findings.add(code, span, message, help=help, labels=labels)
        self.forget_repeats(before)

    def add(
        self,
        layer: Layer | None,
        inputs: tuple[int, ...],
        activation: Activation | None,
        span: Span,
        places: dict[str, Span],
        place: Place,
        text: str | None = None,
    ) -> int:
        index = len(self.nodes) + 1
        text = self._text(layer, activation, span) if text is None else text
        self.nodes.append(
            Node(
                index,
                layer,
                inputs,
                activation,
                place.path,
                place.frozen,
                None,
                span,
                text,
                places,
                place.calls,
            )
        )
        return index

    def _text(self, layer: Layer | None, activation: Activation | None, span: Span) -> str:
        """The layer with the values it has here; where something is open, as it was written."""
        written = self.program.source.text[span.start : span.end]
        if layer is None or ("?" in written and "{" not in written):
            return " ".join(written.split())
        key = (id(layer), id(activation))
        if key not in self.texts:
            self.texts[key] = f"{layer.text()} {activation.text()}" if activation else layer.text()
        return self.texts[key]

    def unknown(self, span: Span, inputs: tuple[int, ...], place: Place) -> int:
        return self.add(None, inputs, None, span, {}, place)

    def path(self, place: Place, kind: str, name: str, arguments: tuple[Any, ...] = ()) -> Path:
        """The path of braces, of a block or of the next turn of a repeat in `place`. Namesakes of one place are numbered;
        so are the turns of all repeats there."""
        key = (place.path, name)
        self.named[key] = number = self.named.get(key, 0) + 1
        return (*place.path, Level(kind, name, number, arguments=arguments))

    def inner_scope(self, around: Scope, names: dict[str, Any], span: Span) -> Scope:
        """A scope with some more names. Equal ones are one scope, and share what is bound in it."""
        if around.depth >= MAX_NAMES:
            self.findings.add("E105", span, T("More than {n} names are given inside braces.", n=Grouped(MAX_NAMES)))
            raise TooLarge
        key = (id(around), *((n, type(v), v) for n, v in names.items()))
        if key not in self.scopes:
            self.scopes[key] = Scope(names, around)
        return self.scopes[key]

    def is_answered(self, written: tree.Layer | tree.Call) -> bool:
        """Whether something was said of this statement before: finding similar names takes long."""
        known = id(written) in self.answered
        self.answered.add(id(written))
        return known
