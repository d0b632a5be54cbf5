"""Between the lexer and the parser: what separates statements, what is a comment, and what is too much.

Line ends and arrows become SEP tokens; a line that begins or ends with an arrow goes on. Limits are held here, before
anything recursive meets the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from convdsl.diagnostics import Findings
from convdsl.language.tokens import Token
from convdsl.language.tree import Comment
from convdsl.messages import Grouped, T

MAX_DEPTH = 64
MAX_OPERATORS = 200
MAX_TOKENS = 1_200_000
LARGEST = 10**15

_PLAIN = frozenset(("WORD", "SYMBOL", "X", "HOLE", "MIXED", "EQUAL", "COMMA", "MATRIX", "STRING"))
_BREAKS = frozenset(("NEWLINE", "ARROW"))
_OPENING = frozenset(("LBRACE", "LPAR", "CALL"))
_CLOSING = frozenset(("RBRACE", "RPAR"))
_OPERATORS = frozenset(("PLUS", "MINUS", "TIMES", "WHOLE", "OVER", "REST"))
_ASCII = {"≤": "<=", "≥": ">="}


class TooMuch(Exception):
    """A limit is passed; the diagnostic has been added."""


def layout(tokens: Iterator[Token], findings: Findings) -> tuple[list[Token], tuple[Comment, ...]]:
    """Tokens as the grammar wants them, and the comments taken out of them. No tokens where a limit is passed."""
    comments: list[Comment] = []
    try:
        result = _laid_out(islice(tokens, MAX_TOKENS), comments, findings)
        for token in tokens:
            findings.add(
                "E105",
                token.span,
                T("This text has more than {n} words, numbers and signs.", n=Grouped(MAX_TOKENS)),
                help=T("Write what comes back once, with `repeat` or `block`."),
            )
            raise TooMuch
        return result, tuple(comments)
    except TooMuch:
        return [], tuple(comments)


def _laid_out(tokens: Iterable[Token], comments: list[Comment], findings: Findings) -> list[Token]:
    result: list[Token] = []
    opened: list[Token] = []
    separator: Token | None = None
    operators = 0
    for token in tokens:
        kind = token.type
        if separator is None and kind in _PLAIN:
            result.append(token)
            continue
        if kind == "COMMENT":
            comments.append(Comment(token.span, token.text.rstrip()))
            continue
        if kind in _BREAKS:
            if separator is not None and separator.type == kind == "ARROW":
                result.append(_separator(separator))
            if separator is None or kind == "ARROW":
                separator = token
            continue
        if separator is not None:
            inside = bool(opened) and opened[-1].type != "LBRACE"
            at_edge = not result or result[-1].type in ("LBRACE", "VBAR") or kind in ("RBRACE", "VBAR")
            if separator.type == "ARROW" or not (inside or at_edge):
                result.append(_separator(separator))
            if not inside:
                operators = 0
            separator = None
        if kind == "LPAR" and result and result[-1].type == "WORD" and result[-1].span.end == token.span.start:
            token = token._replace(type="CALL")
        elif kind == "NUMBER" and not _reasonable(token, findings):
            token = token._replace(text="1")
        elif kind == "COMPARISON" and token.text in _ASCII:
            token = token._replace(text=_ASCII[token.text])
        elif kind in _OPERATORS:
            operators += 1
            if operators == MAX_OPERATORS:
                findings.add(
                    "E105",
                    token.span,
                    T("This expression has more than {n} operators.", n=MAX_OPERATORS),
                    help=T("Give parts of it a name with `let`."),
                )
                raise TooMuch
        if token.type in _OPENING:
            opened.append(token)
            if len(opened) > MAX_DEPTH:
                findings.add(
                    "E104",
                    token.span,
                    T("Brackets are nested more than {n} deep here.", n=MAX_DEPTH),
                    help=T("Name inner parts with `block`."),
                )
                raise TooMuch
        elif kind in _CLOSING and opened:
            opened.pop()
        result.append(token)
    if separator is not None and separator.type == "ARROW":
        result.append(_separator(separator))
    return result


def _separator(token: Token) -> Token:
    return Token("SEP", "\n" if token.type == "NEWLINE" else "->", token.span)


def _reasonable(token: Token, findings: Findings) -> bool:
    text = token.text.replace("_", "").rstrip("KMG")
    if len(text) < 400 and 0 <= float(text) <= LARGEST:
        return True
    shown = token.text if len(token.text) <= 24 else f"{token.text[:10]}… ({len(token.text)})"
    findings.add(
        "E106",
        token.span,
        T("The number {number} is too large.", number=shown),
        help=T("Numbers go up to {limit}.", limit="10^15"),
    )
    return False
