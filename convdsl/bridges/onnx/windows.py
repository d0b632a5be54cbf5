"""How a window of ONNX is written here: the padding that puts it in the same places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from convdsl.layers import Layer, SizeError
from convdsl.messages import T


class AskedWindow(NamedTuple):
    """A window along all spatial axes, as a node states it; one number for each axis."""

    k: tuple[int, ...]
    s: tuple[int, ...]
    d: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    ceil: bool

    def places(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """How many places it has along each axis; rounded up, none of them starts behind the input."""
        found = []
        for n, k, s, d, b, a in zip(sizes, self.k, self.s, self.d, self.before, self.after, strict=True):
            free = n + b + a - d * (k - 1) - 1
            count = (-(-free // s) if self.ceil else free // s) + 1
            found.append(count - 1 if self.ceil and (count - 1) * s >= n + b else count)
        return tuple(found)


def window(given: dict[str, Any], sizes: Sequence[int], k: Sequence[int]) -> AskedWindow:
    """The window of a node with these attributes over an input of these sizes."""
    rank = len(sizes)
    s = tuple(given.get("strides") or (1,) * rank)
    d = tuple(given.get("dilations") or (1,) * rank)
    pads = tuple(given.get("pads") or (0,) * (2 * rank))
    one_each(rank, k, s, d, pads[:rank], pads[rank:])
    auto = given.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [max((-(-n // t) - 1) * t + e * (f - 1) + 1 - n, 0) for n, t, e, f in zip(sizes, s, d, k, strict=True)]
        small, large = tuple(n // 2 for n in total), tuple(n - n // 2 for n in total)
        pads = (*small, *large) if auto == "SAME_UPPER" else (*large, *small)
    elif auto == "VALID":
        pads = (0,) * (2 * rank)
    return AskedWindow(tuple(k), s, d, pads[:rank], pads[rank:], bool(given.get("ceil_mode", 0)))


def one_each(rank: int, *found: Sequence[int]) -> None:
    """Raises SizeError where a window has not one number for each axis of its input."""
    if any(len(numbers) != rank for numbers in found):
        raise SizeError("E301", T("its window has not one number for each of {count} axes", count=rank))


def short(values: Sequence[int]) -> tuple[int, ...]:
    """One number where all axes have the same."""
    return tuple(values[:1]) if len(set(values)) == 1 else tuple(values)


def arguments(asked: AskedWindow, default: Sequence[int] = (1,)) -> dict[str, Any]:
    """The options that say window, stride and dilation; those that are what is meant anyway are left out. Without a stride
    the windows of pooling stand side by side: there `default` is the window."""
    found: dict[str, Any] = {"k": short(asked.k)}
    if short(asked.s) != short(tuple(default) * (len(asked.s) // len(default))):
        found["s"] = short(asked.s)
    if set(asked.d) != {1}:
        found["d"] = short(asked.d)
    return found


WAYS = ("plain", "same", "rounded", "same_lower")
"""How a layer may come to its padding: a number, or one of the words."""


def fitting(
    layer: type[Layer], given: dict[str, Any], asked: AskedWindow, shape: tuple[int, ...], ways: Sequence[str] = WAYS
) -> Layer | None:
    """The layer with the padding that puts its windows where `asked` has them; None where no padding does."""
    plain: dict[str, Any] = {"p": short(asked.before)} if any(asked.before) else {}
    options = {
        "plain": plain,
        "rounded": {**plain, "ceil": True},
        "same": {"p": "same"},
        "same_lower": {"p": "same_lower"},
    }
    if asked.before != asked.after:  # what a padding on both sides would hide
        ways = [*(w for w in ways if w != "plain"), *(w for w in ways if w == "plain")]
    wanted = list(zip(asked.before, asked.places(shape[:-1]), strict=True))
    for way in ways:
        candidate: Any = layer(**given, **options[way])
        try:
            axes = candidate.geometry(shape)
        except SizeError:
            continue
        if [(a.before, a.output) for a in axes] == wanted:
            return candidate
    return None
