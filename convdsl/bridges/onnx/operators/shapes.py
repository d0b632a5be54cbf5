"""Operators that move values, or do nothing to them at inference."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.attributes import attributes
from convdsl.bridges.onnx.operators.parts import some
from convdsl.bridges.onnx.reading import Reader, Seen, reads
from convdsl.bridges.onnx.windows import short
from convdsl.bridges.rows import channels_first
from convdsl.layers import rearranging, shaping
from convdsl.messages import T


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
        axes, dims = r.wholes(node, given, "axes", 1), (0, *x.there)
        ones = [i for i, n in enumerate(dims) if i and n == 1]
        drop = r.axes(node, ones if axes is None else axes, x)
        asked: Sequence[int] = [n for i, n in enumerate(dims) if i not in drop]
    else:
        shape = r.wholes(node, given, "shape", 1)
        if shape is None:
            raise r.refused(node)
        asked = shape
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


def _behind_the_batch(r: Reader, node: NodeProto, x: Seen, asked: Sequence[int], zeros: bool) -> tuple[int, ...]:
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
    if prod(rest) != size or min(rest, default=1) < 1:
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
    if attributes(turn, r.version).get("perm") != [0, 2, 1, *range(3, len(target) + 1)]:
        return False
    shape = r.wholes(back, attributes(back, r.version), "shape", 1)
    if shape is None or _behind_the_batch(r, back, x, shape, False) != x.there:
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
    if r.axis(node, given, 0, x) != 1:
        raise r.refused(node, T("it does not part channels"))
    sizes = r.wholes(node, given, "split", 1)
    if sizes is None:
        count = given.get("num_outputs", len(node.output))
        whole = -(-x.shape[-1] // count)
        sizes = [min(whole, x.shape[-1] - i * whole) for i in range(count)]
    skip = 0
    for name, size in zip(node.output, sizes, strict=False):
        r.seen[name] = some(r, node, x, skip, size)
        skip += size


@reads("Transpose")
def _transpose(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """No layer: from here on the values lie in another way."""
    x = r.value(node)
    count = len(x.there) + 1
    order = given.get("perm") or list(range(count))[::-1]
    if sorted(order) != list(range(count)):
        raise r.refused(node, T("{name} cannot be {value}", name="perm", value=order))
    if order[0] != 0 or x.row:
        raise r.refused(node, T("it does not keep the images apart"))
    if len(x.shape) == 1:
        return r.give(node, x)
    r.give(node, x._replace(axes=tuple(x.axes[a - 1] for a in order[1:])))


@reads("Pad")
def _pad(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.map(node)
    pads = r.wholes(node, given, "pads", 1)
    rank, number = len(x.shape) - 1, r.number(node, given, "value", 2, 0.0)
    axes, amounts = r.wholes(node, given, "axes", 3), pads or []
    if axes is not None and len(amounts) == 2 * len(axes):
        whole = [0] * (2 * rank + 4)
        for place, axis in enumerate(r.axes(node, axes, x)):
            whole[axis] = amounts[place]
            whole[axis + rank + 2] = amounts[place + len(axes)]
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
    starts, ends, axes, steps = (r.wholes(node, given, name, number) for number, name in enumerate(names, 1))
    rank = len(x.shape) - 1
    if starts is None or ends is None or (steps and set(steps) != {1}):
        raise r.refused(node, T("it takes every so many"))
    before, after = [0] * rank, [0] * rank
    for axis, start, end in zip(r.axes(node, axes or range(len(starts)), x), starts, ends, strict=False):
        size = r.batch if axis == 0 else x.shape[-1] if axis == 1 else x.shape[axis - 2]
        low, high, _ = slice(start, end).indices(size)
        if axis < 2:
            if (low, high) != (0, size) and not (axis == 0 and low == 0 and end >= 2**31 - 1):
                if axis == 0:
                    raise r.refused(node, T("it does not keep the images apart"))
                x = some(r, node, x, low, high - low)
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
    axes = r.axes(node, given.get("axes") or range(len(whole)), x)
    asked = sizes if sizes is not None and sizes.size else scales
    factors = [1.0] * len(whole)
    for axis, number in zip(axes, [] if asked is None else np.asarray(asked).reshape(-1).tolist(), strict=False):
        factors[axis] = number / whole[axis] if asked is sizes and axis else float(number) if asked is scales else 1.0
    if given.get("keep_aspect_ratio_policy", "stretch") != "stretch" or asked is None:
        raise r.refused(node, T("it does not enlarge by a whole factor"))
    if factors[:2] != [1, 1] or any(f < 1 or f % 1 for f in factors):
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
    elif mode in ("linear", "bilinear", "trilinear") and placed == "align_corners":
        options = {"mode": "corners"}
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
    if r.number(node, {}, "training_mode", 2, 0):
        raise r.refused(node, T("it drops at inference too"))
    rate = r.number(node, given, "ratio", 1, 0.5)
    if not 0 <= rate < 1:
        raise r.refused(node, T("{name} cannot be {value}", name="ratio", value=rate))
    r.give_same(node, shaping.Dropout(rate=round(rate, 6)), r.value(node))
