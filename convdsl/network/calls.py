"""Blocks: what a definition may be, and a call expanded with the values that it is given."""

from __future__ import annotations

from typing import Any

from convdsl.diagnostics import Label
from convdsl.diagnostics import written as put
from convdsl.language import tree
from convdsl.language.keywords import NAMED, STRUCTURES
from convdsl.layers import BY_NAME, Argument
from convdsl.layers.arguments import Choice, Flag
from convdsl.messages import T
from convdsl.network import kept, missing, passing
from convdsl.network.expansion import MAX_DEPTH, Expansion, Place
from convdsl.network.values import Refused, Scope
from convdsl.source import Span


def define(net: Expansion, block: tree.Block) -> None:
    """Puts a block among those that can be called; says where its name, its parameters or its braces are wrong."""
    name = block.name.text
    if name in BY_NAME or name in STRUCTURES:
        net.findings.add(
            "E209",
            block.name.span,
            T("`{name}` is a layer already.", name=name),
            help=T("Call the block by another name."),
        )
    elif name in net.blocks:
        net.findings.add(
            "E209",
            block.name.span,
            T("There is a second block `{name}` here.", name=name),
            help=T("Call it by another name."),
            labels=(Label(net.blocks[name].name.span, T("the first one")),),
        )
    elif block.shared and block.parameters:
        net.findings.add(
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
        net.findings.add(
            "E101",
            letter.span,
            T("A symbol for a number is upper-case."),
            help=put(letter.span, letter.text.upper(), T("Write `{text}`.", text=letter.text.upper())),
        )
    elif (taken := _taken_word(block)) is not None:
        net.findings.add(
            "E209",
            taken.span,
            T("`{name}` means something already.", name=taken.text),
            help=T("Call it by another name."),
        )
    elif len(block.branches) > 1:
        net.findings.add(
            "E212",
            block.branches[1].span,
            T("A block has no branches of its own."),
            help=T("Put `add {{ … | … }}` or `concat {{ … | … }}` inside it."),
        )
    net.blocks.setdefault(name, block)


def call(net: Expansion, call: tree.Call, current: int, place: Place) -> int:
    """Adds the layers of a block with the values of this call; returns the node where it ends."""
    name = call.name.text
    block = net.blocks.get(name)
    if block is None:
        missing.unknown_block(net, call)
        return net.unknown(call.span, (current,), place)
    if name in place.blocks and not _counts_down(net, call, block, place):
        chain = " → ".join((*place.blocks[place.blocks.index(name) :], name))
        net.complain(
            "E208",
            call.span,
            T("The block `{name}` uses itself: {chain}.", name=name, chain=chain),
            help=T(
                "A block may use itself only with a smaller number first: `{name}(N-1)`; with 0 it is nothing. For several "
                "in a row use `repeat`.",
                name=name,
            ),
        )
        return net.unknown(call.span, (current,), place)
    if place.depth >= MAX_DEPTH:
        net.complain("E104", call.span, T("Braces and blocks are nested more than {n} deep here.", n=MAX_DEPTH))
        return net.unknown(call.span, (current,), place)
    if len(call.arguments) != len(block.parameters):
        wanted = ", ".join(map(tree.parameter_name, block.parameters))
        net.complain(
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
        return net.unknown(call.span, (current,), place)
    values = _arguments(net, call, block, place.scope)
    if values is None:
        return net.unknown(call.span, (current,), place)
    if name in place.blocks and next(iter(values.values())) == 0:
        return current
    scope = net.inner_scope(net.globals, values, call.span)
    inner = Place(
        scope,
        net.path(place, "block", name, tuple(values.values())),
        place.frozen,
        (*place.blocks, name),
        (*place.calls, call.span),
        place.depth + 1,
        kept.Names(),
    )
    start = len(net.nodes)
    end = net.chain(block.branches[0].statements, current, inner)
    passing.unused(net, inner.names)
    if block.shared:
        _share(net, name, start, call.span)
    return end


def _counts_down(net: Expansion, call: tree.Call, block: tree.Block, place: Place) -> bool:
    """Whether a block that uses itself comes to an end: its first value is a smaller whole number, from 0 on."""
    (first, *_) = block.parameters or (None,)
    if not isinstance(first, tree.Symbol) or not call.arguments or isinstance(call.arguments[0], tree.Word):
        return False
    if place.blocks[-1] != block.name.text:
        return False
    try:
        now, then = place.scope.get(first.name), net.value(call.arguments[0], place.scope, first.name)
    except Refused:
        return False
    return isinstance(now, int) and isinstance(then, int) and 0 <= then < now


def _arguments(net: Expansion, call: tree.Call, block: tree.Block, scope: Scope) -> dict[str, Any] | None:
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
            net.complain(
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
            values[named] = net.value(given, scope, block.name.text)
        except Refused:
            return None
    return values


def _share(net: Expansion, name: str, start: int, call: Span) -> None:
    """The layers from node `start` on are a use of a shared block: from the second on, their weights are those of the
    first, layer by layer."""
    first, end = net.first_uses.setdefault(name, (start, len(net.nodes)))
    for owner, place in zip(range(first, end), range(start, len(net.nodes)), strict=False):
        one, node = net.nodes[owner], net.nodes[place]
        if owner == place:
            continue
        net.nodes[place] = node._replace(shared=one.shared or one.index)
        if node.frozen != one.frozen:
            net.complain(
                "E216",
                call,
                T(
                    "`{name}` is frozen in one place and trained in another, and its weights are the same.",
                    name=name,
                ),
                help=T("Put all of its calls into `freeze`, or `freeze` into its braces, or none."),
            )


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
