"""A window of here with the attributes that it has there."""

from __future__ import annotations

from typing import Any


def window(axes: Any) -> dict[str, Any]:
    return {
        "kernel_shape": [int(a.k) for a in axes],
        "strides": [int(a.s) for a in axes],
        "dilations": [int(a.d) for a in axes],
    }


def pads_of(axes: Any) -> list[int]:
    return [int(a.before) for a in axes] + [int(a.after) for a in axes]


def needed(axes: Any) -> list[int]:
    """Zeros before, and as many after as the last window reads; what no window reads may be left out."""
    after = [max((a.output - 1) * a.s + a.extent - a.before - a.input, 0) for a in axes]
    return [int(a.before) for a in axes] + [int(n) for n in after]
