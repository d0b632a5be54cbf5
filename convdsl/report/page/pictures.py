"""Pixels for pages: pictures, rows of feature maps, sheets of filters, masks in colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convdsl.report.png import class_colours, png

GAP = 1
COLUMNS = 8


def zoomed(width: int, wanted: int = 84) -> int:
    """How many pixels wide a picture is shown: a whole multiple of its own width, near `wanted`."""
    return width * max(1, round(wanted / width))


def sheet(tiles: Sequence[np.ndarray], columns: int = COLUMNS, gap: int = GAP) -> bytes:
    """Pictures (H, W, 1 or 3) uint8 of one size in rows, with see-through lines between them, as PNG."""
    height, width = tiles[0].shape[:2]
    colour = any(t.shape[2] == 3 for t in tiles)
    rows = -(-len(tiles) // columns)
    columns = min(columns, len(tiles))
    page = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4 if colour else 2), np.uint8)
    for number, tile in enumerate(tiles):
        y, x = (number // columns) * (height + gap), (number % columns) * (width + gap)
        place = page[y : y + height, x : x + width]
        place[..., :-1] = tile
        place[..., -1] = 255
    return png(page, alpha=True)


def sheet_width(tiles: Sequence[np.ndarray], columns: int = COLUMNS, gap: int = GAP) -> int:
    """How many pixels wide that sheet is."""
    return min(columns, len(tiles)) * (tiles[0].shape[1] + gap) - gap


def filters(weights: np.ndarray, most: int = 64, scale: float | None = None) -> list[np.ndarray]:
    """Filters (n, channels, k, k) as pictures (k, k, 3 or 1) each: zero is grey, `scale` white. In colours where there are
    three channels, else the first channel of each."""
    weights = weights[:most].transpose(0, 2, 3, 1)
    if weights.shape[-1] != 3:
        weights = weights[..., :1]
    scale = float(np.abs(weights).max(initial=0)) if scale is None else scale
    values = np.rint(127.5 + 127.5 * weights / scale if scale else weights * 0 + 127.5).clip(0, 255).astype(np.uint8)
    return list(values)


def maps(values: np.ndarray, low: float, high: float) -> list[np.ndarray]:
    """Feature maps (H, W, n) as pictures (H, W, 1): `low` is black, `high` white."""
    shown = (values.astype(np.float64) - low) / (high - low) if high > low else values * 0
    shown = np.rint(np.nan_to_num(shown).clip(0, 1) * 255).astype(np.uint8)
    return [shown[..., n : n + 1] for n in range(shown.shape[-1])]


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Each pixel repeated, or some left out."""
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    return picture[rows][:, columns]


def mask(classes: np.ndarray, count: int, side: int = 96) -> np.ndarray:
    """Classes (H, W) in colours; what is not known (below 0) is white."""
    step = -(-max(classes.shape) // side)
    colours = np.array([*class_colours(max(count, 1)), (255, 255, 255)], np.uint8)
    return colours[np.where(classes < 0, count, classes)[::step, ::step]]
