"""Turns what the parser recognises into nodes of the syntax tree, as it goes."""

from __future__ import annotations

import re
from typing import Any

from lark import Token, Transformer, v_args

from convdsl.language import tree
from convdsl.language.layout import span_of
from convdsl.source import Span

_SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9}
_GLUED = re.compile(r"(.*?[^0-9])([0-9]+)$")


def number(token: Token) -> tree.Number:
    text = str(token)
    digits = text.replace("_", "")
    factor = _SUFFIX.get(digits[-1], 1)
    digits = digits.rstrip("KMG")
    if digits.isdigit():
        return tree.Number(span_of(token), int(digits) * factor, text)
    value = float(digits) * factor
    whole = factor > 1 and abs(value - round(value)) < 1e-6
    return tree.Number(span_of(token), round(value) if whole else value, text)


def symbol(token: Token) -> tree.Symbol:
    return tree.Symbol(span_of(token), str(token))


def hole(token: Token) -> tree.Hole:
    return tree.Hole(span_of(token), str(token)[1:] or None)


def word(token: Token) -> tree.Word:
    return tree.Word(span_of(token), str(token), token.type == "MIXED")


_LEAVES = {
    "NUMBER": number,
    "SYMBOL": symbol,
    "HOLE": hole,
    "WORD": word,
    "MIXED": word,
    "MATRIX": lambda token: tree.Matrix(span_of(token), str(token)),
    "STRING": lambda token: tree.Text(span_of(token), str(token)[1:-1]),
    "COMMA": lambda token: tree.Comma(span_of(token)),
}


def _leaf(value: Any) -> Any:
    """Inner nodes pass through; tokens become leaves."""
    return _LEAVES[value.type](value) if isinstance(value, Token) else value


@v_args(inline=True)
class Builder(Transformer):
    """One method for each rule of the grammar."""

    def start(self, *chain: tuple) -> tuple[tree.Statement, ...]:
        return chain[0] if chain else ()

    def chain(self, *parts: Any) -> tuple[tree.Statement, ...]:
        return tuple(p for p in parts if not isinstance(p, Token))

    def broken(self, token: Token) -> tree.Broken:
        return tree.Broken(span_of(token))

    def net(self, keyword: Token, name: Token) -> tree.Net:
        return tree.Net(span_of(keyword).to(span_of(name)), str(name))

    def input(self, keyword: Token, shape: Any) -> tree.Input:
        shape = _leaf(shape)
        return tree.Input(span_of(keyword).to(shape.span), shape)

    def let(self, keyword: Token, name: Token, _equals: Token, value: Any) -> tree.Let:
        value = _leaf(value)
        return tree.Let(span_of(keyword).to(value.span), symbol(name), value)

    def comparison(self, token: Token) -> str:
        return str(token)

    def expect(self, keyword: Token, *parts: Any) -> tree.Expect:
        *before, last = parts
        value = _leaf(last)
        words = tuple(word(p) for p in before if isinstance(p, Token))
        comparison = next((p for p in before if isinstance(p, str) and not isinstance(p, Token)), None)
        if comparison in (None, "=="):
            comparison = "="
        return tree.Expect(span_of(keyword).to(value.span), words, comparison, value)

    def block(self, keyword: Token, name: Token, *rest: Any) -> tree.Block:
        parameters = tuple(symbol(p) for p in rest if isinstance(p, Token) and p.type == "SYMBOL")
        branches, close = rest[-1]
        return tree.Block(span_of(keyword).to(close), word(name), parameters, branches)

    def train(self, keyword: Token, *rest: Any) -> tree.Train:
        settings = tuple(p for p in rest if isinstance(p, tree.Setting))
        return tree.Train(span_of(keyword).to(span_of(rest[-1])), settings)

    def setting(self, name: Token, *items: Any) -> tree.Setting:
        leaves = tuple(_leaf(i) for i in items)
        end = leaves[-1].span if leaves else span_of(name)
        return tree.Setting(span_of(name).to(end), word(name), leaves)

    def layer(self, name: Token, *parts: Any) -> tree.Layer:
        span = span_of(name)
        before: list[tree.Item] = []
        after: list[tree.Item] = []
        branches = None
        for part in parts:
            if part is None:
                continue
            if type(part) is tuple:
                branches, close = part
                span = span.to(close)
            else:
                leaf = _leaf(part)
                (before if branches is None else after).append(leaf)
                span = span.to(leaf.span)
        return tree.Layer(span, word(name), tuple(before), branches, tuple(after))

    def call(self, name: Token, *rest: Any) -> tree.Call:
        inner = [r for r in rest[1:-1] if r is not None and not (isinstance(r, Token) and r.type == "COMMA")]
        return tree.Call(span_of(name).to(span_of(rest[-1])), word(name), tuple(_leaf(r) for r in inner))

    def body(self, opening: Token, *rest: Any) -> tuple[tuple[tree.Branch, ...], Span]:
        close = span_of(rest[-1])
        branches = []
        start = span_of(opening).end
        for part in rest:
            if isinstance(part, Token):
                start = span_of(part).end
            elif part:
                branches.append(tree.Branch(part[0].span.to(part[-1].span), part))
            else:
                branches.append(tree.Branch(Span(start, start), ()))
        return tuple(branches), close

    def branch(self, *chain: tuple) -> tuple[tree.Statement, ...]:
        return chain[0] if chain else ()

    def named(self, key: Token, _equals: Token, value: Any) -> tree.Named:
        value = _leaf(value)
        return tree.Named(span_of(key).to(value.span), word(key), value)

    def glued(self, key: Token, *rest: Any) -> tree.Named:
        name = word(key)
        parts = [_leaf(r) for r in rest if not (isinstance(r, Token) and r.type in ("X", "CALL", "RPAR"))]
        match = _GLUED.match(name.text)
        if match and isinstance(rest[0], Token) and rest[0].type == "X":
            cut = name.span.start + len(match[1])
            parts.insert(0, tree.Number(Span(cut, name.span.end), int(match[2]), match[2]))
            name = tree.Word(Span(name.span.start, cut), match[1])
        end = parts[-1].span if not isinstance(rest[-1], Token) or rest[-1].type != "RPAR" else span_of(rest[-1])
        start = parts[0].span
        value = parts[0] if len(parts) == 1 else tree.Sizes(start.to(end), tuple(parts))
        return tree.Named(Span(name.span.start, end.end), name, value)

    def sizes(self, *parts: Any) -> tree.Sizes:
        leaves = tuple(_leaf(p) for p in parts if not (isinstance(p, Token) and p.type == "X"))
        return tree.Sizes(leaves[0].span.to(leaves[-1].span), leaves)

    def atom(self, _open: Token, inner: Any, _close: Token) -> Any:
        return _leaf(inner)

    def binary(self, left: Any, operator: Token, right: Any) -> tree.Binary:
        left, right = _leaf(left), _leaf(right)
        return tree.Binary(left.span.to(right.span), str(operator), left, right)

    def negative(self, minus: Token, operand: Any) -> tree.Negative:
        operand = _leaf(operand)
        return tree.Negative(span_of(minus).to(operand.span), operand)
