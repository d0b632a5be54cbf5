"""Outputs with names: `output boxes { conv 255 k1 }`. The chain goes on from before the braces, as after a side exit, and each
output has targets and a loss of its own.

A network with named outputs has these and no other. `output boxes` without braces gives the name to the value at its place.
"""

from __future__ import annotations

from convdsl.diagnostics import Label
from convdsl.diagnostics import written as put
from convdsl.language import tree
from convdsl.messages import T
from convdsl.network.expansion import MAX_DEPTH, Expansion, Place
from convdsl.network.graph import Output
from convdsl.network.outline import Level
from convdsl.source import Span


def output(net: Expansion, written: tree.Layer, current: int, place: Place) -> int:
    """Adds what an output holds, and the output to the network's; returns the node before it, where the chain goes on."""
    found = _name_of(net, written, place)
    if found is None:
        return current
    name, span = found
    body = _body(net, written)
    if body is None:
        return current
    *around, _ = path = net.path(place, "brace", "output")
    level = Level("brace", "output", path[-1].number, arguments=(name,))
    inner = place._replace(depth=place.depth + 1, path=(*around, level))
    end = net.chain(body, current, inner)
    if end == current:
        if current == 0:
            net.complain("E218", written.span, T("An output is what a layer gives, and there is none before this."))
            return current
        end = net.add(net.passage, (current,), None, written.span, {}, inner, f"output {name}")
    first = net.outputs.setdefault(name, Output(name, end, span))
    if first.node != end:
        net.complain(
            "E218",
            span,
            T("There is an output `{name}` already.", name=name),
            help=T(
                "Each output has a name of its own; a block is given it as a word: `block head(name) {{ output name {{ … }} }}`."
            ),
            labels=(Label(first.span, T("the output of this name")),) if first.span != span else (),
        )
    return current


def settled(net: Expansion, end: int) -> int:
    """The node of the last output, where there are some with names; else the end of the program. What does not go together
    is complained about."""
    if not net.outputs:
        return end
    aside = next((node for node in net.nodes if node.exit is not None), None)
    if aside is not None and len(net.outputs) > 1:
        net.complain(
            "E218",
            aside.span,
            T("A side exit is trained with the targets of the output, and this network has {n}.", n=len(net.outputs)),
            help=T("Make an output of it, with targets of its own: `output NAME {{ … }}` in place of `aux`."),
        )
    return list(net.outputs.values())[-1].node


def _body(net: Expansion, written: tree.Layer) -> tuple[tree.Statement, ...] | None:
    """The statements in the braces, none where there are no braces; None where they cannot be used, and it was said."""
    (first, *more) = written.branches or (None,)
    if written.after:
        net.complain("E205", written.after[0].span, T("Nothing can follow the braces of `{name}`.", name="output"))
    if more:
        net.complain(
            "E212",
            more[0].span,
            T("`{name}` holds one chain of layers, without branches.", name="output"),
            help=T("Put `add {{ … | … }}` or `concat {{ … | … }}` inside it."),
        )
        return None
    if first is not None and not first.statements:
        net.complain("E212", first.span, T("Nothing stands in this branch."))
        return None
    return first.statements if first is not None else ()


def _name_of(net: Expansion, written: tree.Layer, place: Place) -> tuple[str, Span] | None:
    """The name behind `output`, or the word that a block's parameter stands for."""
    (item, *more) = written.items or (None,)
    if more or not isinstance(item, tree.Word) or item.mixed:
        span = written.name.span
        layers = written.branches is not None
        example = "output boxes { conv 255 k1 }" if layers else "output boxes"
        way = (
            put(span.back, " a", T("It is written like this: `{example}`.", example=example))
            if layers and item is None
            else T("It is written like this: `{example}`. The only output of a network needs no mark.", example=example)
        )
        net.complain("E218", span, T("An output needs a name, one word in lower case."), help=way)
        return None
    if place.depth >= MAX_DEPTH:
        net.complain("E104", written.span, T("Braces and blocks are nested more than {n} deep here.", n=MAX_DEPTH))
        return None
    passed = place.scope.get(item.text)
    return (passed if isinstance(passed, str) else item.text), item.span
