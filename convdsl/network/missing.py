"""Names that mean nothing: each place is answered once, and what answers is loaded only then, since both take long."""

from __future__ import annotations

from convdsl.language import tree
from convdsl.messages import T
from convdsl.network.expansion import Expansion
from convdsl.network.suggest import did_you_mean


def is_several_words(net: Expansion, written: tree.Layer) -> bool:
    """Whether a layer's name was written in several words: `max pool 2`."""
    from convdsl.network import strangers

    return bool(written.items) and isinstance(written.items[0], tree.Word) and strangers.in_words(written) is not None


def unknown_layer(net: Expansion, written: tree.Layer) -> None:
    from convdsl.network import strangers

    if net.is_answered(written):
        return
    message = (
        T("There is no layer `{name}`.", name=written.name.text)
        if written.branches is None
        else T("There is no `{name}` with braces.", name=written.name.text)
    )
    found = strangers.answer(written, net.blocks, net.binder, net.program.source.text)
    if isinstance(found, strangers.Correction):
        net.complain(found.code, found.span, found.message, help=found.help)
    else:
        net.complain("E201", written.name.span, message, help=found)


def unknown_block(net: Expansion, call: tree.Call) -> None:
    from convdsl.language.not_here import not_here
    from convdsl.network import strangers

    if net.is_answered(call):
        return
    word = call.name.text
    text = net.program.source.text[call.span.start : call.span.end]
    found = strangers.foreign_call(call.span, text)
    if found is not None:
        net.complain(found.code, found.span, found.message, help=found.help)
        return
    honest = not_here(word)
    if honest is not None:
        net.complain("E201", call.name.span, T("There is no layer `{name}`.", name=word), help=honest)
        return
    help = did_you_mean(word, net.blocks, call.name.span) or T("Define it: `block {name}(…) {{ … }}`.", name=word)
    net.complain("E207", call.name.span, T("There is no block `{name}`.", name=word), help=help)
