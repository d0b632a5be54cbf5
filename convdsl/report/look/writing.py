"""Panels as a page, as SVG and as PNG. PNG is painted by Pillow, in our font; the others are text."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import PurePath

import numpy as np

from convdsl import files
from convdsl.document import Gallery, Heading, Node, Picture, Sentence, Title, html
from convdsl.drawing import measure
from convdsl.drawing.writers.svg import escaped
from convdsl.messages import T
from convdsl.report.look.panels import Panel
from convdsl.report.page.pictures import sheet, sheet_width
from convdsl.report.png import png

ABOUT = T("layer by layer, and what the answer rests on")
FORMATS = ("html", "svg", "png")
WIDE, MARGIN, GAP, LINE = 1000, 16, 4, 16
"""Of SVG and PNG, in pixels: the width, around all, between pictures, and of a line of text."""


class CannotShow(ValueError):
    """A file's name whose ending says no format."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


def ending(path: str) -> str:
    """The format that a file's name asks for. Raises CannotShow."""
    found = PurePath(path).suffix.lower().lstrip(".")
    if found not in FORMATS:
        text = T("{file}: the name's ending says what is written, and is one of {list}.", file=path,
                 list=", ".join("." + f for f in FORMATS))  # fmt: skip
        raise CannotShow(text)
    return found


class Look:
    """What was looked at, as panels. In a notebook it shows itself; `save` writes a file by its ending."""

    def __init__(self, title: str, about: str, panels: Sequence[Panel]) -> None:
        self.title, self.about, self.panels = title, about, tuple(panels)

    def written(self, format: str) -> bytes:
        """The content of a file of one of FORMATS."""
        return written(self.title, self.about, self.panels, format)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a page or a picture. Raises CannotShow for another ending, OSError where it cannot be written."""
        files.write(path, (self.written(ending(fspath(path))),))

    def _repr_html_(self) -> str:
        return _svg(self.title, self.panels).decode()


def written(title: str, about: str, panels: Sequence[Panel], format: str) -> bytes:
    """The content of a file of one of FORMATS."""
    if format == "html":
        return html.write(document(title, about, panels), "body { max-width: 68rem; }").encode("utf-8", "replace")
    return _svg(title, panels) if format == "svg" else _png(panels)


def document(title: str, about: str, panels: Sequence[Panel]) -> list[Node]:
    """The panels as a document."""
    nodes: list[Node] = [Title(title, (about,) if about else ())]
    for panel in panels:
        nodes += [Heading(panel.title, 2), *([Sentence(panel.said)] if panel.said else [])]
        zoom = max(1, round(panel.width / panel.tiles[0].shape[1]))
        if panel.names or len(panel.tiles) <= 4:
            names = panel.names or ("",) * len(panel.tiles)
            nodes.append(
                Gallery(
                    tuple(
                        Picture(
                            f"{panel.title} {name}".strip(), png=png(tile), caption=name, width=zoom * tile.shape[1]
                        )
                        for tile, name in zip(panel.tiles, names, strict=True)
                    )
                )
            )
        else:
            wide = sheet_width(panel.tiles, panel.columns)
            nodes.append(Picture(panel.title, png=sheet(panel.tiles, panel.columns), width=_fitting(zoom, wide) * wide))
    return nodes


def _fitting(zoom: int, wide: int) -> int:
    while zoom > 1 and zoom * wide > WIDE:
        zoom -= 1
    return zoom


class _Placed:
    """Where everything of some panels is: texts (x, y, words, size, bold) and pictures (x, y, width, height, tile)."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self.texts: list[tuple[float, float, str, float, bool]] = []
        self.tiles: list[tuple[int, int, int, int, np.ndarray]] = []
        y = MARGIN
        for panel in panels:
            y = self._panel(panel, y) + MARGIN
        self.height = y

    def _panel(self, panel: Panel, y: int) -> int:
        room = WIDE - 2 * MARGIN
        for text, size, bold in ((panel.title, 14, True), (panel.said, 11.5, False)):
            for line in measure.wrapped(text, size, room, bold):
                self.texts.append((MARGIN, y + size, line, size, bold))
                y += LINE + 2
        y += 4
        height, width = panel.tiles[0].shape[:2]
        zoom = max(1, round(panel.width / width))
        columns = min(panel.columns, len(panel.tiles))
        while zoom > 1 and columns * (zoom * width + GAP) > room:
            zoom -= 1
        columns = max(1, min(columns, room // (zoom * width + GAP)))
        below = LINE if panel.names else 0
        for number, tile in enumerate(panel.tiles):
            row, column = divmod(number, columns)
            x = MARGIN + column * (zoom * width + GAP)
            top = y + row * (zoom * height + GAP + below)
            self.tiles.append((x, top, zoom * width, zoom * height, tile))
            if panel.names:
                name = measure.cut(panel.names[number], 10, zoom * width)
                self.texts.append((x, top + zoom * height + 11, name, 10, False))
        return y + -(-len(panel.tiles) // columns) * (zoom * height + GAP + below)


def _svg(title: str, panels: Sequence[Panel]) -> bytes:
    placed = _Placed(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{placed.height}" '
        f'viewBox="0 0 {WIDE} {placed.height}" role="img" font-family="{measure.FAMILY}">',
        f"<title>{escaped(title)}</title>",
        f'<rect width="{WIDE}" height="{placed.height}" fill="#ffffff"/>',
    ]
    for left, top, width, height, tile in placed.tiles:
        data = b64encode(png(tile)).decode()
        parts.append(
            f'<image x="{left}" y="{top}" width="{width}" height="{height}" style="image-rendering:pixelated" '
            f'href="data:image/png;base64,{data}"/>'
        )
    for x, baseline, words, size, bold in placed.texts:
        weight = ' font-weight="bold"' if bold else ""
        parts.append(
            f'<text x="{x}" y="{baseline:g}" font-size="{size:g}"{weight} fill="#1b1f24">{escaped(words)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"]).encode("utf-8", "replace")


def _png(panels: Sequence[Panel]) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    placed = _Placed(panels)
    page = Image.new("RGB", (WIDE, placed.height), "white")
    pen = ImageDraw.Draw(page)
    for left, top, width, height, tile in placed.tiles:
        picture = Image.fromarray(tile[..., 0] if tile.shape[-1] == 1 else np.ascontiguousarray(tile))
        page.paste(picture.resize((width, height), Image.Resampling.NEAREST).convert("RGB"), (left, top))
    for x, baseline, words, size, bold in placed.texts:
        font = ImageFont.truetype(str(measure.FONTS / f"sans-{'bold' if bold else 'regular'}.ttf"), size)
        shown = "".join(c if measure.has(c) else "?" for c in words)
        pen.text((x, baseline), shown, fill="#1b1f24", font=font, anchor="ls")
    file = io.BytesIO()
    page.save(file, "PNG", optimize=True)
    return file.getvalue()
