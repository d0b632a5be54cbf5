"""Between the lexer and the parser: what separates statements, what is a comment, and what is too much.

Line ends and arrows become SEP tokens; a line that begins or ends with an arrow goes on. Limits are held here, before
anything recursive meets the text.
"""

from __future__ import annotations

from collections.abc import Iterable

from lark import Token

from convdsl.diagnostics import Findings
from convdsl.language.tree import Comment
from convdsl.messages import T
from convdsl.source import Span

MAX_DEPTH = 64
MAX_OPERATORS = 200
LARGEST = 10**15

_OPEN = {"LBRACE": "RBRACE", "LPAR": "RPAR", "CALL": "RPAR"}
_OPERATORS = frozenset("+-*/%") | {"//"}


def span_of(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def layout(tokens: Iterable[Token], findings: Findings) -> tuple[list[Token], tuple[Comment, ...]]:
    """Tokens as the grammar wants them, and the comments taken out of them."""
    result: list[Token] = []
    comments: list[Comment] = []
    opened: list[Token] = []
    separator: Token | None = None
    operators = 0
    previous: Token | None = None
    for token in tokens:
        kind = token.type
        if kind == "COMMENT":
            comments.append(Comment(span_of(token), str(token).rstrip()))
            continue
        if kind == "NEWLINE" or kind == "ARROW":
            if separator is None or separator.type == "NEWLINE":
                separator = token if separator is None or kind == "ARROW" else separator
            elif kind == "ARROW":
                result.append(_separator(separator))
                separator = token
            previous = token
            continue
        if separator is not None:
            after_opening = not result or result[-1].type in ("LBRACE", "VBAR")
            quiet = separator.type == "NEWLINE" and (after_opening or kind in ("RBRACE", "VBAR") or _inside(opened))
            if not quiet:
                result.append(_separator(separator))
            separator = None
            operators = 0
        if kind == "LPAR" and previous is not None and previous.type == "WORD" and previous.end_pos == token.start_pos:
            token = Token.new_borrow_pos("CALL", str(token), token)
        elif kind == "NUMBER" and not _reasonable(token, findings):
            token = Token.new_borrow_pos("NUMBER", "1", token)
        elif kind == "COMPARISON" and str(token) in "≤≥":
            token = Token.new_borrow_pos("COMPARISON", "<=" if str(token) == "≤" else ">=", token)
        elif str(token) in _OPERATORS:
            operators += 1
            if operators == MAX_OPERATORS:
                findings.add("E105", span_of(token), T("This expression has more than {n} operators.", n=MAX_OPERATORS),
                             help=T("Give parts of it a name with `let`."))
                return [], tuple(comments)
        if token.type in _OPEN:
            opened.append(token)
            if len(opened) > MAX_DEPTH:
                findings.add("E104", span_of(token), T("Brackets are nested more than {n} deep here.", n=MAX_DEPTH),
                             help=T("Name inner parts with `block`."))
                return [], tuple(comments)
        elif token.type in ("RBRACE", "RPAR") and opened:
            opened.pop()
        result.append(token)
        previous = token
    if separator is not None and separator.type == "ARROW":
        result.append(_separator(separator))
    return result, tuple(comments)


def _separator(token: Token) -> Token:
    return Token.new_borrow_pos("SEP", "\n" if token.type == "NEWLINE" else "->", token)


def _inside(opened: list[Token]) -> bool:
    """Inside round brackets a line end means nothing."""
    return bool(opened) and opened[-1].type != "LBRACE"


def _reasonable(token: Token, findings: Findings) -> bool:
    text = str(token).replace("_", "").rstrip("KMG")
    if len(text) < 400 and 0 <= float(text) <= LARGEST:
        return True
    shown = str(token) if len(token) <= 24 else f"{str(token)[:10]}… ({len(token)})"
    findings.add("E106", span_of(token), T("The number {number} is too large.", number=shown),
                 help=T("Numbers go up to {limit}.", limit="10^15"))
    return False
