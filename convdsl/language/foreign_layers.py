"""Layers that frameworks write in ways of their own: sides, sizes to enlarge to, neighbouring channels."""

from __future__ import annotations

import ast
from typing import Any


def edges(word: str, call: ast.Call, of_torch: bool) -> str | None:
    """Padding and cropping: Keras pairs the sides of each axis, PyTorch has them in a row, the last axis first."""
    given = [*call.args, *(k.value for k in call.keywords if k.arg in ("padding", "cropping"))]
    if not given:
        return None
    try:
        value = ast.literal_eval(given[0])
    except ValueError:
        return None
    if isinstance(value, int):
        return f"{word} {value}"
    if of_torch and isinstance(value, tuple) and len(value) in (2, 4, 6):
        value = tuple(zip(value[-2::-2], value[::-2], strict=True))
    elif isinstance(value, tuple):
        value = tuple(v if isinstance(v, tuple) else (v, v) for v in value)
    if (
        not isinstance(value, tuple)
        or not value
        or not all(len(v) == 2 and all(isinstance(n, int) for n in v) for v in value)
    ):
        return None
    before, after = zip(*value, strict=True)
    if before == after:
        return f"{word} {show_sizes(before)}"
    sides = (f"{n}={show_sizes(v)}" for n, v in (("before", before), ("after", after)) if any(v))
    return " ".join((word, *sides))


def enlarged(word: str, given: list[ast.expr], keywords: list[ast.keyword], name: str) -> str | None:
    """Enlarging by a factor or to a size: PyTorch's first argument is a size, that of Keras a factor; or, as
    `Resizing(17, 17)`, the two sizes."""
    values = [value_of(a) for a in given]
    by_name = {k.arg: value_of(k.value) for k in keywords}
    if word == "resize":
        size = (
            tuple(values[:2])
            if len(values) > 1
            else by_name.get("height") and (by_name["height"], by_name.get("width"))
        )
        factor, mode = None, by_name.get("interpolation", "bilinear")
    elif name.startswith("UpSampling"):
        size, factor = None, values[0] if values else by_name.get("size", 2)
        mode = by_name.get("interpolation", "nearest")
    else:
        values += [None] * 3
        size, factor = values[0] or by_name.get("size"), values[1] or by_name.get("scale_factor")
        mode = values[2] or by_name.get("mode", "bilinear" if "bilinear" in name.lower() else "nearest")
    mode = {"linear": "bilinear", "trilinear": "bilinear"}.get(mode, mode)
    sizes = size if isinstance(size, tuple) else (size or factor,)
    sizes = factor if isinstance(factor, tuple) else sizes
    if by_name.get("align_corners") == "true" or by_name.get("align_corners") is True or "bilinear" in name.lower():
        mode = "corners" if mode == "bilinear" else None
    if mode not in ("nearest", "bilinear", "corners") or not all(isinstance(n, int) and n > 0 for n in sizes):
        return None
    return " ".join((("resize" if size else "upsample"), show_sizes(sizes), *([mode] if mode != "nearest" else ())))


def neighbours(given: list[ast.expr], keywords: list[ast.keyword], of_tensorflow: bool, added: float) -> str | None:
    """Local response normalisation, with what PyTorch or TensorFlow take where nothing is written; TensorFlow's radius is a
    side of the neighbourhood, and its alpha is not divided by their number."""
    names = ("depth_radius", "bias", "alpha", "beta") if of_tensorflow else ("size", "alpha", "beta", "k")
    usual = (5, 1, 1, 0.5) if of_tensorflow else (None, 1e-4, 0.75, added)
    found: dict[str, Any] = dict(zip(names, usual, strict=True))
    found |= dict(zip(names, map(value_of, given), strict=False))
    found |= {k.arg: value_of(k.value) for k in keywords if k.arg in names}
    if not all(isinstance(v, (int, float)) for v in found.values()):
        return None
    n = 2 * found["depth_radius"] + 1 if of_tensorflow else found["size"]
    alpha = found["alpha"] * n if of_tensorflow else found["alpha"]
    k = found["bias" if of_tensorflow else "k"]
    parts = ["lrn", f"n{n}", "" if alpha == 1e-4 else f"alpha={alpha:g}"]
    parts += ["" if found["beta"] == 0.75 else f"beta={found['beta']:g}", "" if k == 2 else f"k{k:g}"]
    return " ".join(filter(None, parts))


def show_sizes(value: Any, full: bool = False) -> str:
    if not isinstance(value, tuple):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if not full and len(set(value)) == 1:
        return str(value[0])
    return "x".join(map(str, value))


def value_of(node: ast.expr) -> Any:
    """A number, tuple of whole numbers, lower-case word or truth value; None for anything else."""
    if isinstance(node, (ast.Tuple, ast.List)):
        values = tuple(value_of(e) for e in node.elts)
        return values if values and all(isinstance(v, int) for v in values) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return node.value.lower() if isinstance(node.value, str) else node.value
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return node.id == "true"
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    return None
