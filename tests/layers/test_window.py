"""The size formula against windows laid out one by one."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convdsl.layers import BY_NAME, SizeError, output_size
from convdsl.layers.window import output_size_ceil

n, f, s, p, d = (st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(0, 4), st.integers(1, 3))


def places(n: int, f: int, s: int, p: int, d: int) -> int:
    """Windows that lie wholly in the padded input, counted."""
    span = d * (f - 1) + 1
    return sum(1 for start in range(-p, n + p, s) if start + span <= n + p)


@given(n, f, s, p, d)
def test_output_size_counts_the_places_of_the_window(n: int, f: int, s: int, p: int, d: int) -> None:
    assume(n + 2 * p >= d * (f - 1) + 1)
    assert output_size(n, f, s, p, d) == places(n, f, s, p, d)


@given(n, f, s, p, d)
def test_ceil_adds_a_window_that_starts_inside(n: int, f: int, s: int, p: int, d: int) -> None:
    """PyTorch's rule, written as its documentation says it."""
    assume(n + 2 * p >= d * (f - 1) + 1 and 2 * p <= f)
    up = -(-(n + 2 * p - d * (f - 1) - 1) // s) + 1
    if (up - 1) * s >= n + p:
        up -= 1
    assert output_size_ceil(n, f, s, p, d) == up


@given(n, f, s, d)
def test_same_pads_the_smaller_half_first(n: int, f: int, s: int, d: int) -> None:
    layer = BY_NAME["conv"](filters=1, k=(f,), s=(s,), d=(d,), p="same")
    (axis,) = layer.geometry((n, 1))
    assert axis.output == -(-n // s)
    assert axis.after - axis.before in (0, 1)
    assert axis.before + axis.after == max((axis.output - 1) * s + d * (f - 1) + 1 - n, 0)


@given(n, f, s, p, d)
def test_a_transposed_convolution_undoes_the_size(n: int, f: int, s: int, p: int, d: int) -> None:
    assume(n + 2 * p >= d * (f - 1) + 1)
    small = output_size(n, f, s, p, d)
    left = (n + 2 * p - d * (f - 1) - 1) % s
    layer = BY_NAME["tconv"](filters=1, k=(f,), s=(s,), p=(p,), d=(d,), op=(left,))
    try:
        assert layer.output((small, 1)) == (n, 1)
    except SizeError as error:  # output padding as large as stride and dilation is refused, as in PyTorch
        assert error.code == "E307" and left >= max(s, d)


def test_the_slides_example_of_a_stride_that_does_not_divide() -> None:
    assert output_size(7, 3, 1) == 5
    assert output_size(7, 3, 2) == 3
    assert output_size(7, 3, 3) == 2
    assert output_size(7, 3, 3, 1) == 3


@pytest.mark.parametrize(
    ("x", "text", "formula"),
    [
        ((5, 5, 1), "k", "(5 + 2·0 − 7)/1 + 1 = −1"),
    ],
)
def test_a_window_that_is_too_large_shows_the_formula(x: tuple[int, ...], text: str, formula: str) -> None:
    with pytest.raises(SizeError) as caught:
        BY_NAME["conv"](filters=1, k=(7,)).output(x)
    assert caught.value.code == "E301" and caught.value.argument == text and caught.value.formula == formula
