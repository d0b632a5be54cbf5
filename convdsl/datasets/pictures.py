"""JPEG, PNG and other picture files as arrays, through Pillow (the extra `images`), which is imported only here."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from convdsl.datasets.dataset import DataError
from convdsl.datasets.tree import File
from convdsl.messages import T

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".tif", ".tiff")
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
_MOST_PIXELS = 150_000_000
_GREY = {"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"}
_TURNED = {5, 6, 7, 8}  # values of the orientation tag with height and width exchanged
_ORIENTATION = 0x0112


class Unreadable(Exception):
    """One picture that cannot be decoded, and why."""


class Kind(NamedTuple):
    """What a picture is, by its header: its size as it is seen, and whether it has no colours."""

    height: int
    width: int
    grey: bool


def pillow() -> Any:
    """The module PIL.Image. Raises DataError, saying how to install it, where Pillow is missing."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError(
            T("Images in files need Pillow, which is not installed."),
            T("Install it with `{command}`.", command="python -m pip install pillow"),
        ) from None
    return Image


@contextmanager
def quiet() -> Iterator[None]:
    """Silences Pillow, which warns of what does not matter here: palettes, odd EXIF, large pictures."""
    logger, handler = logging.getLogger("PIL"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(handler)


def measure(file: File) -> Kind:
    """Size and kind of a picture, not decoded. Raises Unreadable."""
    with _opened(file) as image:
        return _kind(image)


def decode(file: File, height: int, width: int, channels: int) -> tuple[np.ndarray, bool]:
    """The picture as (height, width, channels) uint8, and whether it had to be stretched for that.

    Grey and colour become one another as `channels` (1 or 3) asks, 16 bits become 8, what is transparent becomes white.
    Raises Unreadable.
    """
    from PIL import Image, ImageOps

    mode = "L" if channels == 1 else "RGB"
    with _opened(file) as image:
        stretch = _kind(image)[:2] != (height, width)
        if stretch:
            image.draft(mode, (max(height, width),) * 2)  # lets JPEG decode at 1/2, 1/4 or 1/8, still large enough
        if _orientation(image) > 1:
            image = ImageOps.exif_transpose(image)
        image = _flat(image, mode, Image)
        if stretch:
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        return np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, channels), stretch


def _kind(image: Any) -> Kind:
    width, height = image.size
    turned = _orientation(image) in _TURNED
    return Kind(*((width, height) if turned else (height, width)), image.mode in _GREY)


def _flat(image: Any, mode: str, Image: Any) -> Any:
    if image.mode == mode:
        image.load()
        return image
    if image.mode.startswith("I"):
        deep = np.asarray(image)
        return Image.fromarray((deep.astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8)).convert(mode)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _orientation(image: Any) -> int:
    return image.getexif().get(_ORIENTATION, 1) if "exif" in image.info else 1


@contextmanager
def _opened(file: File) -> Iterator[Any]:
    try:
        with pillow().open(io.BytesIO(file.read()), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > _MOST_PIXELS:
                raise Unreadable(f"{width}×{height}")
            if image.mode == "F":
                raise Unreadable("float")
            yield image
    except (Unreadable, DataError):
        raise
    except Exception as error:  # decoders raise anything on damaged files
        if type(error).__name__ == "UnidentifiedImageError":
            raise Unreadable(str(T("it is no picture"))) from None
        raise Unreadable(str(error) or type(error).__name__) from None
