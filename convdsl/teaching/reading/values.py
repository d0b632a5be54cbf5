"""Answers that are a number, a size or a matrix."""

from __future__ import annotations

from convdsl.messages import T
from convdsl.teaching.reading.matrices import read_matrices
from convdsl.teaching.reading.numbers import read_numbers
from convdsl.teaching.reading.sizes import read_sizes
from convdsl.teaching.reading.steps import Reading
from convdsl.teaching.reading.text import Unclear, tidy
from convdsl.teaching.reading.wanted import Wanted


def read_answer(text: str, wanted: Wanted) -> list[Reading]:
    """All ways to read an answer, the likeliest first. Raises Unclear where a part of it is not understood."""
    text = tidy(text)
    if not text:
        raise Unclear(T("Nothing was written."))
    readings = {"matrix": read_matrices, "size": read_sizes, "number": read_numbers}[wanted.sort](text, wanted)
    return sorted(readings, key=lambda r: r.rank)
