"""A sheet of pictures as a file: SVG by ourselves, PNG through Pillow."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from convdsl.datasets.pictures import pillow
from convdsl.report.diagnostics import clean
from convdsl.report.png import png

_GAP, _LABEL = 4, 16


def as_svg(rows: Sequence[Any]) -> bytes:
    """The rows as SVG with the pictures inside, enlarged without smoothing."""
    height, width = rows[0].images.shape[1:3]
    zoom = max(1, 64 // max(height, width))
    step_x, step_y = width * zoom + _GAP, height * zoom + _GAP + _LABEL
    parts = []
    for y, row in enumerate(rows):
        top = y * step_y + _GAP
        parts.append(f'<text x="{_GAP}" y="{top + 11}">{escape(clean(row.name))}</text>')
        for x, image in enumerate(row.images):
            data = base64.b64encode(png(image)).decode()
            parts.append(
                f'<image x="{x * step_x + _GAP}" y="{top + _LABEL}" width="{width * zoom}" height="{height * zoom}" '
                f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
            )
    size = f'width="{len(rows[0].images) * step_x + _GAP}" height="{len(rows) * step_y + _GAP}"'
    style = 'font-family="sans-serif" font-size="11"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{body}\n</svg>\n'.encode()


def as_png(rows: Sequence[Any]) -> bytes:
    """The rows as PNG. Raises Unavailable where Pillow is missing."""
    Image = pillow()
    from PIL import ImageDraw

    height, width = rows[0].images.shape[1:3]
    zoom = max(1, 64 // max(height, width))
    step_x, step_y = width * zoom + _GAP, height * zoom + _GAP + _LABEL
    page = Image.new("RGB", (len(rows[0].images) * step_x + _GAP, len(rows) * step_y + _GAP), "white")
    pen = ImageDraw.Draw(page)
    for y, row in enumerate(rows):
        top = y * step_y + _GAP
        pen.text((_GAP, top), clean(row.name), fill="black")
        for x, image in enumerate(row.images):
            picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image[..., :3])
            page.paste(picture.resize((width * zoom, height * zoom), Image.Resampling.NEAREST).convert("RGB"),
                       (x * step_x + _GAP, top + _LABEL))  # fmt: skip
    stream = io.BytesIO()
    page.save(stream, "PNG")
    return stream.getvalue()
