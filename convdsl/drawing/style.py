"""What a style decides: how a box looks, how a place where branches meet looks, how far things stand apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from convdsl.drawing.scene import Point, Shape
from convdsl.drawing.telling import Box


class Glyph(NamedTuple):
    """One box as a style draws it: shapes from its top left corner (0, 0), and where wires come in and go out. `wire` ones
    are entered without an arrow. `window` is where a style that shows windows draws them (see Style.between)."""

    box: Box
    width: float
    height: float
    shapes: tuple[Shape, ...]
    inlet: Point
    outlet: Point
    wire: bool = False
    window: tuple[float, ...] = ()
    bounds: tuple[float, float, float, float] | None = None


class Joint(NamedTuple):
    """Where branches meet: a glyph, how far across the flow its edge is from place 0, where (along and across, from its
    corner) each branch ends, and how far behind the branches it stands. To `curved` ones wires bend."""

    glyph: Glyph
    offset: float
    ends: tuple[Point, ...]
    lead: float
    curved: bool = False


class Style(Protocol):
    """What a style decides: how a box looks, where branches meet, how far boxes stand apart."""

    gap: float

    def glyph(self, box: Box) -> Glyph:
        """A box of layers."""

    def joint(self, box: Box, places: Sequence[float], axis: float, shares: Sequence[float]) -> Joint:
        """A layer where branches meet that arrive at `places` across the flow, which goes on at `axis`; `shares` are how
        much of the channels is each one's."""

    def apart(self, before: Box, after: Box) -> float:
        """How far two boxes that follow each other stand apart."""

    def between(
        self, before: tuple[Glyph, float, float], after: tuple[Glyph, float, float]
    ) -> tuple[Shape, ...] | None:
        """Shapes that lead from a box to the next one in the place of an arrow; None where an arrow does."""
