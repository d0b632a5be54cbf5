"""How values are written in the texts of a course, and how `{…}` in a text gets its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convdsl.messages import Grouped, listed
from convdsl.teaching.course.exercise import Both
from convdsl.teaching.course.expressions import evaluate
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.exact import near, show

_IN_TEXT = re.compile(r"\{([^{}]+)\}")
_IN_PROGRAM = re.compile(r"\{([A-Z0-9(][^{}\n]*)\}")


def fill(text: str, names: Mapping[str, Any]) -> str:
    """A text with its `{…}` filled in; `= {…}` of a rounded value is `≈ 2.333`. Raises ExpressionError."""
    return _IN_TEXT.sub(lambda m: _in_line(evaluate(m[1], names), text, m), text).replace("= ≈", "≈")


def _in_line(value: Any, text: str, place: re.Match[str]) -> str:
    """A value as it stands in its line: a row of numbers among words is a list, since spaces would make a table of it."""
    if is_matrix(value) and len(value) == 1:
        start, end = text.rfind("\n", 0, place.start()) + 1, text.find("\n", place.end())
        around = text[start : place.start()] + (text[place.end() :] if end < 0 else text[place.end() : end])
        if re.search(r"[^\W\d_]{2,}", around):
            return f"[{listed(show(v) for v in value[0])}]"
    return written(value)


def fill_program(text: str, names: Mapping[str, Any]) -> str:
    """A program with its `{N}` filled in; the braces of blocks, which a space or a small letter follows, stay."""
    return _IN_PROGRAM.sub(lambda m: _plain(evaluate(m[1], names)), text)


def expressions_in(text: str) -> list[str]:
    """What stands in the braces of a text."""
    return _IN_TEXT.findall(text)


def _plain(value: Any) -> str:
    if is_matrix(value):
        return "; ".join(" ".join(map(str, row)) for row in value)
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def written(value: Any) -> str:
    """A value as a text shows it: `1792`, `61,706` (`61 706` in Spanish), `0.5` (`0,5`), `28×28×6`, a matrix in lines."""
    if isinstance(value, str | Both):
        return str(value)
    if is_matrix(value):
        return matrix(value)
    if isinstance(value, tuple):
        return "×".join(map(number, value))
    return number(value)


def number(value: int | Fraction) -> str:
    """A number; one without an end is rounded and said to be: `≈ 2.333`."""
    if isinstance(value, Fraction) and value.denominator != 1:
        rough = near(value)
        return show(value) if rough is None else f"≈ {rough}"
    return str(Grouped(value)).replace("-", "−")


def matrix(rows: tuple[tuple[Any, ...], ...]) -> str:
    """Rows one below the other, columns aligned."""
    cells = [[show(v) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
