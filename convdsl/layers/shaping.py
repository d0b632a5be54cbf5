"""Layers that move data, or do nothing to it at inference."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.algebra import at_least, equal, exact_divide, is_number, text
from convdsl.layers.arguments import Choice, Count, Flag, Real, Shape, Window
from convdsl.layers.base import (
    Layer,
    Reach,
    SizeError,
    Sizes,
    check_divided,
    lie_closer,
    only_those_before,
    per_axis,
    say,
    show_shape,
    spatial,
)
from convdsl.layers.rearranging import regrouped
from convdsl.messages import T


class Flatten(Layer):
    """All values in one row, in the order H, W, C; with `positions` all positions in one row, each with its channels:
    H×W×C becomes a sequence H·W×C."""

    name = "flatten"
    elsewhere = ("aplanar", "aplanado", "aplanamiento", "flattenlayer")
    frameworks = {"": ((), ())}
    example = "flatten"

    positions = Flag("positions", True, "keep the channels: a row of positions")

    def output(self, x: Sizes) -> Sizes:
        return (prod(spatial(x, self)), x[-1]) if self.positions else (prod(x),)

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        return regrouped(x, y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("All positions in one row.") if self.positions else T("All values in one row.")


class Reshape(Layer):
    """The same values with other sizes."""

    name = "reshape"
    elsewhere = ("view",)
    frameworks = {"": (("count",), ("count",))}
    example = "reshape 4x16x4"

    size = Shape(doc="the new sizes, channels last", positional=True)

    def output(self, x: Sizes) -> Sizes:
        if equal(prod(x), prod(self.size)) is False:
            raise SizeError(
                "E306",
                T(
                    "{old} has {n} values, {new} would have {m}.",
                    old=show_shape(x),
                    n=text(prod(x)),
                    new=show_shape(self.size),
                    m=text(prod(self.size)),
                ),
                help=T("The products of the sizes must agree."),
                argument="size",
            )
        return self.size

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        return regrouped(x, y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The same {n} values with other sizes.", n=say(prod(x)))


class Identity(Layer):
    """The input, unchanged: the empty path of a branch."""

    name = "identity"
    elsewhere = ("skip", "shortcut", "id", "identidad")
    frameworks = {"": ((), ())}
    example = "identity"
    pointwise = True


class Sided(Layer):
    """What is done at the edges: alike on both sides of an axis, or with `before` and `after` on each by itself."""

    one_of = ("p", "before", "after")

    p = Window(0, positional=True, minimum=0)
    before = Window(None, minimum=0)
    after = Window(None, minimum=0)

    def sides(self, x: Sizes) -> tuple[tuple[Any, Any], ...]:
        """For each spatial axis, how many before the first value and how many after the last. Raises SizeError."""
        rank = len(spatial(x, self))
        given = {n: self.p if getattr(self, n) is None else getattr(self, n) for n in ("before", "after")}
        return tuple(zip(*(per_axis(values, rank, n) for n, values in given.items()), strict=True))

    def _sum(self, n: Any, before: Any, after: Any, sign: int) -> Any:
        """n ± both, written 2·P where they are the same."""
        return n + 2 * sign * before if self.before is None and self.after is None else n + sign * before + sign * after


class Pad(Sided):
    """Zeros around the input; with `before` and `after` on one side alone, rows first: `pad after=0x1` adds a column on the
    right."""

    name = "pad"
    elsewhere = ("zeropadding", "zeropad", "rellenar")
    frameworks = {"": (("count",), ("count",))}
    example = "pad 1"

    p = Window(0, "zeros on each side", positional=True, minimum=0)
    before = Window(None, "zeros before the first row and column only; as many as on each side if left out", minimum=0)
    after = Window(None, "zeros after the last row and column only; as many as on each side if left out", minimum=0)

    def output(self, x: Sizes) -> Sizes:
        return (*(self._sum(n, *sides, 1) for n, sides in zip(x, self.sides(x), strict=False)), x[-1])

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        return tuple(Reach(1, 1, before) for before, _ in self.sides(x))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        before, after = map(say, self.sides(x)[axis])
        if before == after:
            return T("Zeros are added on both sides.")
        return T("Of the zeros that are added, {before} stand before and {after} after.", before=before, after=after)


class Crop(Sided):
    """Cuts rows and columns off each side; with `before` and `after` off one side alone: `crop after=0x1` cuts off the last
    column."""

    name = "crop"
    elsewhere = ("cropping", "recortar", "recorte")
    frameworks = {"": (("count",), ("count",))}
    example = "crop 1"

    p = Window(0, "rows and columns cut from each side", positional=True, minimum=0)
    before = Window(
        None, "rows and columns cut off at the beginning only; as many as from each side if left out", minimum=0
    )
    after = Window(None, "rows and columns cut off at the end only; as many as from each side if left out", minimum=0)

    def output(self, x: Sizes) -> Sizes:
        sizes = []
        for n, (before, after) in zip(x, self.sides(x), strict=False):
            left = self._sum(n, before, after, -1)
            if at_least(left, 1) is False:
                raise self._nothing_left(n, before, after, left)
            sizes.append(left)
        return (*sizes, x[-1])

    def _nothing_left(self, n: Any, before: Any, after: Any, left: Any) -> SizeError:
        both = self.before is None and self.after is None
        message = (
            T("Cutting {p} from each side leaves nothing of {n}.", p=text(before), n=text(n))
            if both
            else T(
                "Cutting off {before} and {after} leaves nothing of {n}.",
                before=text(before),
                after=text(after),
                n=text(n),
            )
        )
        cut = f"2·{text(before)}" if both else f"{text(before)} − {text(after)}"
        formula = f"{text(n)} − {cut} = {text(left)}".replace("-", "−")
        return SizeError(
            "E305", message, formula=formula, argument="p" if both else "after" if self.after else "before"
        )

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        return tuple(Reach(1, 1, -before) for before, _ in self.sides(x))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        before, after = map(say, self.sides(x)[axis])
        if before == after:
            return T("The same number is cut off on both sides.")
        return T("On the first side {before} are cut off, on the last {after}.", before=before, after=after)


def _reach_aligned(x: Sizes, y: Sizes) -> tuple[Reach, ...]:
    """What the values between see where corners are aligned: n − 1 steps of the input are as many as o − 1 of the output."""
    from fractions import Fraction

    found = []
    for n, o in zip(x[:-1], y[:-1], strict=True):
        same = equal(n, o) is True
        inner, outer = (1 if equal(size, 1) is True else size - 1 for size in (n, o))
        known = is_number(inner) and is_number(outer)
        step = Fraction(inner, outer) if known else exact_divide(inner, outer)
        found.append(Reach(1 if same else 2, 1 if same else step))
    return tuple(found)


class Upsample(Layer):
    """Enlarges each axis by a whole factor: by repeating the nearest value, or by bilinear interpolation (pixel centres
    at half positions, the border value beyond the border; or, with `corners`, corners on corners)."""

    name = "upsample"
    elsewhere = ("upsampling", "interpolate", "upsamplingnearest", "upsamplingbilinear", "ampliar")
    frameworks = {"": (("count",), ("count",))}
    example = "upsample 2"

    k = Window(doc="factor", positional=True)
    mode = Choice(
        ("nearest", "bilinear", "corners"),
        "nearest",
        "how the values between are found; `corners`: bilinear, with the first value on the first and the last on the last",
    )

    def factors(self, x: Sizes) -> Sizes:
        """The factor for each spatial axis."""
        return per_axis(self.k, len(spatial(x, self)), "k")

    def output(self, x: Sizes) -> Sizes:
        return (*(n * k for n, k in zip(x, self.factors(x), strict=False)), x[-1])

    def flops(self, x: Sizes, y: Sizes) -> Any:
        """Nearest moves data only; a linear interpolation between two values is three operations."""
        return 3 * (2 ** (len(x) - 1) - 1) * prod(y) if self.mode != "nearest" else 0

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        from fractions import Fraction

        extent = 1 if self.mode == "nearest" else 2
        if self.mode == "corners":
            return _reach_aligned(x, y)
        return tuple(
            Reach(extent if k != 1 else 1, Fraction(1, k) if is_number(k) else exact_divide(1, k))
            for k in self.factors(x)
        )

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("Every value becomes several: the size is multiplied.")

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("A linear interpolation between two values is three operations; between four it is done three times.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return only_those_before()

    def why_jump(self, x: Sizes, y: Sizes) -> T | None:
        return lie_closer()


class Resize(Layer):
    """Brings each axis to the size asked for, larger or smaller: by the nearest value before, or by bilinear interpolation
    (pixel centres at half positions, the border value beyond the border; or, with `corners`, corners on corners)."""

    name = "resize"
    elsewhere = ("resizing", "redimensionar")
    frameworks = {"": (("count",), ("count",))}
    example = "resize 5x12"

    size = Window(doc="size of the output", positional=True)
    mode = Choice(
        ("nearest", "bilinear", "corners"),
        "nearest",
        "how the values between are found; `corners`: bilinear, with the first value on the first and the last on the last",
    )

    def output(self, x: Sizes) -> Sizes:
        return (*per_axis(self.size, len(spatial(x, self)), "size"), x[-1])

    def flops(self, x: Sizes, y: Sizes) -> Any:
        """Nearest moves data only; a linear interpolation between two values is three operations."""
        return 3 * (2 ** (len(x) - 1) - 1) * prod(y) if self.mode != "nearest" else 0

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...]:
        from fractions import Fraction

        extent = 1 if self.mode == "nearest" else 2
        if self.mode == "corners":
            return _reach_aligned(x, y)
        return tuple(
            Reach(
                1 if equal(n, o) is True else extent,
                Fraction(n, o) if is_number(n) and is_number(o) else exact_divide(n, o),
            )
            for n, o in zip(x[:-1], y[:-1], strict=True)
        )

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("The size is given.")

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("A linear interpolation between two values is three operations; between four it is done three times.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return T("An output sees the value at its place before, or the two around it.")

    def why_jump(self, x: Sizes, y: Sizes) -> T | None:
        return T("Neighbouring outputs lie as far apart as the sizes are to each other.")


class Shuffle(Layer):
    """Channel shuffle: deals the channels of g groups out in turn, so that the next grouped convolution mixes them."""

    name = "shuffle"
    elsewhere = ("channelshuffle",)
    frameworks = {"": (("count",), ("count",))}
    example = "shuffle 2"

    g = Count(doc="number of groups", positional=True)

    def output(self, x: Sizes) -> Sizes:
        check_divided(self.g, x[-1], T("channels"))
        return x


class Dropout(Layer):
    """In training, sets a random part of the values to zero and enlarges the others to match; at inference, nothing."""

    name = "dropout"
    elsewhere = ("abandono",)
    frameworks = {"": (("count",), ("count",))}
    example = "dropout 0.5"
    pointwise = True

    rate = Real(doc="the part that is set to zero", positional=True, low=0, high=0.999)


class DropPath(Layer):
    """Stochastic depth: in training, sets all values of an image to zero with this probability and enlarges them to match
    where it does not; at inference, nothing. At the end of a residual branch: `residual drop=0.2 { … }`."""

    name = "droppath"
    elsewhere = ("stochasticdepth", "dropconnect")
    frameworks = {"": (("count",), ("count",))}
    example = "droppath 0.2"
    pointwise = True

    rate = Real(doc="the probability with which an image's values are left out", positional=True, low=0, high=0.999)


class Scale(Layer):
    """A learned factor for each channel; with `fixed` one and the same number for all, which is not learned."""

    name = "scale"
    elsewhere = ("layerscale", "escala")
    example = "scale init=0.1"
    activates = True

    init = Real(1.0, "the factor at the start")
    fixed = Real(None, "a factor that stays as it is: `scale fixed=0.17`")

    def output(self, x: Sizes) -> Sizes:
        if {"init", "fixed"} <= set(self.__dict__["given"]):
            raise SizeError(
                "E206",
                T("`init` is where learning starts, and a `fixed` factor does not learn."),
                help=T("Keep one of them."),
                argument="init",
            )
        return x

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        return {"weight": (x[-1],)} if self.fixed is None else {}

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return T("One learned number for each channel.")

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return prod(y)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("One multiplication for each value.")
