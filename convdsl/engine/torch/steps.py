"""What each kind of step of the ways forward computes, in PyTorch. Values are [image, depth, row, column, channel].

A function here is given a step once and answers with what is done in every run, so that sizes are worked out once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from convdsl.engine.activations import FORMULAS, on_arrays
from convdsl.engine.bits import random_bits
from convdsl.engine.plan import Step
from convdsl.engine.torch.rearranging import first, last, trimmed
from convdsl.engine.torch.statistics import normalised_over_all
from convdsl.layers import ACTIVATIONS
from convdsl.registering import registering

Done = Callable[..., Tensor]
STEPS: dict[str, Callable[[Step], Done]] = {}

step = registering(STEPS)
"""For what makes the function of a kind of steps; that is given the run and the values that the step reads."""


# moving numbers


@step("load")
def _load(step: Step) -> Done:
    shape = step.writes["y"].shape
    return lambda run: run.images.reshape(-1, *shape)


@step("reshape")
def _reshape(step: Step) -> Done:
    shape = step.writes["y"].shape
    return lambda run, x: x.reshape(-1, *shape)


@step("shuffle")
def _shuffle(step: Step) -> Done:
    groups = step.settings["groups"]
    return lambda run, x: x.unflatten(-1, (groups, -1)).transpose(-1, -2).flatten(-2)


@step("upsample")
def _upsample(step: Step) -> Done:
    small, large = step.reads["x"].shape[:3], step.writes["y"].shape[:3]
    if step.settings["mode"] != "nearest":
        aligned = step.settings["mode"] == "corners"
        if large[0] == 1:
            return lambda run, x: last(F.interpolate(first(x), large[1:], mode="bilinear", align_corners=aligned))
        return lambda run, x: last(F.interpolate(first(x, 3), large, mode="trilinear", align_corners=aligned))

    def repeated(run: Any, x: Tensor) -> Tensor:
        for axis, (n, m) in enumerate(zip(small, large, strict=True), 1):
            if n == 1:
                x = x.expand(*x.shape[:axis], m, *x.shape[axis + 1 :])
            elif m % n == 0 and m > n:
                x = x.repeat_interleave(m // n, axis, output_size=m)
            elif m != n:
                x = x.index_select(axis, torch.arange(m, device=x.device) * n // m)
        return x

    return repeated


@step("adaptive")
def _adaptive(step: Step) -> Done:
    size = step.writes["y"].shape[:3]
    if size[0] == step.reads["x"].shape[0] == 1:
        return lambda run, x: last(F.adaptive_avg_pool2d(first(x), size[1:]))
    return lambda run, x: last(F.adaptive_avg_pool3d(first(x, 3), size))


# one number at a time


def _sloped(function: Callable[..., Tensor]) -> Callable[[float], Callable[[Tensor], Tensor]]:
    return lambda slope: lambda x: function(x, slope)


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    one.name: getattr(F if one.torch.startswith("F.") else torch, one.torch.partition(".")[2])
    for one in ACTIVATIONS.values()
    if one.torch
}
_SLOPED = {"leaky_relu": _sloped(F.leaky_relu), "elu": _sloped(F.elu)}


@step("activation")
def _activation(step: Step) -> Done:
    name, slope = step.settings["activation"]
    sloped = _SLOPED.get(name)
    function = sloped(float(slope)) if sloped else _ACTIVATIONS.get(name) or _by_formula(name, float(slope))
    return lambda run, x: function(x)


_WORDS = {
    "abs": torch.abs,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gaussian_part": torch.special.ndtr,
    "min": lambda x, most: torch.clamp(x, max=most),
    "max": lambda x, least: torch.clamp(x, min=least),
    "where": torch.where,
}


def _by_formula(name: str, slope: float) -> Callable[[Tensor], Tensor]:
    """What PyTorch has no word for, as it is declared."""
    formula = on_arrays(FORMULAS[name].value)
    return lambda v: eval(formula, {"__builtins__": {}}, {**_WORDS, "v": v, "a": slope})


@step("softmax")
def _softmax(step: Step) -> Done:
    return lambda run, x: torch.softmax(x, -1)


@step("prelu")
def _prelu(step: Step) -> Done:
    slope = step.weights["prelu"]
    return lambda run, x: torch.where(x > 0, x, x * run.weights[slope])


@step("scale")
def _scale(step: Step) -> Done:
    factor = step.weights["weight"]
    return lambda run, x: x * run.weights[factor].reshape(-1)


@step("sum")
def _sum(step: Step) -> Done:
    return lambda run, a, b: a + b


@step("product")
def _product(step: Step) -> Done:
    return lambda run, a, b: a * b


_ODD, _MIX, _LAST = (int(np.int64(np.uint64(n))) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
"""The factors of `random_bits`, as numbers with a sign have the same bits."""


def _shifted(z: Tensor, by: int) -> Tensor:
    """Of 64 bits without a sign."""
    return (z >> by) & ((1 << (64 - by)) - 1)


@step("dropout")
def _dropout(step: Step) -> Done:
    """The numbers are drawn from the step's seed, the place of the image in the whole batch, the layer and the place of
    the value: the same in any number of processes, and those of every other backend (see engine/bits.py)."""
    rate, key = step.settings["rate"], step.settings["key"]
    kept, factor = int((1.0 - rate) * 4294967296.0), float(np.float32(1.0 / (1.0 - rate)))

    def dropped(run: Any, x: Tensor) -> Tensor:
        images = run.places.astype(np.uint64)
        keys = random_bits(np.array([run.seed]), images * np.uint64(65536) + np.uint64(key))
        begun = keys * np.uint64(_ODD & (2**64 - 1)) + np.uint64(0x632BE59BD9B4E019)
        begun = (begun ^ (begun >> np.uint64(30))) * np.uint64(_MIX & (2**64 - 1))
        begun = begun ^ (begun >> np.uint64(27))
        start = torch.from_numpy(begun.view(np.int64)).to(x.device)[:, None]
        z = start ^ (torch.arange(x[0].numel(), device=x.device) * _ODD)
        z = (z ^ _shifted(z, 30)) * _MIX
        z = (z ^ _shifted(z, 27)) * _LAST
        z = z ^ _shifted(z, 31)
        mask = (_shifted(z, 32) < kept).reshape(x.shape)
        return torch.where(mask, x * factor, torch.zeros((), dtype=x.dtype, device=x.device))

    return dropped


# sums of products with weights


def _three(window: Any) -> bool:
    """Whether a window needs three axes."""
    return bool((window.k[0], window.input[0], window.output[0]) != (1, 1, 1))


def _bias(step: Step) -> Callable[[Any], Tensor | None]:
    bias = step.weights.get("bias")
    return (lambda run: None) if bias is None else (lambda run: run.weights[bias])


def _convolution(step: Step, groups: int) -> Done:
    window, weight, bias = step.settings["window"], step.weights["weight"], _bias(step)
    axes = 3 if _three(window) else 2
    stride, dilation, size = window.s[-axes:], window.d[-axes:], window.k[-axes:]
    frame = window.frame[-axes:]
    even = all(before == after for before, after in frame)
    padding = tuple(before for before, _ in frame) if even else 0
    around = [] if even else [n for sides in reversed(frame) for n in sides]
    convolve = F.conv3d if axes == 3 else F.conv2d
    output = window.output[-axes:]

    def convolved(run: Any, x: Tensor) -> Tensor:
        w = run.weights[weight]
        w = w.reshape(w.shape[0], w.shape[1], *size)
        x = first(x, axes)
        if around:
            x = F.pad(x, around)
        return last(trimmed(convolve(x, w, bias(run), stride, padding, dilation, groups), output))

    return convolved


@step("gather")
def _gather(step: Step) -> Done:
    return _convolution(step, getattr(step.weights["weight"].layout, "groups", 1))


@step("depthwise")
def _depthwise(step: Step) -> Done:
    return _convolution(step, step.reads["x"].shape[3])


@step("spread")
def _spread(step: Step) -> Done:
    window, weight, bias = step.settings["window"], step.weights["weight"], _bias(step)
    groups = getattr(step.weights["weight"].layout, "groups", 1)
    axes = 3 if _three(window) else 2
    convolve = F.conv_transpose3d if axes == 3 else F.conv_transpose2d
    around: list[int] = []
    for k, s, d, before, n, o in reversed(
        list(zip(window.k, window.s, window.d, window.before, window.input, window.output, strict=True))[-axes:]
    ):
        around += [-before, n - ((o - 1) * s + d * (k - 1) + 1 - before)]

    def spread(run: Any, x: Tensor) -> Tensor:
        w = run.weights[weight]
        w = w.reshape(w.shape[0], w.shape[1], *window.k[-axes:])
        y = convolve(first(x, axes), w, None, window.s[-axes:], 0, 0, groups, window.d[-axes:])
        y, b = last(F.pad(y, around)), bias(run)
        return y if b is None else y + b

    return spread


@step("dense")
def _dense(step: Step) -> Done:
    weight, bias, shape = step.weights["weight"], _bias(step), step.writes["y"].shape

    def product(run: Any, x: Tensor) -> Tensor:
        w = run.weights[weight]
        return F.linear(x.flatten(1), w.reshape(w.shape[0], -1), bias(run)).reshape(-1, *shape)

    return product


@step("local")
def _local(step: Step) -> Done:
    window, weight, bias = step.settings["window"], step.weights["weight"], step.weights.get("bias")
    layout, shape = weight.layout, step.writes["y"].shape

    def summed(run: Any, x: Tensor) -> Tensor:
        seen = torch.stack(list(taps(F.pad(x, framing(window)), window)), -1)
        rows = seen.reshape(len(x), layout.positions, layout.channels, -1)
        w = run.weights[weight].reshape(layout.positions, layout.filters, layout.channels, -1)
        y = torch.einsum("npct,pfct->npf", rows, w).reshape(-1, *shape)
        return y if bias is None else y + run.weights[bias].reshape(shape)

    return summed


# windows without weights


def framing(window: Any) -> list[int]:
    """What `F.pad` takes for values whose channels are last."""
    return [0, 0, *(n for sides in reversed(window.frame) for n in sides)]


def taps(padded: Tensor, window: Any) -> Any:
    """For each tap of a window the values that it sees, one for each place."""
    for place in np.ndindex(*window.k):
        starts = [t * d for t, d in zip(place, window.d, strict=True)]
        axes = zip(starts, window.s, window.output, strict=True)
        yield padded[(slice(None), *(slice(begin, begin + s * (o - 1) + 1, s) for begin, s, o in axes))]


def _shares(window: Any, exclude_pad: bool) -> np.ndarray:
    """By what the sum of each window is divided; positions beyond size and padding never count, as in PyTorch."""
    counts = []
    for k, s, d, b, n, a, o in zip(
        window.k, window.s, window.d, window.before, window.input, window.after, window.output, strict=True
    ):
        at = np.arange(o)[:, None] * s + np.arange(k) * d - b
        counts.append(((at >= 0) & (at < n)).sum(1) if exclude_pad else (at < n + a).sum(1))
    return (counts[0][:, None, None] * counts[1][:, None] * counts[2])[..., None].astype(np.float32)


@step("pool")
def _pool(step: Step) -> Done:
    window, mode = step.settings["window"], step.settings["mode"]
    if mode == "median":
        return _median(window)
    axes = 3 if _three(window) else 2
    size, stride, dilation = window.k[-axes:], window.s[-axes:], window.d[-axes:]
    around = [n for sides in reversed(window.frame[-axes:]) for n in sides]
    output = window.output[-axes:]
    if mode == "avg":
        return _mean(step, axes, around)
    largest = F.max_pool3d if axes == 3 else F.max_pool2d

    def chosen(run: Any, x: Tensor) -> Tensor:
        x = first(x if mode == "max" else -x, axes)
        if any(around):
            x = F.pad(x, around, value=-torch.inf)
        y = last(trimmed(largest(x, size, stride, 0, dilation), output))
        return y if mode == "max" else -y

    return chosen


@step("places")
def _places(step: Step) -> Done:
    """The number of each window's first largest value in x, channels last."""
    window = step.settings["window"]
    numbers = torch.arange(int(np.prod(window.input)), dtype=torch.int64).reshape(1, *window.input, 1)

    def places(run: Any, x: Tensor) -> Tensor:
        at = F.pad(numbers.to(x.device), framing(window), value=-1)
        seen = torch.stack(list(taps(F.pad(x.detach(), framing(window), value=-torch.inf), window)), -1)
        chosen = torch.where(seen.isnan(), torch.inf, seen).argmax(-1, keepdim=True)
        there = torch.stack(list(taps(at, window)), -1).expand_as(seen).gather(-1, chosen)[..., 0]
        return there * x.shape[-1] + torch.arange(x.shape[-1], device=x.device)

    return places


