"""What a layer is: one declaration that the parser, `check`, `explain`, completion, the docs and the tests all read.

A layer is a class with its arguments as attributes and its rules as methods. Shapes are tuples with the channels last:
(H, W, C) for images, (L, C) and (D, H, W, C) for other ranks, (N,) for flat values. Sizes are whole numbers or formulas
in symbols (see convdsl.algebra).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, ClassVar

from convdsl.algebra import divides
from convdsl.layers.arguments import Argument
from convdsl.messages import T
from convdsl.records import NamedTuple

Sizes = tuple[Any, ...]


class SizeError(Exception):
    """Sizes that do not fit a layer: the diagnostic's code, the message, the substituted formula and the way out.

    `argument` names the option that the message is about, so that the place shown is that option's. `sizes` are the
    shapes of the branches, where those are what does not fit. `ways` are options with values that may fit, the likeliest
    first.
    """

    def __init__(
        self,
        code: str,
        message: T,
        *,
        formula: str | None = None,
        help: T | None = None,
        argument: str | None = None,
        sizes: tuple[Sizes, ...] = (),
        ways: Iterable[tuple[str, Any]] = (),
    ) -> None:
        self.code = code
        self.message = message
        self.formula = formula
        self.help = help
        self.argument = argument
        self.sizes = sizes
        self.ways = tuple(ways)
        super().__init__(str(message))


class Reach(NamedTuple):
    """How far one output of a layer sees along an axis, in inputs of the layer: `extent` inputs, the first of them
    `before` inputs ahead of the window's place; the next output sees `step` inputs further (1/2 after doubling). `axis`
    is the axis of the input that is meant, where it is another one than the output's; -1 where it runs along none."""

    extent: Any
    step: Any = 1
    before: Any = 0
    axis: int | None = None


