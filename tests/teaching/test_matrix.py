"""Reading matrices and numbers as people type them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdsl.teaching.worked.exact import near, read_number, show
from convdsl.teaching.worked.matrix import MatrixError, read_matrix

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        ("3 0 1; 1 5 8", ((3, 0, 1), (1, 5, 8))),
        ("[3 0 1; 1 5 8]", ((3, 0, 1), (1, 5, 8))),
        ("3 0 1\n1 5 8\n", ((3, 0, 1), (1, 5, 8))),
        ("3 0 1;\n1 5 8;\n", ((3, 0, 1), (1, 5, 8))),
        ("[[3, 0, 1], [1, 5, 8]]", ((3, 0, 1), (1, 5, 8))),
        ("3,0,1;1,5,8", ((3, 0, 1), (1, 5, 8))),
        ("3, 0, 1; 1, 5, 8,", ((3, 0, 1), (1, 5, 8))),
        (r"3 & 0 \\ 1 & 5", ((3, 0), (1, 5))),
        ("| 3 | 0 |\n| 1 | 5 |", ((3, 0), (1, 5))),
        ("−1 +2 -.5", ((-1, 2, -HALF),)),
        ("0,5 1,5; 2 3", ((HALF, 3 * HALF), (2, 3))),
        ("0,5, 1,5", ((HALF, 3 * HALF),)),
        ("1/2 3/2", ((HALF, 3 * HALF),)),
        ("7", ((7,),)),
    ],
)
def test_ways_of_writing(written: str, rows: object) -> None:
    assert read_matrix(written).rows == rows


@pytest.mark.parametrize(("written", "divisor"), [("1/9 [1 2; 3 4]", 9), ("[1 2; 3 4]/9", 9), ("0.5·[2 4; 6 8]", 2)])
def test_a_factor_beside_the_matrix(written: str, divisor: int) -> None:
    matrix = read_matrix(written)
    assert matrix.divisor == divisor
    assert matrix.rows == ((1, 2), (3, 4)) or written.startswith("0.5")
    assert matrix.values[0][0] == Fraction(matrix.rows[0][0], divisor)


def test_a_table_has_columns_between_semicolons() -> None:
    assert read_matrix("1;2\n0,5;4\n", table=True).rows == ((1, 2), (HALF, 4))
    assert read_matrix("1;2;3", table=True).rows == ((1,), (2,), (3,))


def test_what_a_comma_was_taken_for_is_said() -> None:
    assert "0,5 is 0.5" in str(read_matrix("0,5 1; 2 3").notes[0])
    assert "two entries, 0 and 5" in str(read_matrix("0,5; 1,5").notes[0])
    assert not read_matrix("1,2,3;4,5,6").notes


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "no number"),
        ("[]", "no number"),
        (";;", "no number"),
        ("1 2; 3", "row 1 has 2, row 2 has 1"),
        ("1 x", "Row 1, entry 2: `x`"),
        ("1,,3", "Row 1, entry 2 is empty"),
        ("1 2; 3 1/0", "Row 2, entry 2: `1/0`"),
        ("1e99", "`1e99` is not a number"),
        ("1" * 50, "…` is not a number"),
        ("nan inf", "`nan` is not a number"),
        ("x [1 2]", "`x` beside a matrix"),
        ("[1 2]/0", "whole number from 1 on"),
        ("1 2,3,4", "Row 1, entry 2"),
        ("1 " * 1_000_001, "more than 1,000,000 entries"),
    ],
)
def test_what_cannot_be_read(written: str, complaint: str) -> None:
    with pytest.raises(MatrixError) as caught:
        read_matrix(written)
    assert complaint in str(caught.value.message)
    assert str(caught.value.help)


@pytest.mark.parametrize(
    ("value", "written", "as_fraction"),
    [
        (-5, "−5", "−5"),
        (HALF, "0.5", "1/2"),
        (Fraction(-37, 9), "−37/9", "−37/9"),
        (Fraction(-1, 8), "−0.125", "−1/8"),
        (Fraction(1, 2**20), "1/1048576", "1/1048576"),
    ],
)
def test_numbers_are_written_exactly(value: Fraction, written: str, as_fraction: str) -> None:
    assert show(value) == written
    assert show(value, fractions=True) == as_fraction


def test_numbers_are_rounded_when_asked() -> None:
    assert show(Fraction(-37, 9), places=2) == "−4.11"
    assert show(Fraction(1, 3), places=0) == "0"
    assert near(Fraction(37, 9)) == "4.111"
    assert near(HALF) is None


@settings(deadline=None)
@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=1000))
def test_what_is_written_is_read_back(value: Fraction) -> None:
    assert read_number(show(value)) == value
    assert read_number(show(value, fractions=True)) == value


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        matrix = read_matrix(text)
    except MatrixError:
        return
    assert len({len(row) for row in matrix.rows}) == 1
