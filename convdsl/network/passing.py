"""Values that leave their nesting: `keep a` gives one a name, `from a` goes on from it, and `unpool a` puts values back to the
places of its maxima.

The names themselves, and how long they hold, are in `kept.py`.
"""

from __future__ import annotations

from convdsl.diagnostics import Fix, Label
from convdsl.diagnostics import written as put
from convdsl.language import tree
from convdsl.language.keywords import NAMED
from convdsl.layers.pooling import Unpool
from convdsl.messages import T
from convdsl.network import kept
from convdsl.network.edits import without
from convdsl.network.expansion import Expansion, Place
from convdsl.source import Span


def keep(net: Expansion, written: tree.Layer, current: int, place: Place) -> int:
    """`keep a`: the value of node `current` gets a name, and the chain goes on from it."""
    found = _name_of_value(net, written)
    if found is None:
        return current
    first = place.names.keep(found[0], written, found[1], current)
    if first is not None:
        net.complain(
            "E209",
            found[1],
            T("A value is kept as `{name}` already.", name=found[0]),
            help=T("Use another name."),
            labels=(Label(first.span, T("kept here first")),),
        )
    return current


def take(net: Expansion, written: tree.Layer, current: int, place: Place, before: tree.Statement | None) -> int:
    """`from a` in a chain: it goes on from the kept value. `before` is the statement in front of it, if there is one."""
    ends = taken(net, written, place)
    if ends is None:
        return net.unknown(written.span, (current,), place)
    name = _kept_name(written)
    if before is not None and not (isinstance(before, tree.Layer) and before.name.text == "keep"):
        net.complain(
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
        net.complain(
            "E217",
            written.span,
            T("`{name}` is kept {n} times, and one value goes on here.", name=name, n=len(ends)),
            help=T("All of them: `add {{ from {name} }}` or `concat {{ from {name} }}`.", name=name),
            labels=(Label(place.names.kept[name].span, T("kept here")),),
        )
    return pass_on(net, written, ends[-1], place)


def unpool(net: Expansion, written: tree.Layer, current: int, place: Place) -> int:
    """`unpool a`: values go back to where the maxima were that the pooling found whose value was kept. Of several kept ones it
    is the last that was not put back yet: what goes in goes out in the opposite order."""
    ends = taken(net, written, place)
    if ends is None:
        return net.unknown(written.span, (current,), place)
    name, span = _kept_name(written), written.items[0].span
    known = place.names.kept[name]
    labels = (Label(known.span, T("kept here")),)
    left = [end for end in ends if end not in known.undone] if len(ends) > 1 else ends
    if not left:
        message = T("`{name}` is kept {n} times, and all of them were put back before.", name=name, n=len(ends))
        net.complain("E219", span, message, help=T("Each `unpool` takes the last one that is left."), labels=labels)
        return net.unknown(written.span, (current,), place)
    known.undone.add(left[-1])
    pooled = net.nodes[left[-1] - 1] if left[-1] else None
    if pooled is None or pooled.op != "maxpool" or pooled.activation is not None:
        if pooled is None or pooled.layer is not None:
            net.complain(
                "E219",
                span,
                T("`{name}` is not the value of a `maxpool`, so that no places are known.", name=name),
                help=T("`keep` stands right behind it: `maxpool 2 -> keep {name}`.", name=name),
                labels=labels,
            )
        return net.unknown(written.span, (current,), place)
    layer = net.unpools.setdefault(id(pooled.layer), Unpool(pooled.layer))
    inputs = (current, pooled.inputs[0])
    return net.add(layer, inputs, None, written.span, {"name": span}, place, f"unpool {name}")


def pass_on(net: Expansion, written: tree.Layer, node: int, place: Place) -> int:
    return net.add(net.passage, (node,), None, written.span, {}, place, f"from {_kept_name(written)}")


def taken(net: Expansion, written: tree.Layer, place: Place) -> list[int] | None:
    """The nodes that a `from` takes up; None where there is none, and it was said."""
    found = _name_of_value(net, written)
    if found is None:
        return None
    name, span = found
    known = place.names.kept.get(name)
    if known is None:
        net.complain(
            "E217",
            span,
            T("Nothing is kept as `{name}` before this.", name=name),
            help=place.names.missing(name, span),
        )
        return None
    known.used = True
    return list(known.nodes)


def _name_of_value(net: Expansion, written: tree.Layer) -> tuple[str, Span] | None:
    found = None if written.branches is not None else kept.name_of(written)
    if found is None:
        net.complain(
            "E217",
            written.name.span,
            T("`{name}` takes one name in lower case.", name=written.name.text),
            help=T("It is written like this: `{example}`.", example=NAMED.get(written.name.text, ("unpool a",))[0]),
        )
    return found


def unused(net: Expansion, names: kept.Names) -> None:
    """A value that is kept and not used: a slip of the pen, or a branch that was forgotten."""
    if net.findings.failed:
        return
    text = net.program.source.text
    for name, span in names.unused():
        net.complain(
            "W511",
            span,
            T("`{name}` is kept and used nowhere.", name=name),
            help=Fix(
                T("Take it up with `from {name}` in the same block, or remove this line.", name=name),
                (without(text, Span(text.rfind("keep", 0, span.start), span.end)),),
            ),
        )


def _kept_name(written: tree.Layer) -> str:
    found = kept.name_of(written)
    return found[0] if found else ""
