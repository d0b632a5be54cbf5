"""JPEG, PNG and other picture files as arrays, through Pillow which is imported only here."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np

from convdsl.datasets.dataset import DataError, Unavailable
from convdsl.datasets.tree import File
from convdsl.messages import Grouped, T, reason

SUFFIXES = (".jpg", ".jpeg", ".jfif", ".jpe", ".jif", ".png", ".apng", ".bmp", ".dib", ".gif", ".webp", ".pgm", ".ppm",
            ".pnm", ".pbm", ".tif", ".tiff")  # fmt: skip
_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "WEBP", "PPM", "TIFF")
_MOST_PIXELS = 150_000_000
_GREY = {"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"}
_TURNED = {5, 6, 7, 8}  # values of the orientation tag with height and width exchanged
_ORIENTATION = 0x0112
_TURNS = {2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (3, False), 7: (3, True), 8: (1, False)}
"""Quarter turns to the left after mirroring left and right, by the orientation tag."""


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
        raise Unavailable(
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


class Decoded(NamedTuple):
    """A picture as (H, W, C): uint8, or float32 with its whole numbers as they are where it is `deep` (more than 8 bits).
    `stretched` is the size (H, W) that it had where that had to be changed, `several` whether the file holds more pictures than
    this first one."""

    pixels: np.ndarray
    stretched: tuple[int, int] | None
    deep: bool
    several: bool


def decode(file: File, height: int, width: int, channels: int, cut: bool = False) -> Decoded:
    """The picture as (height, width, channels).

    Grey and colour become one another as `channels` (1 or 3) asks, what is transparent becomes white; of several frames or
    pages it is the first. With `cut` the middle of a picture of other proportions is taken, instead of squeezing it. Raises
    Unreadable.
    """
    from PIL import Image, ImageOps

    mode = "L" if channels == 1 else "RGB"
    with _opened(file) as image:
        had = _kind(image)[:2]
        stretch = had if had != (height, width) else None
        several = _several(image, file)
        deep = _deep(image, file)
        if deep is not None:
            pixels = _fitted(deep, _orientation(image), height, width, channels, cut, Image)
            return Decoded(pixels, stretch, True, several)
        if stretch:
            image.draft(mode, (max(height, width),) * 2)  # lets JPEG decode at 1/2, 1/4 or 1/8, still large enough
        if _orientation(image) > 1:
            image = ImageOps.exif_transpose(image)
        image = _flat(image, mode, Image)
        if stretch:
            image = image.crop(_box(image, height, width)) if cut else image
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        pixels = np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, channels)
        return Decoded(pixels, stretch, False, several)


class Mask(NamedTuple):
    """Whole numbers (H, W) uint16; where they are places in a palette, the colours of those that occur; and whether the file
    holds more pictures than this first one."""

    pixels: np.ndarray
    colours: dict[int, tuple[int, ...]]
    several: bool


def decode_mask(file: File) -> Mask:
    """A picture as whole numbers: of a grey one its values, of one with a palette their places in it, of one in colours the
    values where all three are alike; of several frames or pages it is the first. Raises Unreadable."""
    with _opened(file) as image:
        if lossy := _lossy(image, file):
            raise Unreadable(str(T("{format} changes the numbers a little; save masks as PNG", format=lossy)))
        if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA") and not image.mode.startswith("I"):
            raise Unreadable(str(T("its colours are {mode}; save masks as grey PNG", mode=image.mode)))
        several = _several(image, file)
        pixels = np.asarray(image)
        palette = np.reshape(image.getpalette("RGB") if image.mode == "P" else [], (-1, 3))
    shown = {int(i): tuple(map(int, palette[i])) for i in np.unique(pixels) if i < len(palette)} if len(palette) else {}
    if pixels.ndim == 3:
        colours = pixels[..., : 1 if pixels.shape[2] == 2 else 3]
        if not (colours == colours[..., :1]).all():
            raise Unreadable(str(T("it is in colours, and no colour is the number of a class")))
        pixels = colours[..., 0]
    if pixels.size and (pixels.min() < 0 or pixels.max() > 65535):
        raise Unreadable(str(T("its numbers go from {low} to {high}", low=pixels.min(), high=pixels.max())))
    return Mask(pixels.astype(np.uint16), shown, several)


def _lossy(image: Any, file: File) -> str:
    """The name of the compression where it does not keep the numbers, else ""."""
    if image.format in ("JPEG", "MPO") or "jpeg" in str(image.info.get("compression", "")):
        return "JPEG"
    return "WebP" if image.format == "WEBP" and b"VP8L" not in file.read() else ""


def only_the_first(names: Sequence[str]) -> T:
    """What is said of the files `names`, which move or have several pages."""
    return T(
        "{n} file has several frames or pages, of which only the first counts: {examples}.",
        "{n} files have several frames or pages, of which only the first counts: {examples}.",
        n=len(names),
        examples=", ".join(names[:3]),
    )


def depth(high: float) -> int:
    """The bits that pictures use whose largest value is `high`: cameras and scanners write 10, 12 or 14 bits into 16."""
    return next((bits for bits in (8, 10, 12, 14, 16, 24, 32) if high < 2**bits), 64)


def _several(image: Any, file: File) -> bool:
    """Whether a GIF, PNG or WebP moves, or a TIFF has more than one page. A second picture in a JPEG is a preview."""
    if image.format in ("PNG", "WEBP"):  # in the header
        return bool(getattr(image, "is_animated", False))
    if image.format in ("GIF", "TIFF"):  # looked for, away from `image`: what follows may be damaged
        with suppress(Unreadable), _opened(file) as other:
            return bool(other.is_animated)
    return False


def _deep(image: Any, file: File) -> np.ndarray | None:
    """(H, W, 1 or 3 or 4) float32, the whole numbers of a picture with 16 bits or more; None for all others.

    Pillow gives the upper byte of colours with 16 bits. The lower one is read as the upper byte of the other byte order.
    """
    if image.mode.startswith("I"):
        return np.asarray(image).astype(np.float32).clip(0)[..., None]
    if not image.tile or ";16" not in (raw := _raw_mode(image.tile[0])):
        return None
    if not raw.startswith("RGB"):
        raise Unreadable(str(T("16 bits of grey with transparency")))
    swapped = raw[:-1] + ("L" if raw[-1] == "B" or (raw[-1] == "N" and sys.byteorder == "big") else "B")
    with _opened(file) as other:
        other.tile = [tile._replace(args=_with_raw_mode(tile.args, swapped)) for tile in other.tile]
        low = np.asarray(other)
    return np.asarray(image).astype(np.float32) * 256 + low


def _raw_mode(tile: Any) -> str:
    args = tile[3]
    return str(args if isinstance(args, str) else args[0])


def _with_raw_mode(args: Any, mode: str) -> Any:
    return mode if isinstance(args, str) else (mode, *args[1:])


def _box(image: Any, height: int, width: int) -> tuple[int, int, int, int]:
    """The largest part in the middle of a picture that has the proportions of (height, width). From left and top to right and
    bottom, as Pillow counts."""
    all_across, all_down = image.size
    across = min(all_across, max(1, round(all_down * width / height)))
    down = min(all_down, max(1, round(all_across * height / width)))
    left, top = (all_across - across) // 2, (all_down - down) // 2
    return left, top, left + across, top + down


def _fitted(
    pixels: np.ndarray, orientation: int, height: int, width: int, channels: int, cut: bool, Image: Any
) -> np.ndarray:
    """Deep pixels, turned, without transparency, in the colours and the size asked for: float32."""
    if pixels.shape[2] == 4:
        seen = pixels[..., 3:] / 65535
        pixels = pixels[..., :3] * seen + 65535 * (1 - seen)
    turn, mirror = _TURNS.get(orientation, (0, False))
    pixels = np.rot90(pixels[:, ::-1] if mirror else pixels, turn)
    if channels == 1 and pixels.shape[2] == 3:
        pixels = pixels @ np.array([[0.299], [0.587], [0.114]], np.float32)  # ITU-R BT.601, as Pillow does
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(pixels.astype(np.float32), -1, 0)]
    planes = [plane.crop(_box(plane, height, width)) for plane in planes] if cut else planes
    stretched = [np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) for plane in planes]
    return np.broadcast_to(np.stack(stretched, -1), (height, width, channels))


def _kind(image: Any) -> Kind:
    width, height = image.size
    turned = _orientation(image) in _TURNED
    return Kind(*((width, height) if turned else (height, width)), image.mode in _GREY)


def _flat(image: Any, mode: str, Image: Any) -> Any:
    if image.mode == mode:
        image.load()
        return image
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _orientation(image: Any) -> int:
    return image.getexif().get(_ORIENTATION, 1) if "exif" in image.info else 1


_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@contextmanager
def _opened(file: File) -> Iterator[Any]:
    contents = b""
    try:
        contents = file.read()
        if not contents:
            raise Unreadable(str(T("the file is empty")))
        with pillow().open(io.BytesIO(contents), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > _MOST_PIXELS:
                raise Unreadable(str(T("it is too large: {size} pixels", size=f"{width}×{height}")))
            if image.mode == "F":
                raise Unreadable(
                    str(
                        T(
                            "its pixels are fractions; save them as whole numbers, or all pictures as arrays in an .npz file"
                        )
                    )
                )
            yield image
    except (Unreadable, DataError):
        raise
    except Exception as error:  # decoders raise anything on damaged files
        if type(error).__name__ == "DecompressionBombError":
            raise Unreadable(str(T("it is too large: more than {count} pixels", count=Grouped(_MOST_PIXELS)))) from None
        if type(error).__name__ == "UnidentifiedImageError":
            if contents.startswith(_TIFF):
                raise Unreadable(str(T("this kind of TIFF is not read; save it as PNG"))) from None
            raise Unreadable(str(T("it is no picture"))) from None
        if isinstance(error, OSError) and error.errno is not None:
            raise Unreadable(str(reason(error))) from None
        raise Unreadable(str(T("it is damaged ({why})", why=str(error) or type(error).__name__))) from None
