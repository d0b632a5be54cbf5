"""The size formula against windows laid out one by one."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convdsl.layers import BY_NAME, SizeError, output_size
from convdsl.layers.window import Windowed, first_multiple, output_size_ceil
from convdsl.network import analyse
from convdsl.source import Source

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


@given(n, f, s, d)
def test_same_lower_is_same_turned_round(n: int, f: int, s: int, d: int) -> None:
    """ONNX' SAME_LOWER: the zeros of SAME_UPPER, the odd one first."""
    for name in ("conv", "tconv"):
        upper, lower = (
            BY_NAME[name](filters=1, k=(f,), s=(s,), d=(d,), p=word).geometry((n, 1))[0]
            for word in ("same", "same_lower")
        )
        assert lower.output == upper.output
        if upper.before >= 0 and upper.after >= 0:
            assert (lower.before, lower.after) == (upper.after, upper.before)
        assert lower.before >= lower.after or name == "tconv"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("pad 1", (10, 11, 4)),
        ("pad after=1", (9, 10, 4)),
        ("pad before=2x0", (10, 9, 4)),
        ("pad before=0x1 after=1x0", (9, 10, 4)),
        ("pad 1 after=2", (11, 12, 4)),
        ("pad 1x2 before=0", (9, 11, 4)),
        ("crop 1", (6, 7, 4)),
        ("crop after=0x1", (8, 8, 4)),
        ("crop 1 before=0", (7, 8, 4)),
        ("pad before=1 -> crop before=1", (8, 9, 4)),
    ],
)
def test_sides_in_the_order_rows_columns(text: str, shape: tuple[int, ...]) -> None:
    analysis = analyse(Source(f"input 8x9x4 -> {text}"))
    assert analysis.report.output == shape and not analysis.diagnostics
    again = analyse(Source(f"input 8x9x4 -> {' -> '.join(n.text for n in analysis.network.nodes)}"))
    assert again.report.output == shape


def test_zeros_before_move_the_receptive_field() -> None:
    (field, _) = analyse(Source("input 8x8x1 -> pad before=2 -> conv 1 k3")).report[2].field
    assert (field.low, field.high) == (-2, 0)
    (field, _) = analyse(Source("input 8x8x1 -> crop before=2 -> conv 1 k3")).report[2].field
    assert (field.low, field.high) == (2, 4)


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


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5), st.integers(0, 30), st.integers(1, 9), st.booleans())
def test_a_window_of_nothing_but_padding_is_refused_and_no_other(
    n: int, f: int, s: int, p: int, d: int, ceil: bool
) -> None:
    """Every window's values laid out one by one, for `p` and for `p same`."""
    for layer in (
        BY_NAME["avgpool"](k=(f,), s=(s,), p=(p,), d=(d,), ceil=ceil),
        BY_NAME["maxpool"](k=(f,), s=(s,), p="same", d=(d,)),
    ):
        try:
            (axis,) = Windowed.geometry(layer, (n, 1))
        except SizeError as error:
            assert error.code == "E301"
            continue
        windows = [[o * s + t * d - axis.before for t in range(f)] for o in range(axis.output)]
        empty = [o for o, taps in enumerate(windows) if not any(0 <= at < n for at in taps)]
        assert axis.empty == (empty[0] if empty else None)
        try:
            layer.geometry((n, 1))
        except SizeError as error:
            assert error.code == "E305" and empty
        else:
            assert not empty


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("input 28x28x3 -> maxpool 3 s1 p3", "`p` is at most 2 here."),
        ("input 28x28x3 -> avgpool 5x3 s1 p2x3", "`p` is at most 2 here."),
        ("input 9x9x9x2 -> minpool 2 d3 p4", "`p` is at most 3 here."),
        ("input 9x9x1 -> filter median p3", "`p` is at most 2 here."),
        ("input NxNx1 -> medianpool 3 p3", "`p` is at most 2 here."),
        ("input 20x1 -> avgpool 3 p3 exclude_pad ceil", "`p` is at most 2 here."),
        ("input 1x2 -> maxpool 2 s1 d3 p2", "`d` is at most 1 here."),
        ("input 2x2x1 -> maxpool 2 d5 p same s1", "`d` is at most 2 here."),
    ],
)
def test_the_way_out_of_padding_alone(text: str, limit: str) -> None:
    (found,) = [d for d in analyse(Source(text)).diagnostics if d.severity == "error"]
    assert found.code == "E305" and str(found.help) == limit
    name = limit[1]
    if "same" not in text:
        mended = re.sub(rf"\b{name}[0-9x]+", f"{name}{re.findall(r'[0-9]+', limit)[0]}", text)
        found = [d for d in analyse(Source(mended)).diagnostics if d.severity == "error" and d.code == "E305"]
        assert not [d for d in found if d.help == limit]


def test_huge_dilations_are_decided_at_once() -> None:
    assert first_multiple(7, 10**9 + 7, 10**9, 10**9 + 1) == next(
        x for x in range(10**9 // 7, 10**9) if 10**9 <= 7 * x % (10**9 + 7) <= 10**9 + 1
    )
    assert first_multiple(6, 10**9, 3, 3) is None


@pytest.mark.parametrize(
    "text", ["input 28x28x3 -> maxpool 3 s1 p2", "input 9x3 -> avgpool 4 s1 p3", "input 5x5x5x1 -> medianpool 3 p2 s2"]
)
def test_padding_beyond_half_of_the_window_is_taken(text: str) -> None:
    assert not [d for d in analyse(Source(text)).diagnostics if d.severity == "error"]
