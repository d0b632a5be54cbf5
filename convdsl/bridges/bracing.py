"""Braces out of edges: where a graph only splits and joins in nests, each join has one place where its branches began.

That place is the join's immediate dominator: the last value that every way from the input passes on its way there.
"""

from __future__ import annotations

from typing import NamedTuple

from convdsl.bridges.pieces import Flow, Piece
from convdsl.language.keywords import KEYWORDS
from convdsl.layers.combining import Add, Concat, Maximum, Multiply
from convdsl.layers.registry import BY_NAME


class Line(NamedTuple):
    """A statement on one line: a layer; without a piece `identity`, the empty branch, or `from a`, which goes on from a value
    with a name; and `keep a`, which gives a value its name and is no layer."""

    text: str
    piece: Piece | None
    layer: bool = True


class Braces(NamedTuple):
    """A statement with branches in braces, and what stands behind them."""

    word: str
    branches: tuple[tuple[Statement, ...], ...]
    after: str
    piece: Piece


Statement = Line | Braces


def braced(flow: Flow) -> tuple[Statement, ...]:
    """The pieces as nested statements. What is used outside its nest gets a name where it stands, and is taken up by it."""
    bracing = _Bracing(flow)
    return _named(bracing.chain(flow.output, 0), bracing.names)


def order(statements: tuple[Statement, ...]) -> list[Piece | None]:
    """The pieces as the layers of the program will stand, None for an `identity` or a value that is taken up."""
    found: list[Piece | None] = []
    for statement in statements:
        for branch in statement.branches if isinstance(statement, Braces) else ():
            found += order(branch)
        if isinstance(statement, Braces) or statement.layer:
            found.append(statement.piece)
    return found


def _named(statements: tuple[Statement, ...], names: dict[int, str]) -> tuple[Statement, ...]:
    """The same with a `keep` behind each piece (by its identity) that has a name."""
    found: list[Statement] = []
    for statement in statements:
        if isinstance(statement, Braces):
            statement = statement._replace(branches=tuple(_named(branch, names) for branch in statement.branches))
        found.append(statement)
        if statement.piece is not None and id(statement.piece) in names:
            found.append(Line(f"keep {names[id(statement.piece)]}", None, layer=False))
    return tuple(found)


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
        self.names: dict[int, str] = {}
        """By the identity of the piece."""

    def _meet(self, a: int, b: int) -> int:
        """The last value that all ways to both pass."""
        while a != b:
            if self.depth[a] < self.depth[b]:
                a, b = b, a
            a = self.above[a]
        return a

    def chain(self, to: int, start: int) -> tuple[Statement, ...]:
        """What leads from value `start` to value `to`, in the order of the text; what stands further up in the text already is
        taken up by its name."""
        back: list[int] = []
        found: list[Statement] = []
        while to != start:
            if to in self.written:
                piece = self.pieces[to - 1]
                name = self.names.setdefault(id(piece), _name(len(self.names)))
                found.append(Line(f"from {name}", None))
                break
            back.append(to)
            to = self.above[to]
        for at in reversed(back):
            piece = self.pieces[at - 1]
            found.append(Line(piece.text(), piece) if len(piece.inputs) == 1 else self._join(piece, self.above[at]))
            self.written.add(at)
        return tuple(found)

    def _join(self, piece: Piece, start: int) -> Braces:
        after = piece.activation.text() if piece.activation else ""
        branches = self._branches(piece, list(piece.inputs), start)
        if type(piece.layer) is Add and len(branches) == 2 and (not branches[0]) != (not branches[1]):
            return Braces("residual", (branches[0] or branches[1],), after, piece)
        empty = (Line("identity", None),)
        return Braces(piece.layer.name, tuple(branch or empty for branch in branches), after, piece)

    def _branches(self, piece: Piece, inputs: list[int], start: int) -> list[tuple[Statement, ...]]:
        """What is joined, from value `start` on. Neighbours that part later than the others are joined by themselves first,
        which gives the same: (a, b, c) is (a, (b, c))."""
        found: list[tuple[Statement, ...]] = []
        while inputs:
            count, place = 1, inputs[0]
            while count < len(inputs) and self.depth[self._meet(place, inputs[count])] > self.depth[start]:
                place, count = self._meet(place, inputs[count]), count + 1
            group, inputs = inputs[:count], inputs[count:]
            if count == 1 or not (found or inputs) or type(piece.layer) not in _ASSOCIATIVE:
                found += [self.chain(at, start) for at in group]
            else:
                way = self.chain(place, start)
                inner = Piece(type(piece.layer)(), tuple(group))
                empty = (Line("identity", None),)
                parts = tuple(branch or empty for branch in self._branches(inner, group, place))
                found.append((*way, Braces(piece.layer.name, parts, "", inner)))
        return found


_ASSOCIATIVE = (Add, Concat, Maximum, Multiply)


def _name(number: int) -> str:
    """`a` to `z`, `aa`, `ab` …, without words that mean something else."""
    letters = ""
    for _ in range(number, -1, -1):
        letters = _next(letters)
        while letters in BY_NAME or letters in KEYWORDS:
            letters = _next(letters)
    return letters


def _next(letters: str) -> str:
    if not letters or set(letters) == {"z"}:
        return "a" * (len(letters) + 1)
    return _next(letters[:-1]) + "a" if letters[-1] == "z" else letters[:-1] + chr(ord(letters[-1]) + 1)
