"""What every kind of step means: the values, weights and settings that it has, and how often it runs.

This is the whole vocabulary between plans and devices. Passes may write no other steps (`verify.py` sees to it); a device
binds those kinds that its plans have, and `convdsl/engine/plain/` says in NumPy what each of them computes.

In a list of roles, `?` stands behind one that may be missing. A value's numbers are [depth, row, column, channel] of each
image; the gradient of a value has its shape. A role that is read and written is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any

from convdsl.engine.plan.ops import Op
from convdsl.engine.plan.values import Scope, Value, Window
from convdsl.engine.plan.winograd import Shares, Tiles

SETTINGS: dict[str, tuple[type, ...]] = {
    "activation": (tuple, NoneType),
    "add": (bool,),
    "alpha": (float,),
    "at": (tuple,),
    "beta": (float,),
    "eps": (float,),
    "exclude_pad": (bool,),
    "exit": (int,),
    "fill": (bool,),
    "groups": (int,),
    "k": (float,),
    "key": (int,),
    "mode": (str,),
    "n": (int,),
    "offset": (int,),
    "op": (Op,),
    "rate": (float,),
    "record": (int,),
    "relu": (bool,),
    "rows": (Value,),
    "smoothing": (float,),
    "train": (bool,),
    "training": (bool,),
    "weight": (float,),
    "weighted": (bool,),
    "window": (Window,),
    "winograd": (Tiles, Shares),
}
"""The types of settings; a name means the same kind of thing wherever it stands. `activation` is (name, slope), applied
to what is written; `add` adds to what is there instead of replacing it; `at` is the place in y where x begins, with
negative numbers where x begins before it; `train` says whether gradients of weights are wanted; `op` is the
normalisation that all its steps belong to; `offset` and `record` are bytes: where the targets of an exit, or the answers of an
output, begin for the first image, and how far it is to the next."""


@dataclass(frozen=True)
class Kind:
    """A kind of step. `sums` are those of its weights whose gradients it adds to; `alike` are values of one shape;
    `spans` are the values at the window's input and at its output; `reach` is the value into whose frame the window
    reaches, on the side of its input, or with `spread` on that of its output."""

    name: str
    meaning: str
    reads: str = ""
    writes: str = ""
    weights: str = ""
    sums: str = ""
    settings: str = ""
    scopes: tuple[Scope, ...] = ("image",)
    alike: str = ""
    spans: str = ""
    reach: str = ""
    spread: bool = False
    any_weights: bool = False

    def roles(self, of: str) -> Mapping[str, bool]:
        """The roles, or names of settings, that a list has; whether each may be missing."""
        return self._roles[of]

    @cached_property
    def _roles(self) -> dict[str, dict[str, bool]]:
        lists = {"reads": self.reads, "writes": self.writes, "weights": self.weights, "settings": self.settings}
        return {of: {role.removesuffix("?"): role.endswith("?") for role in text.split()} for of, text in lists.items()}


def _back(name: str, meaning: str, *, y: bool = False, x: bool = True, **more: Any) -> Kind:
    """What passes a gradient through an operation, from that of its output."""
    reads = "g" + (" x" if x else "") + (" y" if y else "")
    settings = f"add train {more.pop('settings', '')}"
    return Kind(name, meaning, reads, more.pop("writes", "gx"), settings=settings, **more)


def _loss(name: str, meaning: str) -> Kind:
    return Kind(name, meaning, "z", "g?", settings="weight exit smoothing weighted add offset record", alike="z g")


_BLOCKS: tuple[Scope, ...] = ("image", "block")
_NORM = "weight bias running_mean running_var"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # in and out
        Kind("load", "y is the batch's images; bytes become 0 to 1", writes="y"),
        Kind("emit", "x goes to the array that was asked for", reads="x", settings="offset record"),
        # moving numbers
        Kind("copy", "x is put at a place of y; `fill`: with zeros around it", "x", "y", settings="at add fill"),
        Kind("reshape", "y is x, number by number, in other sizes", "x", "y", settings="add"),
        Kind("shuffle", "channel m·groups + g of y is channel g·members + m of x", "x", "y", settings="groups add"),
        Kind(
            "upsample",
            "y is x enlarged, by repetition or bilinear (`corners`: aligned)",
            "x",
            "y",
            settings="mode",
        ),
        _back("upsample_gradient", "each gradient goes where its value came from, in shares", x=False, settings="mode"),
        Kind("frame", "zeros around y, where its frame is", "", "y", scopes=("image", "each", "block", "share")),
        Kind("clear", "zeros in the lanes of y that have no image", "", "y", scopes=("block",)),
        # one number at a time
        Kind("activation", "y = f(x)", "x", "y", settings="activation", scopes=_BLOCKS, alike="x y"),
        _back("activation_gradient", "gx = g·f'(x)", settings="activation", scopes=_BLOCKS, alike="g x gx"),
        Kind("activate", "y = f(y)", "y", "y", settings="activation", scopes=_BLOCKS),
        Kind(
            "settle",
            "g = g·f'(x), told from y = f(x); the bias's gradient is the sum of g over the positions",
            "g y?",
            "g",
            "bias?",
            "bias",
            "activation",
            _BLOCKS,
            alike="g y",
        ),
        Kind("prelu", "y = x above 0, and below it x times its channel's weight", "x", "y", "prelu", alike="x y"),
        _back("prelu_gradient", "gx and the weights' gradient of it", writes="gx?", weights="prelu", sums="prelu"),
        Kind("scale", "y is x times its channel's weight", "x", "y", "weight", alike="x y"),
        _back("scale_gradient", "gx and the weights' gradient of it", writes="gx?", weights="weight", sums="weight"),
        Kind(
            "dropout",
            "x at random with probability 1 − rate, made larger by as much; else 0",
            "x",
            "y",
            settings="rate key add",
            alike="x y",
        ),
        Kind("sum", "y = a + b, then the activation", "a b", "y", settings="activation", alike="a b y"),
        Kind("product", "y = a·b; an axis of size 1 is repeated", "a b", "y"),
        Kind("product_gradient", "gx = g·a, added up over axes of size 1 of gx", "g a", "gx", settings="add"),
        # windows without weights
        Kind(
            "pool",
            "y is the mode (avg, max, min, median) of each window; `where`: the place of it in x, as a number",
            "x",
            "y where?",
            settings="mode window exclude_pad",
            scopes=_BLOCKS,
            alike="y where",
            spans="x y",
        ),
        Kind(
            "pool_gradient",
            "each gradient goes where its value came from; of a mean, in shares",
            "g where?",
            "gx",
            settings="mode window exclude_pad add",
            scopes=_BLOCKS,
            alike="g where",
            spans="gx g",
        ),
        Kind(
            "places",
            "where is the place in x of the largest value of each window, as a number; y is that value",
            "x",
            "where y",
            settings="window",
            alike="where y",
            spans="x y",
        ),
        Kind(
            "put",
            "y is each x at its place, and else 0",
            "x where",
            "y",
            settings="window",
            alike="x where",
            spans="y x",
        ),
        Kind("pick", "gx is g at the place that each window chose", "g where", "gx", settings="add", alike="where gx"),
        Kind("adaptive", "y is the mean of windows from floor(i·N/O) to ceil((i + 1)·N/O)", "x", "y"),
        _back("adaptive_gradient", "the share of each value in its means", x=False),
        # windows with weights
        Kind(
            "gather",
            "a convolution: y is the sum of each window of x, weighed, plus the bias, then the activation; with `op` the "
            "sum times c₀ plus c₁ of that normalisation",
            "x",
            "y scratch?",
            "weight bias?",
            settings="window add activation winograd? op?",
            scopes=(*_BLOCKS, "share"),
            spans="x y",
            reach="x",
        ),
        Kind(
            "spread",
            "its adjoint: each value of x is added, weighed, to all places of y that its window covers",
            "x",
            "y scratch?",
            "weight bias?",
            settings="window add activation winograd? op?",
            scopes=_BLOCKS,
            spans="y x",
            reach="x",
            spread=True,
        ),
        Kind(
            "correlate",
            "the gradient of the weights of both: sums of products of x in the window and g",
            "x g",
            "scratch?",
            "weight",
            "weight",
            "window winograd?",
            ("image", "block", "task"),
            spans="x g",
            reach="x",
        ),
        Kind(
            "dense",
            "y = W·x + bias, then the activation",
            "x",
            "y",
            "weight bias?",
            settings="activation?",
            scopes=("block", "share"),
        ),
        Kind(
            "dense_input",
            "x = Wᵀ·g; only where `mask` is above 0",
            "g mask?",
            "x",
            "weight",
            settings="add",
            scopes=("block", "share"),
            alike="x mask",
        ),
        Kind("dense_weight", "the gradient of W: g·xᵀ", "x g", "", "weight", "weight", scopes=("block", "task")),
        Kind(
            "depthwise",
            "a convolution of each channel alone, by one filter or several; `op` as above",
            "x",
            "y",
            "weight bias?",
            settings="window activation? op?",
            scopes=("image", "share"),
            spans="x y",
            reach="x",
        ),
        Kind(
            "depthwise_input",
            "the gradient of its input",
            "g",
            "x",
            "weight",
            settings="window add",
            spans="x g",
            reach="g",
            spread=True,
        ),
        Kind(
            "depthwise_weight",
            "the gradient of its weights",
            "x g",
            "",
            "weight bias?",
            "weight",
            "window",
            ("image", "task"),
            spans="x g",
            reach="x",
        ),
        Kind(
            "local",
            "a convolution with filters of its own at each position, and biases",
            "x",
            "y",
            "weight bias?",
            settings="window",
            spans="x y",
            reach="x",
        ),
        Kind("local_input", "the gradient of its input", "g", "x", "weight", settings="window add", spans="x g"),
        Kind(
            "local_weight",
            "the gradient of its weights and biases",
            "x g",
            "",
            "weight bias?",
            "weight bias",
            "window",
            ("image", "task"),
            spans="x g",
            reach="x",
        ),
        # a convolution, its ReLU and a maximum as one
        Kind(
            "gather_pool",
            "y is the largest of 2x2 outputs of a convolution with ReLU; `where`: which of them",
            "x",
            "y where? scratch?",
            "weight bias?",
            settings="window winograd?",
            scopes=("image", "share"),
            alike="y where",
            spans="x",
            reach="x",
        ),
        Kind(
            "unpool",
            "gx is g where y was chosen and the ReLU passes it, else 0; and the bias's gradient",
            "y g where",
            "gx",
            "bias?",
            "bias",
            alike="y g where",
        ),
        Kind(
            "passed",
            "`passed` is g where y is above 0, else 0; and the bias's gradient",
            "y g",
            "passed",
            "bias?",
            "bias",
            alike="y g passed",
        ),
        Kind(
            "few_weight",
            "the gradient of the weights, where the input has few channels",
            "x where g",
            "",
            "weight",
            "weight",
            "window",
            spans="x",
            reach="x",
            alike="where g",
        ),
        Kind(
            "sparse_lists",
            "for each channel, the windows that pass a gradient, and it; and the bias's gradient",
            "y g where",
            "offsets values lengths",
            "bias?",
            "bias",
            alike="y g where",
        ),
        Kind(
            "sparse_weight",
            "the gradient of the weights, from such lists",
            "x offsets values lengths",
            "",
            "weight",
            "weight",
            "window",
            spans="x",
            reach="x",
        ),
        Kind(
            "sparse_input",
            "the gradient of the input, from such lists",
            "offsets values lengths",
            "gx",
            "weight",
            settings="window add",
            spans="gx",
            reach="gx",
        ),
        # strips
        Kind(
            "zero_gradients",
            "the strip's gradients of these weights begin at zero",
            settings="rows",
            scopes=("start",),
            any_weights=True,
        ),
        Kind("sum_parts", "y is the sum of the strips' parts, plus the bias", "x", "y", "bias?"),
        # normalisations
        Kind(
            "bn_begin",
            "sums over the batch begin at zero",
            weights=_NORM,
            settings="op training? train? relu?",
            scopes=("start",),
        ),
        Kind(
            "bn_sum",
            "count, mean and squared deviations of each channel of x are added up",
            "x",
            "",
            _NORM,
            settings="op training",
        ),
        Kind(
            "bn_combine",
            "of them all: y = x·c₀ + c₁; and the running statistics move",
            weights=_NORM,
            settings="op training",
            scopes=("serial",),
        ),
        Kind(
            "bn_frozen",
            "c₀ and c₁ from the running statistics, of what a bias `before` is added to",
            weights=f"{_NORM} before?",
            settings="op training",
            scopes=("serial",),
        ),
        Kind(
            "bn_apply",
            "y = x·c₀ + c₁, then the activation",
            "x",
            "y",
            _NORM,
            settings="op training activation",
            alike="x y",
        ),
        Kind(
            "bn_sum_gradient",
            "sums of g and of g·x̂; with `relu`, of what passes it",
            "x g",
            "",
            _NORM,
            settings="op train relu",
            alike="x g",
        ),
        Kind(
            "bn_combine_gradient",
            "of them all: the gradients of scale and shift",
            "",
            "",
            _NORM,
            "weight bias",
            "op train relu",
            ("serial",),
        ),
        Kind(
            "bn_input",
            "gx from g, x and these sums; frozen, gx = g·c₀",
            "x g",
            "gx",
            _NORM,
            settings="op train relu add",
            alike="x g gx",
        ),
        Kind(
            "group_norm",
            "x̂·weight + bias, with x̂ over each group of channels at all positions",
            "x",
            "y",
            "weight bias",
            settings="groups eps",
            alike="x y",
        ),
        _back(
            "group_norm_gradient",
            "the gradients of its input, scale and shift",
            writes="gx?",
            weights="weight bias",
            sums="weight bias",
            settings="groups eps",
            alike="g x gx",
        ),
        Kind(
            "position_norm",
            "the same over the channels of each position",
            "x",
            "y",
            "weight bias",
            settings="eps",
            alike="x y",
        ),
        _back(
            "position_norm_gradient",
            "the gradients of its input, scale and shift",
            writes="gx?",
            weights="weight bias",
            sums="weight bias",
            settings="eps",
            alike="g x gx",
        ),
        Kind(
            "response_norm",
            "y = x·(k + alpha/n·Σ x²)^−beta, the sum over the n channels around",
            "x",
            "y",
            settings="n alpha beta k",
            alike="x y",
        ),
        _back("response_norm_gradient", "the gradient of its input", settings="n alpha beta k", alike="g x gx"),
        Kind("softmax", "over the channels of each position", "x", "y", alike="x y"),
        _back("softmax_gradient", "gx = y·(g − Σ g·y)", x=False, y=True, alike="g y gx"),
        # losses
        _loss("cross_entropy", "of the softmax of z with the labels; g is the gradient of the batch's mean"),
        _loss("weighted_cross_entropy", "the same, where each answer counts by the weight of its class"),
        _loss("binary_cross_entropy", "of the sigmoid of each z with its target, yes or no"),
        _loss("mse", "the mean of (z − target)²"),
        _loss("mae", "the mean of |z − target|"),
    )
}
"""All kinds of steps by name."""

ONLY_IN_BLOCKS = frozenset(
    {
        *("bn_begin", "zero_gradients"),  # sums that images are added to, chunk by chunk
        *("clear", "sum_parts"),  # interleaved images; strips
        "frame",  # on a GPU values with frames share memory with their like only
        *("passed", "few_weight", "sparse_lists", "sparse_weight", "sparse_input"),  # sums that leave out zeros
    }
)
"""Those that only devices have which take a few images at a time."""
ONLY_WHOLE = frozenset({"unpool"})
"""Those that only devices have which do each step for the whole batch."""
