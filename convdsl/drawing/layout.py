"""Where boxes and wires stand. Branches only nest, so a recursion does it: what follows goes behind, branches go side by
side, and no wire ever crosses another or runs through a box.

Everything is laid out along a *flow*, to the right or down: `length` is along it, `breadth` across. First sizes are found,
from the inside out; then places are given, from the outside in, and each wire is taken along to the box that it ends in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convdsl.drawing import measure
from convdsl.drawing.pen import CORNER, Pen, Pending, arrowhead, bent, short_of, straightened
from convdsl.drawing.scene import Group, Line, Point, Rect, Shape, moved
from convdsl.drawing.style import Glyph, Joint
from convdsl.drawing.telling import takes_up

ROW_GAP = 40.0
"""Between rows of a chain that is wrapped: the wire back runs in it."""
TURN = 14.0
"""How far behind the last box of a row, and before the first of the next, the wire turns."""
LANE_GAP = 16.0
FORK = 14.0
"""From where branches part to where they run side by side."""
FRAME = 12.0
STRIP = 22.0
"""The margin inside a frame, and the height of the strip with its name."""
TITLE = 11.0
"""Size of the letters in it."""


class Laid:
    """Something with a size. `enter` and `leave` are how far across the flow wires come in and go out."""

    length = 0.0
    breadth = 0.0
    enter = 0.0
    leave = 0.0
    rows = 1
    detached = False
    """Whether it begins with a kept value, so that no wire leads there."""

    def place(self, pen: Pen, along: float, across: float, pending: Pending) -> Pending:
        """Draws it with its corner at a place, ends the wire that comes in, and returns the one that goes out."""
        raise NotImplementedError


class OneBox(Laid):
    def __init__(self, glyph: Glyph, down: bool) -> None:
        self.glyph = glyph
        self.box = glyph.box
        self.length, self.breadth = (glyph.height, glyph.width) if down else (glyph.width, glyph.height)
        self.enter = glyph.inlet[0] if down else glyph.inlet[1]
        self.leave = glyph.outlet[0] if down else glyph.outlet[1]
        self.detached = self.box.node is not None and takes_up(self.box.node)

    def place(self, pen: Pen, along: float, across: float, pending: Pending) -> Pending:
        x, y = pen.glyph(self.glyph, along, across)
        here = (self.glyph, x, y)
        if self.detached:
            assert self.box.node is not None
            pen.edges.append(Group("edge", (), from_=self.box.node.inputs[0], to=self.box.first))  # said, not drawn
            return Pending(self.box.last, ((x + self.glyph.outlet[0], y + self.glyph.outlet[1]),), here)
        led = pen.style.between(pending.glyph, here) if pending.glyph and not pen.down else None
        if led is not None:
            pen.over.append(Group("edge", led, from_=pending.node, to=self.box.first))
        else:
            inlet = (x + self.glyph.inlet[0], y + self.glyph.inlet[1])
            pen.wire(pending.to(inlet), self.box.first, not self.glyph.wire)
        return Pending(self.box.last, ((x + self.glyph.outlet[0], y + self.glyph.outlet[1]),), here)


class Chain(Laid):
    """What follows each other, in as many rows as the room asks for."""

    def __init__(self, parts: Sequence[Laid], gaps: Sequence[float], room: float) -> None:
        self.parts = parts
        self.gaps = gaps
        self.detached = bool(parts) and parts[0].detached
        self.lines = _rows(parts, gaps, room)
        self.rows = max(len(self.lines), max((part.rows for part in parts), default=1))
        self.heights: list[tuple[float, float]] = []
        """For each row: where its axis is below its top, and its breadth."""
        self.length = 0.0
        for number, (first, end) in enumerate(self.lines):
            top, bottom, axis = 0.0, 0.0, 0.0
            for part in parts[first:end]:
                top, bottom = min(top, axis - part.enter), max(bottom, axis - part.enter + part.breadth)
                axis += part.leave - part.enter
            self.heights.append((-top, bottom - top))
            margin = (TURN + 16) * (number > 0) + TURN * (len(self.lines) > 1)
            self.length = max(self.length, _length(parts, gaps, first, end) + margin)
        self.breadth = sum(h for _, h in self.heights) + ROW_GAP * max(0, len(self.lines) - 1)
        if parts:
            self.enter = self.heights[0][0]
            last = self.lines[-1]
            drift = sum(p.leave - p.enter for p in parts[last[0] : last[1]])
            self.leave = self.breadth - self.heights[-1][1] + self.heights[-1][0] + drift

    def place(self, pen: Pen, along: float, across: float, pending: Pending) -> Pending:
        top = across
        axis = before = across + self.enter
        place = end_of_row = along
        for number, (first, end) in enumerate(self.lines):
            axis = top + self.heights[number][0]
            place = along
            if number:
                right = end_of_row + TURN
                gap = top - ROW_GAP / 2
                pending = pending.to(
                    pen.point(right, before),
                    pen.point(right, gap),
                    pen.point(along, gap),
                    pen.point(along, axis),
                )
                place += TURN + 16
            for index in range(first, end):
                part = self.parts[index]
                pending = part.place(pen, place, axis - part.enter, pending)
                axis += part.leave - part.enter
                place += part.length + (self.gaps[index] if index < end - 1 else 0)
            before, end_of_row = axis, place
            top += self.heights[number][1] + ROW_GAP
        if self.parts and abs(place - along - self.length) > 0.01:
            pending = pending.to(pen.point(along + self.length, axis))
        return pending


def _length(parts: Sequence[Laid], gaps: Sequence[float], first: int, end: int) -> float:
    return sum(p.length for p in parts[first:end]) + sum(gaps[first : end - 1])


def _rows(parts: Sequence[Laid], gaps: Sequence[float], room: float) -> list[tuple[int, int]]:
    """The first and the end of each row: as few rows as can be, about equally long. What has rows itself has one alone."""
    if not parts:
        return []
    if all(p.rows == 1 for p in parts) and _length(parts, gaps, 0, len(parts)) <= room:
        return [(0, len(parts))]
    inside = room - 2 * TURN - 16
    rows = _greedy(parts, gaps, inside)
    if len(parts) > 400:
        return rows
    low = max(p.length for p in parts)
    high = max(inside, low)
    for _ in range(12):
        middle = (low + high) / 2
        if len(_greedy(parts, gaps, middle)) > len(rows):
            low = middle
        else:
            high = middle
    return _greedy(parts, gaps, high)


def _greedy(parts: Sequence[Laid], gaps: Sequence[float], room: float) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    first, length = 0, 0.0
    for index, part in enumerate(parts):
        alone = part.rows > 1 or (index > first and parts[index - 1].rows > 1)
        more = length + (gaps[index - 1] if index > first else 0) + part.length
        if index > first and (more > room or alone):
            rows.append((first, index))
            first, more = index, part.length
        length = more
    return [*rows, (first, len(parts))]


class Lanes(Laid):
    """Branches side by side, and where they meet."""

    def __init__(
        self,
        lanes: Sequence[Laid],
        joint: Callable[[Sequence[float], float], Joint] | None,
        main: int,
        lead: float,
        down: bool,
    ) -> None:
        self.lanes = lanes
        self.lead = lead
        self.offsets: list[float] = []
        place = 0.0
        for lane in lanes:
            self.offsets.append(place)
            place += lane.breadth + LANE_GAP
        enters = [o + lane.enter for o, lane in zip(self.offsets, lanes, strict=True)]
        leaves = [o + lane.leave for o, lane in zip(self.offsets, lanes, strict=True)]
        top, bottom = 0.0, place - LANE_GAP
        self.enter = enters[main] if main >= 0 else (enters[0] + enters[-1]) / 2
        self.inner = max(lane.length for lane in lanes)
        self.length = FORK + lead + self.inner
        self.joint = joint(leaves, self.enter if main < 0 else leaves[main]) if joint else None
        self.leave = self.enter
        self.tail = 0.0
        if self.joint:
            glyph = self.joint.glyph
            self.tail = self.joint.lead
            across = self.joint.offset
            size = (glyph.height, glyph.width) if not down else (glyph.width, glyph.height)
            top, bottom = min(top, across), max(bottom, across + size[0])
            self.leave = across + (glyph.outlet[0] if down else glyph.outlet[1])
            self.length += self.tail + size[1]
        elif leaves:
            self.leave = leaves[max(main, 0)]
        self.shift = -top
        self.breadth = bottom - top
        self.enter += self.shift
        self.leave += self.shift
        self.rows = max(lane.rows for lane in lanes)

    def place(self, pen: Pen, along: float, across: float, pending: Pending) -> Pending:
        fork = along + FORK
        ends: list[Pending] = []
        drawn = False
        for lane, offset in zip(self.lanes, self.offsets, strict=True):
            top = across + self.shift + offset
            level = top + lane.enter
            start = pending._replace(glyph=None)
            if drawn:  # the way to the fork has been drawn
                start = Pending(pending.node, (pen.point(fork - CORNER, across + self.enter),))
            drawn = drawn or not lane.detached
            if abs(level - across - self.enter) > 0.01:
                start = start.to(pen.point(fork, across + self.enter), pen.point(fork, level))
            end = lane.place(pen, fork + self.lead, top, start)
            if lane.length < self.inner - 0.01 or isinstance(lane, Chain):
                end = end.to(pen.point(fork + self.lead + self.inner, top + lane.leave))
            ends.append(end)
        if self.joint is None:
            return ends[0]._replace(glyph=None)
        glyph = self.joint.glyph
        corner = (fork + self.lead + self.inner + self.tail, across + self.shift + self.joint.offset)
        x, y = pen.glyph(glyph, *corner)
        for end, (a, c) in zip(ends, self.joint.ends, strict=True):
            target = pen.point(corner[0] + a, corner[1] + c)
            last = end.points[-1]
            if self.joint.curved:
                pen.wire(end, glyph.box.first, True, bent(last, target, pen.down))
            else:
                level = last[0] if pen.down else last[1]
                turned = pen.point(corner[0] + a, level)
                pen.wire(end.to(turned, target) if turned != target else end.to(target), glyph.box.first, True)
        return Pending(glyph.box.last, ((x + glyph.outlet[0], y + glyph.outlet[1]),))


class Framed(Laid):
    """What stands in a block or a repeat, in a frame with its name."""

    def __init__(self, inner: Laid, name: str, badge: str, down: bool, depth: int) -> None:
        self.inner, self.name, self.badge, self.depth = inner, name, badge, depth
        self.down = down
        self.strip = STRIP if name or badge else FRAME
        left, right = (measure.width(t, TITLE, True) + 18 if t else 0.0 for t in (name, badge))
        self.pad_along = self.strip + 4 if down else FRAME
        self.pad_across = FRAME if down else self.strip
        self.length = inner.length + self.pad_along + FRAME
        self.breadth = inner.breadth + self.pad_across + FRAME
        if down:  # the wire comes in between the name and the badge
            self.pad_across += max(0.0, left - self.pad_across - inner.enter)
            self.breadth = max(inner.breadth + self.pad_across + FRAME, self.pad_across + inner.enter + right)
        else:
            extra = max(0.0, left + right - self.length)
            self.length += extra
            self.pad_along += extra / 2
        self.enter = self.pad_across + inner.enter
        self.leave = self.pad_across + inner.leave
        self.rows = inner.rows

    def place(self, pen: Pen, along: float, across: float, pending: Pending) -> Pending:
        x, y = pen.point(along, across)
        width, height = (self.breadth, self.length) if self.down else (self.length, self.breadth)
        shapes: list[Shape] = [
            Rect(x, y, width, height, "frame2" if self.depth % 2 else "frame", "frameline", 1.0, 7.0)
        ]
        if self.name:
            shapes.append(measure.line(x + 10, y + 15, self.name, TITLE, "muted", True, "start"))
        if self.badge:
            shapes.append(measure.line(x + width - 10, y + 15, self.badge, TITLE, "ink", True, "end"))
        pen.frames.append(
            Group("frame", tuple(shapes), f"{self.name} {self.badge}".strip(), bounds=(x, y, width, height))
        )
        pending = self.inner.place(pen, along + self.pad_along, across + self.pad_across, pending)
        return pending.to(pen.point(along + self.length, across + self.leave))


class SideExit(Laid):
    """A chain that leaves the main one and ends: the main one goes straight on beside it. Where nothing goes on (`last`), it
    is the end of the main one."""

    def __init__(
        self, inner: Laid, mark: Sequence[Shape], size: Point, down: bool, lead: float, last: bool = False
    ) -> None:
        self.inner, self.mark, self.size, self.last = inner, tuple(mark), size, last
        self.tail = 22.0
        mark_length, mark_breadth = (size[1], size[0]) if down else size
        self.enter = self.leave = max(inner.enter, mark_breadth / 2 - inner.leave + inner.enter) if last else 4.0
        self.top = self.enter - inner.enter if last else self.enter + LANE_GAP + 6
        self.begin = 0.0 if last else FORK + lead
        self.mark_at = (self.begin + inner.length + self.tail, self.top + inner.leave - mark_breadth / 2)
        self.length = self.mark_at[0] + mark_length + 4
        self.breadth = self.top + max(inner.breadth, inner.leave + mark_breadth / 2)
        self.rows = inner.rows

    def place(self, pen: Pen, along: float, across: float, pending: Pending) -> Pending:
        fork = along + FORK
        level = across + self.top + self.inner.enter
        start = Pending(pending.node, (pen.point(fork - CORNER, across + self.enter),))
        start = start.to(pen.point(fork, across + self.enter), pen.point(fork, level))
        end = self.inner.place(pen, along + self.begin, across + self.top, pending if self.last else start)
        corner = pen.point(along + self.mark_at[0], across + self.mark_at[1])
        target = pen.point(along + self.mark_at[0], across + self.top + self.inner.leave)
        points = straightened(end.to(target).points)
        shapes: list[Shape] = [Line((*points[:-1], short_of(points[-2], points[-1])), radius=CORNER)]
        shapes.append(arrowhead(points[-2], points[-1]))
        shapes += [moved(s, *corner) for s in self.mark]
        bounds = (*corner, *self.size)
        pen.frames.append(Group("exit", tuple(shapes), bounds=bounds))
        return pending._replace(glyph=None).to(pen.point(along + self.length, across + self.leave))
