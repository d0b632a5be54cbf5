"""A text in the middle of being read: how far it is, which tokens there are, and what stands around the place."""

from __future__ import annotations

import re
from typing import Any

from lark import Token

from convdsl.messages import T
from convdsl.teaching.reading import patterns as p
from convdsl.teaching.reading.text import Unclear, shortened
from convdsl.teaching.reading.wanted import Wanted


class Scanner:
    """The state of reading a text. `listed` says that numbers stand in rows, `split` that commas may stand between them;
    `words` are the places of words that change nothing."""

    def __init__(self, text: str, wanted: Wanted) -> None:
        found = p.REASON.search(text)
        self.text = text[: found.start()] if found and re.search(r"\w", text[: found.start()]) else text
        if wanted.sort == "matrix":
            self.text = p.MATRICES.sub(" ", self.text)
        else:
            self.text = p.PERCENT.sub("%", p.RAISED.sub("^", self.text))
            self.text = p.OVER.sub("/", p.IN_ALL.sub("total", self.text))
        if wanted.sort in ("number", "size"):
            self.text = p.SO.sub(" → ", self.text)
        if wanted.sort == "size":
            self.text = p.BETWEEN.sub("x", p.SHAPE.sub("", self.text))
        if wanted.unit == "°":
            self.text = p.DEGREES.sub("", self.text)
        self.wanted = wanted
        self.listed = wanted.sort == "matrix"
        self.split = wanted.sort in ("matrix", "size") or (wanted.sort == "holes" and len(wanted.names) > 1)
        self.tokens: list[Token] = []
        self.words: list[int] = []
        self.partners = _partners(self.text)
        self.skipped: set[int] = set()
        self.place = 0
        self.names = {n: names[0] for names in wanted.names for n in names}

    @property
    def last(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def behind_value(self) -> bool:
        return self.last in p.VALUES

    def before_digits(self, place: int) -> bool:
        """Whether a number, a bracket or a sign before one comes next."""
        return p.DIGITS_NEXT.match(self.text, place) is not None

    def add(self, kind: str, match: re.Match[str], value: Any = None) -> None:
        token = Token(kind, match[0], match.start(), end_pos=match.end())
        token.value = match[0] if value is None else value
        self.tokens.append(token)

    def unclear(self, part: str) -> Unclear:
        seen = self.text[: self.place].rstrip()
        seen = seen[: len(seen) - len(part)] if seen.endswith(part) else seen
        return not_understood(part, seen)

    def _end(self) -> int:
        return int(self.tokens[-1].end_pos or 0) if self.tokens else 0


def not_understood(part: str, seen: str) -> Unclear:
    """What to say of a part that was not understood, and of what was."""
    if re.search(r"\w", seen):
        return Unclear(T("“{seen}” was understood, “{part}” was not.", seen=shortened(seen), part=shortened(part)))
    return Unclear(T("“{part}” was not understood.", part=shortened(part)))


def _partners(text: str) -> dict[int, int]:
    """The places of brackets, each with its partner; brackets without one are missing."""
    found: dict[int, int] = {}
    waiting: list[int] = []
    for match in re.finditer(r"[()\[\]{}]", text):
        if match[0] in p.PAIRS:
            waiting.append(match.start())
        elif waiting and p.PAIRS[text[waiting[-1]]] == match[0]:
            opened = waiting.pop()
            found[opened], found[match.start()] = match.start(), opened
    return found
