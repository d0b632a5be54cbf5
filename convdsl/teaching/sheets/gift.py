"""A bank of questions in GIFT, the plain text that Moodle and others import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from convdsl.teaching.sheets.quiz import Bank, Given, html

_SPECIAL = re.compile(r"([~=#{}:\\])")


def gift(banks: Iterable[Bank]) -> Iterator[str]:
    """The lines of the file: a category for each exercise, and its questions, an empty line between them."""
    for bank in banks:
        if bank.items:
            path = "/".join(part.replace("/", "//") for part in bank.category)
            yield f"$CATEGORY: $course$/top/{path}"
            yield ""
        for item in bank.items:
            yield f"::{escaped(item.name)}::[html]{escaped(item.text)}{{{'#' if item.kind == 'number' else ''}"
            yield from (_answer(item.kind, answer) for answer in item.answers)
            yield f"####{escaped(item.feedback)}"
            yield "}"
            yield ""


def _answer(kind: str, answer: Given) -> str:
    said = f"#{escaped(html(answer.feedback))}" if answer.feedback else ""
    if kind == "choice":
        return f"{'=' if answer.fraction == 100 else '~'}{escaped(answer.text)}{said}"
    value = escaped(answer.text)
    if kind == "number":
        value += f":{answer.tolerance:.10g}"
    return f"=%{answer.fraction:g}%{value}{said}"


def escaped(text: str) -> str:
    """A text in which nothing is special any more; line ends are written as `\\\\n`."""
    return _SPECIAL.sub(r"\\\1", text).replace("\n", r"\n")
