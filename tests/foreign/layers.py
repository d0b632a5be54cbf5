"""Layers with windows, weights or statistics, as calls of torch.nn.functional."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.foreign.calls import Call, Tensor, batched, built, layer, rank_of, rows, to_last, to_second
from tests.foreign.sample import Refused, Sample
from tests.foreign.written import conv, number, per_axis, pool, window


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
