"""A network of the language in PyTorch, in float64: an independent opinion. Values are channels last outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.engine.checking import exits_with

Tensor = torch.Tensor


def first(x: Tensor) -> Tensor:
    """Channels first."""
    return x.movedim(-1, 1) if x.dim() > 2 else x


def last(x: Tensor) -> Tensor:
    return x.movedim(1, -1) if x.dim() > 2 else x


def tensors(model: Any, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """A model's weights and running statistics as leaves of a graph."""
    arrays = {**model.weights, **model.buffers}
    return {n: torch.tensor(w, dtype=dtype, requires_grad="running" not in n) for n, w in arrays.items()}


def forward(
    net: Any, weights: dict[str, Tensor], x: Tensor, training: bool = True
) -> tuple[list[Tensor], dict[int, Tensor]]:
    """The values of all nodes, and what goes into the softmax of those that end in one."""
    values, logits = [x], {}
    by_node: dict[str, dict[str, Tensor]] = {}
    for name, weight in weights.items():
        by_node.setdefault(name.split(".")[0], {})[name.rsplit(".", 1)[1]] = weight
    for node in net.nodes:
        inputs = [values[i] for i in node.inputs]
        named = by_node.get(str(node.shared or node.index), {})
        y = _layer(net, node, inputs, named, training and not node.frozen)
        for activation in [node.layer] * (node.op in _ACTIVATIONS) + [node.activation] * (node.activation is not None):
            logits[node.index] = y
            y = _activation(activation, y, named)
        values.append(y)
    return values, logits


def loss(net: Any, weights: dict[str, Tensor], x: Tensor, labels: Any, smoothing: float = 0.0) -> Tensor:
    values, logits = forward(net, weights, x)
    total = torch.zeros((), dtype=x.dtype)
    for index, weight, right in exits_with(net, labels):
        node = net.nodes[index - 1]
        ends = node.op == "softmax" or (node.activation is not None and node.activation.name == "softmax")
        z = logits[index] if ends else values[index]
        total = total + weight * F.cross_entropy(z.flatten(1), torch.as_tensor(right), label_smoothing=smoothing)
    return total


def _padded(x: Tensor, axes: Any, value: float = 0.0) -> Tensor:
    """Channels first, padded so that every window lies inside."""
    pad: list[int] = []
    for a in reversed(axes):
        pad += [a.before, max(0, (a.output - 1) * a.s + a.extent - a.before - a.input)]
    return F.pad(first(x), pad, value=value)


def _windows(x: Tensor, axes: Any) -> Tensor:
    """(n, C, *output, taps) from a padded x."""
    for d, a in enumerate(axes):
        x = x.index_select(2 + d, (torch.arange(a.output)[:, None] * a.s + torch.arange(a.k) * a.d).reshape(-1))
    shape = [*x.shape[:2]]
    for a in axes:
        shape += [a.output, a.k]
    r = len(axes)
    order = [0, 1, *(2 + 2 * d for d in range(r)), *(3 + 2 * d for d in range(r))]
    return x.reshape(shape).permute(order).flatten(2 + r)


