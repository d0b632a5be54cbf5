"""What every kind of step means: the values, weights and settings that it has, and how often it runs.

This is the whole vocabulary between plans and devices. Passes may write no other steps (`verify.py` sees to it); a device
binds those kinds that its plans have, and `convdsl/engine/plain/` says in NumPy what each of them computes.

In a list of roles, `?` stands behind one that may be missing. A value's numbers are [depth, row, column, channel] of each
image; the gradient of a value has its shape. A role that is read and written is changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

    @property
    def any_weights(self) -> bool:
        return self.weights == "any"

    def roles(self, of: str) -> Mapping[str, bool]:
        """The roles, or names of settings, that a list has; whether each may be missing."""
        return self._roles[of]

    @cached_property
    def _roles(self) -> dict[str, dict[str, bool]]:
        lists = {"reads": self.reads, "writes": self.writes, "weights": self.weights, "settings": self.settings}
        return {of: {role.removesuffix("?"): role.endswith("?") for role in text.split()} for of, text in lists.items()}


_TEXT = """
# in and out
load: -> y
    y is the batch's images; bytes become 0 to 1
emit: x -> | settings offset record
    x goes to the array that was asked for

# moving numbers
copy: x -> y | settings at add fill
    x is put at a place of y; `fill`: with zeros around it
reshape: x -> y | settings add
    y is x, number by number, in other sizes
shuffle: x -> y | settings groups add
    channel m·groups + g of y is channel g·members + m of x
upsample: x -> y | settings mode
    y is x enlarged, by repetition or bilinear (`corners`: aligned)
upsample_gradient: g -> gx | settings add train mode
    each gradient goes where its value came from, in shares
frame: -> y | in image each block share
    zeros around y, where its frame is
clear: -> y | in block
    zeros in the lanes of y that have no image

# one number at a time
activation: x -> y | settings activation | alike x y | in image block
    y = f(x)
activation_gradient: g x -> gx | settings add train activation | alike g x gx | in image block
    gx = g·f'(x)
activate: y -> y | settings activation | in image block
    y = f(y)
settle: g y? -> g | weights bias? | sums bias | settings activation | alike g y | in image block
    g = g·f'(x), told from y = f(x); the bias's gradient is the sum of g over the positions
prelu: x -> y | weights prelu | alike x y
    y = x above 0, and below it x times its channel's weight
prelu_gradient: g x -> gx? | weights prelu | sums prelu | settings add train
    gx and the weights' gradient of it
scale: x -> y | weights weight | alike x y
    y is x times its channel's weight
scale_gradient: g x -> gx? | weights weight | sums weight | settings add train
    gx and the weights' gradient of it
dropout: x -> y | settings rate key add | alike x y
    x at random with probability 1 − rate, made larger by as much; else 0
sum: a b -> y | settings activation | alike a b y
    y = a + b, then the activation
product: a b -> y
    y = a·b; an axis of size 1 is repeated
product_gradient: g a -> gx | settings add
    gx = g·a, added up over axes of size 1 of gx

# windows without weights
pool: x -> y where? | settings mode window exclude_pad | alike y where | spans x y | in image block
    y is the mode (avg, max, min, median) of each window; `where`: the place of it in x, as a number
pool_gradient: g where? -> gx | settings mode window exclude_pad add | alike g where | spans gx g | in image block
    each gradient goes where its value came from; of a mean, in shares
places: x -> where y | settings window | alike where y | spans x y
    where is the place in x of the largest value of each window, as a number; y is that value
put: x where -> y | settings window | alike x where | spans y x
    y is each x at its place, and else 0
pick: g where -> gx | settings add | alike where gx
    gx is g at the place that each window chose
adaptive: x -> y
    y is the mean of windows from floor(i·N/O) to ceil((i + 1)·N/O)
adaptive_gradient: g -> gx | settings add train
    the share of each value in its means

# windows with weights
gather: x -> y scratch? | weights weight bias? | settings window add activation winograd? op? | spans x y | reach x |
    in image block share
    a convolution: y is the sum of each window of x, weighed, plus the bias, then the activation; with `op` the sum times
    c₀ plus c₁ of that normalisation
spread: x -> y scratch? | weights weight bias? | settings window add activation winograd? op? | spans y x |
    reach x spread | in image block
    its adjoint: each value of x is added, weighed, to all places of y that its window covers
correlate: x g -> scratch? | weights weight | sums weight | settings window winograd? | spans x g | reach x | in image block task
    the gradient of the weights of both: sums of products of x in the window and g
dense: x -> y | weights weight bias? | settings activation? | in block share
    y = W·x + bias, then the activation
dense_input: g mask? -> x | weights weight | settings add | alike x mask | in block share
    x = Wᵀ·g; only where `mask` is above 0
dense_weight: x g -> | weights weight | sums weight | in block task
    the gradient of W: g·xᵀ
depthwise: x -> y | weights weight bias? | settings window activation? op? | spans x y | reach x | in image share
    a convolution of each channel alone, by one filter or several; `op` as above
depthwise_input: g -> x | weights weight | settings window add | spans x g | reach g spread
    the gradient of its input
depthwise_weight: x g -> | weights weight bias? | sums weight | settings window | spans x g | reach x | in image task
    the gradient of its weights
local: x -> y | weights weight bias? | settings window | spans x y | reach x
    a convolution with filters of its own at each position, and biases
local_input: g -> x | weights weight | settings window add | spans x g
    the gradient of its input
