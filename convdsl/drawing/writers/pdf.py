"""A scene as PDF, by reportlab: vectors, and texts that can be searched, in a font that lies inside."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from convdsl.drawing import measure
from convdsl.drawing.scene import Circle, Curve, Line, Polygon, Rect, Scene, Shape, Text
from convdsl.drawing.themes import Theme
from convdsl.drawing.writers.paths import cubic, rounded

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

POINTS = 0.75
"""Points in a pixel."""
LARGEST = 14_400
"""Readers take no larger page, in points."""
STAND_IN = "?"
"""For letters that the font lacks."""


def write(drawing: Drawing) -> bytes:
    """The content of a PDF file."""
    return pdf(drawing.scene, drawing.colours)


def scale_of(scene: Scene) -> float:
    """Points for each pixel."""
    return min(POINTS, LARGEST / max(scene.width, scene.height))


def pdf(scene: Scene, theme: Theme) -> bytes:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for weight in ("regular", "bold"):
        if f"convdsl-{weight}" not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(f"convdsl-{weight}", str(measure.FONTS / f"sans-{weight}.ttf")))
    scale = scale_of(scene)
    file = io.BytesIO()
    canvas = Canvas(
        file, pagesize=(scene.width * scale, scene.height * scale), invariant=1, initialFontName="convdsl-regular"
    )
    canvas.setTitle(scene.title)
    canvas.setSubject(scene.about)
    canvas.transform(scale, 0, 0, -scale, 0, scene.height * scale)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    _draw(canvas, Rect(0, 0, scene.width, scene.height, "paper"), theme)
    for group in scene.groups:
        for shape in group.shapes:
            _draw(canvas, shape, theme)
    canvas.save()
    return file.getvalue()


def _draw(canvas: Any, shape: Shape, theme: Theme) -> None:
    if isinstance(shape, Text):
        _text(canvas, shape, theme)
        return
    fill = getattr(shape, "fill", "none")
    if fill != "none":
        canvas.setFillColor(theme.of(fill))
    if shape.line != "none":
        canvas.setStrokeColor(theme.of(shape.line))
        canvas.setLineWidth(shape.stroke)
    canvas.setDash([4, 3] if getattr(shape, "dashed", False) else [])
    modes = {"stroke": int(shape.line != "none"), "fill": int(fill != "none")}
    match shape:
        case Rect():
            canvas.roundRect(shape.x, shape.y, shape.width, shape.height, shape.radius, **modes) if shape.radius else (
                canvas.rect(shape.x, shape.y, shape.width, shape.height, **modes)
            )
        case Circle():
            canvas.circle(shape.x, shape.y, shape.radius, **modes)
        case Polygon() | Line() | Curve():
            canvas.drawPath(_path(canvas, shape), **modes)


def _path(canvas: Any, shape: Polygon | Line | Curve) -> Any:
    path = canvas.beginPath()
    if isinstance(shape, Curve):
        start, one, two, end = shape.points
        path.moveTo(*start)
        path.curveTo(*one, *two, *end)
        return path
    here = shape.points[0]
    for letter, points in rounded(shape.points, getattr(shape, "radius", 0.0)):
        if letter == "M":
            path.moveTo(*points[0])
        elif letter == "L":
            path.lineTo(*points[0])
        else:
            one, two = cubic(here, points[0], points[1])
            path.curveTo(*one, *two, *points[1])
        here = points[-1]
    if isinstance(shape, Polygon):
        path.close()
    return path


def _text(canvas: Any, text: Text, theme: Theme) -> None:
    words = "".join(c if measure.has(c) else STAND_IN for c in text.text)
    weight = "bold" if text.bold else "regular"
    natural = measure.width(words, text.size, text.bold)
    canvas.saveState()
    canvas.transform(1, 0, 0, -1, text.left, text.y)
    canvas.setFillColor(theme.of(text.paint))
    line = canvas.beginText(0, 0)
    line.setFont(f"convdsl-{weight}", text.size)
    if natural > text.width + 0.01:
        line.setHorizScale(100 * text.width / natural)
    line.textOut(words)
    canvas.drawText(line)
    canvas.restoreState()
