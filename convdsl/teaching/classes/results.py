"""What became of a class's answers: plain values, made once, read by tables, feedback and statistics."""

from __future__ import annotations

import math
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from convdsl.messages import T, decimals

STATUS = {
    "marked": T("marked"),
    "late": T("late"),
    "several": T("several files"),
    "unclear": T("unclear"),
    "absent": T("absent"),
    "unreadable": T("unreadable"),
    "refused": T("not marked"),
    "unknown": T("not on the roster"),
}
"""What can be said of a student's work as a whole, and the word for it."""
UNMARKED = frozenset({"absent", "unreadable", "refused", "unknown"})
"""With one of these there is no mark, and none is written into a gradebook."""


class Answer(NamedTuple):
    """One question of one student. `status` is right, wrong, unclear, or missing where nothing was written.

    `value` is what was read, where it is a number, a size or a matrix, and `right` what is; both packed (see `pack`).
    `key` and `hints` are the right answer and its derivation in words; `near` the ids of those whose numbers it fits.
    """

    exercise: str
    status: str
    points: float
    of: float
    written: str = ""
    understood: str = ""
    message: str = ""
    mistake: str = ""
    value: Any = None
    right: Any = None
    key: str = ""
    hints: tuple[str, ...] = ()
    why: str = ""
    near: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The part of the points that it earned, from 0 to 1."""
        return self.points / self.of if self.of else 0.0


class Result(NamedTuple):
    """One student's work, or one file's where there is no roster. `places` are the files it was taken from, the one
    that counts first; `notes` are for the lecturer."""

    id: str
    name: str
    statuses: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    places: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    when: datetime | None = None
    seed: int | None = None
    share: float = 1.0
    """What a late work keeps of its points."""

    @property
    def marked(self) -> bool:
        """Whether there is a mark."""
        return not UNMARKED & set(self.statuses)

    @property
    def points(self) -> float:
        return math.fsum(a.points for a in self.answers) * self.share

    @property
    def of(self) -> float:
        return math.fsum(a.of for a in self.answers)

    @property
    def status(self) -> str:
        """Its statuses in words."""
        return ", ".join(str(STATUS[s]) for s in self.statuses)


def pack(value: Any) -> Any:
    """A value as JSON has it: numbers are texts, so that fractions stay exact; tuples are lists."""
    if isinstance(value, tuple | list):
        return [pack(v) for v in value]
    return None if value is None else str(value)


def unpack(packed: Any) -> Any:
    """The value again: ints, Fractions, tuples; texts that are no number stay."""
    if isinstance(packed, list):
        return tuple(map(unpack, packed))
    if packed is None:
        return None
    try:
        number = Fraction(packed)
    except (ValueError, ZeroDivisionError):
        return packed
    return int(number) if number.denominator == 1 else number


def shown(points: float) -> str:
    """Points as a table of data has them: `2`, `1.5`, `0.3333`."""
    return f"{round(points, 4) + 0.0:g}"


def told(points: float) -> str:
    """Points as they are told to people: `1.5`, in Spanish `1,5`."""
    return decimals(shown(points))
