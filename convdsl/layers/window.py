"""Sliding windows: the one place where a size is divided by a stride."""

from __future__ import annotations

from math import gcd, prod
from typing import Any

from convdsl.algebra import at_least, ceil_divide, compare, floor_divide, is_number, maximum, minimum, text
from convdsl.layers.arguments import REQUIRED, Flag, Padding, Window
from convdsl.layers.base import (
    Layer,
    Reach,
    SizeError,
    Sizes,
    per_axis,
    say,
    sees_a_window,
    show_shape,
    spatial,
)
from convdsl.messages import T
from convdsl.records import NamedTuple


def output_size(n: Any, f: Any, s: Any = 1, p: Any = 0, d: Any = 1) -> Any:
    """floor((N + 2P − D(F − 1) − 1)/S) + 1: the number of places of a window of size F on N values with P zeros on
    either side, every S-th place, its values D apart. For D = 1 this is (N + 2P − F)/S + 1.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), relationship 15.
    """
    return floor_divide(n + 2 * p - d * (f - 1) - 1, s) + 1


def output_size_ceil(n: Any, f: Any, s: Any, p: Any, d: Any = 1) -> Any:
    """The same rounded up, without a last window that would start in the padding on the right (PyTorch's rule)."""
    up = ceil_divide(n + 2 * p - d * (f - 1) - 1, s) + 1
    never_outside = at_least(d * (f - 1) + 1 - p - s, 0)
    return up if never_outside else minimum(up, floor_divide(n + p - 1, s) + 1)


def output_size_same(n: Any, s: Any) -> Any:
    """`p same`: ceil(N/S)."""
    return ceil_divide(n, s)


def output_size_transposed(n: Any, f: Any, s: Any, p: Any, op: Any, d: Any) -> Any:
    """(N − 1)S − 2P + D(F − 1) + OP + 1: the size from which a convolution with these values would give N."""
    return (n - 1) * s - 2 * p + d * (f - 1) + op + 1


