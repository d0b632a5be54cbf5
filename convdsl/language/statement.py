"""The statement around a syntax error, and what can be answered to it."""

from __future__ import annotations

import re
from typing import NamedTuple

from convdsl.diagnostics import Edit, Fix
from convdsl.language.tokens import Token
from convdsl.messages import T
from convdsl.source import Span

MAX_TOKENS = 600
ENDS = ("SEP", "VBAR", "RBRACE", "$END")
SIZES = ("NUMBER", "SYMBOL", "HOLE")


class Correction(NamedTuple):
    """What is wrong, and what to write: in words, or as edits."""

    span: Span
    message: T
    help: T | Fix
    code: str = "E101"


def rewritten(
    span: Span, message: T, text: str, *, at: Span | None = None, by: str | None = None, safe: bool = True
) -> Correction:
    """What is wrong in `span`, where `text` is to be written. The edit is `by` (else `text`) in the place `at` (else in
    `span`)."""
    edit = Edit(at or span, text if by is None else by)
    return Correction(span, message, Fix(T("Write `{text}`.", text=text), (edit,), safe))


class Statement(NamedTuple):
    """The statement around the token that broke: `token` is `tokens[place]`, or what ends them."""

    tokens: list[Token]
    place: int
    token: Token
    text: str
    source: str
    brackets: list[Token]
    expected: set[str]

    @property
    def before(self) -> Token | None:
        return self.tokens[self.place - 1] if self.place else None

    @property
    def after(self) -> Token | None:
        return self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None

    @property
    def first(self) -> str:
        """The type of the first token."""
        return self.tokens[0].type if self.tokens else ""

    @property
    def span(self) -> Span:
        return self.tokens[0].span.to(self.tokens[-1].span) if self.tokens else self.token.span

    def with_token(self, replacement: str) -> str:
        """The statement's text with something else in the place of the token."""
        start = self.span.start
        span = self.token.span
        return self.text[: span.start - start] + replacement + self.text[span.end - start :]


def open_brackets(tokens: list[Token]) -> list[Token]:
    """Brackets that are not closed, outermost first."""
    opened: list[Token] = []
    for token in tokens:
        if token.type in ("LBRACE", "LPAR", "CALL"):
            opened.append(token)
        elif token.type in ("RBRACE", "RPAR") and opened:
            opened.pop()
    return opened


def around(tokens: list[Token], position: int, expected: set[str], source: str) -> Statement:
    start = position
    while start > max(position - MAX_TOKENS, 0) and tokens[start - 1].type not in (*ENDS, "LBRACE"):
        start -= 1
    end = position
    while end < min(position + MAX_TOKENS, len(tokens)) and tokens[end].type not in (*ENDS, "LBRACE"):
        end += 1
    inner = tokens[start:end]
    text = source[inner[0].span.start : inner[-1].span.end] if inner else ""
    brackets = open_brackets(tokens[max(position - MAX_TOKENS, 0) : position])
    return Statement(inner, position - start, tokens[position], text, source, brackets, expected)


def word_before(source: str, bracket: Token) -> str:
    """The name before a bracket, behind any numbers: `add` before `{`, `repeat` before `3 (`."""
    start = bracket.span.start
    match = re.search(r"([a-z_]+)[ \t0-9.]*$", source[max(start - 40, 0) : start])
    return match[1] if match else ""
