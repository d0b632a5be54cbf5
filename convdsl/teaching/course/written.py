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
from convdsl.teaching.course.seen import Seen
from convdsl.teaching.worked.exact import near, show
from convdsl.teaching.worked.matrix import aligned

_IN_TEXT = re.compile(r"\{([^{}]+)\}")
_IN_PROGRAM = re.compile(r"\{([A-Z0-9(][^{}\n]*)\}")


def fill(text: str, names: Mapping[str, Any]) -> str:
    """A text with its `{…}` filled in; `= {…}` of a rounded value is `≈ 2.333`. Raises ExpressionError."""
    return "".join(map(str, _parts(text, names)))


def pieces(text: str, names: Mapping[str, Any]) -> tuple[str | Seen, ...]:
    """The same, cut where pictures stand in it."""
    return tuple(p for p in _parts(text, names) if isinstance(p, Seen) or p.strip())


def _parts(text: str, names: Mapping[str, Any]) -> list[str | Seen]:
    found: list[str | Seen] = []
    words, start = "", 0
    for match in _IN_TEXT.finditer(text):
        value = evaluate(match[1], names)
        words += text[start : match.start()]
        if isinstance(value, Seen):
            found += [words.replace("= ≈", "≈"), value]
            words = ""
        else:
            words += _in_line(value, text, match)
        start = match.end()
    return [*found, (words + text[start:]).replace("= ≈", "≈")]


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
    if isinstance(value, str | Both | Seen):
        return str(value)
    if is_matrix(value):
        return aligned(value)
    if isinstance(value, tuple):
        return "×".join(map(number, value))
    return number(value)


def number(value: int | Fraction) -> str:
    """A number; one without an end is rounded and said to be: `≈ 2.333`."""
    if isinstance(value, Fraction) and value.denominator != 1:
        rough = near(value)
        return show(value) if rough is None else f"≈ {rough}"
    return str(Grouped(value)).replace("-", "−")
