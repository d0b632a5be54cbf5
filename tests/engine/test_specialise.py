"""Partial evaluation of kernels."""

from __future__ import annotations

from typing import Any

import pytest

from convdsl.engine.cpu.specialise import Kernel
from convdsl.engine.partial import Layout

F32 = Int = Any


def example(x: F32, n: Int, *, k, relu, mode):  # type: ignore[no-untyped-def]
    """A kernel."""
    for i in range(k[0] * 2):
        if relu and k[1] > 2:
            x[i] = max(x[i], 0)
        elif mode == "sum":
            x[i] += n if not relu else k[1]


def text_of(**constants: Any) -> str:
    return Kernel(example, (("x", Layout((4,), (1,))),), tuple(constants.items())).text


def test_constants_are_computed_and_branches_decided() -> None:
    text = text_of(k=(2, 3), relu=True, mode="sum")
    assert "range(4)" in text and "if" not in text and "max(x[i], 0)" in text
    text = text_of(k=(2, 1), relu=False, mode="sum")
    assert "x[i] += n" in text and "if" not in text


def test_arrays_become_views_with_constant_sizes() -> None:
    text = text_of(k=(2, 1), relu=False, mode="")
    assert "x = float32_view(row, 0, (4,), (1,))" in text and "n = slot(row, 1)" in text


def test_a_missing_constant_is_an_error() -> None:
    with pytest.raises(TypeError, match="example"):
        text_of(k=(2, 3))


def test_the_name_tells_kernels_with_other_sizes_apart() -> None:
    a, b = (Kernel(example, (("x", Layout((n,), (1,))),), (("k", (2, 1)),)) for n in (4, 5))
    assert a.name != b.name and a.name == Kernel(a.function, a.layouts, a.constants).name
    assert a.name.startswith("example_")
