"""Whether a value that was read is the one that is asked for: exactly, or rounded where an exercise allows it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.reading.steps import Reading

PLACES = 2
"""Decimals that are enough for a value that is not whole."""
_MOST_PLACES = 12
_MOST_BELOW = 10**6
"""The largest denominator of a value that is a fraction, and not the beginning of a decimal without end."""


def agrees(reading: Reading, right: Any, digits: int = 0) -> bool:
    """Whether an answer is a value: exactly, or rounded to at least two decimals if it is not whole, or to at least
    `digits` figures if so many are enough. Arithmetic is exact or wrong, and so is a fraction."""
    value = reading.value
    if isinstance(right, tuple) or isinstance(value, tuple):
        return same_rows(value, right) if is_matrix(right) else bool(value == right)
    if value == right or reading.calculation:
        return bool(value == right)
    fraction = not reading.grain and Fraction(right).denominator <= _MOST_BELOW  # 64/256 is no rounded 64/255
    return not fraction and value in roundings(right, digits)


def roundings(value: int | Fraction, digits: int = 0) -> set[Fraction]:
    """All values that a value may be rounded to. Halves go both ways."""
    exact = Fraction(value)
    found: set[Fraction] = set()
    if exact.denominator != 1:
        for places in range(PLACES, _MOST_PLACES + 1):
            found.update(_rounded(exact, Fraction(1, 10**places)))
    if digits:
        size = len(str(abs(int(exact))))
        for figures in range(digits, size + 1):
            found.update(_rounded(exact, Fraction(10) ** (size - figures)))
    return found - {Fraction(0)}


def _rounded(value: Fraction, grain: Fraction) -> Iterator[Fraction]:
    """A value as a whole number of grains, half a grain up and down."""
    steps, rest = divmod(value, grain)
    if rest * 2 <= grain:
        yield steps * grain
    if rest * 2 >= grain:
        yield (steps + 1) * grain


def could_be_taken_for(value: Any, right: Any, digits: int = 0) -> bool:
    """Whether a value, rounded as little as is asked for, would be accepted in place of the right one."""
    if isinstance(value, tuple) or not isinstance(right, int | Fraction):
        return bool(value == right)
    return bool(value == right or ({Fraction(value), *roundings(value, digits)} & roundings(right, digits)))


def same_rows(value: Any, right: Any) -> bool:
    """Whether two matrices of one size agree in all entries; those that are not whole may be rounded."""
    if not is_matrix(value) or [len(r) for r in value] != [len(r) for r in right]:
        return False
    return not wrong_entries(value, right)


def wrong_entries(value: Any, right: Any) -> list[tuple[int, int]]:
    """Rows and columns, from 0, of the entries that are not right. Both matrices have one size."""
    return [
        (r, c)
        for r, row in enumerate(right)
        for c, entry in enumerate(row)
        if value[r][c] != entry and Fraction(value[r][c]) not in roundings(entry)
    ]


def right_entries(value: Any, right: Any) -> float:
    """Which part of a matrix's entries is right; 0 for what is no matrix of the right size."""
    if not is_matrix(right) or not is_matrix(value) or [len(r) for r in value] != [len(r) for r in right]:
        return 0.0
    return 1 - len(wrong_entries(value, right)) / sum(map(len, right))
