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
        self.text = text
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


def in_signs(text: str, wanted: Wanted) -> str:
    """A tidy text without the reason behind it, and with signs in place of words such as `per cent`. The places of tokens are
    places in this text."""
    found = p.REASON.search(text)
    text = text[: found.start()] if found and re.search(r"\w", text[: found.start()]) else text
    if wanted.sort == "matrix":
        text = p.MATRICES.sub(" ", text)
    else:
        text = p.PERCENT.sub("%", p.RAISED.sub("^", text))
        text = p.OVER.sub("/", p.IN_ALL.sub("total", text))
    if wanted.sort == "number":
        text = _as_figures(text, wanted)
    if wanted.sort in ("number", "size"):
        text = p.SO.sub(" → ", text)
    if wanted.sort == "size" and wanted.shape == (3,):
        text = p.TORCH.sub(r"(\2, \3, \1)", text)
    if wanted.sort == "size":
        text = p.BETWEEN.sub("x", p.SHAPE.sub("", text))
    return p.DEGREES.sub("", text) if wanted.unit == "°" else text


def _as_figures(text: str, wanted: Wanted) -> str:
    """A text for one number, with words that stand for signs and endings of numbers in its place."""
    text = p.ORDINAL.sub(lambda m: m[1][:-2], p.ROOT.sub("√", text))
    text = p.GIVES.sub(" = ", p.PERCENT_OF.sub("% · ", text))
    part = p.PART_OF.fullmatch(text)
    if part and wanted.unit == "%" and part[2] == "100":
        text = f"{part[1]}%"
    elif part and not wanted.whole:
        text = f"{part[1]}/{part[2]}"
    return p.TIMES_MORE.sub(r"\1", text)


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
