"""Partial evaluation of kernels."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from convdsl.engine.cpu.specialise import Kernel
from convdsl.engine.partial import Fold, Strided

F32 = Int = Any


def example(x: F32, n: Int, *, k, relu, mode):  # type: ignore[no-untyped-def]
    """A kernel."""
    for i in range(k[0] * 2):
        if relu and k[1] > 2:
            x[i] = max(x[i], 0)
        elif mode == "sum":
            x[i] += n if not relu else k[1]


def text_of(**constants: Any) -> str:
    return Kernel(example, (("x", Strided((4,), (1,))),), tuple(constants.items())).text


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
    a, b = (Kernel(example, (("x", Strided((n,), (1,))),), (("k", (2, 1)),)) for n in (4, 5))
    assert a.name != b.name and a.name == Kernel(a.function, a.layouts, a.constants).name
    assert a.name.startswith("example_")


def repeating(x: F32, y: F32, control: F32, image: Int, *, k, s, d, before, add):  # type: ignore[no-untyped-def]
    depth, rows, columns, channels = y.shape
    zeroed(y, depth, rows, columns, channels)  # type: ignore[name-defined]  # noqa: F821
    index = chosen(image, control)  # type: ignore[name-defined]  # noqa: F821
    for p, i, j in every(depth, rows, columns):  # type: ignore[name-defined]  # noqa: F821
        for at0, at1, at2 in window(p, i, j, k, s, d, before):  # type: ignore[name-defined]  # noqa: F821
            put(y[p, i, j, 0], x[at0, at1, at2, index], add)  # type: ignore[name-defined]  # noqa: F821


def test_what_kernels_repeat_is_written_out_where_they_call_it() -> None:
    layouts = tuple((name, Strided((1, 2, 2, 1), (4, 2, 1, 1))) for name in ("x", "y", "control"))
    ones = {"k": (1, 2, 2), "s": (1, 1, 1), "d": (1, 1, 1), "before": (0, 1, 0), "add": True}
    text = Kernel(repeating, layouts, tuple(ones.items())).text
    assert "y[p, i, j, c] = float32(0)" in text and "y[p, i, j, 0] += x[at0, at1, at2, index]" in text
    assert "at1 = i * 1 + a * 1 - 1" in text and "for q in range(2):" in text
    assert "if control[2] != 0:" in text and "longs_at(control[2], control[0])[image]" in text
    assert not [word for word in ("zeroed", "every", "window(", "put(", "chosen", "body") if word in text]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("one or x", "True"),
        ("x or one", "True"),
        ("zero or x", "x"),
        ("x and zero", "False"),
        ("one and x and y", "x and y"),
        ("one and one", "True"),
        ("x or y", "x or y"),
    ],
)
def test_what_is_known_of_a_condition_decides_or_falls_away(text: str, left: str) -> None:
    folded = Fold({"one": 1, "zero": 0}).visit(ast.parse(text, mode="eval").body)
    assert ast.unparse(folded) == left
