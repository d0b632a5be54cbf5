"""Filters on pictures: the same operations as on matrices, on arrays (H, W, C) instead of rows of exact numbers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convdsl import files
from convdsl.datasets import DataError, load
from convdsl.datasets.names import quoted
from convdsl.datasets.pictures import Unreadable, decode, depth, measure, only_the_first, pillow
from convdsl.datasets.registry import find
from convdsl.datasets.tree import File
from convdsl.messages import Grouped, Rounded, T
from convdsl.teaching.worked.convolution import Correlation, Operation, Pooling, Transposed
from convdsl.teaching.worked.matrix import MatrixError

_GREY_WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness: ITU-R BT.601
_VALUES_AT_ONCE = 4_000_000  # few enough for the caches and the memory
_MOST_ROWS = 16
MOST_PRODUCTS = 20_000_000_000
"""What a filter on a picture may take: a minute or so."""


_LARGEST = 500_000_000
"""Bytes of a file with a picture."""


class Picture(NamedTuple):
    """A picture (H, W, C) uint8, with C 1 or 3, and what it is called."""

    name: str
    pixels: np.ndarray
    notes: tuple[T, ...] = ()


def read_picture(path: Path) -> Picture:
    """The picture in a file, at its own size; grey stays grey, what is transparent becomes white. Raises DataError,
    OSError."""
    pillow()
    data = files.read(path, _LARGEST)
    file = File(path.name, lambda: data)
    try:
        kind = measure(file)
        one = decode(file, kind.height, kind.width, 1 if kind.grey else 3)
    except Unreadable:
        message = T("{name} is no image that can be read: it is damaged, or of another kind.", name=path)
        raise DataError(message) from None
    notes = (only_the_first([quoted(path.name)]),) if one.several else ()
    if not one.deep:
        return Picture(path.name, one.pixels, notes)
    scale = 2 ** depth(float(one.pixels.max())) - 1
    note = T("The picture has {bits} bits; it is worked with in 8, from 0 to 255.", bits=scale.bit_length())
    return Picture(path.name, np.rint(one.pixels * (255 / scale)).astype(np.uint8), (*notes, note))


def picture_of(written: str) -> Picture | None:
    """An image of a known data set: `fashion-mini:7` is its test image 7, the first one being 0; None for other names.
    Raises DataError."""
    name, _, number = written.partition(":")
    if find(name) is None:
        return None
    if not (number or "0").isdecimal():
        raise DataError(
            T("`{text}`: behind the colon stands the number of an image, as in `{name}:7`.", text=written, name=name)
        )
    data = load(name, download=False, warn=lambda note: None)
    index = int(number or 0)
    if index >= len(data.test_images):
        raise DataError(
            T(
                "{name} has {n} test images: 0 to {last}.",
                name=name,
                n=len(data.test_images),
                last=len(data.test_images) - 1,
            )
        )
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
    kernel and mode are used, not its matrix. Raises MatrixError where it would take too long."""
    if isinstance(operation, Transposed):
        return _spread(image.astype(np.float64), operation)
    down, right = operation.axes
    products = operation.products * image.shape[2]
    if products > MOST_PRODUCTS:
        raise MatrixError(
            T("That would be {n} products; {limit} are the limit.", n=Grouped(products), limit=Grouped(MOST_PRODUCTS)),
            T("Take a smaller window, or a smaller image."),
        )
    result = np.empty((down.output, right.output, image.shape[2]))
    at_once = min(max(_VALUES_AT_ONCE * down.output // products, 1), _MOST_ROWS)
    for start in range(0, down.output, at_once):
        rows = range(start, min(start + at_once, down.output))
        result[rows.start : rows.stop] = _reduced(operation, _taps(image, operation, rows))
    return result


def _taps(image: np.ndarray, operation: Operation, rows: range) -> Iterator[np.ndarray]:
    """What the window's entries see for some rows of the output: one array (rows, W', C) for each entry. The padding is
    0 for sums, and not a number where it must not win."""
    down, right = operation.axes
    top, bottom = rows[0] * down.s - down.before, rows[-1] * down.s - down.before + down.extent
    seen = image[max(top, 0) : min(bottom, len(image))].astype(np.float64)
    outside = 0.0 if isinstance(operation, Correlation) or operation.mode == "avg" else np.nan  # type: ignore[attr-defined]
    around = ((max(-top, 0), max(bottom - len(image), 0)), (right.before, right.after), (0, 0))
    seen = np.pad(seen, around, constant_values=outside)
    for i in range(down.k):
        for j in range(right.k):
            yield seen[i * down.d :: down.s, j * right.d :: right.s][: len(rows), : right.output]


def _reduced(operation: Operation, taps: Iterator[np.ndarray]) -> np.ndarray:
    """What becomes of the values under the windows."""
    if isinstance(operation, Correlation):
        weights = [float(w) for row in operation.applied.rows for w in row]
        total = sum(w * tap for w, tap in zip(weights, taps, strict=True))
        return np.asarray(total) / operation.kernel.divisor
    assert isinstance(operation, Pooling)
    if operation.mode == "avg":
        return np.asarray(sum(taps)) / (operation.window[0] * operation.window[1])
    if operation.mode == "median":
        seen = np.sort(np.stack(list(taps)), axis=0)  # what is not a number comes last
        inside = (~np.isnan(seen)).sum(axis=0, keepdims=True)
        return np.take_along_axis(seen, (inside - 1) // 2, axis=0)[0]
    better = np.fmax if operation.mode == "max" else np.fmin
    best = next(taps).copy()
    for tap in taps:
        better(best, tap, out=best)
    return best


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


class AsBytes(NamedTuple):
    """Values as a picture: (H, W, C) uint8, their range, how it was mapped, and how many values were cut off."""

    pixels: np.ndarray
    low: float
    high: float
    how: T
    cut: int


def as_bytes(values: np.ndarray, mapping: str, signed: bool) -> AsBytes:
    """Values mapped to 0…255: `clip` cuts off, `abs` drops the sign and then cuts, `stretch` maps range to range.
    `auto` keeps what fits; of what does not, it lets 0 be grey where values are `signed` by nature (differences), and
    cuts off elsewhere."""
    low, high = float(values.min()), float(values.max())
    farthest = max(-low, high)
    rules: dict[str, tuple[T, Callable[[], np.ndarray]]] = {
        "keep": (T("kept and rounded"), lambda: values),
        "clip": (T("rounded, and cut off below 0 and above 255"), lambda: values),
        "abs": (T("without the sign, and cut off above 255"), lambda: np.abs(values)),
        "stretch": (
            T("stretched: the lowest value is black, the highest white"),
            lambda: (values - low) * (255 / (high - low) if high > low else 0),
        ),
        "signed": (
            T("0 is shown as grey (128), ±{far} as white and black", far=Rounded(farthest, ".4g")),
            lambda: 128 + values * (127 / farthest),
        ),
        "scaled": (
            T("scaled: 0 is black, {far} is white", far=Rounded(farthest, ".4g")),
            lambda: values * (255 / farthest),
        ),
    }
    if mapping == "auto":
        if signed:
            mapping = "signed" if low < 0 else "keep" if high <= 255 else "scaled"
        else:
            mapping = "keep" if low >= 0 and high <= 255 else "clip"
    how, mapped = rules[mapping]
    rounded = np.rint(mapped())
    return AsBytes(rounded.clip(0, 255).astype(np.uint8), low, high, how, int(((rounded < 0) | (rounded > 255)).sum()))


def write_picture(pixels: np.ndarray, path: Path) -> None:
    """Writes a picture (H, W, C) uint8; the kind of file goes by the name. Raises DataError, OSError."""
    pil = pillow()
    kind = pil.registered_extensions().get(path.suffix.lower())
    if kind not in pil.SAVE:
        raise DataError(T("`{name}`: a picture's name ends in .png or .jpg.", name=path))
    image = pil.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    written = io.BytesIO()
    try:
        image.save(written, kind)
    except ValueError:
        raise DataError(T("`{name}`: a picture's name ends in .png or .jpg.", name=path)) from None
    files.write(path, [written.getvalue()])
