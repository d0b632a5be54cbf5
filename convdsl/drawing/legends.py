"""What the colours mean, below a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdsl.algebra.numbers import memory, short
from convdsl.drawing import measure
from convdsl.drawing.scene import Group, Rect, Shape
from convdsl.drawing.telling import KINDS
from convdsl.drawing.themes import HEATS
from convdsl.messages import T
from convdsl.network.sizes import BYTES

SIZE, ROW, SWATCH, GAP = 10.5, 20.0, 18.0, 18.0
WHAT = {"macs": T("MACs"), "params": T("parameters"), "memory": T("memory of the values")}


def legend(
    kinds: Sequence[str], scale: tuple[str, Any] | None, room: float, left: float, top: float
) -> tuple[tuple[Group, ...], tuple[float, float]]:
    """The legend's groups with their corner at a place, and its size."""
    entries: list[tuple[str, str, str]] = []
    if scale is not None and scale[1]:
        entries += _steps(*scale)
        kinds = [k for k in kinds if k == "error"]
    entries += [(f"fill:{k}", f"line:{k}", str(KINDS[k])) for k in KINDS if k in kinds and k not in ("input", "join")]
    shapes: list[Shape] = []
    x, y, widest = left, top, 0.0
    for fill, line, text in entries:
        wide = SWATCH + 6 + measure.width(text, SIZE)
        if x > left and x + wide > left + room:
            x, y = left, y + ROW
        shapes.append(Rect(x, y, SWATCH, 12, fill, line, 1.0, 3.0))
        shapes.append(measure.line(x + SWATCH + 6, y + 10, text, SIZE, "muted", False, "start"))
        x += wide + GAP
        widest = max(widest, x - GAP - left)
    if not shapes:
        return (), (0.0, 0.0)
    size = (widest, y + 14 - top)
    return (Group("legend", tuple(shapes), str(T("legend")), bounds=(left, top, *size)),), size


def _steps(what: str, most: Any) -> list[tuple[str, str, str]]:
    """The steps of a scale of colours, each with where it ends."""
    show = (lambda v: memory(BYTES * v)) if what == "memory" else short
    found = []
    for step in range(HEATS):
        end = show(int(most * (step + 1) / HEATS))
        text = f"{WHAT[what]} ≤ {end}" if step == 0 else f"≤ {end}"
        found.append((f"heat:{step}", "line:heat", text))
    return found
