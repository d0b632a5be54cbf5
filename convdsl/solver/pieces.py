"""What is found for some unknowns: points, a regular set of numbers, one unknown in terms of others, or a region."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import isinf
from typing import Any, NamedTuple

from convdsl.algebra.forms import Atom
from convdsl.solver.intervals import Box
from convdsl.solver.periodic import Periodic
from convdsl.solver.points import Point
from convdsl.solver.relations import Relation, evaluate
from convdsl.solver.systems import Put

MOST = 10_000
"""Solutions that are listed; more than that are described."""

FIRST = 12
"""Members that are looked at of a set without end."""


class Regular(NamedTuple):
    """One unknown, whose values are a regular set."""

    unknown: Atom
    values: Periodic

    @property
    def unknowns(self) -> tuple[Atom, ...]:
        """The unknowns that it speaks of."""
        return (self.unknown,)

    @property
    def finite(self) -> bool:
        """Whether its points can be listed."""
        return bool(self.values.size <= MOST)

    @property
    def complete(self) -> bool:
        """Whether it is proven to be all."""
        return True

    def points(self) -> Iterator[Point]:
        """Its points in rising order."""
        return ({self.unknown: n} for n in self.values.members())


class Points(NamedTuple):
    """Several unknowns with the values that they can have together; `complete` is false where the search was given up."""

    unknowns: tuple[Atom, ...]
    found: tuple[tuple[int, ...], ...]
    complete: bool = True

    @property
    def finite(self) -> bool:
        """Whether its points can be listed."""
        return True

    def points(self) -> Iterator[Point]:
        """Its points in rising order."""
        return (dict(zip(self.unknowns, values, strict=True)) for values in self.found)


class Region(NamedTuple):
    """Several unknowns for which some relations hold, within bounds; `first` are points of it. `complete` is false where
    it is not certain that there is more than these."""

    unknowns: tuple[Atom, ...]
    relations: tuple[Relation, ...]
    box: Box
    first: tuple[tuple[int, ...], ...]
    complete: bool = True

    @property
    def finite(self) -> bool:
        """Whether its points can be listed."""
        return False

    def points(self) -> Iterator[Point]:
        """The points that are known."""
        return (dict(zip(self.unknowns, values, strict=True)) for values in self.first)


class Derived(NamedTuple):
    """An unknown that follows from others."""

    put: Put
    rest: tuple[Any, ...]

    @property
    def unknowns(self) -> tuple[Atom, ...]:
        """The unknowns that it speaks of."""
        return (self.put.unknown, *(u for piece in self.rest for u in piece.unknowns))

    @property
    def finite(self) -> bool:
        """Whether its points can be listed."""
        return all(piece.finite for piece in self.rest)

    @property
    def complete(self) -> bool:
        """Whether it is proven to be all."""
        return all(piece.complete for piece in self.rest)

    def points(self) -> Iterator[Point]:
        """Its points."""
        for point in together(self.rest):
            value = evaluate(self.put.top, point)
            if value % self.put.bottom == 0:
                yield {**point, self.put.unknown: value // self.put.bottom}


class Choice(NamedTuple):
    """Several unknowns, in any of some ways, each of which is made of pieces."""

    unknowns: tuple[Atom, ...]
    ways: tuple[tuple[Any, ...], ...]

    @property
    def finite(self) -> bool:
        """Whether its points can be listed."""
        return all(piece.finite for way in self.ways for piece in way)

    @property
    def complete(self) -> bool:
        """Whether it is proven to be all."""
        return all(piece.complete for way in self.ways for piece in way)

    def points(self) -> Iterator[Point]:
        """Its points, way after way."""
        for way in self.ways:
            yield from together(way)


def plainness(point: Point) -> tuple[int, int]:
    """Plainer examples of what has no end come first: little padding, then small numbers."""
    return sum(value for atom, value in point.items() if atom.minimum == 0), sum(point.values())


Piece = Choice | Regular | Points | Region | Derived


def is_free(piece: Piece) -> bool:
    """Whether it is an unknown that may have every value that its kind allows."""
    if not isinstance(piece, Regular):
        return False
    values = piece.values
    return values.modulus == 1 and values.start <= piece.unknown.minimum and isinf(values.size)


def key(piece: Piece) -> tuple[Any, ...]:
    """Equal for pieces that say the same; forms themselves cannot be compared without asking what unknowns are."""
    match piece:
        case Region():
            return piece.unknowns, tuple(r.key for r in piece.relations), tuple(piece.box.items())
        case Derived():
            return piece.put.unknown, piece.put.top.key, piece.put.bottom, tuple(map(key, piece.rest))
        case Choice():
            return piece.unknowns, tuple(tuple(map(key, way)) for way in piece.ways)
    return tuple(piece)


def leaves(piece: Piece) -> Iterator[Piece]:
    """A piece and, where it is derived from others, these."""
    yield piece
    if isinstance(piece, Derived):
        for part in piece.rest:
            yield from leaves(part)


def bound_unknowns(piece: Piece) -> set[Atom]:
    """The unknowns of a piece that may not have every value, or that others are derived from."""
    found: set[Atom] = set()
    for leaf in leaves(piece):
        if isinstance(leaf, Derived):
            found |= {leaf.put.unknown, *leaf.put.top.variables}
        elif not is_free(leaf):
            found |= set(leaf.unknowns)
    return found


def without_others(piece: Piece, kept: set[Atom]) -> Piece:
    """A piece without the free unknowns that nobody asks for."""
    if not isinstance(piece, Derived):
        return piece
    rest = tuple(without_others(p, kept) for p in piece.rest if not is_free(p) or set(p.unknowns) & kept)
    return Derived(piece.put, rest)


def together(pieces: tuple[Piece, ...]) -> Iterator[Point]:
    """The points of several pieces that speak of different unknowns; of sets without end only the first."""
    if not pieces:
        yield {}
        return
    first, *others = pieces
    points = first.points() if first.finite else islice(first.points(), FIRST)
    for point in points:
        for rest in together(tuple(others)):
            yield {**point, **rest}
