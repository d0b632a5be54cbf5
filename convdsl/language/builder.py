"""Turns what the parser recognises into nodes of the syntax tree: one function for each rule of the grammar.

Each takes the rule's parts, in which tokens that are leaves of the tree have become leaves already, and the offset
where its text ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from convdsl.language import tree
from convdsl.language.tokens import Token
from convdsl.source import Span

_SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9}

Parts = list[Any]


# Leaves.


def number(span: Span, text: str) -> tree.Number:
    if text.isdecimal():
        return tree.Number(span, int(text), text)
    digits = text.replace("_", "")
    factor = _SUFFIX.get(digits[-1], 1)
    digits = digits.rstrip("KMG")
    if digits.isdecimal():
        return tree.Number(span, int(digits) * factor, text)
    value = float(digits) * factor
    whole = factor > 1 and abs(value - round(value)) < 1e-6
    return tree.Number(span, round(value) if whole else value, text)


LEAVES: dict[str, Callable[[Span, str], Any]] = {
    "NUMBER": number,
    "SYMBOL": tree.Symbol,
    "HOLE": lambda span, text: tree.Hole(span, text[1:] or None),
    "WORD": tree.Word,
    "MIXED": lambda span, text: tree.Word(span, text, True),
    "MATRIX": tree.Matrix,
    "STRING": lambda span, text: tree.Text(span, text[1:-1]),
    "COMMA": lambda span, text: tree.Comma(span),
}
"""What becomes of a token of each kind; the others stay tokens."""


def _nodes(parts: Parts) -> tuple[Any, ...]:
    """The parts without brackets and separators, lists laid out flat."""
    return tuple(p for part in parts for p in (part if type(part) is list else (part,)) if type(p) is not Token)


def _span(parts: Sequence[Any], end: int) -> Span:
    return Span(parts[0].span.start, end)


# Rules.


def several(parts: Parts, end: int) -> Parts:
    """The first of what a `*` or `+` of the grammar repeats; the parser puts the others behind it."""
    return parts


def start(parts: Parts, end: int) -> tuple[tree.Statement, ...]:
    return parts[0] if parts else ()


def chain(parts: Parts, end: int) -> tuple[tree.Statement, ...]:
    return _nodes(parts)


def broken(parts: Parts, end: int) -> tree.Broken:
    return tree.Broken(parts[0].span)


def net(parts: Parts, end: int) -> tree.Net:
    name = parts[1]
    return tree.Net(_span(parts, end), name.name if isinstance(name, tree.Symbol) else name.text)


def input(parts: Parts, end: int) -> tree.Input:
    return tree.Input(_span(parts, end), parts[1])


def let(parts: Parts, end: int) -> tree.Let:
    return tree.Let(_span(parts, end), parts[1], parts[3])


def comparison(parts: Parts, end: int) -> str:
    return "=" if parts[0].text == "==" else parts[0].text


def expect(parts: Parts, end: int) -> tree.Expect:
    words: tuple[tree.Word, ...] = ()
    comparison = "="
    for part in parts[1:-1]:
        if type(part) is list:
            words = tuple(part)
        else:
            comparison = part
    return tree.Expect(_span(parts, end), words, comparison, parts[-1])


def block(parts: Parts, end: int) -> tree.Block:
    keyword, name, *head, body = parts
    parameters = tuple(p for p in _nodes(head) if type(p) in (tree.Symbol, tree.Word))
    return tree.Block(_span(parts, end), name, parameters, body, keyword.text == "shared")


def train(parts: Parts, end: int) -> tree.Train:
    return tree.Train(_span(parts, end), _nodes(parts))


def setting(parts: Parts, end: int) -> tree.Setting:
    return tree.Setting(_span(parts, end), parts[0], tuple(parts[1]) if len(parts) > 1 else ())


def layer(parts: Parts, end: int) -> tree.Layer:
    before: tuple[tree.Item, ...] = ()
    after: tuple[tree.Item, ...] = ()
    branches = None
    for part in parts[1:]:
        if type(part) is tuple:
            branches = part
        elif branches is None:
            before = tuple(part)
        else:
            after = tuple(part)
    return tree.Layer(_span(parts, end), parts[0], before, branches, after)


def call(parts: Parts, end: int) -> tree.Call:
    return tree.Call(_span(parts, end), parts[0], tuple(p for p in _nodes(parts[2:]) if type(p) is not tree.Comma))


def body(parts: Parts, end: int) -> tuple[tree.Branch, ...]:
    return _nodes(parts)


def branch(parts: Parts, end: int) -> tree.Branch:
    if not parts:
        return tree.Branch(Span(end, end), ())
    return tree.Branch(_span(parts[0], end), parts[0])


def named(parts: Parts, end: int) -> tree.Named:
    return tree.Named(_span(parts, end), parts[0], parts[2])


def glued(parts: Parts, end: int) -> tree.Named:
    """`k(2*F-1)`, `k1x7`, `k(F)x3`. The word `k1` of `k1x7` is a name and the first size."""
    name, *values = _nodes(parts)
    match = re.match(r"(.*?[^0-9])([0-9]+)$", name.text)
    if match and type(parts[1]) is list:
        cut = name.span.start + len(match[1])
        values.insert(0, tree.Number(Span(cut, name.span.end), int(match[2]), match[2]))
        name = tree.Word(Span(name.span.start, cut), match[1])
    if len(values) == 1:
        return tree.Named(_span(parts, end), name, values[0])
    return tree.Named(_span(parts, end), name, tree.Sizes(Span(values[0].span.start, end), tuple(values)))


def sizes(parts: Parts, end: int) -> tree.Sizes:
    return tree.Sizes(_span(parts, end), _nodes(parts))


def atom(parts: Parts, end: int) -> tree.Expression:
    return parts[1]._replace(span=_span(parts, end))


def binary(parts: Parts, end: int) -> tree.Binary:
    return tree.Binary(_span(parts, end), parts[1].text, parts[0], parts[2])


def negative(parts: Parts, end: int) -> tree.Negative:
    return tree.Negative(_span(parts, end), parts[1])


BUILD: dict[str, Callable[[Parts, int], Any]] = {
    f.__name__: f
    for f in (
        several,
        start,
        chain,
        broken,
        net,
        input,
        let,
        comparison,
        expect,
        block,
        train,
        setting,
        layer,
        call,
        body,
        branch,
        named,
        glued,
        sizes,
        atom,
        binary,
        negative,
    )
}
"""The function for each rule of the grammar."""
