"""Programs with a gap: the line of dots that a student replaces."""

from __future__ import annotations

import re
from typing import NamedTuple

GAP = re.compile(r"^[ \t]*(?:\.\.\.|…)[ \t]*(?:#.*)?$", re.MULTILINE)
_INPUT = re.compile(r"^\s*(?:net\s+\w+\s*(?:->|→|\n)\s*)*input\b", re.MULTILINE)
_FIRST = re.compile(r"^[ \t]*(input[ \t]+\S+)", re.MULTILINE)
_FENCE = re.compile(r"^\s*```[a-z]*\s*\n(.*?)\n\s*```\s*$", re.DOTALL)


def gap(program: str) -> re.Match[str] | None:
    """The line of dots that a student replaces."""
    return GAP.search(program)


class Completed(NamedTuple):
    """A whole program, and where in it the student's own text stands: `size` characters from `start` on, which are those
    of the answer from `origin` on."""

    program: str
    start: int
    origin: int
    size: int

    def in_answer(self, offset: int) -> int | None:
        """The place in the answer of a place in the program; None where the exercise wrote it."""
        return offset - self.start + self.origin if 0 <= offset - self.start <= self.size else None


def complete(answer: str, program: str) -> Completed:
    """The whole program: a student's lines in the gap of the exercise's, or the student's program, below the exercise's
    input where he left it out."""
    fenced = _FENCE.match(answer)
    origin, end = fenced.span(1) if fenced else (0, len(answer))
    own = answer[origin:end]
    origin += len(own) - len(own.lstrip("\n"))
    own = own.strip("\n")
    place = gap(program)
    first = _FIRST.search(program)
    if _INPUT.search(own) or place is None:
        head = "" if first is None or _INPUT.search(own) else f"{first[1]}\n"
        return Completed(head + own, len(head), origin, len(own))
    leading = re.match(r"\s*(?:->|→)", own)
    if leading:
        own, origin = own[leading.end() :], origin + leading.end()
    own = re.sub(r"(?:->|→)\s*$", "", own)
    return Completed(program[: place.start()] + own + program[place.end() :], place.start(), origin, len(own))
