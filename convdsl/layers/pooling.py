"""Pooling: windows without weights."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from convdsl.algebra import at_least, ceil_divide, equal, exact_divide, greatest_common_divisor, is_number, text
from convdsl.layers.arguments import Flag, Window
from convdsl.layers.base import (
    Layer,
    Reach,
    SizeError,
    Sizes,
    lie_closer,
    per_axis,
    seen_under_each_window,
    sees_a_window,
    show_shape,
    spatial,
)
from convdsl.layers.window import Axis, Pooling, refuse_empty_windows
from convdsl.messages import T


class _CheckedPooling(Pooling):
    def geometry(self, x: Sizes) -> tuple[Axis, ...]:
        axes = super().geometry(x)
        refuse_empty_windows(axes)
        return axes


class MaxPool(_CheckedPooling):
    """The largest value under the window. Padding never wins."""

    name = "maxpool"
    elsewhere = (
        "maxpooling",
        "agrupar",
        "agrupación",
        "agrupamiento",
        "submuestreo",
        "máximo",
        "pool",
        "pooling",
        "subsampling",
        "maximumpooling",
    )
    frameworks = {"": (("k", "s", "p"), ("k", "s", "p"))}
    example = "maxpool 2"

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * (self.window_area(x) - 1)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return compared_under_each_window()


class MinPool(_CheckedPooling):
    """The smallest value under the window. Padding never wins."""

    name = "minpool"
    example = "minpool 2"

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * (self.window_area(x) - 1)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return compared_under_each_window()


class AvgPool(_CheckedPooling):
    """The mean of the values under the window; zeros of the padding count, unless `exclude_pad`."""

    name = "avgpool"
    elsewhere = ("averagepooling", "meanpool", "promedio", "media", "averagepool")
    frameworks = {"": (("k", "s", "p"), ("k", "s", "p"))}
    example = "avgpool 2"

    exclude_pad = Flag("exclude_pad", True, "the mean leaves the padding out")

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * self.window_area(x)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return seen_under_each_window()


class MedianPool(_CheckedPooling):
    """The median of the values under the window (of two middle ones, the lower); padding is left out."""

    name = "medianpool"
    elsewhere = ("mediana",)
    example = "medianpool 3"

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * self.window_area(x)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return seen_under_each_window()


class _Global(Layer):
    channels = Flag("channels", True, "over the channels of each position instead: H×W×C becomes H×W×1")

    def output(self, x: Sizes) -> Sizes:
        sizes = spatial(x, self)
        return (*sizes, 1) if self.channels else (*(1 for _ in sizes), x[-1])

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        return super().reach(x, y) if self.channels else None

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        if self.channels:
            return super().why_size(x, y, axis)
        return T("One window spans the whole map, so one value is left for each channel.")

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Of all channels one value is left at each position.") if self.channels else super().why_channels(x, y)


class GlobalAvgPool(_Global):
    """The mean of each channel over all positions; with `channels`, the mean of each position over all channels."""

    name = "globalavgpool"
    aliases = ("gap",)
    elsewhere = ("globalaveragepooling", "globalaveragepool", "globalpooling")
    frameworks = {"": ((), ())}
    example = "globalavgpool"

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(x)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return seen_under_each_window()


class GlobalMaxPool(_Global):
    """The largest value of each channel over all positions; with `channels`, of each position over all channels."""

    name = "globalmaxpool"
    aliases = ("gmp",)
    elsewhere = ("globalmaxpooling",)
    frameworks = {"": ((), ())}
    example = "globalmaxpool"

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(x) - prod(y)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return compared_under_each_window()


class AdaptiveAvgPool(Layer):
    """Means over windows chosen so that the output has the size asked for: window i spans floor(i·N/O) to
    ceil((i + 1)·N/O)."""

    name = "adaptiveavgpool"
    elsewhere: ClassVar[tuple[str, ...]] = ("adaptiveaveragepooling", "adaptiveaveragepool")
    frameworks = {"": (("count",), ("count",))}
    example = "adaptiveavgpool 4x4"

    size = Window(doc="size of the output", positional=True)

    def sizes(self, x: Sizes) -> Sizes:
        """The output's spatial sizes."""
        return per_axis(self.size, len(spatial(x, self)), "size")

    def output(self, x: Sizes) -> Sizes:
        return (*self.sizes(x), x[-1])

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return x[-1] * prod(_covered(n, o) for n, o in zip(x[:-1], y[:-1], strict=True))

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return seen_under_each_window()

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The size is given; the windows are chosen to fit it.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return sees_a_window(jump)

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        return tuple(Reach(ceil_divide(n, o), ceil_divide(n, o)) for n, o in zip(x[:-1], y[:-1], strict=True))


