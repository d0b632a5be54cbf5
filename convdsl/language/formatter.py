"""The one way to write a program: `convdsl fmt`.

What is on a line comes from convdsl/language/writing.py. Here it is decided what goes on which line, and where the
comments go: what the author wrote on one line stays there as long as it fits, everything else has a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from convdsl.language import tree, writing

WIDTH = 100
INDENT = "  "
_EMPTY = re.compile(r"\n[ \t\f\r\v\u00a0\u2007\u202f\ufeff]*\n")
_MARK = re.compile(r"#[^\n]*|[{|}]")

Statement = tree.Statement | tree.Setting


@dataclass
class _Line:
    depth: int
    code: str
    comment: str = ""

    @property
    def opens(self) -> bool:
        return self.code.endswith("{") or self.code == "|"


def formatted(program: tree.Program) -> str:
    """The text of a program without syntax errors in its canonical form. It means the same and keeps all comments."""
    return _Formatter(program).run()


class _Formatter:
    def __init__(self, program: tree.Program) -> None:
        self.program = program
        self.text = program.source.text
        self.comments = list(reversed(program.comments))
        self.lines: list[_Line] = []

    def run(self) -> str:
        self._chain(self.program.statements, 0, len(self.text), 0)
        return "".join(f"{line}\n" for line in _aligned(self.lines))

    def _chain(self, statements: Sequence[Statement], place: int, end: int, depth: int) -> None:
        """Statements that stand in text[place:end], with the comments and empty lines around them."""
        for group in self._groups(statements):
            place = self._comments(place, group[0].span.start, depth)
            self._keep_empty_line(place, group[0].span.start)
            self._group(group, depth)
            place = group[-1].span.end
        self._comments(place, end, depth)

    def _groups(self, statements: Sequence[Statement]) -> Iterator[list[Statement]]:
        """Statements that the author joined on one line."""
        group: list[Statement] = []
        for statement in statements:
            if group and "\n" in self.text[group[-1].span.end : statement.span.start]:
                yield group
                group = []
            group.append(statement)
        if group:
            yield group

    def _group(self, group: list[Statement], depth: int) -> None:
        if not any(map(self._spread, group)):
            code = " -> ".join(map(writing.one_line, group))
            breakable = len(group) > 1 or writing.bodies(group[0]) is not None
            if len(INDENT * depth + code) <= WIDTH or not breakable:
                self._own_lines(group[-1].span.end, depth)
                self.lines.append(_Line(depth, code))
                return
        if len(group) > 1:
            for statement in group:
                self._group([statement], depth)
        else:
            self._braces(group[0], depth)

    def _spread(self, statement: Statement) -> bool:
        """Whether its braces hold more than one line."""
        if writing.bodies(statement) is None:
            return False
        first = self._opening(statement)
        return "\n" in self.text[first : self._closing(statement, first)]

    def _braces(self, statement: Statement, depth: int) -> None:
        place = self._opening(statement)
        self._own_lines(place, depth)
        self.lines.append(_Line(depth, writing.opening(statement)))
        for number, chain in enumerate(writing.bodies(statement) or ()):
            if number:
                self.lines.append(_Line(depth, "|"))
            end = self._mark("|}", chain[-1].span.end if chain else place)
            self._chain(chain, place, end - 1, depth + 1)
            place = end
        self._own_lines(statement.span.end, depth + 1)
        self.lines.append(_Line(depth, writing.closing(statement)))

    # Places in the text.

    def _opening(self, statement: Statement) -> int:
        """The place behind the opening brace."""
        start = statement.span.start
        if isinstance(statement, tree.Layer):
            start = (statement.items[-1] if statement.items else statement.name).span.end
        return self._mark("{", start)

    def _closing(self, statement: Statement, place: int) -> int:
        """The place behind the closing brace; `place` is that behind the opening one."""
        for chain in writing.bodies(statement) or ():
            place = self._mark("|}", chain[-1].span.end if chain else place)
        return place

    def _mark(self, characters: str, place: int) -> int:
        """The place behind the next of these characters outside comments."""
        return next(m.end() for m in _MARK.finditer(self.text, place) if m[0] in characters)

    # Comments and empty lines.

    def _comments(self, place: int, end: int, depth: int) -> int:
        """Puts the comments in text[place:end] behind the line before them, or on lines of their own. Returns the place
        behind the last."""
        while self.comments and self.comments[-1].span.start < end:
            comment = self.comments.pop()
            if self.lines and "\n" not in self.text[place : comment.span.start]:
                self.lines[-1].comment = comment.text
            else:
                self._keep_empty_line(place, comment.span.start)
                self.lines.append(_Line(depth, "", comment.text))
            place = comment.span.end
        return place

    def _own_lines(self, end: int, depth: int) -> None:
        """Comments in the middle of a statement go on lines before it."""
        while self.comments and self.comments[-1].span.start < end:
            self.lines.append(_Line(depth, "", self.comments.pop().text))

    def _keep_empty_line(self, place: int, end: int) -> None:
        if self.lines and not self.lines[-1].opens and _EMPTY.search(self.text, place, end):
            self.lines.append(_Line(0, ""))


def _aligned(lines: list[_Line]) -> Iterator[str]:
    """The lines as text. Comments behind neighbouring lines of one depth stand in one column."""
    for (depth, both), neighbours in groupby(lines, lambda line: (line.depth, bool(line.code and line.comment))):
        run = list(neighbours)
        width = max((len(line.code) + 2 for line in run if not line.opens), default=0) if both else 0
        for line in run:
            code = f"{line.code}  " if both and line.opens else f"{line.code:<{width}}"
            yield f"{INDENT * depth}{code}{line.comment}".rstrip()
