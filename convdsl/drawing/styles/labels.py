"""The words below a shape, as blocks of lines: what the program says, the size, the figures."""

from __future__ import annotations

from convdsl.drawing import measure
from convdsl.drawing.scene import Shape
from convdsl.drawing.telling import Box

NAME, SMALL = 10.0, 9.5
LEADING = 1.25
Words = list[tuple[str, float, bool, str]]
"""Text, size, boldness and paint of each line."""


def words(box: Box, room: float, size: bool = True) -> Words:
    """The lines of a box, none wider than `room` unless one word is."""
    room = max(room, 96.0) if box.kind == "block" else room
    found: Words = [(box.code, SMALL, True, "line:error")] if box.code else []
    for number, text in enumerate(box.lines):
        bold = number == 0
        found += [(part, NAME if bold else SMALL, bold, "ink") for part in _broken(text, NAME, room, bold)]
    if box.times > 1 and not box.lines[0].startswith("repeat"):
        found.append((f"× {box.times}", NAME, True, "ink"))
    for text in (*([box.size] if box.size and size else []), *box.figures):
        found += [(part, SMALL, False, "muted") for part in _broken(text, SMALL, max(room, 70.0))]
    return found


def _broken(text: str, size: float, room: float, bold: bool = False) -> list[str]:
    """A text on lines, broken at spaces; a word that is too long makes the room larger."""
    longest = max((measure.width(word, size, bold) for word in text.split(" ")), default=0.0)
    return measure.wrapped(text, size, min(max(room, longest + 0.1), 140.0), bold, 4)


def width(lines: Words) -> float:
    return max((measure.width(t, s, b) for t, s, b, _ in lines), default=0.0)


def height(lines: Words) -> float:
    return sum(s * LEADING for _, s, _, _ in lines)


def written(lines: Words, middle: float, top: float) -> list[Shape]:
    """The lines around a middle, from a top down."""
    shapes: list[Shape] = []
    for text, size, bold, paint in lines:
        top += size * LEADING
        shapes.append(measure.line(middle, top - size * 0.28, text, size, paint, bold))
    return shapes
