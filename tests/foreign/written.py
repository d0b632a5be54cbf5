"""How windows, strides and numbers are written in a program."""

from __future__ import annotations

from typing import Any

import numpy as np


def per_axis(values: Any, rank: int) -> tuple[int, ...]:
    """One number for each of `rank` axes."""
    values = tuple(values) if isinstance(values, (tuple, list)) else (values,)
    return values * rank if len(values) == 1 else values


def window(values: Any, rank: int) -> str:
    """`3`, or `3x2`."""
    values = per_axis(values, rank)
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def number(value: float) -> str:
    return np.format_float_positional(value, trim="-")


def conv(
    filters: int,
    k: Any,
    rank: int,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    bias: bool,
    more: Any = None,
) -> str:
    """`more` is the output padding of a transposed convolution; `padding` a size or a word."""
    p = f"p {padding}" if isinstance(padding, str) else f"p{window(padding, rank)}"
    text = f"conv {filters} k{window(k, rank)} s{window(stride, rank)} {p} d{window(dilation, rank)}"
    if more is not None:
        text = f"t{text}" + (f" op{window(more, rank)}" if any(per_axis(more, rank)) else "")
    return text + (f" g{groups}" if groups > 1 else "") + ("" if bias else " nobias")


def pool(
    kind: str, k: Any, rank: int, *, stride: Any, padding: Any, dilation: Any = 1, ceil: bool, exclude: bool = False
) -> str:
    s = "" if stride is None or stride in ((), []) else f" s{window(stride, rank)}"
    p = f"p {padding}" if isinstance(padding, str) else f"p{window(padding, rank)}"
    text = f"{kind}pool {window(k, rank)}{s} {p} d{window(dilation, rank)}"
    return text + (" ceil" if ceil else "") + (" exclude_pad" if exclude else "")
