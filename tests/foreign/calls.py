"""A call of a function of torch.nn.functional as a sample: one small function for each kind of layer.

What is right is the call itself, in float64, with its gradients by autograd.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from tests.foreign.sample import Refused, Right, Sample, difference
from tests.foreign.written import conv, number, per_axis, pool, window

Tensor = torch.Tensor


class Call(NamedTuple):
    """`name` of the function, its first argument, and the others by name."""

    name: str
    x: Tensor
    given: dict[str, Any]


class Layer(NamedTuple):
    """The argument names behind the input, in their order, with their defaults; and the translation."""

    defaults: dict[str, Any]
    translate: Callable[..., Sample]


LAYERS: dict[str, Layer] = {}


def layer(names: str, **defaults: Any) -> Callable[[Callable[..., Sample]], Callable[..., Sample]]:
    def register(function: Callable[..., Sample]) -> Callable[..., Sample]:
        LAYERS.update(dict.fromkeys(names.split(), Layer(defaults, function)))
        return function

    return register


def translate(name: str, x: Any, args: Any = (), kwargs: Any = None) -> Sample:
    """Raises Refused."""
    if name not in LAYERS:
        raise Refused(f"not in the language: {name}")
    defaults, function = LAYERS[name]
    given = {**defaults, **dict(zip(defaults, args, strict=False)), **(kwargs or {})}
    if not torch.is_tensor(x) or x.is_complex():
        raise Refused("an input that is no tensor of real numbers")
    if not x.numel() and (x.ndim < 2 or 0 in x.shape[1:]):
        raise Refused("an empty image")
    return function(Call(name, x.detach(), given), **given)


def last(t: Tensor) -> Any:
    """Channels to the end."""
    t = t.detach().float()
    return (t.movedim(1, -1) if t.ndim > 2 else t).contiguous().numpy()


def built(
    program: str,
    x: Tensor,
    f: Callable[..., Tensor],
    weights: dict[str, Tensor | None] | None = None,
    *,
    inference: Callable[..., Tensor] | None = None,
    statistics: dict[str, Tensor] | None = None,
    gradients: bool = True,
    slack: bool = False,
) -> Sample:
    """`f(x, **weights)` is right; in training, if `inference` is given too."""
    learned = {k: v.detach() for k, v in (weights or {}).items() if v is not None}

    def right() -> Right:
        w64 = {k: v.double() for k, v in learned.items()}
        with torch.no_grad():
            result = Right(last((inference or f)(x.double(), **w64)))
        if gradients and len(x):
            with torch.no_grad():
                shape = f(x.double(), **w64).shape
            target = torch.randn(shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64).float()
            result.target = last(target)
            result.gradients = _gradients(f, x.double(), w64, target.double())
            if slack:
                near = _gradients(f, x.float(), {k: v.float() for k, v in learned.items()}, target)
                largest = max(abs(g).max() for g in result.gradients.values())
                gaps = [difference(near[k], g, 1e-2 * largest) for k, g in result.gradients.items()]
                result.slack = max(gaps) + 1e-7 / max(largest, 1e-12)  # where terms of size 1 cancel
        return result

    kept = {k: v.float().numpy() for k, v in {**learned, **(statistics or {})}.items()}
    return Sample(program, last(x), right, kept)


def _gradients(f: Callable[..., Tensor], x: Tensor, weights: dict[str, Tensor], target: Tensor) -> dict[str, Any]:
    """Of the mean of squared differences."""
    x = x.detach().clone().requires_grad_()
    weights = {k: v.detach().clone().requires_grad_() for k, v in weights.items()}
    ((f(x, **weights) - target) ** 2).mean().backward()
    return {"scale": _of_scale(x), **{k: v.grad.double().numpy() for k, v in weights.items()}}  # type: ignore[union-attr]


def _of_scale(x: Tensor) -> Any:
    """The gradient of factors of 1 in front, one for each channel."""
    assert x.grad is not None
    return (x.grad * x.detach()).double().movedim(1, -1).flatten(0, -2).sum(0).numpy()


def batched(x: Tensor, rank: int) -> Tensor:
    """With a batch, which a layer of `rank` axes may have been called without."""
    return x[None] if x.ndim == rank + 1 else x


def rows(x: Tensor) -> Tensor:
    """With a batch and at least one other axis."""
    return x.reshape(1, 1) if x.ndim == 0 else x[None] if x.ndim == 1 else x


def to_last(x: Tensor) -> Tensor:
    return x.movedim(1, -1) if x.ndim > 2 else x


def to_second(x: Tensor) -> Tensor:
    return x.movedim(-1, 1) if x.ndim > 2 else x


def rank_of(call: Call) -> int:
    return int(re.search(r"([123])d", call.name)[1])  # type: ignore[index]


@layer("conv1d conv2d conv3d", weight=None, bias=None, stride=1, padding=0, dilation=1, groups=1)
def _conv(call: Call, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Sample:
    rank, f = rank_of(call), getattr(F, call.name)
    text = conv(
        len(weight),
        weight.shape[2:],
        rank,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias is not None,
    )
    x = batched(call.x, rank)
    return built(
        text,
        x,
        lambda x, weight, bias=None: f(x, weight, bias, stride, padding, dilation, groups),
        {"weight": weight, "bias": bias},
    )


@layer(
    "conv_transpose1d conv_transpose2d conv_transpose3d",
    weight=None,
    bias=None,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    dilation=1,
)
def _tconv(call: Call, weight: Tensor, bias: Any, groups: int, **o: Any) -> Sample:
    rank, f = rank_of(call), getattr(F, call.name)
    text = conv(
        weight.shape[1] * groups,
        weight.shape[2:],
        rank,
        stride=o["stride"],
        padding=o["padding"],
        dilation=o["dilation"],
        groups=groups,
        bias=bias is not None,
        more=o["output_padding"],
    )
    x = batched(call.x, rank)
    return built(
        text, x, lambda x, weight, bias=None: f(x, weight, bias, groups=groups, **o), {"weight": weight, "bias": bias}
    )


@layer(
    "max_pool1d max_pool2d max_pool3d",
    kernel_size=None,
    stride=None,
    padding=0,
    dilation=1,
    ceil_mode=False,
    return_indices=False,
)
def _max_pool(call: Call, kernel_size: Any, return_indices: bool, ceil_mode: bool, **o: Any) -> Sample:
    rank, f = rank_of(call), getattr(F, call.name)
    text = pool("max", kernel_size, rank, ceil=ceil_mode, **o)
    o["stride"] = o["stride"] or None
    return built(text, batched(call.x, rank), lambda x: f(x, kernel_size, ceil_mode=ceil_mode, **o))


@layer(
    "avg_pool1d avg_pool2d avg_pool3d",
    kernel_size=None,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
)
def _avg_pool(
    call: Call,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
) -> Sample:
    if divisor_override is not None:
        raise Refused("a mean with another divisor")
    rank, f = rank_of(call), getattr(F, call.name)
    text = pool("avg", kernel_size, rank, stride=stride, padding=padding, ceil=ceil_mode, exclude=not count_include_pad)
    return built(
        text, batched(call.x, rank), lambda x: f(x, kernel_size, stride or None, padding, ceil_mode, count_include_pad)
    )


@layer("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", output_size=None)
def _adaptive_avg(call: Call, output_size: Any) -> Sample:
    rank, f = rank_of(call), getattr(F, call.name)
    x = batched(call.x, rank)
    size = tuple(n if o is None else o for o, n in zip(per_axis(output_size, rank), x.shape[2:], strict=True))
    return built(f"adaptiveavgpool {window(size, rank)}", x, lambda x: f(x, size))


@layer("adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", output_size=None, return_indices=False)
def _adaptive_max(call: Call, output_size: Any, return_indices: bool) -> Sample:
    rank, f = rank_of(call), getattr(F, call.name)
    x = batched(call.x, rank)
    size = tuple(n if o is None else o for o, n in zip(per_axis(output_size, rank), x.shape[2:], strict=True))
    if any(n % o for o, n in zip(size, x.shape[2:], strict=True)):
        raise Refused("adaptive max pooling to a size that does not divide")
    ratio = [n // o for o, n in zip(size, x.shape[2:], strict=True)]
    text = "globalmaxpool" if set(size) == {1} else f"maxpool {window(ratio, rank)}"
    return built(text, x, lambda x: f(x, size))


def _scaled(weight: Tensor | None, bias: Tensor | None, channels: int) -> dict[str, Tensor | None]:
    """Normalisations have scale and shift: without them 1 and 0."""
    return {
        "weight": torch.ones(channels) if weight is None else weight,
        "bias": torch.zeros(channels) if bias is None else bias,
    }


def _usual(eps: float) -> float:
    if abs(eps - 1e-5) > 1e-9:
        raise Refused("eps of a normalisation other than 1e-5")
    return 1e-5


@layer(
    "batch_norm", running_mean=None, running_var=None, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
)
def _batch_norm(
    call: Call, running_mean: Any, running_var: Any, weight: Any, bias: Any, training: bool, momentum: Any, eps: float
) -> Sample:
    eps, channels = _usual(eps), call.x.shape[1]
    mean = torch.zeros(channels) if running_mean is None else running_mean.detach().double()
    var = torch.ones(channels) if running_var is None else running_var.detach().double().abs()
    alone = call.x.numel() == channels
    return built(
        "bn",
        call.x,
        (lambda x, weight, bias: x * 0)
        if alone
        else lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, True, 0.1, eps),
        _scaled(weight, bias, channels),
        inference=lambda x, weight, bias: F.batch_norm(x, mean.double(), var.double(), weight, bias, eps=eps),
        statistics={"running_mean": mean, "running_var": var},
        gradients=not alone,
        slack=True,
    )


@layer(
    "instance_norm",
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
)
def _instance_norm(call: Call, weight: Any, bias: Any, use_input_stats: bool, eps: float, **_: Any) -> Sample:
    if not use_input_stats:
        raise Refused("instance normalisation by running statistics")
    eps = _usual(eps)
    f = lambda x, weight, bias: F.instance_norm(x, weight=weight, bias=bias, eps=eps)  # noqa: E731
    return built("in", call.x, f, _scaled(weight, bias, call.x.shape[1]), slack=True)


@layer("group_norm", num_groups=None, weight=None, bias=None, eps=1e-5)
def _group_norm(call: Call, num_groups: int, weight: Any, bias: Any, eps: float) -> Sample:
    eps = _usual(eps)
    f = lambda x, weight, bias: F.group_norm(x, num_groups, weight, bias, eps)  # noqa: E731
    return built(f"gn {num_groups}", call.x, f, _scaled(weight, bias, call.x.shape[1]), slack=True)


@layer("layer_norm", normalized_shape=None, weight=None, bias=None, eps=1e-5)
def _layer_norm(call: Call, normalized_shape: Any, weight: Any, bias: Any, eps: float) -> Sample:
    eps, shape = _usual(eps), tuple(normalized_shape)
    if len(shape) > 1 and (weight is not None or bias is not None):
        raise Refused("layer normalisation with a factor for each value")
    x = to_second(call.x[None] if call.x.ndim == len(shape) else call.x)
    if len(shape) not in (1, x.ndim - 1):
        raise Refused("layer normalisation of some of the axes")
    f = lambda x, weight, bias: to_second(F.layer_norm(to_last(x), shape, eps=eps) * weight + bias)  # noqa: E731
    text = "ln" if len(shape) == x.ndim - 1 else "ln channels"
    alone = np.prod(shape) == 1  # then the way back is what rounding leaves of 0
    return built(text, x, f, _scaled(weight, bias, x.shape[1]), slack=True, gradients=not alone)


@layer("local_response_norm", size=None, alpha=1e-4, beta=0.75, k=1.0)
def _lrn(call: Call, size: int, alpha: float, beta: float, k: float) -> Sample:
    text = f"lrn n={size} alpha={number(alpha)} beta={number(beta)} k={number(k)}"
    return built(text, call.x, lambda x: F.local_response_norm(x, size, alpha, beta, k))


@layer("linear", weight=None, bias=None)
def _linear(call: Call, weight: Tensor, bias: Any) -> Sample:
    x, end = call.x, "" if bias is not None else " nobias"
    if x.ndim < 3:
        return built(f"dense {len(weight)}{end}", rows(x), F.linear, {"weight": weight, "bias": bias})
    square = weight.reshape(*weight.shape, *[1] * (x.ndim - 2))
    f = lambda x, weight, bias=None: to_second(F.linear(to_last(x), weight.flatten(1), bias))  # noqa: E731
    return built(f"conv {len(weight)} k1{end}", to_second(x), f, {"weight": square, "bias": bias})


@layer("relu relu6 selu silu hardsigmoid hardswish sigmoid tanh", inplace=False)
def _activation(call: Call, **_: Any) -> Sample:
    f = getattr(F, call.name, None) or getattr(torch, call.name)
    return built(call.name, rows(call.x), f)


@layer("leaky_relu", negative_slope=0.01, inplace=False)
def _leaky(call: Call, negative_slope: float, inplace: bool) -> Sample:
    return built(f"leaky_relu {number(negative_slope)}", rows(call.x), lambda x: F.leaky_relu(x, negative_slope))


@layer("elu celu", alpha=1.0, inplace=False)
def _elu(call: Call, alpha: float, inplace: bool) -> Sample:
    if call.name == "celu" and alpha != 1:
        raise Refused("celu with another alpha than 1")
    return built(f"elu {number(alpha)}", rows(call.x), lambda x: F.elu(x, alpha))


@layer("hardtanh", min_val=-1.0, max_val=1.0, inplace=False)
def _hardtanh(call: Call, min_val: float, max_val: float, inplace: bool) -> Sample:
    if (min_val, max_val) != (0, 6):
        raise Refused("a clip other than to 0 and 6")
    return built("relu6", rows(call.x), F.relu6)


@layer("gelu", approximate="none")
def _gelu(call: Call, approximate: str) -> Sample:
    if approximate == "tanh":
        raise Refused("gelu by tanh")
    return built("gelu", rows(call.x), F.gelu)


@layer("prelu", weight=None)
def _prelu(call: Call, weight: Tensor) -> Sample:
    x = rows(call.x)
    return built(
        "prelu", x, lambda x, prelu: F.prelu(x, prelu), {"prelu": weight.reshape(-1).expand(x.shape[1]).clone()}
    )


@layer("softmax", dim=None, dtype=None, _stacklevel=3)
def _softmax(call: Call, dim: Any, dtype: Any, **_: Any) -> Sample:
    x = call.x[None] if call.x.ndim == 0 else call.x
    x = x.movedim((0 if x.ndim in (1, 3) else 1) if dim is None else dim, -1)
    return built("softmax", to_second(rows(x)), lambda x: F.softmax(x, 1))


@layer("interpolate", size=None, scale_factor=None, mode="nearest", align_corners=None, **{"": None})
def _interpolate(call: Call, size: Any, scale_factor: Any, mode: str, align_corners: Any, **_: Any) -> Sample:
    rank = call.x.ndim - 2
    if mode in ("bicubic", "area") or align_corners:
        raise Refused(f"upsampling: {mode}" + (" with corners aligned" if align_corners else ""))
    now = call.x.shape[2:]
    size = (
        per_axis(size, rank)
        if size is not None
        else [n * f for n, f in zip(now, per_axis(scale_factor, rank), strict=True)]
    )
    factor = [o / n for o, n in zip(size, now, strict=True)]
    if any(f != int(f) or f < 1 for f in factor):
        raise Refused("resizing by a fraction")
    kind, more = ("nearest", {}) if "nearest" in mode else ("bilinear", {"align_corners": False})
    text = f"upsample {window([int(f) for f in factor], rank)} {kind}"
    return built(text, call.x, lambda x: F.interpolate(x, scale_factor=tuple(factor), mode=mode, **more))


@layer("pad", pad=None, mode="constant", value=None)
def _pad(call: Call, pad: Any, mode: str, value: Any) -> Sample:
    if mode != "constant" or value:
        raise Refused(f"padding: {mode}" if mode != "constant" else "padding with something else than 0")
    ends = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    ends = [(0, 0)] * (call.x.ndim - len(ends)) + ends
    if any(a != b for a, b in ends):
        raise Refused("padding that differs before and after")
    if any(e != (0, 0) for e in ends[:2]) or len(ends) < 3:
        raise Refused("padding of images or channels")
    out, cut = [max(a, 0) for a, _ in ends[2:]], [max(-a, 0) for a, _ in ends[2:]]
    words = [f"{word} {window(by, len(by))}" for word, by in (("pad", out), ("crop", cut)) if any(by)]
    return built(" -> ".join(words) or "identity", call.x, lambda x: F.pad(x, tuple(pad)))


@layer("channel_shuffle", groups=None)
def _shuffle(call: Call, groups: int) -> Sample:
    return built(f"shuffle {groups}", call.x, lambda x: F.channel_shuffle(x.float(), groups).double(), gradients=False)


@layer("dropout dropout1d dropout2d dropout3d", p=0.5, training=True, inplace=False)
def _dropout(call: Call, p: float, **_: Any) -> Sample:
    """At inference; chance differs."""
    return built(f"dropout {number(p)}", rows(call.x), lambda x: x + 0, gradients=False)


def _loss(
    program: str, x: Tensor, target: Any, f: Callable[[Tensor], Tensor], table: Any = None, **options: Any
) -> Sample:
    def right() -> Right:
        x64 = x.detach().double().requires_grad_()
        loss = f(x64)
        loss.backward()
        return Right(None, float(loss), {"scale": _of_scale(x64)}, target)

    return Sample(program, last(x), right, options=options, table=table)


@layer(
    "cross_entropy",
    target=None,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
)
def _cross_entropy(
    call: Call, target: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float, **_: Any
) -> Sample:
    if reduction != "mean":
        raise Refused("a loss that is no mean")
    if target.dtype.is_floating_point:
        raise Refused("cross-entropy with shares as targets")
    if weight is not None and label_smoothing:
        raise Refused("smoothed labels, each class's share weighted by itself")
    if weight is not None and (weight < 0).any():
        raise Refused("weights of classes below 0")
    x, t = (call.x[None], target[None]) if call.x.ndim == 1 else (call.x, target)
    ignored = (t == ignore_index).any()
    weighted = weight is not None or bool(ignored)
    table = (
        None if not weighted else torch.ones(x.shape[1]).numpy() if weight is None else weight.detach().float().numpy()
    )
    if ignored.all() or not x.numel():
        raise Refused("no answers at all")
    f = lambda x: F.cross_entropy(  # noqa: E731
        x, t, None if weight is None else weight.double(), ignore_index=ignore_index, label_smoothing=label_smoothing
    )
    labels = torch.where(t == ignore_index, -1, t).numpy()
    return _loss(
        "softmax", x, labels, f, table, loss="cross_entropy", label_smoothing=label_smoothing, weighted=weighted
    )


@layer("mse_loss l1_loss", target=None, size_average=None, reduce=None, reduction="mean", weight=None)
def _differences(call: Call, target: Tensor, reduction: str, weight: Any, **_: Any) -> Sample:
    if reduction != "mean" or weight is not None or call.x.shape != target.shape:
        raise Refused("a loss that is no mean")
    x, t = rows(call.x), rows(target)
    f = getattr(F, call.name)
    return _loss(
        "identity", x, last(t), lambda x: f(x, t.double()), loss={"mse_loss": "mse", "l1_loss": "mae"}[call.name]
    )


@layer(
    "binary_cross_entropy_with_logits",
    target=None,
    weight=None,
    size_average=None,
    reduce=None,
    reduction="mean",
    pos_weight=None,
)
def _binary(call: Call, target: Tensor, weight: Any, reduction: str, pos_weight: Any, **_: Any) -> Sample:
    if reduction != "mean" or weight is not None or pos_weight is not None:
        raise Refused("a loss that is no mean")
    x, t = rows(call.x), rows(target)
    f = lambda x: F.binary_cross_entropy_with_logits(x, t.double())  # noqa: E731
    return _loss("identity", x, last(t), f, loss="binary_cross_entropy")
