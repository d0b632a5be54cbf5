"""Where branches meet: layers with several inputs."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, NoReturn

from convdsl.algebra import equal, is_number, text
from convdsl.layers.base import Layer, SizeError, Sizes, say, show_shape
from convdsl.messages import T


class Combination(Layer):
    """A layer with one input for each branch."""

    activates = True
    example = ""
    mixes = False
    """Whether a value of the output comes of more than the values at its place."""
    pair = False
    """Whether there are two branches, and neither one nor more."""

    def output(self, *inputs: Sizes) -> Sizes:
        raise NotImplementedError

    def combine_flops(self, inputs: tuple[Sizes, ...], y: Sizes) -> Any:
        """Operations of the meeting itself."""
        return 0

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("One operation for each value and each further branch.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return T("A value sees what any of the branches sees: the largest counts.")


def _disagree(inputs: tuple[Sizes, ...], what: T) -> SizeError:
    channels = len({len(x) for x in inputs}) == 1 and len({x[:-1] for x in inputs}) == 1
    help = (
        T("A 1×1 convolution at the end of a branch changes its channels: `conv {n} k1`.", n=show_shape(inputs[0][-1:]))
        if channels
        else T("Give the branches equal strides, and a padding that keeps the size: `p same`.")
    )
    return SizeError(
        "E302", what, formula=" ≠ ".join(show_shape(x) for x in inputs), help=help, argument="name", sizes=inputs
    )


def _factors(inputs: tuple[Sizes, ...]) -> SizeError:
    """As in a squeeze-and-excitation block: one factor for each channel, from a branch that is 1×1×C."""
    error = _disagree(inputs, T("The branches of `mul` have different sizes."))
    wide = next((x for x in inputs if len(x) > 1 and any(n != 1 for n in x[:-1])), None)
    if wide is not None and any(len(x) == 1 or all(n == 1 for n in x[:-1]) for x in inputs):
        error.help = T(
            "A factor for each channel is {shape}: end that branch in `conv {n} k1`, also instead of `dense`.",
            shape=show_shape((*(1,) * (len(wide) - 1), wide[-1])),
            n=show_shape(wide[-1:]),
        )
    return error


class Add(Combination):
    """The sum of the branches, value by value; 1×1×C is stretched over the positions of H×W×C, and H×W×1 over its
    channels."""

    name = "add"
    elsewhere: ClassVar[tuple[str, ...]] = ("sum", "plus", "suma", "sumar")
    example = "add { conv 4 k3 p1 | identity } relu"

    def output(self, *inputs: Sizes) -> Sizes:
        return _met(inputs) or _refuse(inputs, T("The branches of `add` have different sizes."))

    def combine_flops(self, inputs: tuple[Sizes, ...], y: Sizes) -> Any:
        return (len(inputs) - 1) * prod(y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The branches have one size and are added value by value.")


class Mean(Add):
    """The mean of the branches, value by value."""

    name = "mean"
    elsewhere: ClassVar[tuple[str, ...]] = ("average", "avg", "averaging", "promediar")
    example = "mean { conv 4 k3 p1 | identity } relu"

    def output(self, *inputs: Sizes) -> Sizes:
        return _alike(inputs) or _refuse(inputs, T("The branches of `mean` have different sizes."))

    def combine_flops(self, inputs: tuple[Sizes, ...], y: Sizes) -> Any:
        return len(inputs) * prod(y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The branches have one size; their mean is taken value by value.")

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("One operation for each value and each branch: the sum, then the division.")


class Maximum(Add):
    """The largest of the branches, value by value."""

    name = "max"
    elsewhere: ClassVar[tuple[str, ...]] = ("maximum",)
    example = "max { conv 4 k3 p1 | conv 4 k1 }"

    def output(self, *inputs: Sizes) -> Sizes:
        return _alike(inputs) or _refuse(inputs, T("The branches of `max` have different sizes."))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The branches have one size; the largest is taken value by value.")


class AbsoluteDifference(Combination):
    """How far two branches are apart, value by value: |A − B|, without a sign. Of two pictures it does not matter which is the
    first (Siamese networks)."""

    name = "absdiff"
    elsewhere: ClassVar[tuple[str, ...]] = ("absolutedifference", "absdifference", "l1distance", "diferencia")
    example = "absdiff { conv 4 k3 p1 | conv 4 k1 }"
    pair = True

    def output(self, *inputs: Sizes) -> Sizes:
        _two("absdiff", inputs)
        return _alike(inputs) or _refuse(inputs, T("The branches of `absdiff` have different sizes."))

    def combine_flops(self, inputs: tuple[Sizes, ...], y: Sizes) -> Any:
        return 2 * prod(y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The branches have one size; their difference is taken value by value, without its sign.")

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("Two operations for each value: the difference, then its sign off.")


class Residual(Add):
    """The sum of a branch and its own input: `add` in all but what is said of it."""

    called = "residual"
    example = "residual { conv 4 k3 p1 } relu"

    def output(self, *inputs: Sizes) -> Sizes:
        try:
            return _alike(inputs) or _refuse(inputs, T("The branches of `add` have different sizes."))
        except SizeError as error:
            branch, own = inputs
            error.message = T("The branch of `residual` changes the size, so that its input cannot be added.")
            wanted, given = show_shape(own[-1:]), show_shape(branch[-1:])
            if branch[:-1] == own[:-1]:
                error.help = T(
                    "End the branch in {n} channels, or let its input grow too: `add {{ … | conv {m} k1 }}`.",
                    n=wanted,
                    m=given,
                )
            else:
                error.help = T(
                    "Keep the size with `p same` and stride 1; where it has to shrink, let the input do so too: "
                    "`add {{ … | conv {m} k1 s2 }}`.",
                    m=given,
                )
            raise


class Multiply(Combination):
    """The product of the branches, value by value; 1×1×C is stretched over the positions of H×W×C, and H×W×1 over its
    channels."""

    name = "mul"
    elsewhere = ("multiply", "times", "product", "producto", "multiplicar")
    example = "mul { identity | globalavgpool -> conv 4 k1 sigmoid }"

    def output(self, *inputs: Sizes) -> Sizes:
        met = _met(inputs)
        if met is None:
            ranks = {len(x) for x in inputs}
            if len(ranks) == 1 and _met(tuple(x[:-1] for x in inputs)) is None:
                _refuse(inputs, T("The branches of `mul` have different sizes."))
            raise _factors(inputs)
        return met

    def combine_flops(self, inputs: tuple[Sizes, ...], y: Sizes) -> Any:
        return (len(inputs) - 1) * prod(y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The branches are multiplied value by value; an axis of size 1 is stretched over the other branch.")


class MatrixProduct(Combination):
    """The matrix product of two branches: of L×K and K×M comes L×M, a row being a position and a column a channel. An image is
    made a matrix by `flatten positions`."""

    name = "matmul"
    elsewhere = ("bmm", "einsum", "tensordot", "matrixproduct")
    example = "matmul { flatten positions | flatten positions -> transpose }"
    mixes = True
    pair = True

    def output(self, *inputs: Sizes) -> Sizes:
        _two("matmul", inputs)
        for x in inputs:
            if len(x) != 2:
                raise SizeError(
                    "E304",
                    T(
                        "`matmul` takes matrices, positions × channels, and a branch of it is {shape}.",
                        shape=show_shape(x),
                    ),
                    help=T(
                        "`flatten positions` puts the positions of an image in one row; `reshape 3x3` makes a matrix of nine "
                        "values."
                    ),
                    argument="name",
                )
        (rows, inner), (length, columns) = inputs
        if equal(inner, length) is False:
            raise SizeError(
                "E302",
                T("A product of L×K and K×M needs as many channels on the left as there are positions on the right."),
                formula=f"{show_shape(inputs[0])} · {show_shape(inputs[1])}: {text(inner)} ≠ {text(length)}",
                help=T("`transpose` exchanges positions and channels."),
                argument="name",
                sizes=inputs,
            )
        return (rows, columns)

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * x[-1]

    def combine_flops(self, inputs: tuple[Sizes, ...], y: Sizes) -> Any:
        return 0

    def reach(self, x: Sizes, y: Sizes) -> None:
        return None

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("A row of the left branch for each position, a column of the right one for each channel.")

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return T("Each value is the sum of {k} products, of a row with a column.", k=say(x[-1]))

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("A MAC is two operations, a multiplication and an addition.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return T("Each value comes of a whole column of the right branch, and so of all positions.")


def no_pair(name: str, branches: int) -> T:
    """That a layer takes two branches, and not so many."""
    return T("`{name}` takes two branches, and here there is one.", "`{name}` takes two branches, and here there are {n}.",
             name=name, n=branches)  # fmt: skip


def _two(name: str, inputs: tuple[Sizes, ...]) -> None:
    if len(inputs) != 2:
        raise SizeError("E302", no_pair(name, len(inputs)), argument="name")


def _alike(inputs: tuple[Sizes, ...]) -> Sizes | None:
    """The one size that all have; None where they disagree."""
    first = inputs[0]
    for other in inputs[1:]:
        if len(first) != len(other) or any(equal(a, b) is False for a, b in zip(first, other, strict=True)):
            return None
    return first


def _met(inputs: tuple[Sizes, ...]) -> Sizes | None:
    """The size that all are stretched to, axes of size 1 fitting any; None where they disagree."""
    result = list(inputs[0])
    for other in inputs[1:]:
        if len(other) != len(result):
            return None
        for axis, size in enumerate(other):
            result[axis] = _stretched(result[axis], size)
            if result[axis] is None:
                return None
    return tuple(result)


def _stretched(a: Any, b: Any) -> Any:
    """The size that two meet at, one of them being stretched if it is 1; None where they disagree. Plain numbers are
    looked at first: what a formula is may be left open."""
    for size, other in ((a, b), (b, a)) if is_number(a) else ((b, a), (a, b)):
        if size == 1:
            return other
    return None if equal(a, b) is False else a


def _refuse(inputs: tuple[Sizes, ...], what: T) -> NoReturn:
    raise _disagree(inputs, what)


class Concat(Combination):
    """The channels of the branches side by side."""

    name = "concat"
    elsewhere = ("concatenate", "cat", "depthconcat", "concatenar", "concatenación")
    example = "concat { conv 4 k1 | conv 8 k3 p1 }"

    def output(self, *inputs: Sizes) -> Sizes:
        first = inputs[0]
        for other in inputs[1:]:
            if len(first) != len(other) or any(
                equal(a, b) is False for a, b in zip(first[:-1], other[:-1], strict=True)
            ):
                raise _disagree(inputs, T("The branches of `concat` have different heights or widths."))
        return (*first[:-1], sum(x[-1] for x in inputs))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The channels of the branches lie side by side; heights and widths agree.")


class Rivals(Concat):
    """The branches of a `softmax` across them, side by side: they have one size."""

    called = "softmax"

    def output(self, *inputs: Sizes) -> Sizes:
        _alike(inputs) or _refuse(inputs, T("The branches of `softmax` have different sizes."))
        return super().output(*inputs)
