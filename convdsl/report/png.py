"""PNG (ISO/IEC 15948) by ourselves, with the simplest filter: grey, colours, or numbers of classes with a palette."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6


def png(image: np.ndarray, palette: Sequence[tuple[int, int, int]] = (), alpha: bool = False) -> bytes:
    """A picture (H, W, 1 or 3) uint8; with `alpha` one more channel tells how much of what lies behind is hidden. With a
    `palette` its numbers are those of colours there. Of other channels the first is taken."""
    height, width, channels = image.shape
    if channels - alpha not in (1, 3):
        image, channels, alpha = image[..., :1], 1, False
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(image))
    kind = _PALETTE if palette else {1: _GREY, 2: _GREY_ALPHA, 3: _RGB, 4: _RGB_ALPHA}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    colours = _chunk(b"PLTE", b"".join(map(bytes, palette))) if palette else b""
    body = _chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + colours + body + _chunk(b"IEND", b"")


def class_colours(count: int) -> list[tuple[int, int, int]]:
    """A colour for each of `count` classes, the first black, as the masks of PASCAL VOC have them: bit by bit of the
    number, the three lowest bits give the highest ones of red, green and blue, and so on."""
    colours = []
    for number in range(count):
        channels = [0, 0, 0]
        for step in range(8):
            for channel in range(3):
                channels[channel] |= (number >> (3 * step + channel) & 1) << (7 - step)
        colours.append((channels[0], channels[1], channels[2]))
    return colours


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
