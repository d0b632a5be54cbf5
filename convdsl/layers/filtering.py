"""Fixed kernels of image processing, applied to each channel by itself."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.layers.arguments import Kernel, Padding, Window
from convdsl.layers.base import SizeError, Sizes, seen_under_each_window
from convdsl.layers.window import Axis, Windowed, refuse_empty_windows, sees_one_channel
from convdsl.messages import T

NAMED: dict[str, tuple[int, tuple[tuple[int, ...], ...]]] = {
    "sharpen": (1, ((0, -1, 0), (-1, 5, -1), (0, -1, 0))),
    "laplacian": (1, ((0, 1, 0), (1, -4, 1), (0, 1, 0))),
    "edges": (1, ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1))),
    "sobel_x": (1, ((1, 0, -1), (2, 0, -2), (1, 0, -1))),
    "sobel_y": (1, ((1, 2, 1), (0, 0, 0), (-1, -2, -1))),
    "prewitt_x": (1, ((1, 0, -1), (1, 0, -1), (1, 0, -1))),
    "prewitt_y": (1, ((1, 1, 1), (0, 0, 0), (-1, -1, -1))),
}
"""Divisor and rows of the kernels that have one size."""

GAUSSIAN = {
    3: (16, ((1, 2, 1), (2, 4, 2), (1, 2, 1))),
    5: (273, ((1, 4, 7, 4, 1), (4, 16, 26, 16, 4), (7, 26, 41, 26, 7), (4, 16, 26, 16, 4), (1, 4, 7, 4, 1))),
}


ALONG: dict[str, tuple[int, tuple[int, ...]]] = {
    "sharpen": (1, (-1, 3, -1)),
    "laplacian": (1, (1, -2, 1)),
    "edges": (1, (-1, 2, -1)),
}
"""Of those that a sequence has too: divisor and values."""

GAUSSIAN_ALONG = {3: (4, (1, 2, 1)), 5: (16, (1, 4, 6, 4, 1))}


class Filter(Windowed):
    """A fixed kernel, which is not trained, applied to each channel by itself: smoothing, sharpening, edges; or
    `median`, which is no convolution. (`laplacian`, `edges` and `sharpen` are 3×3; `gaussian` is 3×3 or 5×5.)"""

    name = "filter"
    elsewhere = ("filtro",)
    example = "filter sobel_x"

    kernel = Kernel(("identity", "mean", "gaussian", *NAMED, "median"), doc="name of a kernel, or a matrix")
    k = Window(3, "window size (F)")
    s = Window(1, "stride (S)")
    p = Padding(
        "same",
        "zeros added on each side (P); `same` keeps ceil(N/S), `same_lower` too, with an odd zero first; `causal`: all before",
    )
    d = Window(1, "dilation (D)")

    def geometry(self, x: Sizes) -> tuple[Axis, ...]:
        axes = super().geometry(x)
        if self.kernel == "median":
            refuse_empty_windows(axes)
        return axes

    def divided(self, rank: int) -> tuple[float, tuple[Any, ...]] | None:
        """As `divided_rows`; of a sequence (rank 1) one row of numbers alone."""
        if rank != 1:
            return self.divided_rows()
        (size,) = self._windows(1)
        kernel = self.kernel
        if not isinstance(kernel, str):
            return 1, kernel[0]
        if kernel == "median":
            return None
        if kernel == "mean":
            return size, (1,) * size
        if kernel == "identity":
            return 1, tuple(int(i == size // 2) for i in range(size))
        return GAUSSIAN_ALONG[size] if kernel == "gaussian" else ALONG[kernel]

    def divided_rows(self) -> tuple[float, tuple[tuple[float, ...], ...]] | None:
        """The kernel as (divisor, rows), the rows whole where the kernel is a classic one; None for the median."""
        kernel = self.kernel
        if not isinstance(kernel, str):
            return 1, kernel
        height, width = self._windows(2)
        if kernel == "median":
            return None
        if kernel == "mean":
            return height * width, tuple((1,) * width for _ in range(height))
        if kernel == "identity":
            middle = (height // 2, width // 2)
            return 1, tuple(tuple(int((i, j) == middle) for j in range(width)) for i in range(height))
        return GAUSSIAN[height] if kernel == "gaussian" else NAMED[kernel]

    def _windows(self, rank: int) -> Sizes:
        if rank > 2:
            raise SizeError("E304", T("`filter` works on images H×W×C and on sequences L×C."))
        if rank == 1:
            return self._along()
        if not isinstance(self.kernel, str):
            return (len(self.kernel), len(self.kernel[0]))
        windows = super()._windows(rank)
        allowed = (3, 5) if self.kernel == "gaussian" else (3,) if self.kernel in NAMED else None
        if allowed and (windows[0] not in allowed or windows[0] != windows[1]):
            raise SizeError(
                "E305",
                T(
                    "The kernel `{name}` comes in these sizes: {sizes}.",
                    name=self.kernel,
                    sizes=", ".join(f"{a}×{a}" for a in allowed),
                ),
                argument="k",
            )
        return windows

    def _along(self) -> Sizes:
        """The window on a sequence. Raises SizeError for kernels that have two axes."""
        if not isinstance(self.kernel, str):
            if len(self.kernel) == 1:
                return (len(self.kernel[0]),)
        elif self.kernel not in NAMED or self.kernel in ALONG:
            (size,) = super()._windows(1)
            allowed = (3, 5) if self.kernel == "gaussian" else (3,) if self.kernel in ALONG else None
            if allowed and size not in allowed:
                sizes = ", ".join(map(str, allowed))
                message = T("The kernel `{name}` comes in these sizes: {sizes}.", name=self.kernel, sizes=sizes)
                raise SizeError("E305", message, argument="k")
            return (size,)
        raise SizeError(
            "E304",
            T("A sequence has one axis, and this kernel has two."),
            help=T("A kernel with one row works on it: `filter [1 0 -1]`."),
            argument="kernel",
        )

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return 0 if self.kernel == "median" else prod(y) * self.window_area(x)

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * self.window_area(x) if self.kernel == "median" else 2 * self.macs(x, y)

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return sees_one_channel(self, x, y)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return seen_under_each_window() if self.kernel == "median" else super().why_flops(x, y)
