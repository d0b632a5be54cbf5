"""Braces: branches that meet again, repeats, side exits and what is frozen, turned into the edges of the network."""

from __future__ import annotations

from typing import Any

from convdsl import algebra
from convdsl.diagnostics import written as put
from convdsl.language import tree
from convdsl.language.keywords import STRUCTURES
from convdsl.layers import COMBINATIONS, Layer
from convdsl.layers.combining import Combination, Concat, Residual, Rivals, no_pair
from convdsl.layers.rearranging import GroupSoftmax, Share
from convdsl.layers.shaping import DropPath
from convdsl.messages import T
from convdsl.network import kept, missing, passing
from convdsl.network.binding import Bound
from convdsl.network.expansion import MAX_DEPTH, Expansion, Place
from convdsl.network.values import Refused, Scope


def expand(net: Expansion, written: tree.Layer, current: int, place: Place) -> int:
    """Adds what a word with braces holds; returns the node where it ends."""
    word = written.name.text
    if place.depth >= MAX_DEPTH:
        net.complain("E104", written.span, T("Braces and blocks are nested more than {n} deep here.", n=MAX_DEPTH))
        return net.unknown(written.span, (current,), place)
    for branch in written.branches or ():
        if not branch.statements:
            net.complain(
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
    if word == "softmax":
        return _softmax(net, written, current, place)
    if word in COMBINATIONS:
        return _combine(net, written, current, place, COMBINATIONS[word])
    if word not in STRUCTURES:
        missing.unknown_layer(net, written)
        return net.unknown(written.span, (current,), place)
    if word == "split":
        return _combine(net, written, current, place, Concat)
    branches = written.branches or ()
    if len(branches) > 1:
        net.complain(
            "E212",
            branches[1].span,
            T("`{name}` holds one chain of layers, without branches.", name=word),
            help=T("Put `add {{ … | … }}` or `concat {{ … | … }}` inside it."),
        )
        return net.unknown(written.span, (current,), place)
    body = branches[0].statements
    inner = place._replace(depth=place.depth + 1)
    if word not in ("residual", "split") and written.after:
        net.complain("E205", written.after[0].span, T("Nothing can follow the braces of `{name}`.", name=word))
    if word == "repeat":
        return _repeat(net, written, body, current, inner)
    if word == "aux":
        return _aux(net, written, body, current, inner)
    drop = _drop(net, written, place.scope) if word == "residual" else None
    if written.items and drop is None:
        net.complain("E205", written.items[0].span, T("`{name}` takes no value.", name=word))
    if word == "freeze":
        return net.chain(body, current, inner._replace(frozen=True, path=net.path(place, "brace", "freeze")))
    if not body:
        return net.unknown(written.span, (current,), place)
    inner = inner._replace(path=net.path(place, "brace", "residual"))
    end = net.chain(body, current, inner)
    if drop is not None:
        end = net.add(drop.layer, (end,), None, written.items[0].span, drop.places, inner)
    return _meet(net, Residual, written, (end, current), place)


def _softmax(net: Expansion, written: tree.Layer, current: int, place: Place) -> int:
    """`softmax { A | B }`: the branches side by side, and the softmax across them."""
    end = _combine(net, written._replace(after=()), current, place, Rivals)
    if written.after:
        net.complain("E205", written.after[0].span, T("Nothing can follow the braces of `{name}`.", name="softmax"))
    count = len(net.nodes[end - 1].inputs) if end and net.nodes[end - 1].layer is not None else 0
    if not count:
        return net.unknown(written.span, (end,), place)
    return net.add(GroupSoftmax(n=count), (end,), None, written.span, {"n": written.name.span}, place)


def _drop(net: Expansion, written: tree.Layer, scope: Scope) -> Bound | None:
    """The stochastic depth of `residual drop=0.2 { … }`; None where it is not written, or wrong and said so."""
    (item, *more) = written.items or (None,)
    if more or not isinstance(item, tree.Named) or item.key.text != "drop":
        return None
    if isinstance(item.value, tree.Word):
        net.complain("E204", item.span, T("`{name}` takes a number.", name="drop"))
        return Bound(DropPath(rate=0), None, {})
    named = tree.Word(item.key.span, "droppath")
    before = len(net.findings.items)
    try:
        return net.binder.bind(DropPath, named, (item.value,), scope)
    except Refused:
        net.forget_repeats(before)
        return Bound(DropPath(rate=0), None, {})


def _combine(net: Expansion, written: tree.Layer, current: int, place: Place, declared: type[Combination]) -> int:
    word = written.name.text
    branches = written.branches or ()
    several = any(map(kept.is_from, branches))
    if (
        len(branches) < 2
        and not several
        and not any(isinstance(s, tree.Broken) for b in branches for s in b.statements)
    ):
        net.complain(
            "E212",
            written.name.span,
            no_pair(word, 1)
            if declared.pair
            else T("`{name}` joins two branches or more, and there is one.", name=word),
            help=T("Branches are separated by `|`; an empty path is `identity`."),
        )
        if declared.pair:
            return net.unknown(written.span, (current,), place)
    if written.items:
        net.complain("E205", written.items[0].span, T("`{name}` takes no value.", name=word))
    if not all(branch.statements for branch in branches):
        return net.unknown(written.span, (current,), place)
    ends: list[int] = []
    *around, level = net.path(place, "brace", word)
    for number, branch in enumerate(branches, 1):
        lane = len(ends) + 1
        inner = place._replace(depth=place.depth + 1, path=(*around, level._replace(branch=lane)))
        taken = kept.is_from(branch)
        nodes = passing.taken(net, taken, inner) if taken is not None and word != "split" else None
        if taken is not None and nodes is not None:
            net.count(taken.span, len(nodes))
            for more, node in enumerate(nodes):
                at = inner._replace(path=(*around, level._replace(branch=lane + more)))
                ends.append(passing.pass_on(net, taken, node, at))
            continue
        begin = current
        if word == "split":
            span = written.name.span
            begin = net.add(_share_of(net, number, len(branches)), (current,), None, span, {"name": span}, inner)
        ends.append(net.chain(branch.statements, begin, inner))
    return _meet(net, declared, written, tuple(ends), place)


def _share_of(net: Expansion, number: int, of: int) -> Share:
    key = (number, of)
    if key not in net.shares:
        net.shares[key] = Share(*key)
    return net.shares[key]


def _meet(net: Expansion, declared: type[Layer], written: tree.Layer, ends: tuple[int, ...], place: Place) -> int:
    bound = net.bind(written, declared, written.after, place.scope)
    if bound is None:
        return net.unknown(written.span, ends, place)
    return net.add(bound.layer, ends, bound.activation, written.span, {"name": written.name.span}, place)


def _repeat(net: Expansion, written: tree.Layer, body: tuple[tree.Statement, ...], current: int, inner: Place) -> int:
    turn = _turn(net, written)
    if turn is not None:
        written = written._replace(items=written.items[:1])
    times = _single(net, written, inner.scope, T("`repeat` needs the number of times: `repeat 3 {{ … }}`."))
    if times is None:
        return net.unknown(written.span, (current,), inner)
    if not isinstance(times, int) or times < 0:
        net.complain(
            "E204",
            written.items[0].span,
            T("`repeat` needs a whole number from 0 on; here it is {value}.", value=algebra.text(times)),
            help=None if isinstance(times, (int, float)) else T("Give its symbols values with `let` or `--set`."),
        )
        return net.unknown(written.span, (current,), inner)
    net.count(written.span, times)
    for number in range(1, times + 1):
        place = inner._replace(path=net.path(inner, "repeat", "repeat"))
        if turn is not None:
            place = place._replace(scope=net.inner_scope(inner.scope, {turn: number}, written.span))
        current = net.chain(body, current, place)
    return current


def _turn(net: Expansion, written: tree.Layer) -> str | None:
    """The name of the number of the turn: `repeat 3 as I { … }`."""
    match written.items:
        case (_, tree.Word(text="as"), tree.Symbol(name=name)):
            return name
    return None


def _aux(net: Expansion, written: tree.Layer, body: tuple[tree.Statement, ...], current: int, inner: Place) -> int:
    weight = _single(net, written, inner.scope, T("`aux` needs the weight of its loss: `aux 0.3 {{ … }}`."))
    if weight is None:
        return current
    if not isinstance(weight, (int, float)) or not 0 < weight <= 1000:
        net.complain("E204", written.items[0].span, T("The weight of a loss is a number above 0."))
        return current
    end = net.chain(body, current, inner._replace(path=net.path(inner, "brace", "aux")))
    if end != current:
        net.nodes[end - 1] = net.nodes[end - 1]._replace(exit=weight)
    return current


def _single(net: Expansion, written: tree.Layer, scope: Scope, missing: T) -> Any:
    no_number = (tree.Word, tree.Named, tree.Matrix, tree.Text, tree.Comma, tree.Sizes)
    if len(written.items) != 1 or isinstance(written.items[0], no_number):
        span = written.items[-1].span if written.items else written.name.span
        net.complain("E203", span, missing)
        return None
    try:
        return net.value(written.items[0], scope, written.name.text)
    except Refused:
        return None