class AdaptiveMaxPool(AdaptiveAvgPool):
    """The largest values of windows chosen so that the output has the size asked for: window i spans floor(i·N/O) to
    ceil((i + 1)·N/O)."""

    name = "adaptivemaxpool"
    elsewhere: ClassVar[tuple[str, ...]] = ("adaptivemaxpooling",)
    example = "adaptivemaxpool 4x4"

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return super().flops(x, y) - prod(y)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return compared_under_each_window()


def compared_under_each_window() -> T:
    """Of the largest and the smallest: what they cost."""
    return T("One comparison less than there are values under each window.")


def _covered(n: Any, o: Any) -> Any:
    """Sum of the widths of `o` adaptive windows over `n` values: n + o − gcd(n, o)."""
    return n + o - greatest_common_divisor(n, o)


class Unpool(Layer):
    """Puts each value back where the maximum of its window was, with zeros around it: `unpool a` undoes the `maxpool` whose
    value `keep a` gave a name, in places and size. (As in SegNet; nothing is learned.)"""

    name = "unpool"
    elsewhere = ("maxunpool", "maxunpooling", "unpooling", "despooling")
    example = "maxpool 2 -> keep a -> unpool a"

    def __init__(self, pool: Any = None) -> None:
        super().__init__()
        self.pool = pool
        """The pooling whose places these are."""

    def output(self, *inputs: Sizes) -> Sizes:
        """Of the values and of what the pooling saw: the size of that."""
        values, source = inputs
        pooled = self.pool.output(source)
        for axis in self.pool.geometry(source):
            within = axis.d * (axis.k - 1) + 1
            if at_least(axis.s, within) is False:
                raise SizeError(
                    "E219",
                    T("The windows of this `maxpool` overlap: two of them can have the same maximum."),
                    formula=f"{text(axis.s)} < {text(within)}",
                    help=T("Windows as large as their stride share nothing: `maxpool 2`."),
                    argument="name",
                )
        if len(values) != len(pooled) or any(equal(a, b) is False for a, b in zip(values, pooled, strict=True)):
            raise SizeError(
                "E219",
                T("There is a place for each value that the `maxpool` gave, and there are others here."),
                formula=f"{show_shape(values)} ≠ {show_shape(pooled)}",
                help=T("`conv {n} k1` before it gives as many channels.", n=text(pooled[-1]))
                if len(values) == len(pooled)
                and all(equal(a, b) is not False for a, b in zip(values[:-1], pooled[:-1], strict=True))
                else T("What stands between keeps the size: `conv 8 k3 p1`."),
                argument="name",
            )
        return source

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        from fractions import Fraction

        strides = (axis.s for axis in self.pool.geometry(y))
        return tuple(Reach(1, Fraction(1, s) if is_number(s) else exact_divide(1, s)) for s in strides)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("Every value goes back to its place: the size is that before the `maxpool`.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return T("A place sees what the value that may come there sees, and the window that decides about it.")

    def why_jump(self, x: Sizes, y: Sizes) -> T | None:
        return lie_closer()
