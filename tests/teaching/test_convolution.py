"""The lectures' worked matrices, and convolution by hand against a plain computation."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convdsl.layers import SizeError
from convdsl.teaching.worked.chains import chain
from convdsl.teaching.worked.convolution import POOLINGS, Correlation, Options, Pooling, Transposed
from convdsl.teaching.worked.exact import read_number
from convdsl.teaching.worked.kernels import Kernel, Median, combined, names, read_kernel
from convdsl.teaching.worked.matrix import MatrixError, Rows, read_matrix

EDGES = "3 0 1 2 7 4; 1 5 8 9 3 1; 2 7 2 5 1 3; 0 1 3 1 7 8; 4 2 1 6 2 8; 2 4 5 2 3 9"
SHARPENED = "105 102 100 97 96; 103 99 103 101 102; 101 98 104 102 100; 99 101 106 104 99; 104 104 104 100 98"
PADDED = "60 113 56 139 85; 73 121 54 84 128; 131 99 70 129 127; 80 57 115 69 134; 104 126 123 95 130"
BINARY = "1 1 1 0 0; 0 1 1 1 0; 0 0 1 1 1; 0 0 1 1 0; 0 1 1 0 0"
POOLED = "1 0 0 0 0 1; 0 1 6 0 1 6; 3 0 1 1 0 0; 1 0 3 0 1 0; 0 1 0 0 1 0; 0 0 1 0 1 0"
SEVEN = "; ".join(
    " ".join(row)
    for row in (
        "000000000000",
        "000000000000",
        "001111111100",
        "001111111100",
        "000000001100",
        "000000011000",
        "000000110000",
        "000001100000",
        "000011000000",
        "000110000000",
        "001100000000",
        "000000000000",
    )
)


def kernel(written: str) -> Kernel:
    found = read_kernel(written)
    assert isinstance(found, Kernel)
    return found


def rows(written: str) -> Rows:
    return read_matrix(written).values


@pytest.mark.parametrize(
    ("matrix", "by", "padding", "result"),
    [
        (EDGES, "prewitt_x", 0, "-5 -4 0 8; -10 -2 2 3; 0 -2 -4 -7; -3 -2 -3 -16"),
        (SHARPENED, "sharpen", 0, "89 111 101; 85 111 101; 98 117 113"),
        (
            PADDED,
            "sharpen",
            1,
            "114 328 -26 470 158; 53 266 -61 -30 344; 403 116 -47 295 244; 108 -135 256 -128 344; 314 346 279 153 421",
        ),
        (BINARY, "1 0 1; 0 1 0; 1 0 1", 0, "4 3 4; 2 4 3; 2 3 4"),
    ],
)
def test_the_lectures_matrices(matrix: str, by: str, padding: int, result: str) -> None:
    assert Correlation(rows(matrix), kernel(by), Options(p=(padding,))).output == rows(result)


def test_correlation_and_convolution_differ_by_the_rotation() -> None:
    by = kernel("1 0 -1; 1 0 -1; 1 0 -1")
    assert Correlation(rows(EDGES), by, Options()).value(0, 0) == -5
    assert Correlation(rows(EDGES), by, Options(), true=True).value(0, 0) == 5


def test_a_symmetric_kernel_hides_the_rotation() -> None:
    by = kernel("sharpen")
    assert Correlation(rows(PADDED), by, Options()).output == Correlation(rows(PADDED), by, Options(), true=True).output


def test_pooling_of_the_grid_that_was_printed_wrong() -> None:
    assert Pooling(rows(POOLED), "max", (2, 2), Options()).output == rows("1 6 6; 3 3 1; 1 1 1")
    assert Pooling(rows(POOLED), "max", (3, 3), Options()).output == rows("6 6; 3 1")


def test_a_seven_stays_a_seven() -> None:
    pooled = Pooling(rows(SEVEN), "max", (2, 2), Options()).output
    assert pooled == rows("0 0 0 0 0 0; 0 1 1 1 1 0; 0 0 0 1 1 0; 0 0 1 1 0 0; 0 1 1 0 0 0; 0 1 0 0 0 0")


def test_the_products_at_a_place() -> None:
    work = Correlation(rows(EDGES), kernel("prewitt_x"), Options())
    assert [[(t.value, t.weight) for t in line] for line in work.terms(0, 0)] == [
        [(3, 1), (0, 0), (1, -1)],
        [(1, 1), (5, 0), (8, -1)],
        [(2, 1), (7, 0), (2, -1)],
    ]


def test_a_signal_is_padded_along_its_row_only() -> None:
    work = Correlation(rows("1 2 3 4 5"), kernel("1 0 -1"), Options(p=(1,)))
    assert work.output == ((-2, -2, -2, -2, 4),)
    assert work.size == (1, 5)


def test_a_full_convolution_multiplies_polynomials() -> None:
    work = Correlation(rows("1 2 1"), kernel("1 3"), Options(p=(1,)), true=True)
    assert work.output == ((1, 5, 7, 3),)  # (1 + 2x + x²)(1 + 3x)


def test_fractions_stay_exact() -> None:
    assert kernel("gaussian 5").total == 273
    assert Correlation(rows(EDGES), kernel("mean"), Options()).value(0, 0) == Fraction(29, 9)
    flat = tuple((7,) * 9 for _ in range(9))
    assert set(Correlation(flat, kernel("gaussian 5"), Options()).output[0]) == {7}


def test_the_stride_that_does_not_divide() -> None:
    work = Correlation(tuple((1,) * 7 for _ in range(7)), kernel("mean"), Options(s=(3,)))
    assert work.size == (2, 2)
    assert work.axes[0].remainder == 1


def test_transposed_spreads_and_adds() -> None:
    work = Transposed(rows("1 2; 3 4"), kernel("1 1 1; 1 1 1; 1 1 1"), Options(s=(2,)))
    assert work.output == rows("1 1 3 2 2; 1 1 3 2 2; 4 4 10 6 6; 3 3 7 4 4; 3 3 7 4 4")
    assert [t.value for _, t in work.sources(2, 2)] == [1, 2, 3, 4]


def test_average_counts_the_zeros_of_the_padding_and_the_others_do_not() -> None:
    corner = {m: Pooling(rows("-4 -8; -8 -8"), m, (2, 2), Options(p=(1,))).value(0, 0) for m in POOLINGS}
    assert corner == {"avg": -1, "max": -4, "min": -4, "median": -4}


def test_errors_carry_the_formula_with_its_numbers() -> None:
    with pytest.raises(SizeError) as caught:
        Correlation(rows("1 2; 3 4"), kernel("mean"), Options())
    assert caught.value.formula == "(2 + 2·0 − 3)/1 + 1 = 0"


def test_too_much_work_is_refused_before_it_is_done() -> None:
    work = Correlation(tuple((0,) * 400 for _ in range(400)), kernel("mean 21"), Options())
    assert work.value(3, 3) == 0
    with pytest.raises(MatrixError, match="10,000,000"):
        work.output  # noqa: B018


@pytest.mark.parametrize("name", names())
def test_every_named_kernel_is_found(name: str) -> None:
    found = read_kernel(name)
    assert found.size == (3, 3)
    assert isinstance(found, Median) == (name == "median")


@pytest.mark.parametrize(
    ("written", "complaint", "help"),
    [
        ("sobel", "no kernel `sobel`", "`sobel_x` and `sobel_y`"),
        ("sobl_x", "no kernel `sobl_x`", "`sobel_x`"),
        ("gaussian 7", "3×3, 5×5", ""),
        ("mean 102", "between 1 and 101", ""),
        ("mean 0", "between 1 and 101", ""),
        (" ".join(["1"] * 102), "at most 101", ""),
        ("qqqqqq", "no kernel", "1 0 -1"),
    ],
)
def test_kernels_that_are_none(written: str, complaint: str, help: str) -> None:
    with pytest.raises(MatrixError) as caught:
        read_kernel(written)
    assert complaint in str(caught.value.message)
    assert help in str(caught.value.help)


# Several kernels.


def test_mean_then_sobel_is_one_kernel() -> None:
    both = combined(kernel("mean"), kernel("sobel_x"))
    assert both.rows == rows("1 1 0 -1 -1; 3 3 0 -3 -3; 4 4 0 -4 -4; 3 3 0 -3 -3; 1 1 0 -1 -1")
    assert both.divisor == 9


def test_padding_between_two_kernels_shows_at_the_border_only() -> None:
    work = chain(rows(EDGES), (kernel("mean"), kernel("sobel_x")), Options(p="same"), True)
    same = [
        [a == b for a, b in zip(x, y, strict=True)]
        for x, y in zip(work.steps[-1].output, work.direct.output, strict=True)
    ]
    assert all(all(line[1:-1]) for line in same[1:-1])
    assert work.agreeing < work.total == 36


small = st.integers(-9, 9)


def matrices(low: int, high: int) -> st.SearchStrategy[Rows]:
    return st.tuples(st.integers(low, high), st.integers(low, high)).flatmap(
        lambda size: st.lists(
            st.lists(small, min_size=size[1], max_size=size[1]).map(tuple), min_size=size[0], max_size=size[0]
        ).map(tuple)
    )


options = st.builds(
    Options,
    s=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    p=st.one_of(st.tuples(st.integers(0, 2), st.integers(0, 2)), st.just("same")),
    d=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    op=st.just((0,)),
)


@settings(max_examples=60, deadline=None)
@given(matrices(2, 6), matrices(1, 3), matrices(1, 3), options, st.booleans())
def test_two_kernels_are_one(matrix: Rows, first: Rows, second: Rows, how: Options, true: bool) -> None:
    assume(len(matrix) > 1)
    how = how._replace(p=(0,))
    try:
        work = chain(matrix, (Kernel(None, first), Kernel(None, second)), how, true)
    except SizeError:
        return
    assert work.steps[-1].output == work.direct.output


@settings(max_examples=80, deadline=None)
@given(matrices(2, 7), matrices(1, 3), options, st.booleans())
def test_correlation_is_what_numpy_computes(matrix: Rows, by: Rows, how: Options, true: bool) -> None:
    try:
        work = Correlation(matrix, Kernel(None, by), how, true)
    except SizeError:
        return
    weights = np.array(by)[::-1, ::-1] if true else np.array(by)
    down, right = work.axes
    x = np.pad(np.array(matrix), ((down.before, down.after), (right.before, right.after)))
    for r, c in work.places():
        seen = x[r * down.s :: down.d, c * right.s :: right.d][: down.k, : right.k]
        assert work.output[r][c] == (seen * weights).sum() == work.value(r, c)
        assert [[cell.value for cell in line] for line in work.cells(r, c)] == seen.tolist()


@settings(max_examples=60, deadline=None)
@given(st.data(), matrices(2, 6), matrices(1, 3), options)
def test_transposed_is_the_transpose_of_correlation(data: Any, matrix: Rows, by: Rows, how: Options) -> None:
    """⟨A x, y⟩ = ⟨x, Aᵀ y⟩ for every x and y, where sizes are such that the stride divides."""
    how = how._replace(p=how.p if isinstance(how.p, tuple) else (0, 0))
    try:
        forward = Correlation(matrix, Kernel(None, by), how)
    except SizeError:
        return
    assume(not any(a.remainder for a in forward.axes))
    height, width = forward.size
    y = tuple(tuple(data.draw(small) for _ in range(width)) for _ in range(height))
    assume(not (len(y) == 1 == len(by)))
    back = Transposed(y, Kernel(None, by), how)
    assert back.size == (len(matrix), len(matrix[0]))
    assert (np.array(forward.output) * np.array(y)).sum() == (np.array(matrix) * np.array(back.output)).sum()
    r, c = data.draw(st.sampled_from(list(back.places())))
    assert sum(t.value * t.weight for _, t in back.sources(r, c)) == back.value(r, c)


def test_numbers_of_a_kernel_may_be_decimals() -> None:
    work = Correlation(rows("1 2; 3 4"), kernel("0.1 0.2; 0.3 0.4"), Options())
    assert work.value(0, 0) == read_number("3.0")
