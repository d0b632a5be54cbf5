"""A picture in a terminal: two pixels in each character."""

from __future__ import annotations

from typing import Any

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.style import Style
from rich.text import Text

MOST_COLUMNS = 64


def print_picture(console: Console, pixels: Any) -> None:
    """Prints a picture (H, W, C) uint8, made smaller to fit; nothing where there are no colours."""
    if console.color_system not in ("256", "truecolor"):
        return
    step = max(1, -(-pixels.shape[1] // min(MOST_COLUMNS, console.width)))
    small = pixels[::step, ::step]
    if small.shape[0] % 2:
        small = small[:-1] if small.shape[0] > 1 else small.repeat(2, axis=0)
    for top, bottom in zip(small[::2], small[1::2], strict=True):
        line = Text()
        for above, below in zip(top, bottom, strict=True):
            line.append("▀", Style(color=_colour(above), bgcolor=_colour(below)))
        console.print(line, soft_wrap=True)


def _colour(pixel: Any) -> Color:
    red, green, blue = (int(v) for v in (pixel if len(pixel) == 3 else (*pixel, *pixel, *pixel)))
    return Color.from_triplet(ColorTriplet(red, green, blue))
