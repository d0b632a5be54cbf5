"""How wide a text is, by a table of the font's widths: no layout without it, and no font is needed to ask."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from convdsl.drawing.scene import Text

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Arial, Helvetica, 'Liberation Sans', Arimo, sans-serif"
"""Fonts of one width, one of which is everywhere; the shipped one has it too."""
UP, DOWN = 0.74, 0.22
"""How far letters reach above the baseline and below it, in sizes; brackets and accents a little further."""
CUT = "…"


@cache
def _widths(bold: bool) -> dict[str, int]:
    """The width of each letter of the font, in thousandths of the size."""
    table = json.loads((FONTS / "widths.json").read_text(encoding="utf-8"))
    return {c: int(width) for width, letters in table["bold" if bold else "regular"].items() for c in letters}


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is set in `size` pixels."""
    known = _widths(bold)
    return size / 1000 * sum(known.get(c) or _foreign(c) for c in text)


def _foreign(letter: str) -> int:
    """Of a letter that the font lacks: whatever font has it, this is near."""
    import unicodedata

    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Me", "Mn"):
        return 0
    return 1000 if unicodedata.east_asian_width(letter) in ("F", "W") else 640


def has(letter: str) -> bool:
    """Whether the shipped font has a letter."""
    return letter in _widths(False)


def line(
    x: float, y: float, text: str, size: float, paint: str = "ink", bold: bool = False, anchor: str = "middle"
) -> Text:
    """A text with its width; `y` is its baseline."""
    return Text(x, y, text, size, width(text, size, bold), paint, bold, anchor)


def wrapped(text: str, size: float, room: float, bold: bool = False, most: int = 99) -> list[str]:
    """A text on lines of at most `room` pixels, broken at spaces, else behind signs, else anywhere; what is left over
    after `most` lines is cut."""
    lines: list[str] = []
    rest = text.strip()
    while rest:
        if width(rest, size, bold) <= room:
            lines.append(rest)
            break
        if len(lines) == most - 1:
            lines.append(cut(rest, size, room, bold))
            break
        place = _break(rest, size, room, bold)
        lines.append(rest[:place].rstrip())
        rest = rest[place:].lstrip()
    return lines


def _break(text: str, size: float, room: float, bold: bool) -> int:
    """Where a text that is too long is broken: behind the last sign that fits."""
    fits = 1
    while fits < len(text) and width(text[: fits + 1].rstrip(), size, bold) <= room:
        fits += 1
    for signs in ("×", " ", ",)·/-_@"):
        place = max(text.rfind(sign, 1, fits + (sign == " ")) for sign in signs) + 1
        if place > fits // 3 or (signs == " " and place > 0):
            return place
    return fits


def cut(text: str, size: float, room: float, bold: bool = False) -> str:
    """A text shortened to its room, with an ellipsis."""
    if width(text, size, bold) <= room:
        return text
    while text and width(text + CUT, size, bold) > room:
        text = text[:-1]
    return text.rstrip() + CUT
