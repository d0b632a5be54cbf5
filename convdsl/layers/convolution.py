"""Layers whose windows have learned weights."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.algebra import (
    at_least,
    ceil_divide,
    compare,
    divides,
    exact_divide,
    floor_divide,
    is_number,
    maximum,
    text,
)
from convdsl.layers.arguments import Count, Flag, Padding, Window
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
    sees_a_window,
    show_shape,
    spatial,
)
from convdsl.layers.window import Axis, Windowed, output_size_transposed, sees_one_channel, why_it_slides
from convdsl.messages import T

_NOBIAS = "no bias is added"


def check_groups(layer: Any, x: Sizes) -> None:
    """Raises SizeError where the groups do not divide the channels on both sides."""
    for channels, what in ((x[-1], T("input channels")), (layer.filters, T("filters"))):
        if divides(layer.g, channels) is False:
            common = (
                [g for g in range(1, min(x[-1], layer.filters) + 1) if x[-1] % g == 0 and layer.filters % g == 0]
                if is_number(x[-1]) and is_number(layer.filters) and min(x[-1], layer.filters) <= 100_000
                else []
            )
            check_divided(layer.g, channels, what, common[:12])


class Conv(Windowed):
    """Convolution: each filter slides over the input, and at every place multiplies what it sees by its weights, adds
    up over all channels of its group, and adds one bias. (Cross-correlation, as all frameworks compute it.)"""

    name = "conv"
    weighs = True
    elsewhere = ("convolution", "convolución", "convolucional", "capaconvolucional", "convolutional", "convlayer")
    frameworks = {"": (("count", "k", "s", "p"), ("", "count", "k", "s", "p", "d", "g"))}
    example = "conv 8 k3 p1 relu"
    activates = True

    filters = Count(doc="number of filters: channels of the output", positional=True)
    g = Count(1, "groups: each filter sees only the channels of its group")
    bias = Flag("nobias", False, _NOBIAS)

    def channels(self, x: Sizes) -> Any:
        check_groups(self, x)
        return self.filters

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        shape = (self.filters, _share(x[-1], self.g), *self._windows(len(x) - 1))
        return {"weight": shape, "bias": (self.filters,)} if self.bias else {"weight": shape}

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * self.window_area(x) * _share(x[-1], self.g)

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return _who_sees_what(self, x, _share(x[-1], self.g))

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return T(
            "Each of the {outputs} outputs takes one multiplication for each weight of its filter.",
            outputs=show_shape(y),
        )


class DepthwiseConv(Windowed):
    """Depthwise convolution: each channel has filters of its own, which see no other channel."""

    name = "dwconv"
    weighs = True
    elsewhere = ("depthwiseconv", "depthwise")
    frameworks = {"": (("k", "s", "p", "m"), ("k", "s", "p", "m"))}
    example = "dwconv k3 p1 relu"
    activates = True

    m = Count(1, "filters for each channel")
    bias = Flag("nobias", False, _NOBIAS)

    def channels(self, x: Sizes) -> Any:
        return x[-1] * self.m

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        filters = x[-1] * self.m
        shape = (filters, 1, *self._windows(len(x) - 1))
        return {"weight": shape, "bias": (filters,)} if self.bias else {"weight": shape}

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return prod(y) * self.window_area(x)

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Every channel has filters of its own.")

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        words: dict[str, Any] = {"n": self.m, "m": say(self.m), "c": say(x[-1]), "window": self.window_text(x)}
        if not self.bias:
            return T(
                "Each of the {c} channels has one {window} filter for itself alone; there is no bias.",
                "Each of the {c} channels has {m} filters of {window} for itself alone; there is no bias.",
                **words,
            )
        return T(
            "Each of the {c} channels has one {window} filter for itself alone, plus one bias.",
            "Each of the {c} channels has {m} filters of {window} for itself alone, plus one bias each.",
            **words,
        )

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return sees_one_channel(self, x, y)


class TransposedConv(Windowed):
    """Transposed convolution: spreads each input value over a window of the output; what a convolution with the same
    values does to sizes, it undoes. ("Deconvolution" is a misnomer: values are not restored.)"""

    name = "tconv"
    weighs = True
    elsewhere = ("convtranspose", "deconv", "deconvolution", "deconvolución", "transpuesta")
    frameworks = {"": (("count", "k", "s", "p", "op"), ("", "count", "k", "s", "p", "op", "g"))}
    example = "tconv 8 k2 s2 relu"
    activates = True

    filters = Count(doc="number of filters: channels of the output", positional=True)
    op = Window(0, "output padding: rows and columns added at the end", minimum=0)
    g = Count(1, "groups: each filter sees only the channels of its group")
    bias = Flag("nobias", False, _NOBIAS)

    def geometry(self, x: Sizes) -> tuple[Axis, ...]:
        """One Axis for each spatial axis. `before` and `after` are what is cut from the full spread on either side;
        `after` is negative where output padding adds to it."""
        rank = len(spatial(x, self))
        values = (self._windows(rank), per_axis(self.s, rank, "s"), per_axis(self.d, rank, "d"))
        paddings = (0,) * rank if isinstance(self.p, str) else per_axis(self.p, rank, "p")
        if self.p == "causal":
            raise SizeError(
                "E305",
                T("`tconv` has no `p causal`: its zeros are cut away, and not added."),
                help=T("Cut off what comes later: `crop after=…`."),
                argument="p",
            )
        return tuple(
            self._spread(*axis) for axis in zip(x[:-1], *values, paddings, per_axis(self.op, rank, "op"), strict=True)
        )

    def _spread(self, n: Any, f: Any, s: Any, d: Any, p: Any, op: Any) -> Axis:
        full = (n - 1) * s + d * (f - 1) + 1
        if self.p in ("same", "same_lower"):
            output, cut = n * s, maximum(full - n * s, 0)
            before = floor_divide(cut, 2) if self.p == "same" else ceil_divide(cut, 2)
            return Axis(f, s, d, before, full - before - output, n, output, "transposed")
        if at_least(op, 1) and compare(op, "<", maximum(s, d)) is False:
            raise SizeError(
                "E307",
                T("The output padding {op} is not smaller than the stride {s}.", op=text(op), s=text(s)),
                help=T(
                    "It only chooses among the sizes that the stride leaves open: 0 to {limit}.",
                    limit=text(maximum(s, d) - 1),
                ),
                argument="op",
                ways=(("op", maximum(s, d) - 1),),
            )
        output = output_size_transposed(n, f, s, p, op, d)
        if at_least(output, 1) is False:
            raise SizeError(
                "E301",
                T("The padding cuts away the whole output."),
                formula=f"({text(n)} − 1)·{text(s)} − 2·{text(p)} + {text(d * (f - 1))} + {text(op)} + 1 = "
                f"{text(output)}".replace("-", "−"),
                help=T("Use a smaller `p`."),
                argument="p",
            )
        return Axis(f, s, d, p, full - p - output, n, output, "transposed")

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        return tuple(
            Reach(floor_divide(a.extent - 1, a.s) + 1, _reciprocal(a.s), floor_divide(a.extent - 1 - a.before, a.s))
            for a in self.geometry(x)
        )

    def channels(self, x: Sizes) -> Any:
        check_groups(self, x)
        return self.filters

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        shape = (x[-1], _share(self.filters, self.g), *self._windows(len(x) - 1))
        return {"weight": shape, "bias": (self.filters,)} if self.bias else {"weight": shape}

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return prod(x) * self.window_area(x) * _share(self.filters, self.g)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        spread = self.geometry(x)[axis]
        if spread.input * spread.s == spread.output and spread.extent == spread.s:
            return T(
                "Each of the {n} values is spread over a window of its own, {s} wide.",
                n=say(spread.input),
                s=say(spread.s),
            )
        return T(
            "Each of the {n} values is spread over a window {extent} wide, which starts {s} behind the one before; the "
            "padding is cut off on both sides.",
            n=say(spread.input),
            extent=say(spread.extent),
            s=say(spread.s),
        )

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        if self.g == 1:
            return _who_sees_what(self, x, x[-1])
        return T(
            "Each of the {c} input channels has a window of {window} for each of the {k} filters of its group; each "
            "filter has one bias.",
            k=say(_share(self.filters, self.g)),
            c=say(x[-1]),
            window=self.window_text(x),
        )

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return T(
            "Each of the {inputs} inputs is multiplied by the window of every filter of its group.",
            inputs=show_shape(x),
        )

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return only_those_before()

    def why_jump(self, x: Sizes, y: Sizes) -> T | None:
        return lie_closer()


class Local(Layer):
    """Locally connected layer: like a convolution, but every position has filters of its own: nothing is shared."""

    name = "local"
    weighs = True
    elsewhere = ("locallyconnected", "convlocal", "localmente")
    frameworks = {"": (("count", "k", "s", "p"), ("count", "k", "s", "p"))}
    example = "local 2 k3 relu"
    activates = True

    filters = Count(doc="number of filters at each position: channels of the output", positional=True)
    k = Window(doc="window size (F)")
    s = Window(1, "stride (S)")
    p = Padding(
        0,
        "zeros added on each side (P); `same` keeps ceil(N/S), `same_lower` too, with an odd zero first; `causal`: all before",
    )
    bias = Flag("nobias", False, _NOBIAS)

    def _window(self) -> Conv:
        return Conv(filters=self.filters, k=self.k, s=self.s, p=self.p)

    def geometry(self, x: Sizes) -> tuple[Axis, ...]:
        """One Axis for each spatial axis of the input."""
        return self._window().geometry(x)

    def output(self, x: Sizes) -> Sizes:
        return self._window().output(x)

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        y = self.output(x)
        shape = (*y[:-1], self.filters, x[-1], *(a.k for a in self.geometry(x)))
        return {"weight": shape, "bias": y} if self.bias else {"weight": shape}

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return self._window().macs(x, y)

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        return self._window().reach(x, y)

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return why_it_slides(self.geometry(x)[axis], str(self.p))

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return T(
            "Like a convolution with {k} filters of {window} over {c} channels, but each of the {places} positions "
            "has its own weights: nothing is shared.",
            k=say(self.filters),
            window=self._window().window_text(x),
            c=say(x[-1]),
            places=show_shape(y[:-1]),
        )

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return T(
            "Each of the {outputs} outputs takes one multiplication for each of its own weights.",
            outputs=show_shape(y),
        )

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return sees_a_window(jump)


def _who_sees_what(layer: Any, x: Sizes, seen: Any) -> T:
    """Of a convolution: how many filters, and which channels each of them looks at."""
    words: dict[str, Any] = {
        "n": layer.filters,
        "k": say(layer.filters),
        "window": layer.window_text(x),
        "channels": T("the only channel") if seen == 1 else T("all {c} channels", c=say(seen)),
    }
    if layer.g != 1:
        group = {"k": words["k"], "window": words["window"], "c": say(seen), "total": say(x[-1])}
        return (
            T(
                "{k} filters of {window} look at the channels of their group only, {c} of {total}, plus one bias each.",
                **group,
            )
            if layer.bias
            else T(
                "{k} filters of {window} look at the channels of their group only, {c} of {total}; there is no bias.",
                **group,
            )
        )
    if not layer.bias:
        return T(
            "One {window} filter looks at {channels}; there is no bias.",
            "{k} filters of {window} look at {channels}; there is no bias.",
            **words,
        )
    return T(
        "One {window} filter looks at {channels}, plus one bias.",
        "{k} filters of {window} look at {channels}, plus one bias each.",
        **words,
    )


def _reciprocal(stride: Any) -> Any:
    if stride == 1:
        return 1
    from fractions import Fraction

    return Fraction(1, stride) if is_number(stride) else 1 / stride


def _share(channels: Any, groups: Any) -> Any:
    """Channels of one group; `check_groups` has seen to it that they divide."""
    return exact_divide(channels, groups)