class Axis(NamedTuple):
    """One axis of a sliding window: window size, stride, dilation, zeros before and after, input and output size.

    `rule` says how `output` came about: `floor`, `ceil`, `same` or `transposed`.
    """

    k: Any
    s: Any
    d: Any
    before: Any
    after: Any
    input: Any
    output: Any
    rule: str = "floor"

    @property
    def extent(self) -> Any:
        """What the window spans: D(F − 1) + 1."""
        return self.d * (self.k - 1) + 1

    @property
    def remainder(self) -> Any:
        """Positions of the padded input that no window reaches because the stride does not divide."""
        return (self.input + self.before + self.after - self.extent) % self.s

    @property
    def lost(self) -> Any:
        """Inputs that are read by no window, and would be by one more: not those that a stride steps over anyway."""
        start = self.output * self.s - self.before
        shared = gcd(self.s, self.d)
        first = max(self.k - self.s // shared, 0) if self.d // shared <= self.output else 0
        return max(min((self.input - 1 - start) // self.d, self.k - 1) - max(first, -(start // self.d)) + 1, 0)

    @property
    def empty(self) -> int | None:
        """The first place whose window holds nothing but padding, on an axis of numbers; None if there is none.

        No window begins behind the input (`output_size_ceil`), so there are two ways: to end before it, which then the
        first does, or to begin before it and step over all of it, which takes a dilation greater than the input.
        """
        if self.before >= self.extent:
            return 0
        if self.d <= self.input or self.k == 1 or not self.before:
            return None
        low, high = (self.input + self.before) % self.d, (self.before - 1) % self.d
        place = first_multiple(self.s, self.d, low, high) if low <= high else 0
        return place if place is not None and place < self.output and place * self.s < self.before else None


def first_multiple(a: int, modulus: int, low: int, high: int) -> int | None:
    """The smallest x ≥ 0 for which low ≤ a·x mod modulus ≤ high; None if there is none. Steps as in Euclid's algorithm."""
    a %= modulus
    if low == 0:
        return 0
    if a == 0:
        return None
    x = -(-low // a)
    if a * x <= high:
        return x
    y = first_multiple(modulus, a, -high % a, -low % a)
    return None if y is None else -(-(low + modulus * y) // a)


def refuse_empty_windows(axes: tuple[Axis, ...]) -> None:
    """Raises SizeError where a window holds nothing but padding: the largest, the middle one and the mean of no values do
    not exist. With formulas, a dilation greater than the input counts as stepping over it."""
    for axis in axes:
        axis = Axis._make(getattr(v, "value", v) for v in axis)  # letters of the blackboard stand for numbers
        known = all(map(is_number, axis[:7]))
        if compare(axis.before + 1, "<=", axis.extent) is False:
            raise SizeError(
                "E305",
                T(
                    "With a padding of {p} the first window, which spans {extent}, holds nothing but padding.",
                    p=text(axis.before),
                    extent=text(axis.extent),
                ),
                help=T("`p` is at most {limit} here.", limit=text(axis.extent - 1)),
                argument="p",
                ways=(("p", axis.extent - 1),),
            )
        if axis.empty is not None if known else axis.d != 1 and compare(axis.d, "<=", axis.input) is False:
            raise SizeError(
                "E305",
                T(
                    "The window takes values {d} apart, but the input has only {n}: a window steps over all of it and "
                    "holds nothing but padding.",
                    d=text(axis.d),
                    n=text(axis.input),
                ),
                help=T("`d` is at most {limit} here.", limit=text(axis.input)),
                argument="d",
                ways=(("d", axis.input),),
            )


class Windowed(Layer):
    """A layer that slides a window."""

    k = Window(REQUIRED, "window size (F)")
    s = Window(1, "stride (S)")
    p = Padding(
        0,
        "zeros added on each side (P); `same` keeps ceil(N/S), `same_lower` too, with an odd zero first; `causal`: all before",
    )
    d = Window(1, "dilation (D): the step between two values of the window")

    ceil: Any = False

    def geometry(self, x: Sizes) -> tuple[Axis, ...]:
        """One Axis for each spatial axis of the input. Raises SizeError where the window does not fit."""
        sizes = spatial(x, self)
        rank = len(sizes)
        windows, dilations = self._windows(rank), per_axis(self.d, rank, "d")
        strides = windows if self.s is None else per_axis(self.s, rank, "s")
        paddings = (0,) * rank if isinstance(self.p, str) else per_axis(self.p, rank, "p")
        if self.p == "causal" and rank != 1:
            raise not_causal(self.name)
        return tuple(
            self._axis(n, f, s, p, d)
            for n, f, s, p, d in zip(sizes, windows, strides, paddings, dilations, strict=True)
        )

    def _windows(self, rank: int) -> Sizes:
        return per_axis(self.k, rank, "k")

    def _axis(self, n: Any, f: Any, s: Any, p: Any, d: Any) -> Axis:
        if self.p in ("same", "same_lower"):
            output = output_size_same(n, s)
            total = maximum((output - 1) * s + d * (f - 1) + 1 - n, 0)
            before = floor_divide(total, 2) if self.p == "same" else ceil_divide(total, 2)
            return Axis(f, s, d, before, total - before, n, output, "same")
        if self.p == "causal":
            return Axis(f, s, d, d * (f - 1), 0, n, output_size_same(n, s), "causal")
        output = output_size_ceil(n, f, s, p, d) if self.ceil else output_size(n, f, s, p, d)
        if at_least(output, 1) is False:
            raise self._too_large(n, f, s, p, d, output)
        return Axis(f, s, d, p, p, n, output, "ceil" if self.ceil else "floor")

    def _too_large(self, n: Any, f: Any, s: Any, p: Any, d: Any, output: Any) -> SizeError:
        formula = f"{size_formula(n, f, s, p, d)} = {text(output)}".replace("-", "−")
        extent = d * (f - 1) + 1
        helps = None
        ways: list[tuple[str, Any]] = []
        if is_number(n) and is_number(extent):
            fit = ceil_divide(extent - n, 2)
            ways = [("p", fit), ("p", "same"), ("k", n + 2 * p)]
            if n + 2 * p >= 1 and d == 1:
                helps = T(
                    "`p{p}` or `p same` would make it fit, as would a window of at most {k}, or less shrinking "
                    "before it.",
                    p=fit,
                    k=n + 2 * p,
                )
            else:
                helps = T("`p{p}` or `p same` would make it fit, as would less shrinking before it.", p=fit)
        padded = text(n + 2 * p)
        message = (
            T("The window spans {extent}, but the padded input only {size}.", extent=text(extent), size=padded)
            if p or d != 1
            else T("The window is {extent} wide, but the input only {size}.", extent=text(extent), size=padded)
        )
        return SizeError("E301", message, formula=formula, help=helps, argument="k", ways=ways)

    def output(self, x: Sizes) -> Sizes:
        return (*(axis.output for axis in self.geometry(x)), self.channels(x))

    def channels(self, x: Sizes) -> Any:
        """Channels of the output."""
        return x[-1]

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        return tuple(Reach(axis.extent, axis.s, axis.before) for axis in self.geometry(x))

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return why_it_slides(self.geometry(x)[axis], str(self.p))

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        return sees_a_window(jump)

    def window_text(self, x: Sizes) -> str:
        """The window inside a sentence: `3×3`."""
        return show_shape(tuple(axis.k for axis in self.geometry(x)))

    def window_area(self, x: Sizes) -> Any:
        """Values under the window, in one channel."""
        return prod(self._windows(len(x) - 1))


class Pooling(Windowed):
    """A window that reduces each channel by itself; its stride is its size unless said otherwise."""

    k = Window(REQUIRED, "window size (F)", positional=True)
    s = Window(None, "stride (S); the window size if left out")
    ceil = Flag("ceil", True, "round the size up")


def not_causal(name: str) -> SizeError:
    """The refusal of `p causal` where there is no before and after."""
    return SizeError(
        "E304",
        T("`p causal` is for sequences, and `{layer}` has none here: an image has no before and after.", layer=name),
        help=T("`pad before=…` puts zeros above and on the left alone."),
        argument="p",
    )


def why_it_slides(axis: Axis, padding: str) -> T | None:
    """How a window comes to its number of places along an axis; `padding` is the option as it is written."""
    if axis.rule == "same":
        if axis.s == 1:
            return T("`p {word}` adds as many zeros as it takes to keep the size.", word=padding)
        return T(
            "`p {word}` adds as many zeros as it takes for the window to stand at one place in {s}, from edge to edge.",
            word=padding,
            s=say(axis.s),
        )
    if axis.rule == "causal":
        return T(
            "`p causal` puts all zeros before the first position, {before} of them: no output sees what comes later.",
            before=say(axis.before),
        )
    if not all(map(is_number, axis[:7])):
        return T("The window stands at the edge first, and then moves on by the stride as long as it fits.")
    free = axis.input + axis.before + axis.after - axis.extent
    if axis.rule == "ceil":
        return T(
            "The window stands at the edge first; {free} places remain, in steps of {s}. With `ceil` the last, "
            "incomplete step counts, unless its window would start in the padding on the right.",
            free=free,
            s=axis.s,
        )
    if axis.s == 1:
        return T("The window stands at the edge first, and can then move on by {free} places.", free=free)
    if axis.remainder and not axis.lost:
        return T(
            "The window stands at the edge first; {free} places remain, and {free} = {steps}·{s} + {rest}. The stride "
            "does not divide: frameworks round down, and here no data is lost by it.",
            free=free,
            s=axis.s,
            steps=axis.output - 1,
            rest=axis.remainder,
        )
    if axis.remainder:
        return T(
            "The window stands at the edge first; {free} places remain, and {free} = {steps}·{s} + {rest}. The stride "
            "does not divide: a lecture may call that an error, frameworks round down and leave the rest out.",
            free=free,
            s=axis.s,
            steps=axis.output - 1,
            rest=axis.remainder,
        )
    return T(
        "The window stands at the edge first; {free} places remain, and {free} = {steps}·{s}.",
        free=free,
        s=axis.s,
        steps=axis.output - 1,
    )


def sees_one_channel(layer: Windowed, x: Sizes, y: Sizes) -> T:
    """Of windows that stay in their channel: how often they multiply."""
    return T(
        "Each of the {outputs} outputs takes {window} multiplications: it sees one channel only.",
        outputs=show_shape(y),
        window=layer.window_text(x),
    )


def size_formula(n: Any, f: Any, s: Any, p: Any, d: Any) -> str:
    """The rule with its numbers: `(5 + 2·0 − 7)/1 + 1`, or with a dilation `(5 + 2·0 − 2·(7 − 1) − 1)/1 + 1`."""
    n, f, s, p, d = (text(v) if is_number(v) or text(v).isidentifier() else f"({text(v)})" for v in (n, f, s, p, d))
    span = f" − {f}" if d == "1" else f" − {d}·({f} − 1) − 1"
    return f"({n} + 2·{p}{span})/{s} + 1"