@step("put")
def _put(step: Step) -> Done:
    shape = step.writes["y"].shape

    def put(run: Any, x: Tensor, where: Tensor) -> Tensor:
        return x.new_zeros((len(x), int(np.prod(shape)))).scatter(1, where.flatten(1), x.flatten(1)).reshape(-1, *shape)

    return put


def _mean(step: Step, axes: int, around: list[int]) -> Done:
    window = step.settings["window"]
    taken = _shares(window, step.settings["exclude_pad"])
    shares = torch.from_numpy(taken)
    even = bool((taken == window.taps).all())
    plain = all(d == 1 for d, k in zip(window.d, window.k, strict=True) if k > 1)
    average = F.avg_pool3d if axes == 3 else F.avg_pool2d

    def mean(run: Any, x: Tensor) -> Tensor:
        if not plain:
            return sum(taps(F.pad(x, framing(window)), window)) / shares.to(x.device)
        x = first(x, axes)
        if any(around):
            x = F.pad(x, around)
        y = last(trimmed(average(x, window.k[-axes:], window.s[-axes:]), window.output[-axes:]))
        return y if even else y * (window.taps / shares.to(x.device))

    return mean


def _median(window: Any) -> Done:
    """The value in the middle of those inside; of two, the smaller."""

    def middle(run: Any, x: Tensor) -> Tensor:
        inside = torch.ones((1, *window.input, 1), dtype=torch.bool, device=x.device)
        there = torch.stack(list(taps(F.pad(inside, framing(window)), window)), -1)
        seen = torch.stack(list(taps(F.pad(x, framing(window)), window)), -1)
        order = torch.where(there, seen, torch.inf).sort(dim=-1, stable=True).indices
        at = ((there.sum(-1, keepdim=True) - 1) // 2).expand(*seen.shape[:-1], 1)
        return seen.gather(-1, order.gather(-1, at))[..., 0]

    return middle


# normalisations


@step("bn_apply")
def _bn_apply(step: Step) -> Done:
    told = step.settings["op"].settings["statistics"]
    names = [step.weights[role] for role in ("running_mean", "running_var", "weight", "bias")]
    training = step.settings["training"]

    def normalised(run: Any, x: Tensor) -> Tensor:
        mean, variance, weight, bias = (run.weights[name] for name in names)
        if training and (run.over_all is not None or x.numel() == x.shape[-1]):
            return normalised_over_all(run, x, mean, variance, weight, bias, told)
        axes = 2 if x.shape[1] == 1 else 3
        y = F.batch_norm(first(x, axes), mean, variance, weight, bias, training, told["take"], told["eps"])
        return last(y)

    return normalised


@step("group_norm")
def _group_norm(step: Step) -> Done:
    groups, eps = step.settings["groups"], step.settings["eps"]
    weight, bias = step.weights["weight"], step.weights["bias"]

    def normalised(run: Any, x: Tensor) -> Tensor:
        y = first(x, 3)
        rows = y if x.requires_grad else y.flatten(2)  # the way back of PyTorch 2.13 to no gradient of an image crashes
        return last(F.group_norm(rows, groups, run.weights[weight], run.weights[bias], eps).reshape(y.shape))

    return normalised


@step("position_norm")
def _position_norm(step: Step) -> Done:
    eps, weight, bias = step.settings["eps"], step.weights["weight"], step.weights["bias"]
    return lambda run, x: F.layer_norm(x, x.shape[-1:], run.weights[weight], run.weights[bias], eps)


@step("response_norm")
def _response_norm(step: Step) -> Done:
    n, k, alpha, beta = (step.settings[name] for name in ("n", "k", "alpha", "beta"))

    def normalised(run: Any, x: Tensor) -> Tensor:
        rows = F.pad((x * x).reshape(-1, 1, x.shape[-1]), (n // 2, (n - 1) // 2))
        return x * (k + alpha * F.avg_pool1d(rows, n, 1).reshape(x.shape)) ** -beta

    return normalised
