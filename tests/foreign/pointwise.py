"""Activations, what moves values, and losses, as calls of torch.nn.functional."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from tests.foreign.calls import Call, Tensor, built, last, layer, of_scale, rows, to_second
from tests.foreign.sample import Refused, Right, Sample
from tests.foreign.written import number, per_axis, window


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
    if mode in ("bicubic", "area"):
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
    aligned = bool(align_corners)
    kind = "nearest" if "nearest" in mode else "corners" if aligned else "bilinear"
    more = {} if kind == "nearest" else {"align_corners": aligned}
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
        return Right(None, float(loss), {"scale": of_scale(x64)}, target)

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
