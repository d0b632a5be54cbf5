"""The steps of a calculation that is written out: `(32 - 7)/1 + 1 = 26`, the last of which is the answer."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from lark import Token

from convdsl.teaching.reading.terms import Item
from convdsl.teaching.reading.tokens import Read

STEPS = frozenset({"EQUALS", "ARROW", "COLON", "NEWLINE"})
"""What stands between steps."""


class Reading(NamedTuple):
    """One way to read an answer: its value and what to show of it.

    `grain` is the last place that was written, `figures` how many figures were; `rank` is 0 for what the language says,
    1 for another way. `calculation` is the text where arithmetic was written in place of its result.
    """

    value: Any
    shown: str
    grain: Fraction = Fraction(0)
    figures: int = 99
    rank: int = 0
    calculation: str = ""


class Step(NamedTuple):
    """A step of a calculation, the separator before it, and whether words stand in it."""

    before: str
    items: list[Item]
    wordy: bool


def steps_of(items: Iterable[Item], read: Read) -> list[Step]:
    steps = [Step("", [], False)]
    starts = [0]
    for item in items:
        if isinstance(item, Token) and item.type in STEPS:
            steps.append(Step(item.type, [], False))
            starts.append(item.start_pos or 0)
        else:
            steps[-1].items.append(item)
    ends = [*starts[1:], 1 << 60]
    return [s._replace(wordy=any(a <= w < b for w in read.words)) for s, a, b in zip(steps, starts, ends, strict=True)]
