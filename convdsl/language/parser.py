"""The parser: lark's LALR(1) tables driven token by token, so that one syntax error does not hide the next."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, UnexpectedToken
from lark.parsers.lalr_analysis import Shift

from convdsl.diagnostics import Findings
from convdsl.language import complaints
from convdsl.language.builder import Builder
from convdsl.language.layout import layout
from convdsl.language.tree import Program
from convdsl.messages import T
from convdsl.resources import resource
from convdsl.source import Source, Span

MAX_CHARACTERS = 8_000_000
MAX_SYNTAX_ERRORS = 25


class _Keep:
    """Tells lark to lex what the grammar does not name: the layout pass needs it."""

    always_accept = ("ARROW", "NEWLINE", "COMMENT", "STRAY")

    def process(self, tokens: Iterator[Token]) -> Iterator[Token]:
        return tokens


@cache
def _lark() -> Lark:
    grammar = resource("grammar/convdsl.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", keep_all_tokens=True, maybe_placeholders=False,
                transformer=Builder(), postlex=_Keep(), cache=_cache_file())


def _cache_file() -> str | bool:
    """Where lark keeps its tables; building them takes longer than everything else that `check` does."""
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("convdsl", appauthor=False)
        folder.mkdir(parents=True, exist_ok=True)
        return str(Path(folder) / "grammar.lark.cache")
    except OSError:
        return False


def parse(source: Source, findings: Findings) -> Program:
    """The syntax tree of a text. Syntax errors go to `findings`; broken statements stand as `Broken` in the tree."""
    if len(source.text) > MAX_CHARACTERS:
        findings.add("E105", Span(0, 0), T("This text has {size} characters; {limit} are the limit.",
                                           size=f"{len(source.text):,}", limit=f"{MAX_CHARACTERS:,}"))
        return Program(source, (), ())
    if "\0" in source.text:
        place = source.text.index("\0")
        findings.add("E102", Span(place, place + 1), T("This is not text: it holds a NUL character."),
                     help=T("A program is plain text in UTF-8."))
        return Program(source, (), ())
    lark = _lark()
    tokens, comments = layout(lark.lex(source.text), findings)
    if findings.failed and not tokens:
        return Program(source, (), comments)
    return Program(source, _drive(lark, tokens, findings), comments)


def _drive(lark: Lark, tokens: list[Token], findings: Findings) -> tuple:
    state = lark.parse_interactive("").parser_state
    end = len(findings.source.text)
    tokens = [*tokens, Token("$END", "", start_pos=end, end_pos=end)]
    position = complained = 0
    while True:
        token = tokens[position]
        try:
            result = state.feed_token(token, token.type == "$END")
        except UnexpectedToken as error:
            complained += 1
            complaints.explain(tokens, position, set(error.expected), findings)
            following = _recover(state, tokens, position)
            if following is None or complained >= MAX_SYNTAX_ERRORS:
                return ()
            position = following
        else:
            if token.type == "$END":
                return result
            position += 1


def _recover(state: Any, tokens: list[Token], position: int) -> int | None:
    """Panic mode: give up the statement that broke, put ERROR in its place, skip to what ends it.

    Returns the position to go on from, or None where nothing can be saved.
    """
    states, values = state.state_stack, state.value_stack
    table = state.parse_conf.parse_table.states
    depth = 0
    while "ERROR" not in table[states[-1]]:
        if not values:
            return None
        states.pop()
        dropped = values.pop()
        if isinstance(dropped, Token) and dropped.type == "LBRACE":
            depth += 1
    state.feed_token(Token("ERROR", "", start_pos=tokens[position].start_pos, end_pos=tokens[position].end_pos))
    while tokens[position].type != "$END":
        kind = tokens[position].type
        if depth == 0 and kind in ("SEP", "VBAR", "RBRACE") and _takes(state, kind):
            return position
        depth += (kind == "LBRACE") - (kind == "RBRACE" and depth > 0)
        position += 1
    return position if _takes(state, "$END") else None


def _takes(state: Any, kind: str) -> bool:
    """Whether the parser could shift this token type now. Looks at the tables only: nothing is built, nothing changes."""
    table = state.parse_conf.parse_table.states
    stack = list(state.state_stack)
    while True:
        entry = table[stack[-1]].get(kind)
        if entry is None:
            return False
        action, rule = entry
        if action is Shift:
            return True
        if rule.expansion:
            del stack[-len(rule.expansion) :]
        stack.append(table[stack[-1]][rule.origin.name][1])
        if kind == "$END" and stack[-1] == state.parse_conf.end_state:
            return True