class Layer:
    """Base of all layers."""

    name: ClassVar[str] = ""
    called: ClassVar[str] = ""
    """What it is called in a program, where that is not its name."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names that mean the same layer."""
    elsewhere: ClassVar[tuple[str, ...]] = ()
    """What frameworks call it; used to answer somebody who types it."""
    loose: ClassVar[tuple[str, ...]] = ("k", "s", "p")
    """The options that numbers without a name are taken for, in the answer to somebody who writes some."""
    frameworks: ClassVar[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    """How calls of Keras and PyTorch are answered with this layer: the roles of their arguments without names, in the one
    and in the other (`count` is what is written by value alone, "" what is not said here). The key is a name that has
    roles of its own, or "" for all other names of the layer; without an entry a call is not answered."""
    example: ClassVar[str] = ""
    """A layer as it is written, that fits an 8x8x4 input unless it brings its own `input`."""
    activates: ClassVar[bool] = False
    """Whether an activation may follow and become part of it."""
    weighs: ClassVar[bool] = False
    """Whether its outputs are sums that learned weights weigh: what stands behind it starts from values of a new size."""
    pointwise: ClassVar[bool] = False
    """Whether sizes pass unchanged and each output depends on the one input at its place."""
    one_of: ClassVar[tuple[str, ...]] = ()
    """Arguments of which at least one is written."""
    arguments: ClassVar[dict[str, Argument]] = {}

    bias: Any = False

    def __init_subclass__(cls) -> None:
        found = {}
        for base in reversed(cls.__mro__):
            found.update({k: v for k, v in vars(base).items() if isinstance(v, Argument)})
        cls.arguments = dict(sorted(found.items(), key=lambda item: not item[1].positional))

    def __init__(self, **given: Any) -> None:
        values = self.__dict__
        for name, argument in self.arguments.items():
            values[name] = given.get(name, argument.default)
        values["given"] = tuple(given)

    def __repr__(self) -> str:
        return f"<{self.text()}>"

    def but(self, **values: Any) -> Layer:
        """The same layer with some other values, as they are written. Raises BadValue."""
        given = {name: self.__dict__[name] for name in self.__dict__["given"]}
        given.update((name, self.arguments[name].accept(value)) for name, value in values.items())
        return type(self)(**given)

    @classmethod
    def documentation(cls) -> str:
        """What the layer does, in English and in one line; `messages.translate` has it in Spanish."""
        return " ".join((cls.__doc__ or "").split())

    def text(self) -> str:
        """The layer as it is written, with its values: `conv 64 k3 s2 nobias`."""
        written = [(a, self.__dict__[n]) for n, a in self.arguments.items() if n in self.__dict__["given"]]
        return " ".join([self.name, *(a.show(v) if a.positional else a.write(v) for a, v in written)])

    # The rules. `x` is the input's shape, `y` the output's.

    def output(self, x: Sizes) -> Sizes:
        """Shape of the output. Raises SizeError."""
        return x

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        """Shapes of what is learned, in the order weight, bias, laid out as PyTorch does."""
        return {}

    def buffers(self, x: Sizes) -> dict[str, Sizes]:
        """Shapes of what is kept but not learned: running statistics."""
        return {}

    def macs(self, x: Sizes, y: Sizes) -> Any:
        """Multiplications, for one image, without bias."""
        return 0

    def flops(self, x: Sizes, y: Sizes) -> Any:
        """2·MACs, one for each bias added, and what the layer computes besides."""
        return 2 * self.macs(x, y) + (prod(y) if self.bias else 0)

    def reach(self, x: Sizes, y: Sizes) -> tuple[Reach, ...] | None:
        """What one output sees along each spatial axis; None where it sees the whole input."""
        return tuple(Reach(1) for _ in x[:-1])

    # What `explain` says of the rules: a sentence with the numbers at hand, None where the formula says it all. Where a
    # rule is another one, so is its sentence (tests/layers/test_declarations.py).

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        """Why the output has its size along a spatial axis, counted from 0."""
        return T("Every value is treated by itself: the size stays.")

    def why_channels(self, x: Sizes, y: Sizes) -> T | None:
        return T("Every filter gives one channel.")

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return None

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return None

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        if self.macs(x, y) == 0:
            return None
        if self.bias:
            return T("A MAC is two operations, a multiplication and an addition; then one for each bias added.")
        return T("A MAC is two operations, a multiplication and an addition.")

    def why_field(self, x: Sizes, y: Sizes, jump: Any) -> T | None:
        """Why one output sees what it sees; `jump` is the distance of neighbouring values of the input."""
        if self.reach(x, y) is None:
            return T("Every output sees all values before it.")
        return T("Each output sees what the value at its place saw.")

    def why_jump(self, x: Sizes, y: Sizes) -> T | None:
        return T("Neighbouring outputs lie a stride apart.")


def check_divided(g: Any, channels: Any, what: T, fitting: Sequence[int] = ()) -> None:
    """Raises SizeError where g groups do not divide so many channels, `what`; `fitting` are those that would."""
    if divides(g, channels) is False:
        raise SizeError(
            "E303",
            T("{g} groups do not divide the {channels} {what}.", g=g, channels=channels, what=what),
            formula=f"{channels}/{g} = {channels / g:.4g}",
            help=T("Here `g` can be {list}.", list=", ".join(map(str, fitting))) if fitting else None,
            argument="g",
            ways=[("g", one) for one in fitting],
        )


def say(value: Any) -> str:
    """A number or a formula inside a sentence."""
    from convdsl.algebra import on_board

    return on_board(value)


def sees_a_window(jump: Any) -> T:
    """Of layers with a window: what one output sees."""
    return T(
        "One output sees a window of the layer before: every further value of it reaches one input further.",
        "One output sees a window of the layer before: every further value of it reaches {j} inputs further.",
        n=jump if isinstance(jump, int) else 2,
        j=say(jump),
    )


def only_those_before() -> T:
    """Of layers that enlarge: what one output sees."""
    return T("Only the values before it count that reach one output; those in between are zeros or copies.")


def lie_closer() -> T:
    """Of layers that enlarge: how far neighbouring outputs lie apart."""
    return T("Neighbouring outputs lie closer together than neighbouring inputs.")


def seen_under_each_window() -> T:
    """Of means and medians: what they cost."""
    return T("One operation for each value under each window.")


def spatial(x: Sizes, layer: Layer) -> Sizes:
    """The spatial sizes of an input. Raises SizeError for flat values."""
    if len(x) < 2:
        raise SizeError(
            "E304",
            T(
                "`{layer}` slides over positions, but its input is {n} values in a row.",
                layer=layer.name,
                n=_text(x[0]),
            ),
            help=T("Put it before `flatten` and `dense`, or give the values a shape with `reshape`."),
        )
    return x[:-1]


def per_axis(values: Sizes, rank: int, name: str) -> Sizes:
    """One value for each axis. Raises SizeError where there are neither one nor `rank` of them."""
    if len(values) == 1:
        return values * rank
    if len(values) != rank:
        raise SizeError(
            "E304",
            T(
                "`{name}` has {given} sizes, but its input has one spatial axis.",
                "`{name}` has {given} sizes, but its input has {n} spatial axes.",
                name=name,
                given=len(values),
                n=rank,
            ),
            help=T("Write one size for all axes, or one for each."),
            argument=name,
        )
    return values


def _text(value: Any) -> str:
    from convdsl.algebra import text

    return text(value)


def show_shape(shape: Sizes, cross: str = "×") -> str:
    """`28×28×6`; formulas with more than one term stand in parentheses."""
    parts = [_text(s) for s in shape]
    return cross.join(
        f"({p})" if len(parts) > 1 and any(c in p for c in "+- *") and not _closed(p) else p for p in parts
    )


def formula_shape(shape: Sizes, cross: str = "×") -> str:
    """`28×28×6`, formulas as on a blackboard."""
    from convdsl.algebra.chalk import on_board

    return on_board(show_shape(shape, cross))


def _closed(formula: str) -> bool:
    return formula.startswith("floor(") and formula.endswith(")") and formula.count("(") == formula.count(")") == 2
