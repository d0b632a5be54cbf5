"""Filters on pictures: the same operations as on matrices, on arrays (H, W, C) instead of rows of exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convdsl.datasets import DataError, load
from convdsl.datasets.pictures import Unreadable, decode, measure, pillow
from convdsl.datasets.registry import find
from convdsl.datasets.tree import File
from convdsl.layers import Axis
from convdsl.messages import T
from convdsl.teaching.convolution import Correlation, Operation, Pooling, Transposed

MAPPINGS = ("auto", "clip", "abs", "stretch")
_GREY_WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness: ITU-R BT.601
_ROWS_AT_ONCE = 64


class Picture(NamedTuple):
    """A picture (H, W, C) uint8, with C 1 or 3, and what it is called."""

    name: str
    pixels: np.ndarray
    notes: tuple[T, ...] = ()


def read_picture(path: Path) -> Picture:
    """The picture in a file, at its own size; grey stays grey, what is transparent becomes white. Raises DataError,
    OSError."""
    pillow()
    data = path.read_bytes()
    file = File(path.name, lambda: data)
    try:
        kind = measure(file)
        pixels, _ = decode(file, kind.height, kind.width, 1 if kind.grey else 3)
    except Unreadable:
        message = T("{name} is no image that can be read: it is damaged, or of another kind.", name=path)
        raise DataError(message) from None
    return Picture(path.name, pixels)


def picture_of(written: str) -> Picture | None:
    """An image of a known data set: `fashion-mini:7` is its test image 7, the first one being 0; None for other names.
    Raises DataError."""
    name, _, number = written.partition(":")
    if find(name) is None:
        return None
    if not (number or "0").isdecimal():
        raise DataError(T("`{text}`: behind the colon stands the number of an image, as in `{name}:7`.", text=written,
                          name=name))
    data = load(name, download=False, warn=lambda note: None)
    index = int(number or 0)
    if index >= len(data.test_images):
        raise DataError(T("{name} has {n} test images: 0 to {last}.", name=name, n=len(data.test_images),
                          last=len(data.test_images) - 1))
    label = data.classes[int(data.test_labels[index])] if data.classes else ""
    notes = (T("It shows: {what}.", what=label),) if label else ()
    return Picture(f"{data.name}:{index}", data.test_images[index], notes)


def grey(picture: Picture) -> Picture:
    """Brightness instead of colours."""
    if picture.pixels.shape[2] == 1:
        return picture
    bright = picture.pixels.astype(np.float64) @ np.array(_GREY_WEIGHTS)
    return picture._replace(pixels=np.rint(bright).astype(np.uint8)[:, :, None])


def apply(image: np.ndarray, operation: Operation) -> np.ndarray:
    """What an operation makes of an image (H, W, C), channel by channel, as float64. Only the operation's geometry,
    kernel and mode are used, not its matrix."""
    image = image.astype(np.float64)
    if isinstance(operation, Transposed):
        return _spread(image, operation)
    if isinstance(operation, Correlation):
        total = np.zeros((*operation.size, image.shape[2]))
        weights = [float(w) for row in operation.applied.rows for w in row]
        for weight, tap in zip(weights, _taps(image, operation.axes, 0.0), strict=True):
            total += weight * tap
        return total / operation.kernel.divisor
    assert isinstance(operation, Pooling)
    return _pool(image, operation)


def _pool(image: np.ndarray, operation: Pooling) -> np.ndarray:
    if operation.mode == "median":
        return _median(image, operation.axes)
    if operation.mode == "avg":
        total = np.zeros((*operation.size, image.shape[2]))
        for tap in _taps(image, operation.axes, 0.0):
            total += tap
        return total / (operation.window[0] * operation.window[1])
    worst, better = (-np.inf, np.maximum) if operation.mode == "max" else (np.inf, np.minimum)
    best = np.full((*operation.size, image.shape[2]), worst)
    for tap in _taps(image, operation.axes, worst):
        better(best, tap, out=best)
    return best


def _taps(image: np.ndarray, axes: tuple[Axis, Axis], outside: float) -> Iterator[np.ndarray]:
    """What the window's entries see, one array (H', W', C) for each entry; `outside` stands for the padding."""
    down, right = axes
    padded = _padded(image, axes, outside)
    for i in range(down.k):
        for j in range(right.k):
            yield padded[i * down.d :: down.s, j * right.d :: right.s][: down.output, : right.output]


