"""The parser: LALR(1) tables driven token by token, so that one syntax error does not hide the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdsl.diagnostics import Findings
from convdsl.language import builder
from convdsl.language.layout import layout
from convdsl.language.tables import Tables, tables
from convdsl.language.tokens import Token, tokens_of
from convdsl.language.tree import Program
from convdsl.messages import Grouped, T
from convdsl.source import Source, Span

MAX_CHARACTERS = 8_000_000
MAX_SYNTAX_ERRORS = 25


def parse(source: Source, findings: Findings) -> Program:
    """The syntax tree of a text. Syntax errors go to `findings`; broken statements stand as `Broken` in the tree."""
    if len(source.text) > MAX_CHARACTERS:
        findings.add(
            "E105", Span(0, 0), T("This text has more than {limit} characters.", limit=Grouped(MAX_CHARACTERS))
        )
        return Program(source, (), ())
    if "\0" in source.text:
        place = source.text.index("\0")
        findings.add(
            "E102",
            Span(place, place + 1),
            T("This is not text: it holds a NUL character."),
            help=T("A program is plain text in UTF-8."),
        )
        return Program(source, (), ())
    tokens, comments = layout(tokens_of(source.text, tables()), findings)
    if findings.failed and not tokens:
        return Program(source, (), comments)
    return Program(source, _Parser(tables(), tokens, findings).run(), comments)


class _Parser:
    """The stack machine that LALR tables describe. For each symbol of the grammar that it has seen it keeps a value and
    the state behind it; the first state is in front of them all."""

    def __init__(self, tables: Tables, tokens: list[Token], findings: Findings) -> None:
        end = len(findings.source.text)
        self.tables = tables
        self.tokens = [*tokens, Token("$END", "", Span(end, end))]
        self.findings = findings
        self.states = [tables.start]
        self.values: list[Any] = []
        self.end = 0
        """Where the last token that was taken ends."""

    def run(self) -> tuple:
        """The statements of the text; none where an error leaves nothing to go on with."""
        position: int | None = 0
        complained = 0
        while position is not None and complained < MAX_SYNTAX_ERRORS:
            position = self._take(self.tokens, position)
            if self.states[-1] == self.tables.end:
                return self.values[0]
            complained += 1
            from convdsl.language import complaints

            complaints.explain(self.tokens, position, set(self.tables.actions[self.states[-1]]), self.findings)
            position = self._recover(position)
        return ()

    def _take(self, tokens: Sequence[Token], position: int) -> int:
        """Takes tokens from `position` on. Returns the position of the first that cannot be taken, such as `$END`."""
        actions, gotos, rules = self.tables.actions, self.tables.gotos, self.tables.rules
        build, leaves = builder.BUILD, builder.LEAVES
        states, values, end = self.states, self.values, self.end
        while position < len(tokens):
            kind, text, span = token = tokens[position]
            while (action := actions[states[-1]].get(kind)) is not None and action < 0:
                name, origin, size = rules[~action]
                if name == "hand on":
                    states[-1] = gotos[states[-2]][origin]
                elif name == "grow":
                    place = len(values) - size + 1
                    values[place - 1] += values[place:]
                    del values[place:], states[place + 1 :]
                else:
                    place = len(values) - size
                    values[place:] = (build[name](values[place:], end),)
                    del states[place + 1 :]
                    states.append(gotos[states[-1]][origin])
            if action is None:
                break
            states.append(action)
            leaf = leaves.get(kind)
            values.append(leaf(span, text) if leaf else token)
            end = span[1]
            position += 1
        self.end = end
        return position

    def _recover(self, position: int) -> int | None:
        """Panic mode: gives up the statement that broke, puts ERROR in its place, skips to what ends it.

        Returns the position to go on from, or None where nothing can be saved.
        """
        depth = 0
        while "ERROR" not in self.tables.actions[self.states[-1]]:
            if not self.values:
                return None
            self.states.pop()
            dropped = self.values.pop()
            depth += isinstance(dropped, Token) and dropped.type == "LBRACE"
        self._take([Token("ERROR", "", self.tokens[position].span)], 0)
        while (kind := self.tokens[position].type) != "$END":
            if depth == 0 and kind in ("SEP", "VBAR", "RBRACE") and self._takes(kind):
                return position
            depth += (kind == "LBRACE") - (kind == "RBRACE" and depth > 0)
            position += 1
        return position if self._takes("$END") else None

    def _takes(self, kind: str) -> bool:
        """Whether a token of this kind could be taken now. Looks at the tables only: nothing changes."""
        states = list(self.states)
        while (action := self.tables.actions[states[-1]].get(kind)) is not None:
            if action >= 0:
                return True
            _, origin, size = self.tables.rules[~action]
            del states[len(states) - size :]
            states.append(self.tables.gotos[states[-1]][origin])
        return kind == "$END" and states[-1] == self.tables.end