def _layer(net: Any, node: Any, inputs: list[Tensor], w: dict[str, Tensor], training: bool) -> Tensor:
    layer, op, x = node.layer, node.op, inputs[0]
    shape, output = net.report[node.index].inputs[0], net.report[node.index].output
    axes = layer.geometry(shape) if hasattr(layer, "geometry") else None
    rank = len(shape) - 1
    if op in ("conv", "dwconv"):
        function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
        y = function(
            _padded(x, axes),
            w["weight"],
            w.get("bias"),
            stride=[a.s for a in axes],
            dilation=[a.d for a in axes],
            groups=layer.g if op == "conv" else shape[-1],
        )
        return last(y)[(slice(None), *(slice(0, a.output) for a in axes))]
    if op == "tconv":
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
        y = function(
            first(x), w["weight"], None, stride=[a.s for a in axes], dilation=[a.d for a in axes], groups=layer.g
        )
        pad: list[int] = []
        for d, a in reversed(list(enumerate(axes))):
            pad += [-a.before, a.output - (y.shape[2 + d] - a.before)]
        y = last(F.pad(y, pad))
        return y + w["bias"] if layer.bias else y
    if op == "dense":
        return F.linear(x.flatten(1), w["weight"], w.get("bias"))
    if op == "local":
        windows = _windows(_padded(x, axes), axes).flatten(2, 1 + rank)
        weight = w["weight"].flatten(0, rank - 1).flatten(3)
        y = torch.einsum("ncpt,pfct->npf", windows, weight).reshape(-1, *output)
        return y + w["bias"] if layer.bias else y
    if op in ("maxpool", "minpool"):
        sign = -1 if op == "minpool" else 1
        return last(sign * _chosen(_windows(_padded(sign * x, axes, -1e30), axes), 0))
    if op == "medianpool" or (op == "filter" and layer.divided(rank) is None):
        windows = _windows(_padded(x, axes, torch.inf), axes)
        inside = torch.isfinite(windows).sum(-1)
        return last(-_chosen(-windows, (inside - 1) // 2))
    if op == "filter":
        divisor, rows = layer.divided(rank)
        kernel = torch.tensor(rows, dtype=torch.float64).flatten() / divisor
        return last((_windows(_padded(x, axes), axes) * kernel.to(x.dtype)).sum(-1))
    if op == "avgpool":
        ones = F.pad(
            torch.ones_like(first(x)[:1, :1]),
            [n for a in reversed(axes) for n in (a.before, a.after)],
            value=0.0 if layer.exclude_pad else 1.0,
        )
        beyond = [max(0, (a.output - 1) * a.s + a.extent - a.before - a.after - a.input) for a in reversed(axes)]
        ones = F.pad(ones, [n for b in beyond for n in (0, b)])
        return last(_windows(_padded(x, axes), axes).sum(-1) / _windows(ones, axes).sum(-1))
    if op in ("globalavgpool", "globalmaxpool") and layer.channels:
        return x.mean(-1, keepdim=True) if op == "globalavgpool" else _chosen(x, 0)[..., None]
    if op == "globalavgpool":
        return x.flatten(1, -2).mean(1).reshape(-1, *output)
    if op == "globalmaxpool":
        return x.flatten(1, -2).max(1).values.reshape(-1, *output)
    if op == "adaptivemaxpool":
        return last(getattr(F, f"adaptive_max_pool{rank}d")(first(x), output[:-1]))
    if op == "adaptiveavgpool":
        return last(getattr(F, f"adaptive_avg_pool{rank}d")(first(x), output[:-1]))
    if op in ("flatten", "reshape"):
        return x.reshape(-1, *output)
    if op == "pad":
        return last(F.pad(first(x), [n for sides in reversed(layer.sides(shape)) for n in sides]))
    if op == "crop":
        inside = (slice(before, n - after) for n, (before, after) in zip(shape, layer.sides(shape), strict=False))
        return x[(slice(None), *inside)]
    if op in ("upsample", "resize") and layer.mode != "nearest":
        mode, aligned = {1: "linear", 2: "bilinear", 3: "trilinear"}[rank], layer.mode == "corners"
        return last(F.interpolate(first(x), size=tuple(output[:-1]), mode=mode, align_corners=aligned))
    if op in ("upsample", "resize"):
        for d, (n, m) in enumerate(zip(shape[:-1], output, strict=False)):
            x = x.index_select(1 + d, torch.arange(m) * n // m)
        return x
    if op == "shuffle":
        return x.unflatten(-1, (layer.g, -1)).transpose(-1, -2).flatten(-2)
    if op == "bn":
        dims = tuple(range(x.dim() - 1))
        mean = x.mean(dims) if training else w["running_mean"]
        variance = x.var(dims, unbiased=False) if training else w["running_var"]
        return (x - mean) / torch.sqrt(variance + layer.eps) * w["weight"] + w["bias"]
    if op in ("in", "gn") or (op == "ln" and not layer.channels):
        groups = {"in": shape[-1], "ln": 1}.get(op) or layer.g
        parts = x.unflatten(-1, (groups, -1))
        dims = (*range(1, x.dim() - 1), -1)
        return _standard(parts, dims, layer.eps).flatten(-2) * w["weight"] + w["bias"]
    if op == "ln":
        return _standard(x, (-1,), layer.eps) * w["weight"] + w["bias"]
    if op == "lrn":
        squares = F.pad(x**2, (layer.n // 2, (layer.n - 1) // 2)).unfold(-1, int(layer.n), 1).sum(-1)
        return x / (float(layer.k) + float(layer.alpha) / int(layer.n) * squares) ** float(layer.beta)
    if op == "scale":
        return x * (w["weight"] if layer.fixed is None else layer.fixed)
    if op in ("pixelshuffle", "pixelunshuffle"):
        return last(_pixels(first(x), layer.factors(shape), op == "pixelshuffle"))
    if op == "transpose":
        return x.transpose(1, 2) if rank == 1 else x.transpose(-3, -2)
    if op == "unpool":
        return _unpooled(layer.pool.geometry(output), x, inputs[1])
    if op == "slice":
        begin, size = layer.part(shape)
        return x.narrow(-1, begin, size)
    if op == "maxout":
        return _chosen(x.unflatten(-1, (-1, layer.n)), 0)
    if op == "groupsoftmax":
        return x.unflatten(-1, (int(layer.n), -1)).softmax(-2).flatten(-2)
    if op == "matmul":
        return inputs[0] @ inputs[1]
    if op == "mean":
        return torch.stack(inputs).mean(0)
    if op == "max":
        return _chosen(torch.stack(inputs, -1), 0)
    if op == "absdiff":
        return (inputs[0] - inputs[1]).abs()
    if op == "mul":
        return torch.stack(torch.broadcast_tensors(*inputs)).prod(0)
    if op == "add":
        return torch.stack(torch.broadcast_tensors(*inputs)).sum(0)
    if op == "concat":
        return torch.cat(inputs, -1)
    if op in ("identity", "dropout", "droppath") or op in _ACTIVATIONS:
        return x
    raise NotImplementedError(op)


def _unpooled(axes: Any, values: Tensor, source: Tensor) -> Tensor:
    """By PyTorch's indices, and with its own function where that knows of all that there is."""
    rank, sizes = len(axes), source.shape[1:-1]
    after = [max((a.output - 1) * a.s + a.d * (a.k - 1) + 1 - a.before - a.input, 0) for a in axes]
    around = [n for a, last_side in zip(reversed(axes), reversed(after), strict=True) for n in (a.before, last_side)]
    inner = F.pad(first(source), around, value=-torch.inf)
    number = torch.arange(source[0, ..., 0].numel()).reshape(1, 1, *sizes)
    numbers = F.pad(number, around, value=-1).flatten()
    k, s, d = ([getattr(a, name) for a in axes] for name in "ksd")
    _, found = getattr(F, f"max_pool{rank}d")(inner, k, s, 0, d, return_indices=True)
    found = found[(..., *(slice(0, a.output) for a in axes))]
    places = numbers[found]
    if all(a.d == 1 for a in axes) and not any(around):
        return last(getattr(F, f"max_unpool{rank}d")(first(values), places, k, s, 0, list(sizes)))
    room = values.new_zeros((*places.shape[:2], number.numel()))
    return last(room.scatter(2, places.flatten(2), first(values).flatten(2)).unflatten(2, sizes))


def _pixels(x: Tensor, factors: tuple[int, ...], shuffle: bool) -> Tensor:
    """PyTorch's own where it has one, for images with one factor."""
    if len(set(factors)) == 1 and len(factors) == 2:
        return F.pixel_shuffle(x, factors[0]) if shuffle else F.pixel_unshuffle(x, factors[0])
    rank = len(factors)
    if shuffle:
        x = x.unflatten(1, (-1, *factors))  # n, C, r…, N…
        order = [0, 1, *(2 + d + side * rank for d in range(rank) for side in (1, 0))]
        x = x.permute(order)
        for d in range(rank):
            x = x.flatten(2 + d, 3 + d)
        return x
    for d in range(rank):
        x = x.unflatten(2 + 2 * d, (-1, factors[d]))
    return x.permute([0, 1, *(3 + 2 * d for d in range(rank)), *(2 + 2 * d for d in range(rank))]).flatten(1, 1 + rank)


def _standard(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    mean, variance = x.mean(dims, keepdim=True), x.var(dims, unbiased=False, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


def _chosen(windows: Tensor, rank: Tensor | int) -> Tensor:
    """Of the values on the last axis the largest but `rank`; of equal ones the first is the larger."""
    order = windows.sort(dim=-1, descending=True, stable=True)
    at = torch.as_tensor(rank).expand(windows.shape[:-1])
    return order.values.gather(-1, at[..., None])[..., 0]


_ACTIVATIONS: dict[str, Any] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "silu": F.silu,
    "selu": F.selu,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "softmax": None,
    "prelu": None,
    "elu": None,
    "leaky_relu": None,
}


def _activation(layer: Any, x: Tensor, w: dict[str, Tensor]) -> Tensor:
    if layer.name == "softmax":
        return torch.softmax(x, -1)
    if layer.name == "prelu":
        return torch.where(x > 0, x, x * w["prelu"])
    if layer.name in ("elu", "leaky_relu"):
        return getattr(F, layer.name)(x, float(layer.slope))
    return _ACTIVATIONS[layer.name](x)


def relative_error(found: np.ndarray, expected: Tensor | None, scale: float) -> float:
    wanted = np.zeros_like(found) if expected is None else expected.numpy()
    return float(np.abs(found - wanted).max() / max(np.abs(wanted).max(), scale))
