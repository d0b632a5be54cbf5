"""From relations to what satisfies them: unknowns that do not meet are treated apart; an unknown alone is solved exactly;
several are put in terms of each other, bounded and searched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from math import isinf, prod
from typing import Any

from convdsl.algebra.forms import Atom
from convdsl.solver.eventually import Beyond, eventually, goes_on
from convdsl.solver.intervals import Box, Empty, narrow
from convdsl.solver.periodic import Periodic
from convdsl.solver.pieces import FIRST, MOST, Choice, Derived, Piece, Points, Region, Regular, plainness
from convdsl.solver.points import OutOfTime, Point, search
from convdsl.solver.problem import Case
from convdsl.solver.relations import Relation, tidy
from convdsl.solver.systems import (
    Contradiction,
    components,
    eliminated,
    irredundant,
    needed_bounds,
    projected,
    simplified,
    slack_bounds,
    with_values,
)

TRIED = 256
"""Values of bounded unknowns that are tried one by one where another is not bounded."""

SEARCHED = 4096
"""Longer ranges of one unknown are reasoned about, not searched."""

WIDEST = 4096
"""How far out the first points of a set without end are looked for."""


EXTRA = 2.0
"""Seconds for finding at least some points when the time is over."""


class Clock:
    """The time allowed."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def check(self) -> None:
        """Raises OutOfTime when it is over."""
        if time.monotonic() > self.end:
            raise OutOfTime


