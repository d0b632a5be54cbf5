"""Braces out of edges: where a graph only splits and joins in nests, each join has one place where its branches began.

That place is the join's immediate dominator: the last value that every way from the input passes on its way there.
"""

from __future__ import annotations

from typing import NamedTuple

from convdsl.bridges.pieces import Flow, Foreign, Piece
from convdsl.layers.combining import Add
from convdsl.messages import T


class Line(NamedTuple):
    """A statement that is one layer; without a piece it is `identity`, the empty branch."""

    text: str
    piece: Piece | None


class Braces(NamedTuple):
    """A statement with branches in braces, and what stands behind them."""

    word: str
    branches: tuple[tuple[Statement, ...], ...]
    after: str
    piece: Piece


Statement = Line | Braces


def braced(flow: Flow) -> tuple[Statement, ...]:
    """The pieces as nested statements. Raises Foreign where branches do not nest."""
    return _Bracing(flow).chain(flow.output, 0)


def order(statements: tuple[Statement, ...]) -> list[Piece | None]:
    """The pieces as the layers of the program will stand, None for an `identity`."""
    found: list[Piece | None] = []
    for statement in statements:
        for branch in statement.branches if isinstance(statement, Braces) else ():
            found += order(branch)
        found.append(statement.piece)
    return found


class _Bracing:
    def __init__(self, flow: Flow) -> None:
        self.pieces = flow.pieces
        self.above, self.depth = [0], [0]
        for piece in flow.pieces:
            at = piece.inputs[0]
            for other in piece.inputs[1:]:
                at = self._meet(at, other)
            self.above.append(at)
            self.depth.append(self.depth[at] + 1)
        self.written: set[int] = set()

    def _meet(self, a: int, b: int) -> int:
        """The last value that all ways to both pass."""
        while a != b:
            if self.depth[a] < self.depth[b]:
                a, b = b, a
            a = self.above[a]
        return a

    def chain(self, to: int, start: int) -> tuple[Statement, ...]:
        """What leads from value `start` to value `to`."""
        found: list[Statement] = []
        while to != start:
            piece = self.pieces[to - 1]
            if to in self.written:
                raise Foreign(
                    T("What `{name}` gives is used in branches that do not nest.", name=piece.name or piece.text()),
                    T("The language can only write branches that lie inside one another."),
                )
            self.written.add(to)
            if len(piece.inputs) == 1:
                found.append(Line(piece.text(), piece))
            else:
                found.append(self._join(piece, self.above[to]))
            to = self.above[to]
        return tuple(reversed(found))

    def _join(self, piece: Piece, start: int) -> Braces:
        after = piece.activation.text() if piece.activation else ""
        branches = [self.chain(at, start) for at in piece.inputs]
        if isinstance(piece.layer, Add) and len(branches) == 2 and (not branches[0]) != (not branches[1]):
            return Braces("residual", (branches[0] or branches[1],), after, piece)
        empty = (Line("identity", None),)
        return Braces(piece.layer.name, tuple(branch or empty for branch in branches), after, piece)
