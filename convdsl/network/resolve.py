"""From the syntax tree to the network: names looked up, blocks and repeats expanded, branches turned into edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from convdsl import algebra
from convdsl.diagnostics import Edit, Findings, Fix, Label
from convdsl.diagnostics import written as put
from convdsl.language import tree
from convdsl.language.keywords import NAMED, STRUCTURES
from convdsl.layers import BY_NAME, COMBINATIONS, Argument, Layer
from convdsl.layers.activation import Activation
from convdsl.layers.arguments import Choice, Flag
from convdsl.layers.combining import Concat, Residual
from convdsl.layers.rearranging import Share
from convdsl.layers.shaping import DropPath, Identity
from convdsl.messages import Grouped, T
from convdsl.network import kept
from convdsl.network.binding import Binder, Bound
from convdsl.network.edits import whole, without
from convdsl.network.graph import QUANTITIES, Expectation, Network, Node
from convdsl.network.outline import Level, Path
from convdsl.network.suggest import did_you_mean
from convdsl.network.values import REFUSED, VALUES, Refused, Scope, Values
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


def resolve(
    program: tree.Program,
    findings: Findings,
    *,
    symbols: Mapping[str, int] | None = None,
    holes: Mapping[str, int] | None = None,
    input: tuple[Any, ...] | None = None,
) -> Network:
    """The network that a program describes.

    `symbols` and `holes` give values to some of its unknowns, `input` replaces its input's shape (channels last).
    What is wrong goes to `findings`.
    """
    return _Resolver(program, findings, dict(symbols or {}), dict(holes or {}), input).run()


class _Resolver:
    def __init__(
        self,
        program: tree.Program,
        findings: Findings,
        symbols: dict[str, int],
        holes: dict[str, int],
        input: tuple[Any, ...] | None,
    ) -> None:
        self.program = program
        self.findings = findings
        self.outside = symbols
        self.values = Values(findings, holes)
        self.binder = Binder(self.values, findings)
        self.blocks: dict[str, tree.Block] = {}
        self.first_uses: dict[str, tuple[int, int]] = {}
        self.nodes: list[Node] = []
        self.expectations: list[Expectation] = []
        self.steps = 0
        self.reached = Span(0, 0)
        self.given_input = input
        self.bound: dict[tuple[int, int], Bound | None] = {}
        self.texts: dict[tuple[int, int], str] = {}
        self.lines: dict[tuple[str, int], tuple[int, Bound]] = {}
        self.globals = Scope(dict(symbols))
        self.scopes: dict[Any, Scope] = {}
        self.named: dict[tuple[Path, str], int] = {}
        self.complained: set[tuple[str, Span]] = set()
        self.answered: set[int] = set()
        self.shares: dict[tuple[int, int], Share] = {}
        self.passage = Identity()

    def run(self) -> Network:
        name: str | None = None
        input: tree.Input | None = None
        train: tree.Train | None = None
        lets: set[str] = set()
        body: list[tree.Statement] = []
        for statement in self.program.statements:
            match statement:
                case tree.Net():
                    self._once("net", name is not None, statement.span)
                    name = statement.name
                case tree.Input():
                    self._once("input", input is not None, statement.span)
                    if input is None and any(self._is_known(s) for s in body):
                        self.findings.add(
                            "E213",
                            statement.span,
                            T("`input` stands before the first layer."),
                            help=self._to_the_top(statement.span, body[0].span),
                        )
                    input = input or statement
                case tree.Train():
                    self._once("train", train is not None, statement.span)
                    train = train or statement
                case tree.Block():
                    self._define(statement)
                case tree.Let():
                    value = self._let(statement, self.globals, statement.symbol.name in lets)
                    lets.add(statement.symbol.name)
                    self.globals.names.setdefault(statement.symbol.name, value)
                case _:
                    body.append(statement)
        shape = self._input(input, self.globals)
        output = 0
        try:
            whole = kept.Names()
            output = self._chain(tuple(body), 0, Place(self.globals, names=whole))
            self._unused(whole)
        except (TooLarge, algebra.Exhausted) as error:
            if isinstance(error, algebra.Exhausted):
                self.findings.add("E310", self.reached, T("The formulas grow too long here."), help=VALUES)
            self.nodes.clear()
            self.expectations.clear()
        if not self.nodes and not self.findings.failed:
            self._empty(input)
        refused = input is not None and shape is None
        if shape is None:
            shape = self._symbolic_input()
            refused = refused or any(size == 0 for size in shape)
        names = {s for size in shape for s in algebra.symbols_of(size)} | self.values.symbols
        return Network(
            name or self.program.source.stem(),
            self.program.source,
            shape,
            input.span if input else None,
            tuple(self.nodes),
            output,
            tuple(self.expectations),
            train.settings if train else (),
            self.values.holes,
            frozenset(names - set(self.values.holes)),
            frozenset(names | self.values.mentioned | lets),
            refused,
        )

    def _is_known(self, statement: tree.Statement) -> bool:
        """Whether a statement adds something to the network, as far as its name says."""
        if isinstance(statement, tree.Layer):
            return statement.name.text in BY_NAME or statement.name.text in (*STRUCTURES, *NAMED)
        return not isinstance(statement, tree.Broken)

    # Statements that stand once, at the top.

    def _to_the_top(self, span: Span, first: Span) -> Fix:
        text = self.program.source.text
        moved = Edit(first.front, f"{text[span.start : whole(text, span).end]}\n")
        return Fix(T("Move it up."), (moved, without(text, span)))

    def _once(self, keyword: str, again: bool, span: Span) -> None:
        if again:
            self.findings.add(
                "E209",
                span,
                T("There is a second `{keyword}` here.", keyword=keyword),
                help=Fix(T("Keep one of them."), (without(self.program.source.text, span),)),
            )

    def _define(self, block: tree.Block) -> None:
        name = block.name.text
        if name in BY_NAME or name in STRUCTURES:
            self.findings.add(
                "E209",
                block.name.span,
                T("`{name}` is a layer already.", name=name),
                help=T("Call the block by another name."),
            )
        elif name in self.blocks:
            self.findings.add(
                "E209",
                block.name.span,
                T("There is a second block `{name}` here.", name=name),
                help=T("Call it by another name."),
                labels=(Label(self.blocks[name].name.span, T("the first one")),),
            )
        elif block.shared and block.parameters:
            self.findings.add(
                "E216",
                block.parameters[0].span,
                T("A shared block takes no values: its weights exist once."),
                help=put(
                    Span(block.span.start, block.span.start + len("shared")),
                    "block",
                    T(
                        "Write `{one}`; or `{many}`, with weights of their own for each call.",
                        one=f"shared {name} {{ … }}",
                        many=f"block {name}({', '.join(map(tree.parameter_name, block.parameters))}) {{ … }}",
                    ),
                ),
            )
        elif (
            letter := next((p for p in block.parameters if isinstance(p, tree.Word) and len(p.text) == 1), None)
        ) is not None:
            self.findings.add(
                "E101",
                letter.span,
                T("A symbol for a number is upper-case."),
                help=put(letter.span, letter.text.upper(), T("Write `{text}`.", text=letter.text.upper())),
            )
        elif (taken := _taken_word(block)) is not None:
            self.findings.add(
                "E209",
                taken.span,
                T("`{name}` means something already.", name=taken.text),
                help=T("Call it by another name."),
            )
        elif len(block.branches) > 1:
            self.findings.add(
                "E212",
                block.branches[1].span,
                T("A block has no branches of its own."),
                help=T("Put `add {{ … | … }}` or `concat {{ … | … }}` inside it."),
            )
        self.blocks.setdefault(name, block)

    def _let(self, let: tree.Let, scope: Scope, again: bool) -> Any:
        """The value that a name is given. `again`: it has one already."""
        if again:
            self._complain(
                "E209",
                let.symbol.span,
                T("`{name}` has a value already.", name=let.symbol.name),
                help=T("Use another name."),
            )
        try:
            return self._value(let.value, scope, let.symbol.name)
        except Refused:
            return REFUSED

    def _value(self, written: tree.Value, scope: Scope, context: str) -> Any:
        """The value of an expression. Raises Refused, and complains about one place once."""
        before = len(self.findings.items)
        try:
            return self.values.of(written, scope, context)
        except Refused:
            self._forget_repeats(before)
            raise

    def _input(self, input: tree.Input | None, scope: Scope) -> tuple[Any, ...] | None:
        if self.given_input is not None:
            return self.given_input
        if input is None:
            return None
        try:
            value = self.values.of(input.shape, scope, "input")
        except Refused:
            return None
        shape = value if isinstance(value, tuple) else (value,)
        parts = input.shape.parts if isinstance(input.shape, tree.Sizes) else (input.shape,)
        if len(shape) > 4:
            self.findings.add("E304", input.shape.span, T("An input has at most four sizes: D×H×W×C."))
            return None
        for size, part in zip(shape, parts, strict=True):
            if isinstance(size, float) or algebra.at_least(size, 1) is False:
                self.findings.add(
                    "E204",
                    part.span,
                    T("A size is a whole number from 1 on; here it is {value}.", value=algebra.text(size)),
                )
                return None
        return shape

    def _symbolic_input(self) -> tuple[Any, ...]:
        """HxWxC, or with as many axes as the windows have sizes."""
        rank = 2
        for node in self.nodes:
            window = getattr(node.layer, "k", None)
            if isinstance(window, tuple) and len(window) > 1:
                rank = len(window)
                break
        names = ("D", "H", "W", "C")[3 - rank :] if rank > 1 else ("L", "C")
        self.values.mentioned.update(names)
        for name in names:
            if self.outside.get(name) == 0:
                self.findings.add(
                    "E204",
                    Span(0, 0),
                    T("A size is a whole number from 1 on; here it is {value}.", value=f"{name} = 0"),
                )
        return tuple(self.outside[n] if n in self.outside else algebra.symbol(n) for n in names)

    def _empty(self, input: tree.Input | None) -> None:
        span = input.span if input else Span(0, min(1, len(self.program.source.text)))
        self.findings.add(
            "E103",
            span,
            T("There is no layer here."),
            help=T("A network is written like this: `input 28x28x1 -> conv 8 k3 relu -> dense 10`."),
        )

    # Expansion.

    def _chain(self, statements: tuple[tree.Statement, ...], current: int, place: Place) -> int:
        """Adds the nodes of a chain that starts at node `current`; returns the node where it ends."""
        before: tree.Statement | None = None
        for statement in statements:
            self._count(statement.span)
            match statement:
                case tree.Layer(name=tree.Word(text="from")):
                    current = self._from(statement, current, place, before)
                case tree.Layer():
                    current = self._layer(statement, current, place)
                case tree.Call():
                    current = self._call(statement, current, place)
                case tree.Expect():
                    self._expect(statement, current, place)
                case tree.Let():
                    name = statement.symbol.name
                    value = self._let(statement, place.scope, place.scope.get(name) is not None)
                    place = place._replace(scope=self._inner_scope(place.scope, {name: value}, statement.span))
                case tree.Broken():
                    current = self._add(None, (current,), None, statement.span, {}, place, "")
                case _:
                    self._complain(
                        "E213",
                        statement.span,
                        T("This stands at the top of a program, outside all braces."),
                        help=T("Move it out."),
                    )
            if not isinstance(statement, (tree.Expect, tree.Let)):
                before = statement
        return current

    def _count(self, span: Span, steps: int = 1) -> None:
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

    def _layer(self, written: tree.Layer, current: int, place: Place) -> int:
        word = written.name.text
        if word == "keep":
            return self._keep(written, current, place)
        meant = place.scope.get(word) if word not in BY_NAME else None
        if isinstance(meant, str):
            written = written._replace(name=written.name._replace(text=meant))
            word = meant
        if written.branches is not None:
            return self._braces(written, current, place)
        if (word in COMBINATIONS or word in STRUCTURES) and not self._is_several_words(written):
            self._complain(
                "E212",
                written.name.span,
                T("`{name}` needs braces.", name=word),
                help=T("It is written like this: `{example}`.", example=_structure_example(word)),
            )
            return self._unknown(written.span, (current,), place)
        declared = BY_NAME.get(word)
        if declared is None or word in COMBINATIONS:
            self._unknown_layer(written)
            return self._unknown(written.span, (current,), place)
        bound = self._bind(written, declared, written.items, place.scope)
        if bound is None:
            return self._unknown(written.span, (current,), place)
        return self._add(bound.layer, (current,), bound.activation, written.span, bound.places, place)

    def _bind(
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
        """As `_bind`; of equal lines in one scope the first is read. Holes are told apart by their places."""
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
            self._forget_repeats(before)
            return None
        if "?" not in text:
            self.lines[text, id(scope)] = start, bound
        return bound

    def _forget_repeats(self, before: int) -> None:
        """A line in a block that is called often is complained about once."""
        fresh = self.findings.items[before:]
        del self.findings.items[before:]
        for diagnostic in fresh:
            if (diagnostic.code, diagnostic.span) not in self.complained:
                self.complained.add((diagnostic.code, diagnostic.span))
                self.findings.items.append(diagnostic)

    def _complain(
        self, code: str, span: Span, message: T, help: T | Fix | None = None, labels: tuple[Label, ...] = ()
    ) -> None:
        before = len(self.findings.items)
        self.findings.add(code, span, message, help=help, labels=labels)
        self._forget_repeats(before)

    def _add(
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

    def _unknown(self, span: Span, inputs: tuple[int, ...], place: Place) -> int:
        return self._add(None, inputs, None, span, {}, place)

    def _braces(self, written: tree.Layer, current: int, place: Place) -> int:
        word = written.name.text
        if place.depth >= MAX_DEPTH:
            self._complain(
                "E104", written.span, T("Braces and blocks are nested more than {n} deep here.", n=MAX_DEPTH)
            )
            return self._unknown(written.span, (current,), place)
        for branch in written.branches or ():
            if not branch.statements:
                self._complain(
                    "E212",
                    branch.span,
                    T("Nothing stands in this branch."),
                    help=put(
                        branch.span.front,
                        " identity ",
                        T("An empty path is written `identity`."),
                        safe=word in COMBINATIONS,
                    ),
                )
        if word in COMBINATIONS:
            return self._combine(written, current, place, COMBINATIONS[word])
        if word not in STRUCTURES:
            self._unknown_layer(written)
            return self._unknown(written.span, (current,), place)
        if word == "split":
            return self._combine(written, current, place, Concat)
        branches = written.branches or ()
        if len(branches) > 1:
            self._complain(
                "E212",
                branches[1].span,
                T("`{name}` holds one chain of layers, without branches.", name=word),
                help=T("Put `add {{ … | … }}` or `concat {{ … | … }}` inside it."),
            )
            return self._unknown(written.span, (current,), place)
        body = branches[0].statements
        inner = place._replace(depth=place.depth + 1)
        if word not in ("residual", "split") and written.after:
            self._complain("E205", written.after[0].span, T("Nothing can follow the braces of `{name}`.", name=word))
        if word == "repeat":
            return self._repeat(written, body, current, inner)
        if word == "aux":
            return self._aux(written, body, current, inner)
        drop = self._drop(written, place.scope) if word == "residual" else None
        if written.items and drop is None:
            self._complain("E205", written.items[0].span, T("`{name}` takes no value.", name=word))
        if word == "freeze":
            return self._chain(body, current, inner._replace(frozen=True, path=self._path(place, "brace", "freeze")))
        if not body:
            return self._unknown(written.span, (current,), place)
        inner = inner._replace(path=self._path(place, "brace", "residual"))
        end = self._chain(body, current, inner)
        if drop is not None:
            end = self._add(drop.layer, (end,), None, written.items[0].span, drop.places, inner)
        return self._meet(Residual, written, (end, current), place)

    def _drop(self, written: tree.Layer, scope: Scope) -> Bound | None:
        """The stochastic depth of `residual drop=0.2 { … }`; None where it is not written, or wrong and said so."""
        (item, *more) = written.items or (None,)
        if more or not isinstance(item, tree.Named) or item.key.text != "drop":
            return None
        if isinstance(item.value, tree.Word):
            self._complain("E204", item.span, T("`{name}` takes a number.", name="drop"))
            return Bound(DropPath(rate=0), None, {})
        named = tree.Word(item.key.span, "droppath")
        before = len(self.findings.items)
        try:
            return self.binder.bind(DropPath, named, (item.value,), scope)
        except Refused:
            self._forget_repeats(before)
            return Bound(DropPath(rate=0), None, {})

    # Kept values.

    def _keep(self, written: tree.Layer, current: int, place: Place) -> int:
        found = self._name(written)
        if found is None:
            return current
        first = place.names.keep(found[0], written, found[1], current)
        if first is not None:
            self._complain(
                "E209",
                found[1],
                T("A value is kept as `{name}` already.", name=found[0]),
                help=T("Use another name."),
                labels=(Label(first.span, T("kept here first")),),
            )
        return current

    def _from(self, written: tree.Layer, current: int, place: Place, before: tree.Statement | None) -> int:
        ends = self._taken(written, place)
        if ends is None:
            return self._unknown(written.span, (current,), place)
        name = _kept_name(written)
        if before is not None and not (isinstance(before, tree.Layer) and before.name.text == "keep"):
            self._complain(
                "E217",
                written.name.span,
                T("`from` begins a branch, or stands behind `keep`: what comes before it would lead nowhere."),
                help=put(
                    written.span,
                    f"add {{ identity | from {name} }}",
                    T("To join both, write `add {{ identity | from {name} }}`.", name=name),
                ),
            )
        if len(ends) > 1:
            self._complain(
                "E217",
                written.span,
                T("`{name}` is kept {n} times, and one value goes on here.", name=name, n=len(ends)),
                help=T("All of them: `add {{ from {name} }}` or `concat {{ from {name} }}`.", name=name),
                labels=(Label(place.names.kept[name].span, T("kept here")),),
            )
        return self._pass_on(written, ends[-1], place)

    def _pass_on(self, written: tree.Layer, node: int, place: Place) -> int:
        return self._add(self.passage, (node,), None, written.span, {}, place, f"from {_kept_name(written)}")

    def _taken(self, written: tree.Layer, place: Place) -> list[int] | None:
        """The nodes that a `from` takes up; None where there is none, and it was said."""
        found = self._name(written)
        if found is None:
            return None
        name, span = found
        known = place.names.kept.get(name)
        if known is None:
            self._complain(
                "E217",
                span,
                T("Nothing is kept as `{name}` before this.", name=name),
                help=place.names.missing(name, span),
            )
            return None
        known.used = True
        return list(known.nodes)

    def _name(self, written: tree.Layer) -> tuple[str, Span] | None:
        found = None if written.branches is not None else kept.name_of(written)
        if found is None:
            self._complain(
                "E217",
                written.name.span,
                T("`{name}` takes one name in lower case.", name=written.name.text),
                help=T("It is written like this: `{example}`.", example=NAMED[written.name.text][0]),
            )
        return found

    def _unused(self, names: kept.Names) -> None:
        """A value that is kept and not used: a slip of the pen, or a branch that was forgotten."""
        if self.findings.failed:
            return
        text = self.program.source.text
        for name, span in names.unused():
            self._complain(
                "W511",
                span,
                T("`{name}` is kept and used nowhere.", name=name),
                help=Fix(
                    T("Take it up with `from {name}` in the same block, or remove this line.", name=name),
                    (without(text, Span(text.rfind("keep", 0, span.start), span.end)),),
                ),
            )

    # Branches.

    def _combine(self, written: tree.Layer, current: int, place: Place, declared: type[Layer]) -> int:
        word = written.name.text
        branches = written.branches or ()
        several = any(map(kept.is_from, branches))
        if (
            len(branches) < 2
            and not several
            and not any(isinstance(s, tree.Broken) for b in branches for s in b.statements)
        ):
            self._complain(
                "E212",
                written.name.span,
                T("`{name}` joins two branches or more, and there is one.", name=word),
                help=T("Branches are separated by `|`; an empty path is `identity`."),
            )
        if written.items:
            self._complain("E205", written.items[0].span, T("`{name}` takes no value.", name=word))
        if not all(branch.statements for branch in branches):
            return self._unknown(written.span, (current,), place)
        ends: list[int] = []
        *around, level = self._path(place, "brace", word)
        for number, branch in enumerate(branches, 1):
            lane = len(ends) + 1
            inner = place._replace(depth=place.depth + 1, path=(*around, level._replace(branch=lane)))
            taken = kept.is_from(branch)
            nodes = self._taken(taken, inner) if taken is not None and word != "split" else None
            if taken is not None and nodes is not None:
                self._count(taken.span, len(nodes))
                for more, node in enumerate(nodes):
                    at = inner._replace(path=(*around, level._replace(branch=lane + more)))
                    ends.append(self._pass_on(taken, node, at))
                continue
            begin = current
            if word == "split":
                span = written.name.span
                begin = self._add(self._share_of(number, len(branches)), (current,), None, span, {"name": span}, inner)
            ends.append(self._chain(branch.statements, begin, inner))
        return self._meet(declared, written, tuple(ends), place)

    def _share_of(self, number: int, of: int) -> Share:
        key = (number, of)
        if key not in self.shares:
            self.shares[key] = Share(*key)
        return self.shares[key]

    def _meet(self, declared: type[Layer], written: tree.Layer, ends: tuple[int, ...], place: Place) -> int:
        bound = self._bind(written, declared, written.after, place.scope)
        if bound is None:
            return self._unknown(written.span, ends, place)
        return self._add(bound.layer, ends, bound.activation, written.span, {"name": written.name.span}, place)

    def _repeat(self, written: tree.Layer, body: tuple[tree.Statement, ...], current: int, inner: Place) -> int:
        turn = self._turn(written)
        if turn is not None:
            written = written._replace(items=written.items[:1])
        times = self._single(written, inner.scope, T("`repeat` needs the number of times: `repeat 3 {{ … }}`."))
        if times is None:
            return self._unknown(written.span, (current,), inner)
        if not isinstance(times, int) or times < 0:
            self._complain(
                "E204",
                written.items[0].span,
                T("`repeat` needs a whole number from 0 on; here it is {value}.", value=algebra.text(times)),
                help=None if isinstance(times, (int, float)) else T("Give its symbols values with `let` or `--set`."),
            )
            return self._unknown(written.span, (current,), inner)
        self._count(written.span, times)
        for number in range(1, times + 1):
            place = inner._replace(path=self._path(inner, "repeat", "repeat"))
            if turn is not None:
                place = place._replace(scope=self._inner_scope(inner.scope, {turn: number}, written.span))
            current = self._chain(body, current, place)
        return current

    def _turn(self, written: tree.Layer) -> str | None:
        """The name of the number of the turn: `repeat 3 as I { … }`."""
        match written.items:
            case (_, tree.Word(text="as"), tree.Symbol(name=name)):
                return name
        return None

    def _path(self, place: Place, kind: str, name: str, arguments: tuple[Any, ...] = ()) -> Path:
        """The path of braces, of a block or of the next turn of a repeat in `place`. Namesakes of one place are numbered;
        so are the turns of all repeats there."""
        key = (place.path, name)
        self.named[key] = number = self.named.get(key, 0) + 1
        return (*place.path, Level(kind, name, number, arguments=arguments))

    def _aux(self, written: tree.Layer, body: tuple[tree.Statement, ...], current: int, inner: Place) -> int:
        weight = self._single(written, inner.scope, T("`aux` needs the weight of its loss: `aux 0.3 {{ … }}`."))
        if weight is None:
            return current
        if not isinstance(weight, (int, float)) or not 0 < weight <= 1000:
            self._complain("E204", written.items[0].span, T("The weight of a loss is a number above 0."))
            return current
        end = self._chain(body, current, inner._replace(path=self._path(inner, "brace", "aux")))
        if end != current:
            self.nodes[end - 1] = self.nodes[end - 1]._replace(exit=weight)
        return current

    def _single(self, written: tree.Layer, scope: Scope, missing: T) -> Any:
        no_number = (tree.Word, tree.Named, tree.Matrix, tree.Text, tree.Comma, tree.Sizes)
        if len(written.items) != 1 or isinstance(written.items[0], no_number):
            span = written.items[-1].span if written.items else written.name.span
            self._complain("E203", span, missing)
            return None
        try:
            return self._value(written.items[0], scope, written.name.text)
        except Refused:
            return None

    def _call(self, call: tree.Call, current: int, place: Place) -> int:
        name = call.name.text
        block = self.blocks.get(name)
        if block is None:
            self._unknown_block(call)
            return self._unknown(call.span, (current,), place)
        if name in place.blocks and not self._counts_down(call, block, place):
            chain = " → ".join((*place.blocks[place.blocks.index(name) :], name))
            self._complain(
                "E208",
                call.span,
                T("The block `{name}` uses itself: {chain}.", name=name, chain=chain),
                help=T(
                    "A block may use itself only with a smaller number first: `{name}(N-1)`; with 0 it is nothing. For several "
                    "in a row use `repeat`.",
                    name=name,
                ),
            )
            return self._unknown(call.span, (current,), place)
        if place.depth >= MAX_DEPTH:
            self._complain("E104", call.span, T("Braces and blocks are nested more than {n} deep here.", n=MAX_DEPTH))
            return self._unknown(call.span, (current,), place)
        if len(call.arguments) != len(block.parameters):
            wanted = ", ".join(map(tree.parameter_name, block.parameters))
            self._complain(
                "E207",
                call.span,
                T(
                    "`{name}` takes one value, and is given {given}.",
                    "`{name}` takes {n} values, and is given {given}.",
                    name=name,
                    n=len(block.parameters),
                    given=len(call.arguments),
                ),
                help=T("It is called like this: `{name}({wanted})`.", name=name, wanted=wanted),
                labels=(Label(block.name.span, T("defined here")),),
            )
            return self._unknown(call.span, (current,), place)
        values = self._arguments(call, block, place.scope)
        if values is None:
            return self._unknown(call.span, (current,), place)
        if name in place.blocks and next(iter(values.values())) == 0:
            return current
        scope = self._inner_scope(self.globals, values, call.span)
        inner = Place(
            scope,
            self._path(place, "block", name, tuple(values.values())),
            place.frozen,
            (*place.blocks, name),
            (*place.calls, call.span),
            place.depth + 1,
            kept.Names(),
        )
        start = len(self.nodes)
        end = self._chain(block.branches[0].statements, current, inner)
        self._unused(inner.names)
        if block.shared:
            self._share(name, start, call.span)
        return end

    def _counts_down(self, call: tree.Call, block: tree.Block, place: Place) -> bool:
        """Whether a block that uses itself comes to an end: its first value is a smaller whole number, from 0 on."""
        (first, *_) = block.parameters or (None,)
        if not isinstance(first, tree.Symbol) or not call.arguments or isinstance(call.arguments[0], tree.Word):
            return False
        if place.blocks[-1] != block.name.text:
            return False
        try:
            now, then = place.scope.get(first.name), self._value(call.arguments[0], place.scope, first.name)
        except Refused:
            return False
        return isinstance(now, int) and isinstance(then, int) and 0 <= then < now

    def _arguments(self, call: tree.Call, block: tree.Block, scope: Scope) -> dict[str, Any] | None:
        """The values of a block's parameters, numbers and words; None where one is wrong, and it was said."""
        values: dict[str, Any] = {}
        for parameter, given in zip(block.parameters, call.arguments, strict=True):
            named = tree.parameter_name(parameter)
            if isinstance(parameter, tree.Word) is not isinstance(given, tree.Word):
                message = (
                    T(
                        "`{name}` stands for a number, and here it is given the word `{word}`.",
                        name=named,
                        word=given.text,
                    )
                    if isinstance(given, tree.Word)
                    else T("`{name}` stands for a word such as `relu`, and here it is given a number.", name=named)
                )
                self._complain(
                    "E207",
                    given.span,
                    message,
                    help=T("What stands for a word is written in lower case, what stands for a number in upper case."),
                    labels=(Label(parameter.span, T("defined here")),),
                )
                return None
            if isinstance(given, tree.Word):
                passed = scope.get(given.text)
                values[named] = passed if isinstance(passed, str) else given.text
                continue
            try:
                values[named] = self._value(given, scope, block.name.text)
            except Refused:
                return None
        return values

    def _share(self, name: str, start: int, call: Span) -> None:
        """The layers from node `start` on are a use of a shared block: from the second on, their weights are those of the
        first, layer by layer."""
        first, end = self.first_uses.setdefault(name, (start, len(self.nodes)))
        for owner, place in zip(range(first, end), range(start, len(self.nodes)), strict=False):
            one, node = self.nodes[owner], self.nodes[place]
            if owner == place:
                continue
            self.nodes[place] = node._replace(shared=one.shared or one.index)
            if node.frozen != one.frozen:
                self._complain(
                    "E216",
                    call,
                    T(
                        "`{name}` is frozen in one place and trained in another, and its weights are the same.",
                        name=name,
                    ),
                    help=T("Put all of its calls into `freeze`, or `freeze` into its braces, or none."),
                )

    def _inner_scope(self, around: Scope, names: dict[str, Any], span: Span) -> Scope:
        """A scope with some more names. Equal ones are one scope, and share what is bound in it."""
        if around.depth >= MAX_NAMES:
            self.findings.add("E105", span, T("More than {n} names are given inside braces.", n=Grouped(MAX_NAMES)))
            raise TooLarge
        key = (id(around), *((n, type(v), v) for n, v in names.items()))
        if key not in self.scopes:
            self.scopes[key] = Scope(names, around)
        return self.scopes[key]

    # Names that mean nothing.

    def _is_answered(self, written: tree.Layer | tree.Call) -> bool:
        """Whether something was said of this statement before: finding similar names takes long."""
        known = id(written) in self.answered
        self.answered.add(id(written))
        return known

    def _is_several_words(self, written: tree.Layer) -> bool:
        """Whether a layer's name was written in several words: `max pool 2`."""
        from convdsl.network import strangers

        return (
            bool(written.items) and isinstance(written.items[0], tree.Word) and strangers.in_words(written) is not None
        )

    def _unknown_layer(self, written: tree.Layer) -> None:
        from convdsl.network import strangers

        if self._is_answered(written):
            return
        message = (
            T("There is no layer `{name}`.", name=written.name.text)
            if written.branches is None
            else T("There is no `{name}` with braces.", name=written.name.text)
        )
        found = strangers.answer(written, self.blocks, self.binder, self.program.source.text)
        if isinstance(found, strangers.Correction):
            self._complain(found.code, found.span, found.message, help=found.help)
        else:
            self._complain("E201", written.name.span, message, help=found)

    def _unknown_block(self, call: tree.Call) -> None:
        from convdsl.network import strangers

        if self._is_answered(call):
            return
        word = call.name.text
        text = self.program.source.text[call.span.start : call.span.end]
        found = strangers.foreign_call(call.span, text)
        if found is not None:
            self._complain(found.code, found.span, found.message, help=found.help)
            return
        help = did_you_mean(word, self.blocks, call.name.span) or T("Define it: `block {name}(…) {{ … }}`.", name=word)
        self._complain("E207", call.name.span, T("There is no block `{name}`.", name=word), help=help)

    # Expectations.

    def _shape_word(self, word: tree.Word, written: tree.Expect) -> Fix | None:
        """`expect output 10`: a shape is expected without a word before it."""
        if word.text not in ("output", "shape", "size", "salida", "forma", "dim", "layer"):
            return None
        value = self.program.source.text[written.value.span.start : written.value.span.end]
        line = f"expect {'layer params ' if word.text == 'layer' else ''}{value}"
        place = whole(self.program.source.text, written.span)
        return Fix(T("Write `{text}`.", text=line), (Edit(place, line),), safe=word.text != "layer")

    def _expect(self, written: tree.Expect, current: int, place: Place) -> None:
        words = [w.text for w in written.words]
        scope = "total"
        if words and words[0] == "layer":
            scope = "layer"
            words = words[1:]
        if len(words) > 1 or (words and words[0] not in QUANTITIES) or (scope == "layer" and not words):
            wrong = next((w for w in written.words if w.text not in (*QUANTITIES, "layer")), written.words[-1])
            self._complain(
                "E215",
                wrong.span,
                T("`{word}` is nothing that can be expected.", word=wrong.text),
                help=self._shape_word(wrong, written)
                or did_you_mean(wrong.text, QUANTITIES, wrong.span)
                or T("A shape such as `28x28x6`, or one of: {list}.", list=", ".join(QUANTITIES)),
            )
            return
        quantity = words[0] if words else "shape"
        try:
            expected = self._value(written.value, place.scope, "expect" if not words else quantity)
        except Refused:
            return
        if quantity == "shape" and not isinstance(expected, tuple):
            expected = (expected,)
        if quantity == "shape" and written.comparison != "=":
            self._complain("E215", written.span, T("Shapes are equal or not; they are not larger or smaller."))
            return
        if quantity not in ("shape", "rf", "jump") and isinstance(expected, tuple):
            self._complain("E215", written.value.span, T("`{quantity}` is one number.", quantity=quantity))
            return
        self.expectations.append(Expectation(current, scope, quantity, written.comparison, expected, written))


def _kept_name(written: tree.Layer) -> str:
    found = kept.name_of(written)
    return found[0] if found else ""


def _taken_word(block: tree.Block) -> tree.Word | None:
    """A parameter that stands for a word and is called like a layer, an option or a word before braces."""
    options = {name for layer in BY_NAME.values() for a in layer.arguments.values() for name in _words(a)}
    words = [p for p in block.parameters if isinstance(p, tree.Word)]
    return next((w for w in words if w.text in (*BY_NAME, *STRUCTURES, *NAMED) or w.text in options), None)


def _words(argument: Argument) -> tuple[str, ...]:
    """The words that an option is written with."""
    if isinstance(argument, Choice):
        return argument.words
    return (argument.word,) if isinstance(argument, Flag) else (argument.name,)


def _structure_example(word: str) -> str:
    return {
        "repeat": "repeat 3 { conv 8 k3 p1 relu }",
        "aux": "aux 0.3 { gap -> dense 10 softmax }",
        "freeze": "freeze { conv 8 k3 relu }",
        "residual": "residual { conv 8 k3 p1 }",
        "split": "split { identity | conv 2 k3 p1 relu }",
    }.get(word) or COMBINATIONS[word].example


__all__ = ["MAX_NODES", "resolve"]
