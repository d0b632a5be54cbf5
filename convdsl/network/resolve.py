"""From the syntax tree to the network: what stands at the top of a program, and its chain of layers.

Calls of blocks are expanded in `calls.py`, branches and repeats in `braces.py`, kept values in `passing.py`; what they share, and
the network that grows, is in `expansion.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Edit, Findings, Fix
from convdsl.language import tree
from convdsl.language.keywords import NAMED, STRUCTURES
from convdsl.layers import BY_NAME, COMBINATIONS
from convdsl.messages import T
from convdsl.network import braces, calls, expecting, kept, missing, outputs, passing
from convdsl.network.edits import whole, without
from convdsl.network.expansion import MAX_NODES, Expansion, Place, TooLarge
from convdsl.network.graph import Network
from convdsl.network.values import REFUSED, VALUES, Refused, Scope
from convdsl.source import Span


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
    net = Expansion(program, findings, dict(symbols or {}), dict(holes or {}), _chain)
    return _run(net, input)


def _run(net: Expansion, given: tuple[Any, ...] | None) -> Network:
    name: str | None = None
    input: tree.Input | None = None
    train: tree.Train | None = None
    lets: set[str] = set()
    body: list[tree.Statement] = []
    for statement in net.program.statements:
        match statement:
            case tree.Net():
                _once(net, "net", name is not None, statement.span)
                name = statement.name
            case tree.Input():
                _once(net, "input", input is not None, statement.span)
                if input is None and any(_is_known(net, s) for s in body):
                    net.findings.add(
                        "E213",
                        statement.span,
                        T("`input` stands before the first layer."),
                        help=_to_the_top(net, statement.span, body[0].span),
                    )
                input = input or statement
            case tree.Train():
                _once(net, "train", train is not None, statement.span)
                train = train or statement
            case tree.Block():
                calls.define(net, statement)
            case tree.Let():
                value = _let(net, statement, net.globals, statement.symbol.name in lets)
                lets.add(statement.symbol.name)
                net.globals.names.setdefault(statement.symbol.name, value)
            case _:
                body.append(statement)
    shape = _input(net, input) if given is None else given
    output = 0
    try:
        names = kept.Names()
        output = net.chain(tuple(body), 0, Place(net.globals, names=names))
        passing.unused(net, names)
        output = outputs.settled(net, output)
    except (TooLarge, algebra.Exhausted) as error:
        if isinstance(error, algebra.Exhausted):
            net.findings.add("E310", net.reached, T("The formulas grow too long here."), help=VALUES)
        net.nodes.clear()
        net.outputs.clear()
        net.expectations.clear()
    if not net.nodes and not net.findings.failed:
        _empty(net, input)
    refused = input is not None and shape is None
    if shape is None:
        shape = _symbolic_input(net)
        refused = refused or any(size == 0 for size in shape)
    open = {s for size in shape for s in algebra.symbols_of(size)} | net.values.symbols
    return Network(
        name or net.program.source.stem(),
        net.program.source,
        shape,
        input.span if input else None,
        tuple(net.nodes),
        output,
        tuple(net.expectations),
        train.settings if train else (),
        net.values.holes,
        frozenset(open - set(net.values.holes)),
        frozenset(open | net.values.mentioned | lets),
        refused,
        tuple(net.outputs.values()),
    )


def _is_known(net: Expansion, statement: tree.Statement) -> bool:
    """Whether a statement adds something to the network, as far as its name says."""
    if isinstance(statement, tree.Layer):
        return statement.name.text in BY_NAME or statement.name.text in (*STRUCTURES, *NAMED)
    return not isinstance(statement, tree.Broken)


def _to_the_top(net: Expansion, span: Span, first: Span) -> Fix:
    text = net.program.source.text
    moved = Edit(first.front, f"{text[span.start : whole(text, span).end]}\n")
    return Fix(T("Move it up."), (moved, without(text, span)))


def _once(net: Expansion, keyword: str, again: bool, span: Span) -> None:
    if again:
        net.findings.add(
            "E209",
            span,
            T("There is a second `{keyword}` here.", keyword=keyword),
            help=Fix(T("Keep one of them."), (without(net.program.source.text, span),)),
        )


def _let(net: Expansion, let: tree.Let, scope: Scope, again: bool) -> Any:
    """The value that a name is given. `again`: it has one already."""
    if again:
        net.complain(
            "E209",
            let.symbol.span,
            T("`{name}` has a value already.", name=let.symbol.name),
            help=T("Use another name."),
        )
    try:
        return net.value(let.value, scope, let.symbol.name)
    except Refused:
        return REFUSED


def _input(net: Expansion, input: tree.Input | None) -> tuple[Any, ...] | None:
    if input is None:
        return None
    try:
        value = net.values.of(input.shape, net.globals, "input")
    except Refused:
        return None
    shape = value if isinstance(value, tuple) else (value,)
    parts = input.shape.parts if isinstance(input.shape, tree.Sizes) else (input.shape,)
    if len(shape) > 4:
        net.findings.add("E304", input.shape.span, T("An input has at most four sizes: D×H×W×C."))
        return None
    for size, part in zip(shape, parts, strict=True):
        if isinstance(size, float) or algebra.at_least(size, 1) is False:
            net.findings.add(
                "E204",
                part.span,
                T("A size is a whole number from 1 on; here it is {value}.", value=algebra.text(size)),
            )
            return None
    return shape


def _symbolic_input(net: Expansion) -> tuple[Any, ...]:
    """HxWxC, or with as many axes as the windows have sizes."""
    rank = 2
    for node in net.nodes:
        window = getattr(node.layer, "k", None)
        if isinstance(window, tuple) and len(window) > 1:
            rank = len(window)
            break
    names = ("D", "H", "W", "C")[3 - rank :] if rank > 1 else ("L", "C")
    net.values.mentioned.update(names)
    for name in names:
        if net.outside.get(name) == 0:
            net.findings.add(
                "E204",
                Span(0, 0),
                T("A size is a whole number from 1 on; here it is {value}.", value=f"{name} = 0"),
            )
    return tuple(net.outside[n] if n in net.outside else algebra.symbol(n) for n in names)


def _empty(net: Expansion, input: tree.Input | None) -> None:
    span = input.span if input else Span(0, min(1, len(net.program.source.text)))
    net.findings.add(
        "E103",
        span,
        T("There is no layer here."),
        help=T("A network is written like this: `input 28x28x1 -> conv 8 k3 relu -> dense 10`."),
    )


def _chain(net: Expansion, statements: tuple[tree.Statement, ...], current: int, place: Place) -> int:
    """Adds the nodes of a chain that starts at node `current`; returns the node where it ends."""
    before: tree.Statement | None = None
    for statement in statements:
        net.count(statement.span)
        match statement:
            case tree.Layer(name=tree.Word(text="from")):
                current = passing.take(net, statement, current, place, before)
            case tree.Layer():
                current = _layer(net, statement, current, place)
            case tree.Call():
                current = calls.call(net, statement, current, place)
            case tree.Expect():
                expecting.expect(net, statement, current, place)
            case tree.Let():
                name = statement.symbol.name
                value = _let(net, statement, place.scope, place.scope.get(name) is not None)
                place = place._replace(scope=net.inner_scope(place.scope, {name: value}, statement.span))
            case tree.Broken():
                current = net.add(None, (current,), None, statement.span, {}, place, "")
            case _:
                if isinstance(statement, tree.Block) and statement.name.text not in net.blocks:
                    calls.define(net, statement)  # its calls are no second fault
                net.complain(
                    "E213",
                    statement.span,
                    T("This stands at the top of a program, outside all braces."),
                    help=T("Move it out."),
                )
        if not isinstance(statement, (tree.Expect, tree.Let)):
            before = statement
    return current


def _layer(net: Expansion, written: tree.Layer, current: int, place: Place) -> int:
    word = written.name.text
    if word == "keep":
        return passing.keep(net, written, current, place)
    if word == "unpool":
        return passing.unpool(net, written, current, place)
    if word == "output":
        return outputs.output(net, written, current, place)
    meant = place.scope.get(word) if word not in BY_NAME else None
    if isinstance(meant, str):
        written = written._replace(name=written.name._replace(text=meant))
        word = meant
    if written.branches is not None:
        return braces.expand(net, written, current, place)
    if (word in COMBINATIONS or word in STRUCTURES) and not missing.is_several_words(net, written):
        net.complain(
            "E212",
            written.name.span,
            T("`{name}` needs braces.", name=word),
            help=T("It is written like this: `{example}`.", example=_structure_example(word)),
        )
        return net.unknown(written.span, (current,), place)
    declared = BY_NAME.get(word)
    if declared is None or word in COMBINATIONS:
        missing.unknown_layer(net, written)
        return net.unknown(written.span, (current,), place)
    bound = net.bind(written, declared, written.items, place.scope)
    if bound is None:
        return net.unknown(written.span, (current,), place)
    return net.add(bound.layer, (current,), bound.activation, written.span, bound.places, place)


def _structure_example(word: str) -> str:
    return {
        "repeat": "repeat 3 { conv 8 k3 p1 relu }",
        "aux": "aux 0.3 { gap -> dense 10 softmax }",
        "freeze": "freeze { conv 8 k3 relu }",
        "residual": "residual { conv 8 k3 p1 }",
        "split": "split { identity | conv 2 k3 p1 relu }",
    }.get(word) or COMBINATIONS[word].example


__all__ = ["MAX_NODES", "resolve"]
