"""What can be said of a wrong answer whatever the exercise is."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from convdsl.messages import T
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.marking.agreement import PLACES, wrong_entries
from convdsl.teaching.reading.steps import Reading


def near_miss(reading: Reading, right: Any, digits: int) -> T | None:
    """A word about a wrong answer that is close to the right one, or of another size."""
    value = reading.value
    if is_matrix(right):
        return _matrix_miss(value, right)
    if isinstance(right, tuple):
        return _shape_miss(value, right)
    if isinstance(value, tuple):
        return None
    if reading.grain and reading.figures > 1 and abs(Fraction(value) - Fraction(right)) <= reading.grain / 2:
        if digits:
            return T("That is rounded too far; give {n} figures.", n=digits)
        return (
            T("That is rounded; all digits are asked for.")
            if Fraction(right).denominator == 1
            else T("That is rounded too far; give {n} decimals, or a fraction.", n=PLACES)
        )
    if value == -right:
        return T("The number is right, its sign is not.")
    return None


def _matrix_miss(value: Any, right: Any) -> T:
    size = (len(value), len(value[0])) if is_matrix(value) else (0, 0)
    wanted = (len(right), len(right[0]))
    if size != wanted and wanted[0] == 1:
        return T("The result is a row of {n} numbers; yours is {r}×{c}.", n=wanted[1], r=size[0], c=size[1])
    if size != wanted:
        return T(
            "The result has {rows} rows and {columns} columns; yours is {r}×{c}.",
            rows=wanted[0],
            columns=wanted[1],
            r=size[0],
            c=size[1],
        )
    wrong = wrong_entries(value, right)
    places = ", ".join(f"({r + 1}, {c + 1})" for r, c in wrong[:4])
    return T(
        "One entry is not right, at (row, column) {places}.",
        "{n} entries are not right, among them at (row, column) {places}.",
        n=len(wrong),
        places=places,
    )


def _shape_miss(value: Any, right: tuple[Any, ...]) -> T | None:
    if not isinstance(value, tuple):
        return None
    if any(v < 1 or Fraction(v).denominator != 1 for v in value):
        return T("A size is made of whole numbers from 1 on.")
    if len(value) != len(right):
        return T("{wanted} numbers are asked for; you gave {given}.", wanted=len(right), given=len(value))
    if len(value) > 1 and sorted(value) == sorted(right):
        return T("The numbers are right, their order is not: height × width × channels.")
    if len(value) > 2 and value[:-1] == right[:-1]:
        return T("Height and width are right, the channels are not: as many as there are filters.")
    if len(value) > 2 and value[-1] == right[-1]:
        return T("The channels are right, height and width are not.")
    return None
