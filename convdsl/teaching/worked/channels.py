"""One filter over several channels: each channel meets its own slice of the kernel, what they give is added up, and a
bias and a ReLU may come after it, as in a convolutional layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from convdsl.messages import T
from convdsl.teaching.worked.convolution import Correlation, Options
from convdsl.teaching.worked.exact import Number
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.matrix import MatrixError, Rows


class Channels:
    """The correlations of the channels, the bias that is added once to their sum, and whether a ReLU follows."""

    def __init__(self, parts: Sequence[Correlation], bias: Number = 0, relu: bool = False) -> None:
        self.parts = tuple(parts)
        self.bias = bias
        self.relu = relu

    @cached_property
    def sums(self) -> Rows:
        """What the channels give together, place by place; without the bias."""
        lines = zip(*(part.output for part in self.parts), strict=True)
        return tuple(tuple(sum(values) for values in zip(*rows, strict=True)) for rows in lines)

    @cached_property
    def output(self) -> Rows:
        """The map that comes out."""
        return tuple(tuple(self.after(value) for value in row) for row in self.sums)

    def after(self, total: Number) -> Number:
        """What bias and ReLU make of a sum."""
        return max(0, total + self.bias) if self.relu else total + self.bias


def over_channels(
    pairs: Sequence[tuple[Rows, Kernel]], options: Options, true: bool, bias: Number, relu: bool
) -> Channels:
    """A filter over channels, each with its slice. Raises SizeError, MatrixError, also where channels or slices are not
    all of one size."""
    (first, slice_), *others = pairs
    for number, (matrix, kernel) in enumerate(others, 2):
        if (len(matrix), len(matrix[0])) != (len(first), len(first[0])):
            raise MatrixError(
                T(
                    "The channels have different sizes: channel 1 is {first}, channel {n} is {other}.",
                    first=f"{len(first)}×{len(first[0])}",
                    n=number,
                    other=f"{len(matrix)}×{len(matrix[0])}",
                ),
                T("All channels of a picture have the same height and width."),
            )
        if kernel.size != slice_.size:
            raise MatrixError(
                T(
                    "The slices of the kernel have different sizes: that of channel 1 is {first}, that of channel {n} is {other}.",
                    first="×".join(map(str, slice_.size)),
                    n=number,
                    other="×".join(map(str, kernel.size)),
                ),
                T("A kernel over several channels has a slice of the same size for each."),
            )
    return Channels([Correlation(matrix, kernel, options, true) for matrix, kernel in pairs], bias, relu)
