"""From text to tokens: one regular expression, made of the grammar's terminals (convdsl/language/tables.py)."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.language.tables import Tables
from convdsl.records import NamedTuple
from convdsl.source import Span


class Token(NamedTuple):
    """A piece of text and its kind, `WORD`, `NUMBER`, `RBRACE`: the kinds are the grammar's terminals."""

    type: str
    text: str
    span: Span

    def __str__(self) -> str:
        return self.text


def tokens_of(text: str, tables: Tables) -> Iterator[Token]:
    """All tokens of a text, with line ends, arrows, comments and characters that mean nothing."""
    keywords, ignored, new = tables.keywords, tables.ignored, tuple.__new__
    for match in tables.scan(text):
        kind = match.lastgroup
        if kind in ignored:
            continue
        piece = match[0]
        if kind == "WORD":
            kind = keywords.get(piece, kind)
        yield new(Token, (kind, piece, new(Span, match.span())))
