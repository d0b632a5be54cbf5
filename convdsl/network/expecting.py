"""What is expected at a place of the network: read here, and compared when the sizes are known (`expectations.py`)."""

from __future__ import annotations

from convdsl.diagnostics import Edit, Fix
from convdsl.language import tree
from convdsl.messages import T
from convdsl.network.edits import whole
from convdsl.network.expansion import Expansion, Place
from convdsl.network.graph import COUNTED, QUANTITIES, Expectation
from convdsl.network.suggest import did_you_mean
from convdsl.network.values import Refused


def expect(net: Expansion, written: tree.Expect, current: int, place: Place) -> None:
    words = [w.text for w in written.words]
    scope = "total"
    if words and words[0] == "layer":
        scope = "layer"
        words = words[1:]
    if len(words) > 1 or (words and words[0] not in QUANTITIES) or (scope == "layer" and not words):
        wrong = next((w for w in written.words if w.text not in (*QUANTITIES, "layer")), written.words[-1])
        net.complain(
            "E215",
            wrong.span,
            T("`{word}` is nothing that can be expected.", word=wrong.text),
            help=_shape_word(net, wrong, written)
            or did_you_mean(wrong.text, QUANTITIES, wrong.span)
            or T("A shape such as `28x28x6`, or one of: {list}.", list=", ".join(QUANTITIES)),
        )
        return
    quantity = words[0] if words else "shape"
    try:
        expected = net.value(written.value, place.scope, "expect" if not words else quantity)
    except Refused:
        return
    if quantity == "shape" and not isinstance(expected, tuple):
        expected = (expected,)
    if quantity == "shape" and written.comparison != "=":
        net.complain("E215", written.span, T("Shapes are equal or not; they are not larger or smaller."))
        return
    if quantity not in ("shape", "rf", "jump") and isinstance(expected, tuple):
        net.complain("E215", written.value.span, T("`{quantity}` is one number.", quantity=quantity))
        return
    if quantity in COUNTED and scope == "total":
        current = len(net.nodes)  # all that stands above, side exits and outputs too
    net.expectations.append(Expectation(current, scope, quantity, written.comparison, expected, written))


def _shape_word(net: Expansion, word: tree.Word, written: tree.Expect) -> Fix | None:
    """`expect output 10`: a shape is expected without a word before it."""
    if word.text not in ("output", "shape", "size", "salida", "forma", "dim", "layer"):
        return None
    value = net.program.source.text[written.value.span.start : written.value.span.end]
    line = f"expect {'layer params ' if word.text == 'layer' else ''}{value}"
    place = whole(net.program.source.text, written.span)
    return Fix(T("Write `{text}`.", text=line), (Edit(place, line),), safe=word.text != "layer")
