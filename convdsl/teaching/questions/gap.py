"""Programs with a gap: the line of dots that a student replaces."""

from __future__ import annotations

import re

GAP = re.compile(r"^[ \t]*(?:\.\.\.|…)[ \t]*(?:#.*)?$", re.MULTILINE)
_INPUT = re.compile(r"^\s*(?:net\s+\w+\s*(?:->|→|\n)\s*)*input\b", re.MULTILINE)
_FENCE = re.compile(r"^\s*```[a-z]*\s*\n(.*?)\n\s*```\s*$", re.DOTALL)


def gap(program: str) -> re.Match[str] | None:
    """The line of dots that a student replaces."""
    return GAP.search(program)


def complete(answer: str, program: str) -> str:
    """The whole program: a student's lines in the gap of the exercise's, or the student's program as it is."""
    fenced = _FENCE.match(answer)
    answer = (fenced[1] if fenced else answer).strip("\n")
    place = gap(program)
    if place is None or _INPUT.search(answer):
        return answer
    lines = re.sub(r"^\s*(?:->|→)|(?:->|→)\s*$", "", answer)
    return program[: place.start()] + lines + program[place.end() :]
