"""A layer with letters in the place of its numbers: what its rules then answer is the formula on the blackboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any

from convdsl.algebra.blackboard import Letter
from convdsl.layers import Layer
from convdsl.layers.arguments import Count, Window
from convdsl.layers.rearranging import PixelShuffle, PixelUnshuffle
from convdsl.layers.shaping import Upsample
from convdsl.layers.window import Pooling
from convdsl.messages import T

LETTERS = {
    "k": "F",
    "s": "S",
    "p": "P",
    "d": "D",
    "filters": "K",
    "units": "U",
    "g": "G",
    "m": "M",
    "op": "OP",
    "before": "B",
    "after": "A",
}
"""How the arguments of layers are called on the blackboard."""

FACTOR = "E"
"""The factor of an enlargement, or of its inverse, which is no window."""

ALWAYS = ("k", "s", "p", "filters", "units")
"""Arguments that stand in the formula even where they have their usual value."""

AXES = {1: ("",), 2: ("h", "w"), 3: ("d", "h", "w")}
"""What is added to a letter that differs along the axes."""

MEANINGS = {
    "N": T("size of the input"),
    "L": T("length of the input"),
    "H": T("height of the input"),
    "W": T("width of the input"),
    "Z": T("depth of the input"),
    "C": T("channels of the input"),
    "O": T("size of the output"),
    "F": T("window size"),
    "S": T("stride"),
    "P": T("padding on each side"),
    "D": T("dilation"),
    "K": T("number of filters"),
    "U": T("number of outputs"),
    "G": T("groups"),
    "M": T("filters for each channel"),
    "OP": T("output padding"),
    "B": T("before the first value"),
    "A": T("after the last value"),
    "R": T("receptive field before the layer"),
    "E": T("factor"),
    "J": T("inputs between two neighbouring values before the layer (jump)"),
}


def meaning(letter: str) -> T | None:
    """What a letter stands for; `F_h` is read as F along one axis."""
    return MEANINGS.get(letter.partition("_")[0])


def legend(letters: Iterable[Letter]) -> Iterator[tuple[str, T]]:
    """Each letter that has a meaning, and what it means; once for all axes."""
    seen = set()
    for letter in letters:
        means = meaning(letter.name)
        base = letter.name.partition("_")[0]
        if means is not None and base not in seen:
            seen.add(base)
            yield base, means


def spatial_letters(rank: int) -> tuple[str, ...]:
    """The letters of an input's spatial sizes."""
    return {0: (), 1: ("L",), 2: ("H", "W"), 3: ("Z", "H", "W")}[rank]


def shape_letters(shape: tuple[Any, ...]) -> tuple[Letter, ...]:
    """An input's shape as H, W, C; flat values as N."""
    names = ("N",) if len(shape) == 1 else (*spatial_letters(len(shape) - 1), "C")
    return tuple(Letter(name, size) for name, size in zip(names, shape, strict=True))


def lettered(layer: Layer, rank: int) -> Layer:
    """A copy of a layer whose sizes and counts are letters, for an input with `rank` spatial axes."""
    written = copy(layer)
    for name, argument in layer.arguments.items():
        value = getattr(layer, name)
        letter = FACTOR if isinstance(layer, (PixelShuffle, PixelUnshuffle, Upsample)) else LETTERS.get(name)
        if letter is None or isinstance(value, str) or not isinstance(argument, (Count, Window)):
            continue
        if value is None and isinstance(layer, Pooling):
            value = layer.k
        if name not in ALWAYS and value == argument.default:
            continue
        setattr(written, name, _letters(letter, value, rank))
    return written


def _letters(letter: str, value: Any, rank: int) -> Any:
    if not isinstance(value, tuple):
        return Letter(letter, value)
    if len(set(value)) == 1:
        return tuple(Letter(letter, v) for v in value)
    return tuple(Letter(f"{letter}_{axis}", v) for axis, v in zip(AXES[rank], value, strict=True))