local_weight: x g -> | weights weight bias? | sums weight bias | settings window | spans x g | reach x | in image task
    the gradient of its weights and biases

# a convolution, its ReLU and a maximum as one
gather_pool: x -> y where? scratch? | weights weight bias? | settings window winograd? | alike y where | spans x |
    reach x | in image share
    y is the largest of 2x2 outputs of a convolution with ReLU; `where`: which of them
unpool: y g where -> gx | weights bias? | sums bias | alike y g where
    gx is g where y was chosen and the ReLU passes it, else 0; and the bias's gradient
passed: y g -> passed | weights bias? | sums bias | alike y g passed
    `passed` is g where y is above 0, else 0; and the bias's gradient
few_weight: x where g -> | weights weight | sums weight | settings window | alike where g | spans x | reach x
    the gradient of the weights, where the input has few channels
sparse_lists: y g where -> offsets values lengths | weights bias? | sums bias | alike y g where
    for each channel, the windows that pass a gradient, and it; and the bias's gradient
sparse_weight: x offsets values lengths -> | weights weight | sums weight | settings window | spans x | reach x
    the gradient of the weights, from such lists
sparse_input: offsets values lengths -> gx | weights weight | settings window add | spans gx | reach gx
    the gradient of the input, from such lists

# strips
zero_gradients: | weights any | settings rows | in start
    the strip's gradients of these weights begin at zero
sum_parts: x -> y | weights bias?
    y is the sum of the strips' parts, plus the bias

# normalisations
bn_begin: | weights weight bias running_mean running_var | settings op training? train? relu? | in start
    sums over the batch begin at zero
bn_sum: x -> | weights weight bias running_mean running_var | settings op training
    count, mean and squared deviations of each channel of x are added up
bn_combine: | weights weight bias running_mean running_var | settings op training | in serial
    of them all: y = x·c₀ + c₁; and the running statistics move
bn_frozen: | weights weight bias running_mean running_var before? | settings op training | in serial
    c₀ and c₁ from the running statistics, of what a bias `before` is added to
bn_apply: x -> y | weights weight bias running_mean running_var | settings op training activation | alike x y
    y = x·c₀ + c₁, then the activation
bn_sum_gradient: x g -> | weights weight bias running_mean running_var | settings op train relu | alike x g
    sums of g and of g·x̂; with `relu`, of what passes it
bn_combine_gradient: | weights weight bias running_mean running_var | sums weight bias | settings op train relu | in serial
    of them all: the gradients of scale and shift
bn_input: x g -> gx | weights weight bias running_mean running_var | settings op train relu add | alike x g gx
    gx from g, x and these sums; frozen, gx = g·c₀
group_norm: x -> y | weights weight bias | settings groups eps | alike x y
    x̂·weight + bias, with x̂ over each group of channels at all positions
group_norm_gradient: g x -> gx? | weights weight bias | sums weight bias | settings add train groups eps | alike g x gx
    the gradients of its input, scale and shift
position_norm: x -> y | weights weight bias | settings eps | alike x y
    the same over the channels of each position
position_norm_gradient: g x -> gx? | weights weight bias | sums weight bias | settings add train eps | alike g x gx
    the gradients of its input, scale and shift
response_norm: x -> y | settings n alpha beta k | alike x y
    y = x·(k + alpha/n·Σ x²)^−beta, the sum over the n channels around
response_norm_gradient: g x -> gx | settings add train n alpha beta k | alike g x gx
    the gradient of its input
softmax: x -> y | alike x y
    over the channels of each position
softmax_gradient: g y -> gx | settings add train | alike g y gx
    gx = y·(g − Σ g·y)

# losses
cross_entropy: z -> g? | settings weight exit smoothing weighted add offset record | alike z g
    of the softmax of z with the labels; g is the gradient of the batch's mean
weighted_cross_entropy: z -> g? | settings weight exit smoothing weighted add offset record | alike z g
    the same, where each answer counts by the weight of its class
binary_cross_entropy: z -> g? | settings weight exit smoothing weighted add offset record | alike z g
    of the sigmoid of each z with its target, yes or no
mse: z -> g? | settings weight exit smoothing weighted add offset record | alike z g
    the mean of (z − target)²
mae: z -> g? | settings weight exit smoothing weighted add offset record | alike z g
    the mean of |z − target|
"""
"""Of each kind its name, what it reads and what it writes, then lists as `Kind` has them, and in which scopes it runs; below,
what it means."""


def _declared(text: str) -> Iterator[Kind]:
    head, meaning = "", ""
    for line in (*(line for line in text.splitlines() if line and not line.startswith("#")), "end"):
        if head.endswith("|"):
            head += line[3:]
            continue
        if line.startswith(" "):
            meaning += line[3:]
            continue
        if head:
            yield _kind(head, meaning[1:])
        head, meaning = line, ""


def _kind(head: str, meaning: str) -> Kind:
    """`name: reads -> writes | settings add at | in image block | …`"""
    first, *lists = head.split(" | ")
    name, _, values = first.partition(":")
    reads, _, writes = values.partition("->")
    said: dict[str, Any] = {what: rest for what, _, rest in (part.partition(" ") for part in lists)}
    reach, _, spread = said.pop("reach", "").partition(" ")
    scopes = tuple(said.pop("in", "image").split())
    return Kind(name, meaning, reads.strip(), writes.strip(), **said, scopes=scopes, reach=reach, spread=bool(spread))


KINDS: dict[str, Kind] = {kind.name: kind for kind in _declared(_TEXT)}
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
