"""Layers that put the same values in other places, or take a part of them: nothing is computed, and no size is typed in."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

from convdsl.algebra import at_least, divides, equal, exact_divide, is_number, text
from convdsl.layers.activation import Softmax
from convdsl.layers.arguments import Count, Window
from convdsl.layers.base import (
    Layer,
    Reach,
    SizeError,
    Sizes,
    lie_closer,
    only_those_before,
    per_axis,
    say,
    sees_a_window,
    spatial,
)
from convdsl.messages import T


def share(n: Any, parts: Any, what: T, argument: str) -> Any:
    """n/parts. Raises SizeError where it is no whole number; `what` says of how many what."""
    if divides(parts, n) is False:
        quotient = f"{n}/{parts} = {n / parts:.4g}" if is_number(n) and is_number(parts) else None
        raise SizeError("E303", what, formula=quotient, argument=argument)
    return exact_divide(n, parts)


class PixelShuffle(Layer):
    """Channels become positions: of each r×r channels one block of r×r values, so that H×W×C·r² becomes H·r×W·r×C
    (a sub-pixel convolution is `conv`, then this)."""

    name = "pixelshuffle"
    elsewhere = ("depthtospace", "subpixel", "periodicshuffling")
    frameworks = {"": (("count",), ("count",))}
    example = "pixelshuffle 2"

    k = Window(doc="factor (r) by which each axis grows", positional=True)

    def factors(self, x: Sizes) -> Sizes:
        """The factor for each spatial axis."""
        return per_axis(self.k, len(spatial(x, self)), "k")

    def output(self, x: Sizes) -> Sizes:
        factors = self.factors(x)
        wanted = T("A block takes {n} channels, and {channels} are no multiple.", n=text(prod(factors)), channels=x[-1])
        channels = share(x[-1], prod(factors), wanted, "k")
        return (*(n * k for n, k in zip(x, factors, strict=False)), channels)

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        return tuple(Reach(1, Fraction(1, k) if is_number(k) else exact_divide(1, k)) for k in self.factors(x))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("Every value becomes a block, filled from its own channels: the size is multiplied.")

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("A block of {n} values takes {n} channels, and leaves one.", n=say(prod(self.factors(x))))

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return only_those_before()

    def why_jump(self, x: Sizes, y: Sizes) -> T | None:
        return lie_closer()


class PixelUnshuffle(Layer):
    """Positions become channels, the inverse of `pixelshuffle`: each block of r×r values is laid into r×r channels."""

    name = "pixelunshuffle"
    elsewhere = ("spacetodepth", "reorg", "passthrough", "focus")
    frameworks = {"": (("count",), ("count",))}
    example = "pixelunshuffle 2"

    k = Window(doc="factor (r) by which each axis shrinks", positional=True)

    def factors(self, x: Sizes) -> Sizes:
        """The factor for each spatial axis."""
        return per_axis(self.k, len(spatial(x, self)), "k")

    def output(self, x: Sizes) -> Sizes:
        factors = self.factors(x)
        sizes = [
            share(n, k, T("Blocks of {k} do not cover {n} values.", k=text(k), n=text(n)), "k")
            for n, k in zip(x, factors, strict=False)
        ]
        return (*sizes, x[-1] * prod(factors))

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        return tuple(Reach(k, k) for k in self.factors(x))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("Every block becomes one position: the size is divided.")

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Each of the {n} values of a block has its own channels.", n=say(prod(self.factors(x))))

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return sees_a_window(jump)


class Transpose(Layer):
    """Rows become columns: H×W×C becomes W×H×C. Of a sequence, positions and channels change places: L×C becomes C×L."""

    name = "transpose"
    elsewhere = ("transponer", "trasponer")
    example = "transpose"

    def output(self, x: Sizes) -> Sizes:
        if len(x) < 2:
            raise SizeError(
                "E304",
                T("`transpose` exchanges two axes, but its input is {n} values in a row.", n=text(x[0])),
                help=T("Give the values a shape with `reshape`."),
            )
        return (x[1], x[0]) if len(x) == 2 else (*x[:-3], x[-2], x[-3], x[-1])

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        if len(x) == 2:
            return None
        rank = len(x) - 1
        return (*(Reach(1) for _ in range(rank - 2)), Reach(1, axis=rank - 1), Reach(1, axis=rank - 2))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The axes change places.")

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Every position becomes a channel.") if len(x) == 2 else super().why_channels(x, y)

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        if len(x) == 2:
            return T("A position holds a channel of all positions before it: it sees everything.")
        return super().why_field(x, y, jump)


class Slice(Layer):
    """Some of the channels that follow one another: the first ones, or with `skip` those behind as many as are left out."""

    name = "slice"
    elsewhere = ("narrow", "strided_slice", "rebanada", "porcion")
    example = "slice 2 skip=1"

    size = Count(doc="channels to keep", positional=True)
    skip = Count(0, "channels left out before them", minimum=0)

    def part(self, x: Sizes) -> tuple[Any, Any]:
        """How many channels stand before the part, and how many it has. Raises SizeError."""
        if at_least(x[-1] - self.size - self.skip, 0) is False:
            raise SizeError(
                "E305",
                T(
                    "Channels {first} to {last} are wanted, and there are {n}.",
                    first=text(self.skip + 1),
                    last=text(self.skip + self.size),
                    n=text(x[-1]),
                ),
                argument="size",
            )
        return self.skip, self.size

    def output(self, x: Sizes) -> Sizes:
        return (*x[:-1], self.part(x)[1])

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("So many of the {n} channels are taken.", n=say(x[-1]))


class Share(Slice):
    """One of the equal parts that `split` hands out."""

    called = "split"

    def __init__(self, number: int, of: int) -> None:
        super().__init__(size=1)
        self.number = number
        self.of = of

    def text(self) -> str:
        return f"split {self.number}/{self.of}"

    def part(self, x: Sizes) -> tuple[Any, Any]:
        what = T("`split` gives each of {n} branches an equal share of {channels} channels.", n=self.of, channels=x[-1])
        size = share(x[-1], self.of, what, "name")
        return (self.number - 1) * size, size

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Each of the {n} branches gets an equal share of the channels.", n=self.of)


class Maxout(Layer):
    """The largest of each n neighbouring channels."""

    name = "maxout"
    example = "maxout 2"

    n = Count(doc="channels of which one is left", positional=True)

    def output(self, x: Sizes) -> Sizes:
        what = T("Groups of {n} do not divide the {channels} channels.", n=text(self.n), channels=text(x[-1]))
        return (*x[:-1], share(x[-1], self.n, what, "n"))

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * (self.n - 1)

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Of {n} neighbouring channels the largest value is left.", n=say(self.n))

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("One comparison less than there are values in each group.")


class GroupSoftmax(Layer):
    """Softmax across n equal parts of the channels: of the values at the same place of each part, which then add up to 1. Behind
    `concat`, a softmax across branches: `softmax { A | B }` is both."""

    name = "groupsoftmax"
    elsewhere = ("branchsoftmax", "softmaxacross")
    example = "groupsoftmax 2"

    n = Count(doc="parts that compete with each other", positional=True)

    def output(self, x: Sizes) -> Sizes:
        what = T("{n} parts do not divide the {channels} channels.", n=text(self.n), channels=text(x[-1]))
        share(x[-1], self.n, what, "n")
        return x

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return Softmax.per_element * prod(y)

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Each value competes with those at its place in the other parts; none is left out.")

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("An exponential, its share of the sum and a division for each value.")


def regrouped(x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
    """What values see where a shape is only written in another way: as before, as long as no position gets values of several;
    None where they are mixed."""
    if len(x) == 1:
        return tuple(Reach(1, axis=-1) for _ in y[:-1]) if y[-1] == 1 else None
    if len(y) == 1 or divides(y[-1], x[-1]) is not True:
        return tuple(Reach(1) for _ in x[:-1]) if len(y) == 1 else None
    own = x[:-1] == y[: len(x) - 1] or all(equal(a, b) is True for a, b in zip(x[:-1], y, strict=False))
    same = own and len(y) >= len(x)
    return tuple(Reach(1) if same and n < len(x) - 1 else Reach(1, axis=-1) for n in range(len(y) - 1))