class Searcher:
    """Solves cases; `order` says which unknowns are holes and in which order answers name them."""

    def __init__(self, order: tuple[Atom, ...], symbols: tuple[Atom, ...], clock: Clock) -> None:
        self.order = {atom: number for number, atom in enumerate((*order, *symbols))}
        self.symbols = frozenset(symbols)
        self.clock = clock
        self.bounding: list[Relation] = []
        self.hidden: Box = {}

    def solve(self, case: Case) -> tuple[Piece, ...] | None:
        """What satisfies all relations, as independent pieces; None where nothing does. Raises OutOfTime."""
        told = {v for r in case.bounding for v in r.variables if v not in self.order}
        box = {v: b for v, b in case.box.items() if v in self.order}
        self.bounding = [r for b in case.bounding if isinstance(r := tidy(b), Relation)]
        try:
            rest = simplified(list(case.relations), box)
            wider = {**box, **{v: case.box[v] for v in told}}
            narrow(self.bounding, wider)
            self.hidden = {v: wider[v] for v in told}
            box = {v: wider[v] for v in box}
            return self._pieces(simplified(rest, box), box)
        except (Contradiction, Empty):
            return None

    def _search(self, relations: list[Relation], box: Box, clock: Clock | None = None) -> Iterator[Point]:
        """All points of a bounded box, with what is known of costs to narrow it."""
        bounding = [r for r in self.bounding if all(v in box or v in self.hidden for v in r.variables)]
        inside = {v for r in bounding for v in r.variables if v in self.hidden}
        return search(relations, box, (clock or self.clock).check, (bounding, {v: self.hidden[v] for v in inside}))

    def _pieces(self, relations: list[Relation], box: Box) -> tuple[Piece, ...] | None:
        if any(isinf(high) for _, high in box.values()):
            relations = irredundant(relations, box)
        variables = sorted(box, key=lambda a: self.order.get(a, len(self.order)))
        pieces = []
        for members, inside in components(variables, relations):
            piece = self._component(members, inside, {v: box[v] for v in members})
            if piece is None:
                return None
            pieces.append(piece)
        return tuple(pieces)

    def _component(self, members: list[Atom], relations: list[Relation], box: Box) -> Piece | None:
        if len(members) == 1:
            return self._one(members[0], relations, box)
        for variable in members:
            if not self._alone(variable, [r for r in relations if r.variables == {variable}], box):
                return None
        solved = eliminated(relations, box, self._preference)
        if solved is not None:
            put, others = solved
            left = {v: b for v, b in box.items() if v is not put.unknown}
            rest = self._pieces(simplified(others, left), left)
            return Derived(put, rest) if rest is not None else None
        if any(isinf(high) for _, high in box.values()):
            for variable in members:
                box[variable] = projected(relations, box, variable)
            slack_bounds(relations, box)
        if all(not isinf(high) for _, high in box.values()):
            return self._bounded(members, relations, box)
        choice = self._chosen(members, relations, box)
        if choice is not None and choice.finite and isinstance(choice, Choice):
            points = sorted({tuple(p[v] for v in members) for p in choice.points()})
            return Points(tuple(members), tuple(points)) if points else None
        if choice is not None and not all(_is_linear(r) for r in relations):
            return choice
        return self._unbounded(members, relations, box)

    def _alone(self, unknown: Atom, relations: list[Relation], box: Box) -> bool:
        """Narrows the box to what relations in one unknown leave of it; whether that is something."""
        if not relations:
            return True
        piece = self._one(unknown, relations, {unknown: box[unknown]})
        if piece is None:
            return False
        if isinstance(piece, Regular):
            few = piece.values.few
            low = few[0] if few else next(piece.values.members())
            box[unknown] = (low, few[-1] if few and not piece.values.remainders else box[unknown][1])
        return True

    def _chosen(self, members: list[Atom], relations: list[Relation], box: Box) -> Choice | None:
        """Every value of the bounded unknowns tried, where they are few and one unknown is left."""
        open_ones = [v for v in members if isinf(box[v][1])]
        bounded = [v for v in members if v not in open_ones]
        if len(open_ones) > 1 or prod(box[v][1] - box[v][0] + 1 for v in bounded) > SEARCHED**2:
            return None
        among = [r for r in relations if r.variables <= set(bounded)]
        tried = list(islice(self._search(among, {v: box[v] for v in bounded}), TRIED + 1))
        if len(tried) > TRIED:
            return None
        ways = []
        for values in sorted(tuple(p[v] for v in bounded) for p in tried):
            self.clock.check()
            fixed = with_values(relations, dict(zip(bounded, values, strict=True)))
            left = {open_ones[0]: box[open_ones[0]]}
            try:
                piece = self._one(open_ones[0], simplified(fixed, left), left)
            except Contradiction:
                continue
            if piece is not None:
                known = tuple(Regular(v, Periodic((value,))) for v, value in zip(bounded, values, strict=True))
                ways.append((*known, piece))
        return Choice(tuple(members), tuple(ways))

    def _preference(self, atom: Atom) -> Any:
        """Paddings are put in terms of windows, holes in terms of symbols, later holes in terms of earlier ones."""
        return atom in self.symbols, atom.minimum != 0, -self.order.get(atom, 0)

    # One unknown.

    def _one(self, unknown: Atom, relations: list[Relation], box: Box) -> Piece | None:
        low, high = box[unknown]
        if high - low < SEARCHED:
            return self._few(unknown, relations, box)
        try:
            start, modulus, remainders = eventually(unknown, relations, low)
        except Beyond:
            return self._few(unknown, relations, box) if not isinf(high) else self._unbounded([unknown], relations, box)
        below = self._few(unknown, relations, {unknown: (low, min(start - 1, high))}) if start > low else None
        few = below.values.few if below is not None else ()
        values = Periodic(few, start, modulus, remainders, high).simplest(low)
        return Regular(unknown, values) if values.size else None

    def _few(self, unknown: Atom, relations: list[Relation], box: Box) -> Regular | None:
        found = tuple(sorted(p[unknown] for p in self._search(relations, box)))
        return Regular(unknown, Periodic(found)) if found else None

    # Several unknowns.

    def _bounded(self, members: list[Atom], relations: list[Relation], box: Box) -> Piece | None:
        found: list[tuple[int, ...]] = []
        try:
            for point in self._search(relations, box):
                found.append(tuple(point[v] for v in members))
                if len(found) > MOST:
                    relations = irredundant(relations, box)
                    return Region(tuple(members), tuple(relations), needed_bounds(relations, box), tuple(found[:FIRST]))
        except OutOfTime:
            found = found or self._near(members, relations, box)
            if not found:
                raise
            return Points(tuple(members), tuple(sorted(found)), False)
        return Points(tuple(members), tuple(sorted(found))) if found else None

    def _near(self, members: list[Atom], relations: list[Relation], box: Box) -> list[tuple[int, ...]]:
        """Some points with small values, the two unknowns with the widest range excepted."""
        widest = sorted(members, key=lambda v: box[v][1] - box[v][0])[-2:]
        near = {v: (low, high if v in widest else min(high, low + 5)) for v, (low, high) in box.items()}
        found: list[tuple[int, ...]] = []
        try:
            for point in self._search(relations, near, Clock(EXTRA)):
                found.append(tuple(point[v] for v in members))
        except OutOfTime:
            pass
        return found

    def _unbounded(self, members: list[Atom], relations: list[Relation], box: Box) -> Piece | None:
        """The first points in ever larger boxes, and a proof that they go on."""
        width = 8
        first: list[Point] = []
        try:
            while len(first) < FIRST and width <= WIDEST:
                near = {v: (low, min(high, low + width)) for v, (low, high) in box.items()}
                first = list(islice(self._search(relations, near), 40 * FIRST))
                width *= 4
        except OutOfTime:
            if not first:
                raise
        if not first:
            raise OutOfTime
        proven = any(
            goes_on(a, direction, relations) for a in first[:4] for direction in self._directions(a, first, box)
        )
        first.sort(key=lambda p: (plainness(p), tuple(p.values())))
        listed = sorted(tuple(p[v] for v in members) for p in first[:FIRST])
        return Region(tuple(members), tuple(relations), needed_bounds(relations, box), tuple(listed), proven)

    def _directions(self, start: Point, points: list[Point], box: Box) -> list[Point]:
        free = [v for v, (_, high) in box.items() if isinf(high)]
        single = [{v: int(v is f) for v in box} for f in free]
        both = [{v: int(v in free) for v in box}]
        steps = [{v: p[v] - start[v] for v in box} for p in points[:40]]
        return [d for d in (*single, *both, *steps) if any(d.values()) and all(x >= 0 for x in d.values())]


def _is_linear(relation: Relation) -> bool:
    return relation.divisor.is_constant and all(
        not m or (len(m) == 1 and m[0].kind == "variable") for m in relation.form.terms
    )