def _padded(image: np.ndarray, axes: tuple[Axis, Axis], outside: float) -> np.ndarray:
    down, right = axes
    return np.pad(image, ((down.before, down.after), (right.before, right.after), (0, 0)), constant_values=outside)


def _median(image: np.ndarray, axes: tuple[Axis, Axis]) -> np.ndarray:
    """The middle value (of two, the lower); padding is left out. Some rows at a time, for the sake of memory."""
    down, right = axes
    padded = _padded(image, axes, np.nan)
    result = np.empty((down.output, right.output, image.shape[2]))
    for start in range(0, down.output, _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, down.output)
        part = padded[start * down.s : (stop - 1) * down.s + down.extent]
        rows = axes[0]._replace(before=0, after=0, output=stop - start)
        seen = np.sort(np.stack(list(_taps(part, (rows, right._replace(before=0, after=0)), np.nan))), axis=0)
        inside = (~np.isnan(seen)).sum(axis=0, keepdims=True)
        result[start:stop] = np.take_along_axis(seen, (inside - 1) // 2, axis=0)[0]
    return result


def _spread(image: np.ndarray, operation: Transposed) -> np.ndarray:
    down, right = operation.axes
    height, width = ((a.input - 1) * a.s + a.extent for a in operation.axes)
    full = np.zeros((max(height, down.before + down.output), max(width, right.before + right.output), image.shape[2]))
    for u, weights in enumerate(operation.applied.rows):
        for v, weight in enumerate(weights):
            at = full[u * down.d :: down.s, v * right.d :: right.s][: image.shape[0], : image.shape[1]]
            at += float(weight) * image
    cut = full[down.before : down.before + down.output, right.before : right.before + right.output]
    return cut / operation.kernel.divisor


class Shown(NamedTuple):
    """Values as a picture: (H, W, C) uint8, their range, how it was mapped, and how many values were cut off."""

    pixels: np.ndarray
    low: float
    high: float
    how: T
    cut: int


def as_bytes(values: np.ndarray, mapping: str, signed: bool) -> Shown:
    """Values mapped to 0…255: `clip` cuts off, `abs` drops the sign and then cuts, `stretch` maps range to range.
    `auto` keeps what fits; of what does not, it lets 0 be grey where values are `signed` by nature (differences), and
    cuts off elsewhere."""
    low, high = float(values.min()), float(values.max())
    farthest = max(-low, high)
    rules: dict[str, tuple[T, Callable[[], np.ndarray]]] = {
        "keep": (T("kept and rounded"), lambda: values),
        "clip": (T("rounded, and cut off below 0 and above 255"), lambda: values),
        "abs": (T("without the sign, and cut off above 255"), lambda: np.abs(values)),
        "stretch": (T("stretched: the lowest value is black, the highest white"),
                    lambda: (values - low) * (255 / (high - low) if high > low else 0)),
        "signed": (T("0 is shown as grey (128), ±{far} as white and black", far=f"{farthest:.4g}"),
                   lambda: 128 + values * (127 / farthest)),
        "scaled": (T("scaled: 0 is black, {far} is white", far=f"{farthest:.4g}"), lambda: values * (255 / farthest)),
    }
    if mapping == "auto":
        if signed:
            mapping = "signed" if low < 0 else "keep" if high <= 255 else "scaled"
        else:
            mapping = "keep" if low >= 0 and high <= 255 else "clip"
    how, mapped = rules[mapping]
    rounded = np.rint(mapped())
    return Shown(rounded.clip(0, 255).astype(np.uint8), low, high, how, int(((rounded < 0) | (rounded > 255)).sum()))


def write_picture(pixels: np.ndarray, path: Path) -> None:
    """Writes a picture (H, W, C) uint8; the kind of file goes by the name. Raises DataError, OSError."""
    image = pillow().fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    try:
        image.save(path)
    except ValueError:
        raise DataError(T("`{name}`: a picture's name ends in .png or .jpg.", name=path)) from None
