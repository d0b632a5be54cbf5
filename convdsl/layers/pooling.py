"""Pooling: windows without weights."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from convdsl.algebra import ceil_divide, greatest_common_divisor
from convdsl.layers.arguments import Flag, Window
from convdsl.layers.base import Layer, Reach, Sizes, per_axis, seen_under_each_window, sees_a_window, spatial
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
