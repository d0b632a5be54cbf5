"""What each operator of ONNX is in the language."""

from __future__ import annotations

from math import isclose, prod
from typing import Any

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.loading import attributes
from convdsl.bridges.onnx.reading import OPERATORS, Reader, Seen, channels_first, reads, unturned
from convdsl.bridges.onnx.windows import Window, arguments, fitting, short, window
from convdsl.layers import (
    Layer,
    activation,
    combining,
    convolution,
    dense,
    normalization,
    pooling,
    rearranging,
    shaping,
)
from convdsl.messages import T

# Windows with weights


@reads("Conv")
def _conv(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.map(node), r.tensor(node, 1), r.tensor(node, 2)
    if weight is None or weight.ndim != len(x.shape) + 1:
        raise r.refused(node, T("its filters do not fit a map of {count} axes", count=len(x.shape) - 1))
    groups = given.get("group", 1)
    asked = window(given, x.shape[:-1], weight.shape[2:])
    kind: type[Layer] = convolution.Conv
    options: dict[str, Any] = {"filters": weight.shape[0], **arguments(asked)}
    if groups > 1 and groups == x.shape[-1] and weight.shape[0] % groups == 0:
        kind = convolution.DepthwiseConv
        options = {**arguments(asked), **({"m": weight.shape[0] // groups} if weight.shape[0] > groups else {})}
    elif groups > 1:
        options["g"] = groups
    if bias is None:
        options["bias"] = False
    if weight.shape[1] * groups != x.shape[-1]:
        raise r.refused(
            node, T("its filters see {n} channels, and there are {m}", n=weight.shape[1] * groups, m=x.shape[-1])
        )
    layer = fitting(kind, options, asked, x.shape, ("plain", "same", "same_lower"))
    if layer is None:
        x, layer = _padded(r, node, x, asked.before, asked.after), kind(**options)
    r.give_map(node, layer, x, {"weight": weight, "bias": bias})


def _padded(r: Reader, node: NodeProto, x: Seen, before: tuple[int, ...], after: tuple[int, ...]) -> Seen:
    layer = shaping.Pad(before=short(before), after=short(after))
    return x._replace(piece=r.add(node, layer, [x], name=False), shape=tuple(layer.output(x.shape)))


@reads("ConvTranspose")
def _tconv(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.map(node), r.tensor(node, 1), r.tensor(node, 2)
    if weight is None or weight.ndim != len(x.shape) + 1 or weight.shape[0] != x.shape[-1]:
        raise r.refused(node, T("its filters do not fit the input"))
    sizes, rank, groups = x.shape[:-1], len(x.shape) - 1, given.get("group", 1)
    k, s = weight.shape[2:], tuple(given.get("strides") or (1,) * rank)
    d, more = tuple(given.get("dilations") or (1,) * rank), tuple(given.get("output_padding") or (0,) * rank)
    full = tuple((n - 1) * t + e * (f - 1) + 1 + o for n, t, e, f, o in zip(sizes, s, d, k, more, strict=True))
    auto, wanted = given.get("auto_pad", "NOTSET"), given.get("output_shape")
    pads = tuple(given.get("pads") or (0,) * (2 * rank))
    if wanted or auto in ("SAME_UPPER", "SAME_LOWER"):
        goal = tuple(wanted)[-rank:] if wanted else tuple(n * t for n, t in zip(sizes, s, strict=True))
        cut = [n - m for n, m in zip(full, goal, strict=True)]
        less, rest = [n // 2 for n in cut], [n - n // 2 for n in cut]
        pads = (*less, *rest) if auto == "SAME_UPPER" or (wanted and auto != "SAME_LOWER") else (*rest, *less)
        if auto == "SAME_LOWER":
            pads = (*rest, *less)
    before, after = pads[:rank], pads[rank:]
    outputs = tuple(n - b - a for n, b, a in zip(full, before, after, strict=True))
    asked = Window(k, s, d, before, after, False)
    options = {"filters": weight.shape[1] * groups, **arguments(asked)}
    options |= ({"g": groups} if groups > 1 else {}) | ({"bias": False} if bias is None else {})
    weights = {"weight": weight, "bias": bias}
    further = tuple(o - (f - m - 2 * b) for o, f, m, b in zip(outputs, full, more, before, strict=True))
    candidates: list[dict[str, Any]] = []
    if all(b >= 0 for b in before) and all(0 <= o < max(t, e) for o, t, e in zip(further, s, d, strict=True)):
        candidates.append(
            ({"p": short(before)} if any(before) else {}) | ({"op": short(further)} if any(further) else {})
        )
    candidates += [{"p": "same"}, {"p": "same_lower"}]
    for candidate in candidates:
        layer: Any = convolution.TransposedConv(**options, **candidate)
        if [(a.before, a.output) for a in layer.geometry(x.shape)] == list(zip(before, outputs, strict=True)):
            return r.give_map(node, layer, x, weights)
    if min(pads) < 0 or any(more):
        raise r.refused(node, T("its padding has no form here"))
    layer = convolution.TransposedConv(**options)
    x = x._replace(piece=r.add(node, layer, [x], weights), shape=tuple(layer.output(x.shape)))
    r.give_map(node, shaping.Crop(before=short(before), after=short(after)), x)


# Dense layers


@reads("Gemm")
def _gemm(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.value(node), r.tensor(node, 1), r.tensor(node, 2)
    alpha, beta = given.get("alpha", 1.0), given.get("beta", 1.0)
    if given.get("transA", 0) or weight is None:
        raise r.refused(node, T("it turns its input"))
    weight = (weight if given.get("transB", 0) else weight.T) * np.float32(alpha)
    _product(r, node, x, weight, None if bias is None else bias * np.float32(beta))


@reads("MatMul")
def _matmul(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight = r.value(node), r.tensor(node, 1)
    if weight is None or weight.ndim != 2:
        raise r.refused(node, T("it is no product with a matrix of weights"))
    weight = np.ascontiguousarray(weight.T)
    if len(x.shape) > 1 and not x.row and x.axes[-1] == len(x.shape) - 1 and weight.shape[1] == x.shape[-1]:
        layer = convolution.Conv(filters=weight.shape[0], k=(1,), bias=False)  # the same at every position
        piece = r.add(node, layer, [x], {"weight": weight.reshape(*weight.shape, *(1,) * (len(x.shape) - 1))})
        return r.give(node, x._replace(piece=piece, shape=(*x.shape[:-1], weight.shape[0])))
    _product(r, node, x, weight, None)


def _product(r: Reader, node: NodeProto, x: Seen, weight: np.ndarray, bias: np.ndarray | None) -> None:
    if (not x.row and len(x.shape) > 1) or weight.ndim != 2 or weight.shape[1] != prod(x.shape):
        raise r.refused(node, T("its matrix does not fit a row of values"))
    if bias is not None:
        if bias.size not in (1, weight.shape[0]) or (bias.ndim > 1 and bias.shape[-1] != bias.size):
            raise r.refused(node, T("its bias differs from image to image"))
        bias = np.broadcast_to(bias.reshape(-1), (weight.shape[0],))
    layer = dense.Dense(units=weight.shape[0], **({"bias": False} if bias is None else {}))
    piece = r.add(node, layer, [x], {"weight": unturned(weight, x.lying), "bias": bias})
    r.give(node, Seen(piece, (weight.shape[0],), (0,)))


# Pooling


@reads("MaxPool")
def _maxpool(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if len(node.output) > 1 and node.output[1]:
        raise r.refused(node, T("it gives the places of the largest values too"))
    x, pads = r.lowered.get(node.input[0], (None, (), ()))[0], None
    if x is None:
        x = r.map(node)
    else:
        pads = r.lowered[node.input[0]][1:]
    asked = window(given, x.shape[:-1], given["kernel_shape"])
    if pads is not None:
        if any(asked.before) or any(asked.after):
            raise r.refused(node, T("it has a border twice"))
        asked = asked._replace(before=pads[0], after=pads[1])
    options = arguments(asked, asked.k)
    layer = fitting(pooling.MaxPool, options, asked, x.shape)
    if layer is None:
        if not _never_negative(r, x):
            raise r.refused(node, T("its padding has no form here"))
        x, layer = _padded(r, node, x, asked.before, asked.after), pooling.MaxPool(**options)
    r.give_map(node, layer, x)


def _never_negative(r: Reader, x: Seen) -> bool:
    """Whether a border of zeros never wins against what a piece gives."""
    kept = (activation.Relu, activation.Relu6, activation.Sigmoid, activation.Softmax, activation.HardSigmoid)
    return x.piece > 0 and isinstance(r.pieces[x.piece - 1].layer, kept)


@reads("Neg")
def _neg(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """The smallest under a window is the largest of the negatives."""
    pool = r.reader(node.output[0], "MaxPool", "Pad")
    border = pool if pool is not None and pool.op_type == "Pad" else None
    pool = r.reader(border.output[0], "MaxPool") if border is not None else pool
    back = r.reader(pool.output[0], "Neg") if pool is not None else None
    if pool is None or back is None:
        raise r.refused(node)
    r.seen[node.output[0]] = r.map(node)
    for step in (border, pool):
        if step is not None:
            OPERATORS[step.op_type](r, step, attributes(step))
    layer: Any = r.pieces[-1].layer
    r.pieces[-1].layer = pooling.MinPool(**{name: getattr(layer, name) for name in layer.given})
    r.seen[back.output[0]] = r.seen[pool.output[0]]
    r.skipped |= {back.output[0]}


@reads("AveragePool")
def _avgpool(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.map(node)
    asked = window(given, x.shape[:-1], given["kernel_shape"])
    exclude = not given.get("count_include_pad", 0)
    padded = any(asked.before) or any(asked.after)
    sizes = zip(x.shape, asked.k, asked.d, asked.before, strict=False)
    if set(asked.places(x.shape[:-1])) == {1} and all(d == 1 and k - b >= n for n, k, d, b in sizes) and (
        exclude or (not padded and asked.k == x.shape[:-1])
    ) and (padded or asked.ceil):  # fmt: skip
        return r.give_map(node, pooling.GlobalAvgPool(), x)
    options = arguments(asked, asked.k)
    if not padded:  # beyond the input nothing is counted
        layer = fitting(pooling.AvgPool, options, asked, x.shape, ("rounded",) if asked.ceil else ("plain",))
    elif exclude:
        layer = fitting(pooling.AvgPool, {**options, "exclude_pad": True}, asked, x.shape)
    elif asked.before == asked.after:
        layer = fitting(pooling.AvgPool, options, asked, x.shape, ("rounded",) if asked.ceil else ("plain",))
    elif asked.ceil:
        raise r.refused(node, T("its padding counts, and its size is rounded up"))
    else:
        x, layer = _padded(r, node, x, asked.before, asked.after), pooling.AvgPool(**options)
    if layer is None:
        raise r.refused(node, T("its padding has no form here"))
    r.give_map(node, layer, x)


@reads("GlobalAveragePool")
def _global_mean(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    r.give_map(node, pooling.GlobalAvgPool(), r.map(node))


@reads("GlobalMaxPool")
def _global_max(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    r.give_map(node, pooling.GlobalMaxPool(), r.map(node))


@reads("ReduceMean", "ReduceMax")
def _reduce(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """Over all positions."""
    x = r.map(node)
    axes = given.get("axes")
    if axes is None and (found := r.array(node, 1)) is not None:
        axes = found.reshape(-1).tolist()
    rank = len(x.shape) - 1
    over = sorted(a % (rank + 2) for a in axes or ())
    if over not in (list(range(2, rank + 2)), [1]) or (over == [1] and not given.get("keepdims", 1)):
        raise r.refused(node, T("it does not go over all positions and nothing else"))
    kind = pooling.GlobalAvgPool if node.op_type == "ReduceMean" else pooling.GlobalMaxPool
    r.give_map(node, kind(channels=True) if over == [1] else kind(), x)
    if not given.get("keepdims", 1):
        r.give(node, r.seen[node.output[0]]._replace(row=True))


# Shapes


@reads("Flatten")
def _flatten(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.value(node)
    if given.get("axis", 1) not in (1, 1 - len(x.there) - 1):
        raise r.refused(node, T("it does not keep the images apart"))
    if x.row or len(x.shape) == 1:
        return r.give(node, x)
    row = x._replace(row=True)
    r.give(node, row if prod(x.shape[:-1]) == 1 else r.flat(row))


@reads("Reshape", "Squeeze")
def _reshape(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.value(node)
    if node.op_type == "Squeeze":
        axes = given.get("axes")
        if axes is None and (found := r.array(node, 1)) is not None:
            axes = found.reshape(-1).tolist()
        dims = (0, *x.there)
        drop = {a % len(dims) for a in axes} if axes is not None else {i for i, n in enumerate(dims) if i and n == 1}
        asked: tuple[int, ...] = tuple(n for i, n in enumerate(dims) if i not in drop)
    else:
        shape = given.get("shape") if "shape" in given else r.array(node, 1)
        if shape is None:
            raise r.refused(node)
        asked = tuple(int(n) for n in np.asarray(shape).reshape(-1))
    target = _behind_the_batch(r, node, x, asked, bool(given.get("allowzero", 0)))
    if target == x.there:
        return r.give(node, x)
    if len(target) == 1:
        return r.give(node, x._replace(row=True) if not x.row and len(x.shape) > 1 else x)
    if _shuffled(r, node, x, target):
        return
    if x.row and target == tuple(x.shape[a] for a in x.axes):  # a row back into the map that it was
        return r.give(node, x._replace(row=False))
    wanted = (*target[1:], target[0])
    x = r.flat(x) if x.row else x
    if len(x.shape) == 1 and (prod(wanted[:-1]) == 1 or wanted[-1] == 1) and x.lying is None:
        layer = shaping.Reshape(size=wanted)
        return r.give(node, Seen(r.add(node, layer, [x]), wanted, channels_first(wanted)))
    raise r.refused(node, T("values change their places between channels and positions"))


def _behind_the_batch(r: Reader, node: NodeProto, x: Seen, asked: tuple[int, ...], zeros: bool) -> tuple[int, ...]:
    """A shape that is asked for, without the batch and with its open size. Raises Foreign where the images would mix."""
    size = prod(x.shape)
    dims = [x.there[i - 1] if n == 0 and not zeros and 0 < i <= len(x.there) else n for i, n in enumerate(asked)]
    if not dims or dims[0] not in (0, -1, r.batch):
        raise r.refused(node, T("it does not keep the images apart"))
    rest = dims[1:]
    if -1 in rest:
        known = prod(n for n in rest if n != -1)
        if not known or size % known:
            raise r.refused(node, T("its sizes do not fit"))
        rest[rest.index(-1)] = size // known
    if prod(rest) != size:
        raise r.refused(node, T("its sizes do not fit, or the images would mix"))
    return tuple(rest)


def _shuffled(r: Reader, node: NodeProto, x: Seen, target: tuple[int, ...]) -> bool:
    """Whether this is the first of the three nodes that shuffle channels: in groups, turned, and back."""
    if x.row or not x.first or len(x.shape) < 2 or target[2:] != x.there[1:] or target[0] * target[1] != x.shape[-1]:
        return False
    turn = r.reader(node.output[0], "Transpose")
    back = r.reader(turn.output[0], "Reshape") if turn is not None else None
    if turn is None or back is None:
        return False
    order = next((list(a.ints) for a in turn.attribute if a.name == "perm"), [])
    if order != [0, 2, 1, *range(3, len(target) + 1)]:
        return False
    shape = r.constants.get(back.input[1]) if len(back.input) > 1 else next(
        (np.array(a.ints) for a in back.attribute if a.name == "shape"), None
    )  # fmt: skip
    if shape is None or _behind_the_batch(r, back, x, tuple(map(int, shape)), False) != x.there:
        return False
    piece = r.add(node, shaping.Shuffle(g=target[0]), [x])
    r.seen[back.output[0]] = x._replace(piece=piece)
    r.skipped |= {turn.output[0], back.output[0]}
    return True


@reads("DepthToSpace")
def _depth_to_space(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if given.get("mode", "DCR") != "CRD":
        raise r.refused(node, T("its channels lie in another order"))
    r.give_map(node, rearranging.PixelShuffle(k=(given["blocksize"],)), r.map(node))


@reads("Split")
def _split(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """Some of the channels each."""
    x = r.map(node)
    if given.get("axis", 0) % (len(x.shape) + 1) != 1:
        raise r.refused(node, T("it does not part channels"))
    sizes = given["split"] if "split" in given else r.array(node, 1)
    if sizes is None:
        count = given.get("num_outputs", len(node.output))
        whole = -(-x.shape[-1] // count)
        sizes = [min(whole, x.shape[-1] - i * whole) for i in range(count)]
    skip = 0
    for name, size in zip(node.output, np.asarray(sizes).reshape(-1).tolist(), strict=False):
        r.seen[name] = _some(r, node, x, skip, int(size))
        skip += int(size)


def _some(r: Reader, node: NodeProto, x: Seen, skip: int, size: int) -> Seen:
    """Channels that follow one another."""
    layer = rearranging.Slice(size=size, **({"skip": skip} if skip else {}))
    return x._replace(piece=r.add(node, layer, [x]), shape=tuple(layer.output(x.shape)))


@reads("Transpose")
def _transpose(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """No layer: from here on the values lie in another way."""
    x = r.value(node)
    dims = len(x.there)
    order = given.get("perm") or list(range(dims, -1, -1))
    if order[0] != 0 or x.row:
        raise r.refused(node, T("it does not keep the images apart"))
    if len(x.shape) == 1:
        return r.give(node, x)
    r.give(node, x._replace(axes=tuple(x.axes[a - 1] for a in order[1:])))


@reads("Pad")
def _pad(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.map(node)
    pads = given["pads"] if "pads" in given else r.array(node, 1)
    value = given["value"] if "value" in given else r.array(node, 2)
    rank, number = len(x.shape) - 1, 0.0 if value is None else float(np.asarray(value).reshape(-1)[0])
    axes = r.array(node, 3)
    amounts = [int(n) for n in np.asarray(pads).reshape(-1)] if pads is not None else []
    if axes is not None:
        whole = [0] * (2 * rank + 4)
        for place, axis in enumerate(axes.reshape(-1).tolist()):
            whole[axis % (rank + 2)] = amounts[place]
            whole[axis % (rank + 2) + rank + 2] = amounts[place + len(amounts) // 2]
        amounts = whole
    if given.get("mode", "constant") != "constant" or len(amounts) != 2 * rank + 4:
        raise r.refused(node, T("its border is not of zeros"))
    before, after = tuple(amounts[2 : rank + 2]), tuple(amounts[rank + 4 :])
    if amounts[0] or amounts[1] or amounts[rank + 2] or amounts[rank + 3]:
        raise r.refused(node, T("it adds images or channels"))
    if number == -np.inf or number <= float(np.finfo(np.float32).min):
        r.lowered[node.output[0]] = (x, before, after)
        return
    if number != 0.0:
        raise r.refused(node, T("its border is not of zeros"))
    if max(*before, *after) <= 0:
        if any((*before, *after)):
            cut = tuple(-n for n in before), tuple(-n for n in after)
            return r.give_map(node, shaping.Crop(before=short(cut[0]), after=short(cut[1])), x)
        return r.give(node, x)
    if min(*before, *after) < 0:
        raise r.refused(node, T("it adds on one side and cuts on another"))
    sides = {"p": short(before)} if before == after else {"before": short(before), "after": short(after)}
    r.give_map(node, shaping.Pad(**sides), x)


@reads("Slice")
def _slice(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.map(node)
    names = ("starts", "ends", "axes", "steps")
    found = [given.get(name) if name in given else r.array(node, i) for i, name in enumerate(names, 1)]
    starts, ends, axes, steps = (None if v is None else [int(n) for n in np.asarray(v).reshape(-1)] for v in found)
    rank = len(x.shape) - 1
    if starts is None or ends is None or (steps and set(steps) != {1}):
        raise r.refused(node, T("it takes every so many"))
    before, after = [0] * rank, [0] * rank
    for axis, start, end in zip(axes or range(len(starts)), starts, ends, strict=False):
        axis %= rank + 2
        size = r.batch if axis == 0 else x.shape[-1] if axis == 1 else x.shape[axis - 2]
        low, high, _ = slice(start, end).indices(size)
        if axis < 2:
            if (low, high) != (0, size) and not (axis == 0 and low == 0 and end >= 2**31 - 1):
                if axis == 0:
                    raise r.refused(node, T("it does not keep the images apart"))
                x = _some(r, node, x, low, high - low)
            continue
        before[axis - 2], after[axis - 2] = low, size - high
    if not any((*before, *after)):
        return r.give(node, x)
    both = {"p": short(before)} if before == after else {"before": short(before), "after": short(after)}
    r.give_map(node, shaping.Crop(**both), x)


@reads("Resize", "Upsample")
def _resize(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.map(node)
    sizes = r.array(node, 3) if len(node.input) > 3 else None
    scales: Any = given.get("scales")
    if scales is None and sizes is None:
        scales = r.array(node, 2 if node.op_type == "Resize" and len(node.input) > 2 else 1)
    mode, whole = given.get("mode", "nearest"), (1, *x.there)
    axes = [a % len(whole) for a in given.get("axes") or range(len(whole))]
    asked = sizes if sizes is not None and sizes.size else scales
    factors = [1.0] * len(whole)
    for axis, number in zip(axes, [] if asked is None else np.asarray(asked).reshape(-1).tolist(), strict=False):
        factors[axis] = number / whole[axis] if asked is sizes and axis else float(number) if asked is scales else 1.0
    if given.get("keep_aspect_ratio_policy", "stretch") != "stretch" or asked is None:
        raise r.refused(node, T("it does not enlarge by a whole factor"))
    if factors[:2] != [1, 1] or any(f < 1 or f != int(f) for f in factors):
        raise r.refused(node, T("it does not enlarge by a whole factor"))
    placed = given.get("coordinate_transformation_mode", "asymmetric" if r.version < 11 else "half_pixel")
    rounded = given.get("nearest_mode", "floor" if r.version < 11 else "round_prefer_floor")
    near = (placed == "asymmetric" and rounded == "floor") or (
        placed in ("half_pixel", "pytorch_half_pixel") and rounded in ("round_prefer_floor", "round_prefer_ceil")
    )
    if mode == "nearest" and near:
        options: dict[str, Any] = {}
    elif mode in ("linear", "bilinear", "trilinear") and placed in ("half_pixel", "pytorch_half_pixel"):
        options = {"mode": "bilinear"}
    else:
        raise r.refused(node, T("values between are found in another way"))
    r.give_map(node, shaping.Upsample(k=short([int(f) for f in factors[2:]]), **options), x)


@reads("Identity", "Cast")
def _identity(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if node.op_type == "Cast" and given.get("to") not in (1, 10, 11, 16):
        raise r.refused(node, T("it makes whole numbers of the values"))
    r.give(node, r.value(node))


@reads("Dropout")
def _dropout(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if len(node.output) > 1 and node.output[1] and (r.readers.get(node.output[1]) or node.output[1] == r.wanted):
        raise r.refused(node, T("what it drops is used"))
    if (training := r.array(node, 2)) is not None and bool(np.asarray(training).reshape(-1)[0]):
        raise r.refused(node, T("it drops at inference too"))
    ratio = r.array(node, 1)
    rate = float(np.asarray(ratio).reshape(-1)[0]) if ratio is not None else given.get("ratio", 0.5)
    r.give_same(node, shaping.Dropout(rate=round(float(rate), 6)), r.value(node))


# Normalisation


@reads("BatchNormalization")
def _bn(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.value(node)
    if given.get("training_mode", 0) or not given.get("spatial", 1):
        raise r.refused(node, T("it normalises by the images at hand"))
    arrays = [r.tensor(node, number) for number in range(1, 5)]
    x, arrays = _each_channel(r, node, x, arrays)
    weights = dict(zip(("weight", "bias", "running_mean", "running_var"), arrays, strict=True))
    momentum = round(float(given.get("momentum", 0.9)), 6)
    layer = normalization.BatchNorm(
        **_eps(r, node, given), **({} if momentum == 0.9 or momentum > 0.9999 else {"momentum": momentum})
    )
    r.give_same(node, layer, x, weights)


def _each_channel(r: Reader, node: NodeProto, x: Seen, arrays: list[Any]) -> tuple[Seen, list[Any]]:
    """A value and its arrays of one number for each channel, in the order of here."""
    if x.row and prod(x.shape[:-1]) != 1:
        x = r.flat(x)
    elif not x.row and not x.first:
        raise r.refused(node, T("its input is no map with the channels first"))
    if any(a is None or a.size != x.shape[-1] for a in arrays):
        raise r.refused(node, T("it has not one number for each channel"))
    return x, [unturned(a.reshape(-1), x.lying if len(x.shape) == 1 else None) for a in arrays]


def _eps(r: Reader, node: NodeProto, given: dict[str, Any]) -> dict[str, float]:
    eps = float(f"{given.get('epsilon', 1e-5):.7g}")
    if not 1e-12 <= eps <= 10:
        raise r.refused(node, T("its epsilon is {eps}", eps=eps))
    return {} if isclose(eps, 1e-5, rel_tol=1e-5) else {"eps": eps}


@reads("InstanceNormalization", "GroupNormalization")
def _in(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.map(node), r.tensor(node, 1), r.tensor(node, 2)
    eps, channels = _eps(r, node, given), x.shape[-1]
    groups = given.get("num_groups", channels)
    if node.op_type == "GroupNormalization" and r.version < 21 and weight is not None and bias is not None:
        weight, bias = (np.repeat(v.reshape(-1), channels // groups) for v in (weight, bias))
    layer: Layer = (
        normalization.InstanceNorm(**eps) if node.op_type == "InstanceNormalization"
        else normalization.LayerNorm(**eps) if groups == 1
        else normalization.GroupNorm(g=groups, **eps)
    )  # fmt: skip
    r.give_same(node, layer, x, {"weight": weight, "bias": bias})


@reads("LayerNormalization")
def _ln(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.value(node), r.tensor(node, 1), r.tensor(node, 2)
    axis, dims, channel = given.get("axis", -1), len(x.there), len(x.shape) - 1
    axis = axis if axis > 0 else axis + dims + 1
    bias = np.zeros_like(weight) if bias is None and weight is not None else bias
    if not x.row and axis == dims and x.axes[-1] == channel:
        options = {"channels": True} if len(x.shape) > 1 else {}
        return r.give_same(
            node, normalization.LayerNorm(**options, **_eps(r, node, given)), x, {"weight": weight, "bias": bias}
        )
    arrays = [None if v is None else r.per_channel(node, v[None], x) for v in (weight, bias)]
    if axis != 1 or any(v is None for v in arrays):
        raise r.refused(node, T("it has not one number for each channel"))
    r.give_same(node, normalization.LayerNorm(**_eps(r, node, given)), x, {"weight": arrays[0], "bias": arrays[1]})


@reads("LRN")
def _lrn(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    size = given["size"]
    if size % 2 == 0:
        raise r.refused(node, T("its window is even, and lies on the other side here"))
    defaults = {"n": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0}
    values = {
        "n": size,
        "alpha": given.get("alpha", 1e-4),
        "beta": given.get("beta", 0.75),
        "k": given.get("bias", 1.0),
    }
    values = {n: v if n == "n" else float(f"{v:.7g}") for n, v in values.items()}
    options = {name: value for name, value in values.items() if value != defaults[name]}
    r.give_same(node, normalization.LocalResponseNorm(**options), r.map(node))


# Activations


def _activates(op: str, layer: type[Layer], **options: Any) -> None:
    """An operator that is an activation; `options` makes its argument of the node's attributes."""

    @reads(op)
    def read(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
        arguments = {name: make(given) for name, make in options.items()}
        r.give_same(node, layer(**{n: v for n, v in arguments.items() if v is not None}), r.value(node))


def _alpha(default: float, usual: float) -> Any:
    def make(given: dict[str, Any]) -> float | None:
        value = float(f"{given.get('alpha', default):.7g}")
        return None if value == usual else value

    return make


_activates("Relu", activation.Relu)
_activates("Sigmoid", activation.Sigmoid)
_activates("Tanh", activation.Tanh)
_activates("HardSwish", activation.HardSwish)
_activates("LeakyRelu", activation.LeakyRelu, slope=_alpha(0.01, 0.01))
_activates("Elu", activation.Elu, slope=_alpha(1.0, 1.0))


@reads("Selu")
def _selu(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    alpha, gamma = given.get("alpha", 1.6732632423), given.get("gamma", 1.0507009873)
    if not (isclose(alpha, 1.6732632423, rel_tol=1e-4) and isclose(gamma, 1.0507009873, rel_tol=1e-4)):
        raise r.refused(node, T("its constants are others"))
    r.give_same(node, activation.Selu(), r.value(node))


@reads("Gelu")
def _gelu(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if given.get("approximate", "none") != "none":
        raise r.refused(node, T("it is an approximation by tanh"))
    r.give_same(node, activation.Gelu(), r.value(node))


@reads("HardSigmoid")
def _hardsigmoid(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """max(0, min(1, αx + β)); another slope than 1/6 goes into the weights before it."""
    alpha, beta = given.get("alpha", 0.2), given.get("beta", 0.5)
    x = r.value(node)
    if not isclose(beta, 0.5, rel_tol=1e-5):
        raise r.refused(node, T("its constants are others"))
    if not isclose(alpha, 1 / 6, rel_tol=1e-3):
        piece = r.pieces[x.piece - 1] if x.piece else None
        if piece is None or "weight" not in piece.weights or not r.alone(node.input[0]) or not _linear(piece.layer):
            raise r.refused(node, T("its constants are others"))
        for role in ("weight", "bias"):
            if role in piece.weights:
                piece.weights[role] = piece.weights[role] * np.float32(alpha * 6)
    r.give_same(node, activation.HardSigmoid(), x)


def _linear(layer: Layer) -> bool:
    return isinstance(layer, convolution.Conv | convolution.DepthwiseConv | convolution.TransposedConv | dense.Dense
                      | normalization.BatchNorm)  # fmt: skip


@reads("Clip")
def _clip(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    limits = []
    for number, (name, open_end) in enumerate((("min", -np.inf), ("max", np.inf)), 1):
        value = given[name] if name in given else r.array(node, number)
        limits.append(open_end if value is None else float(np.asarray(value).reshape(-1)[0]))
    low, high = limits
    if low != 0 or (high != 6 and high < 3.4e38):
        raise r.refused(node, T("its limits are {low} and {high}", low=f"{low:g}", high=f"{high:g}"))
    r.give_same(node, activation.Relu6() if high == 6 else activation.Relu(), r.value(node))


@reads("PRelu")
def _prelu(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, slope = r.value(node), r.tensor(node, 1)
    if slope is not None and r.version < 7 and slope.size == x.shape[-1]:  # then the slopes were those of the channels
        slope = slope.reshape(-1, *(1,) * (len(x.shape) - 1))
    slopes = None if slope is None else r.per_channel(node, slope, x)
    if slopes is None:
        raise r.refused(node, T("its slope differs from place to place"))
    if x.row:
        x = r.flat(x) if prod(x.shape[:-1]) != 1 else x
    r.give_same(node, activation.Prelu(), x, {"prelu": slopes})


@reads("Softmax")
def _softmax(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.value(node)
    dims = len(x.there)
    axis = given.get("axis", 1 if r.version < 13 else -1)
    axis = axis if axis >= 0 else axis + dims + 1
    whole = r.version < 13  # all axes from this one on are one row
    if axis < 1:
        raise r.refused(node, T("it does not keep the images apart"))
    alone = x.row or len(x.shape) == 1 or all(n == 1 for n in x.shape[:-1])
    over = x.there[axis - 1 :] if whole else x.there[axis - 1 : axis]
    channels = x.row or x.axes[axis - 1] == len(x.shape) - 1
    if alone and prod(over) == prod(x.shape):
        x = r.flat(x) if x.row and prod(x.shape[:-1]) != 1 else x
    elif not (channels and prod(over) == x.shape[-1] and not x.row):
        raise r.refused(node, T("it does not go over the channels"))
    r.give_same(node, activation.Softmax(), x)


# Where branches meet, and what is combined with constants


@reads("Concat")
def _concat(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    values = [r.value(node, number) for number in range(len(node.input))]
    axis, dims = given.get("axis", 1), len(values[0].there)
    axis = axis if axis >= 0 else axis + dims + 1
    values = [r.flat(v) if v.row and prod(v.shape[:-1]) != 1 else v for v in values]
    if axis < 1 or any(v.lying is not None for v in values) or len({v.axes for v in values if not v.row}) > 1:
        raise r.refused(node, T("it does not join channels"))
    if not values[0].row and values[0].axes[axis - 1] != len(values[0].shape) - 1:
        raise r.refused(node, T("it does not join channels"))
    if len(values) == 1:
        return r.give(node, values[0])
    layer = combining.Concat()
    shape = tuple(layer.output(*(v.shape for v in values)))
    r.give(node, values[0]._replace(piece=r.add(node, layer, values), shape=shape))


@reads("Mean", "Max")
def _mean(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    values = [r.value(node, number) for number in range(len(node.input))]
    if len({(v.row, v.order, v.axes) for v in values}) > 1:
        raise r.refused(node, T("its inputs lie in different ways"))
    if len(values) == 1:
        return r.give(node, values[0])
    layer = combining.Mean() if node.op_type == "Mean" else combining.Maximum()
    shape = tuple(layer.output(*(v.shape for v in values)))
    r.give(node, values[0]._replace(piece=r.add(node, layer, values), shape=shape))


@reads("Add", "Sum", "Mul", "Sub", "Div")
def _combine(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    constant = [number for number, name in enumerate(node.input) if name in r.constants]
    if constant or node.op_type in ("Sub", "Div"):
        if len(node.input) != 2 or len(constant) != 1:
            raise r.refused(node)
        return _affine(r, node, constant[0])
    values = [r.value(node, number) for number in range(len(node.input))]
    if len(values) == 1:
        return r.give(node, values[0])
    if node.op_type == "Mul" and _gated(r, node, values):
        return
    if len({(v.row, v.order) for v in values}) > 1:
        values = [r.flat(v) if v.row else v for v in values]
    same = {v.axes for v in values if not v.row and prod(v.shape) != max(v.shape)}
    if len(same) > 1 or len({v.lying for v in values}) > 1:
        raise r.refused(node, T("its inputs lie in different ways"))
    layer = combining.Multiply() if node.op_type == "Mul" else combining.Add()
    shape = tuple(layer.output(*(v.shape for v in values)))
    largest = next(v for v in values if v.shape == shape) if any(v.shape == shape for v in values) else values[0]
    r.give(node, largest._replace(piece=r.add(node, layer, values), shape=shape))


def _gated(r: Reader, node: NodeProto, values: list[Seen]) -> bool:
    """x·sigmoid(x) is silu, x·hardsigmoid(x) hardswish."""
    if len(values) != 2:
        return False
    gates = {activation.Sigmoid: activation.Silu, activation.HardSigmoid: activation.HardSwish}
    for gate, other, number in ((values[0], values[1], 0), (values[1], values[0], 1)):
        piece = r.pieces[gate.piece - 1] if gate.piece else None
        kind = next((k for k in gates if piece is not None and isinstance(piece.layer, k)), None)
        if piece is not None and kind and piece.inputs == (other.piece,) and r.alone(node.input[number]):
            r.give(node, other._replace(piece=r.add(node, gates[kind](), [other])))
            return True
    return False


def _affine(r: Reader, node: NodeProto, number: int) -> None:
    """A value times or plus a constant: a bias, a part of a normalisation, a learned scale, or a fixed normalisation."""
    x, constant = r.value(node, 1 - number), r.tensor(node, number)
    assert constant is not None
    if _hard(r, node, x, constant) or _erf(r, node, x, constant):
        return
    c = r.per_channel(node, constant, x)
    if c is None or (x.row and prod(x.shape[:-1]) != 1):
        raise r.refused(node, T("its constant has not one number for each channel"))
    factor, shift = np.ones_like(c), np.zeros_like(c)
    if node.op_type == "Mul":
        factor = c
    elif node.op_type == "Div":
        if number == 0:
            raise r.refused(node, T("it divides by the value"))
        factor = 1 / c
    elif node.op_type == "Sub":
        shift, factor = (c, -factor) if number == 0 else (-c, factor)
    else:
        shift = c
    piece = r.pieces[x.piece - 1] if x.piece else None
    mine = piece is not None and r.alone(node.input[1 - number])
    plus = bool((factor == 1).all())
    if piece is not None and mine and isinstance(piece.layer, normalization.BatchNorm):
        piece.weights["weight"] = piece.weights["weight"] * factor
        piece.weights["bias"] = piece.weights["bias"] * factor + shift
        return r.give(node, x)
    if piece is not None and mine and plus and _linear(piece.layer) and not piece.layer.bias:
        kind = type(piece.layer)
        options = {n: v for n, v in vars(piece.layer).items() if n in piece.layer.given and n != "bias"}  # type: ignore[attr-defined]
        piece.layer, piece.weights["bias"] = kind(**options), shift
        return r.give(node, x)
    if piece is not None and mine and plus and _linear(piece.layer):
        piece.weights["bias"] = piece.weights["bias"] + shift
        return r.give(node, x)
    if node.op_type == "Mul" and constant.size > 1:
        return r.give_same(node, shaping.Scale(), x, {"weight": factor})
    if constant.size == 1 and not shift.any():
        return r.give_same(node, shaping.Scale(fixed=float(f"{float(factor[0]):.7g}")), x)
    fixed = {
        "weight": factor,
        "bias": shift,
        "running_mean": np.zeros_like(c),
        "running_var": np.full_like(c, 1 - 1e-5),
    }
    r.give_same(node, normalization.BatchNorm(), x, fixed)
    r.pieces[-1].frozen = True


def _hard(r: Reader, node: NodeProto, x: Seen, constant: np.ndarray) -> bool:
    """x·relu6(x + 3)/6 is hardswish, relu6(x + 3)/6 hardsigmoid; written out, as older files have it."""
    if node.op_type != "Add" or constant.size != 1 or float(constant.reshape(-1)[0]) != 3:
        return False
    clip = r.reader(node.output[0], "Clip")
    if clip is None:
        return False
    limits = [next((a.f for a in clip.attribute if a.name == n), None) for n in ("min", "max")]
    for place in (1, 2):
        if len(clip.input) > place and clip.input[place] in r.constants:
            limits[place - 1] = float(r.constants[clip.input[place]].reshape(-1)[0])
    if limits != [0, 6]:
        return False
    source = next(name for name in node.input if name not in r.constants)
    first = r.reader(clip.output[0], "Mul", "Div")
    if first is None:
        return False
    second = r.reader(first.output[0], "Mul", "Div")
    if _sixth(r, first):
        if second is not None and second.op_type == "Mul" and source in second.input:
            return _replaced(r, [node, clip, first], second, activation.HardSwish(), x)
        return _replaced(r, [node, clip], first, activation.HardSigmoid(), x)
    if first.op_type == "Mul" and source in first.input and second is not None and _sixth(r, second):
        return _replaced(r, [node, clip, first], second, activation.HardSwish(), x)
    return False


def _sixth(r: Reader, node: NodeProto) -> bool:
    """Whether a node takes a sixth."""
    for number, name in enumerate(node.input):
        constant = r.constants.get(name)
        if constant is not None and constant.size == 1:
            value = float(constant.reshape(-1)[0])
            return isclose(value, 6) and number == 1 if node.op_type == "Div" else isclose(value, 1 / 6, rel_tol=1e-4)
    return False


def _erf(r: Reader, node: NodeProto, x: Seen, constant: np.ndarray) -> bool:
    """x·(1 + erf(x/√2))/2 is gelu, written out."""
    if constant.size != 1:
        return False
    value, root = float(constant.reshape(-1)[0]), 2**0.5
    if not (
        (node.op_type == "Div" and isclose(value, root, rel_tol=1e-4))
        or (node.op_type == "Mul" and isclose(value, 1 / root, rel_tol=1e-4))
    ):
        return False
    erf = r.reader(node.output[0], "Erf")
    plus = r.reader(erf.output[0], "Add") if erf is not None else None
    times = r.reader(plus.output[0], "Mul") if plus is not None else None
    if erf is None or plus is None or times is None:
        return False
    source = next(name for name in node.input if name not in r.constants)
    half = r.reader(times.output[0], "Mul")
    if source in times.input and half is not None and any(name in r.constants for name in half.input):
        return _replaced(r, [node, erf, plus, times], half, activation.Gelu(), x)
    other = next((name for name in times.input if name != plus.output[0]), "")
    halved = next((n for n in r.readers.get(source, []) if n.op_type == "Mul" and n.output[0] == other), None)
    if halved is not None and r.alone(other):
        return _replaced(r, [node, erf, plus, halved], times, activation.Gelu(), x)
    return False


def _replaced(r: Reader, nodes: list[NodeProto], last: NodeProto, layer: Layer, x: Seen) -> bool:
    """Several nodes are one layer."""
    r.seen[last.output[0]] = x._replace(piece=r.add(last, layer, [x]))
    r.skipped |= {name for node in nodes for name in node.output}
    return True
