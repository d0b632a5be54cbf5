"""A picture in a terminal that shows pictures: by kitty's protocol or as sixels, through textual-image."""

from __future__ import annotations

import io
import sys
from typing import Any


def show_picture(png: bytes, width: float) -> bool:
    """Shows a PNG that is to be `width` pixels wide, if the terminal behind standard output can and has so much room.
    Returns whether it did. Raises ModuleNotFoundError where the library is missing."""
    from rich.console import Console

    kind = _kind()
    if kind is None:
        return False
    console = Console(file=getattr(sys.stdout, "unfiltered", sys.stdout))
    columns = int(-(-width // _cell()))
    if columns > console.width:
        return False
    console.print(kind(io.BytesIO(png), width=columns, height="auto"))
    return True


def _kind() -> Any:
    """The library's class for what this terminal shows; None where it shows text only. Asking writes to the terminal."""
    from textual_image import renderable

    pictures = (renderable.TGPImage, renderable.SixelImage)
    return renderable.Image if renderable.Image in pictures else None


def _cell() -> int:
    """How many pixels wide a letter is; 8 where the terminal does not say."""
    from textual_image._terminal import TerminalError, get_cell_size

    try:
        return get_cell_size().width or 8
    except TerminalError:
        return 8
