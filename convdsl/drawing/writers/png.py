"""A scene as PNG: the PDF, as PDFium paints it, so that both look alike."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from convdsl.drawing.scene import Scene
from convdsl.drawing.themes import Theme
from convdsl.drawing.writers.pdf import pdf, scale_of

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

DENSITY = 2.0
"""Pixels of the picture for each pixel of the scene, as dense screens have them."""
MOST_PIXELS = 60_000_000


def write(drawing: Drawing) -> bytes:
    """The content of a PNG file."""
    return png(drawing.scene, drawing.colours)


def png(scene: Scene, theme: Theme, density: float = DENSITY) -> bytes:
    """A picture of so many pixels for each of the scene's, or less where it would be larger than anybody looks at."""
    import pypdfium2
    from PIL import Image  # noqa: F401  # said to be missing here, not inside PDFium

    density = min(density, (MOST_PIXELS / (scene.width * scene.height)) ** 0.5)
    document = pypdfium2.PdfDocument(pdf(scene, theme))
    try:
        image = document[0].render(scale=density / scale_of(scene)).to_pil()
    finally:
        document.close()
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, dpi=(96 * density, 96 * density))
    return file.getvalue()
