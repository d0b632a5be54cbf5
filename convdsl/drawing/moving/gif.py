"""A film as GIF, painted by Pillow in our font, with one palette of few colours for all pictures."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

from convdsl.drawing import measure
from convdsl.drawing.moving.film import Film
from convdsl.drawing.moving.svg import LAST
from convdsl.drawing.picture import CannotDraw
from convdsl.drawing.scene import Circle, Line, Polygon, Rect, Scene, Shape, Text
from convdsl.drawing.themes import Theme
from convdsl.messages import T

COLOURS = 24
DENSITY = 2
"""Pixels that are painted for each one of the picture, along each side."""


def write(film: Film, colours: Theme) -> bytes:
    """The content of a GIF file. Raises CannotDraw where Pillow is missing."""
    try:
        from PIL import Image, ImageChops
    except ModuleNotFoundError:
        text = T("for {format} the library {package} is needed, which is not installed: `pip install {package}`.",
                 format="GIF", package="pillow")  # fmt: skip
        raise CannotDraw(text) from None
    pictures = [painted(film.scene(n), colours) for n in range(len(film.pictures))]
    palette = pictures[-1].quantize(COLOURS, dither=Image.Dither.NONE)
    shown = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    for number in range(len(shown) - 1, 0, -1):  # what stays as it is, is seen through
        same = ImageChops.difference(shown[number].convert("RGB"), shown[number - 1].convert("RGB")).convert("L")
        shown[number].paste(COLOURS, mask=same.point(lambda value: 0 if value else 255))
    times = [round(1000 * film.seconds)] * (len(shown) - 1) + [round(1000 * film.seconds * LAST)]
    file = io.BytesIO()
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:], duration=times, loop=0, optimize=False,
                  transparency=COLOURS, disposal=1)  # fmt: skip
    return file.getvalue()


def painted(scene: Scene, colours: Theme) -> Any:
    """A scene as a picture of Pillow's. Curves are drawn as straight lines between their ends."""
    from PIL import Image, ImageDraw

    size = (round(scene.width * DENSITY), round(scene.height * DENSITY))
    page = Image.new("RGB", size, colours.of("paper"))
    pen = ImageDraw.Draw(page)
    for group in scene.groups:
        for shape in group.shapes:
            _paint(pen, shape, colours)
    return page.resize((round(scene.width), round(scene.height)), Image.Resampling.BOX)


def _paint(pen: Any, shape: Shape, colours: Theme) -> None:
    def of(role: str) -> str | None:
        return None if role == "none" else colours.of(role)

    def scaled(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * DENSITY, y * DENSITY) for x, y in points]

    match shape:
        case Rect():
            box = scaled((shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height))
            pen.rectangle(box, fill=of(shape.fill))
            if shape.line != "none":
                width = max(1, round(shape.stroke * DENSITY))
                (left, top), (right, bottom) = box
                corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
                for one, other in pairwise(corners):
                    for start, end in _dashes(one, other) if shape.dashed else [(one, other)]:
                        pen.line([start, end], fill=of(shape.line), width=width)
        case Circle():
            box = scaled(
                (shape.x - shape.radius, shape.y - shape.radius), (shape.x + shape.radius, shape.y + shape.radius)
            )
            pen.ellipse(box, fill=of(shape.fill), outline=of(shape.line), width=round(shape.stroke * DENSITY))
        case Polygon():
            pen.polygon(scaled(*shape.points), fill=of(shape.fill), outline=of(shape.line))
        case Text():
            _text(pen, shape, colours)
        case Line():
            pen.line(scaled(*shape.points), fill=of(shape.line), width=round(shape.stroke * DENSITY))


def _dashes(
    one: tuple[float, float], other: tuple[float, float]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Pieces of a line, with gaps between them."""
    far = max(abs(other[0] - one[0]), abs(other[1] - one[1]))
    parts = max(1, round(far / (4 * DENSITY)) // 2 * 2 + 1)
    places = [
        (one[0] + (other[0] - one[0]) * n / parts, one[1] + (other[1] - one[1]) * n / parts) for n in range(parts + 1)
    ]
    return [(places[n], places[n + 1]) for n in range(0, parts, 2)]


def _text(pen: Any, text: Text, colours: Theme) -> None:
    from PIL import ImageFont

    path = str(measure.FONTS / f"sans-{'bold' if text.bold else 'regular'}.ttf")
    words = "".join(c if measure.has(c) else "?" for c in text.text)
    font = ImageFont.truetype(path, text.size * DENSITY)
    pen.text((text.left * DENSITY, text.y * DENSITY), words, font=font, fill=colours.of(text.paint), anchor="ls")
