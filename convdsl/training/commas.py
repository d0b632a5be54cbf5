"""Commas that a line of a `train` block cannot have: decimal ones, and those before another setting."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convdsl.diagnostics import Fix, written
from convdsl.language import tree
from convdsl.language.options import fold
from convdsl.messages import T
from convdsl.source import Span
from convdsl.training.lines import ELSEWHERE, LINES, SAME, Line

Trouble = tuple[Span, T, T | Fix]
"""The place, what is wrong, the way out."""


def misplaced_comma(line: Line, items: Sequence[tree.Item], text: str) -> Trouble | None:
    """What is wrong with the first comma among `items` that does not separate options; `text` is the program's."""
    for before, comma, after in zip(items, items[1:], items[2:], strict=False):
        if not isinstance(comma, tree.Comma):
            continue
        touching = before.span.end == comma.span.start and comma.span.end == after.span.start
        if touching and not line.free and isinstance(after, tree.Number) and text[comma.span.start - 1].isdigit():
            return _inside_a_number(line, comma.span, after.span, text)
        name = after.key if isinstance(after, tree.Named) else after
        if isinstance(name, tree.Word) and _is_setting(name.text) and (line.free or not _belongs(name.text, line)):
            return (
                comma.span,
                T("Each setting of `train` stands on a line of its own."),
                written(comma.span, "\n", T("End the line before `{name}`.", name=name.text), safe=True),
            )
    return None


def _is_setting(word: str) -> bool:
    return word in LINES or fold(word) in ELSEWHERE


def _belongs(word: str, line: Line) -> bool:
    """Whether the line has an option or a value that is called like this, here or elsewhere."""
    called = (word, SAME.get(word), ELSEWHERE.get(fold(word)))
    return any(name in line.options or name in line.words for name in called)


def _inside_a_number(line: Line, comma: Span, after: Span, text: str) -> Trouble:
    """A decimal comma, or one that groups thousands."""
    number = re.search(r"[0-9]+$", text[: comma.start])
    left, right = number[0] if number else "", text[after.start : after.end]
    span = Span(comma.start - len(left), after.end)
    if line.number is not None and line.number.whole and len(right) == 3:
        return span, T("Digits are not grouped with commas."), written(span, left + right, safe=True)
    pointed = f"{left}.{right}"
    way = T("Decimals are written with a point: {number}.", number=pointed)
    return span, T("A comma cannot stand inside a number."), written(span, pointed, way, safe=True)
