"""When an exercise that was wrong comes back: boxes as in Sebastian Leitner's "So lernt man lernen" (1972).

A wrong answer, or one that was shown, puts an exercise into box 0, and it comes back at once. Answered right it moves to box 1
and comes back after a day; each right answer on or after its day moves it one box on, and the days between grow: 1, 3, 7, 14,
30. Right once more after the last box, it is known and comes back no more. A right answer before its day moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from convdsl.teaching.records import Try

DAYS = (1, 3, 7, 14, 30)
"""How many days after a right answer an exercise in box 1, 2, … comes back."""


class Card(NamedTuple):
    """An exercise that comes back: from which box, on which day, how often it was wrong, the misconception that it showed last
    (empty where none is known), and the seed of the numbers with which it did."""

    exercise: str
    box: int
    day: date
    wrong: int
    mistake: str
    seed: int


def card(exercise: str, history: Iterable[Try]) -> Card | None:
    """What follows from the tries of an exercise, the earliest first; None where nothing was wrong, or it is known again."""
    found: Card | None = None
    for one in history:
        today = date.fromtimestamp(one.time)
        if one.verdict != "right":
            wrong, mistake, seed = (found.wrong, found.mistake, found.seed) if found is not None else (0, "", 0)
            if one.mistake:
                mistake, seed = one.mistake, one.seed
            found = Card(exercise, 0, today, wrong + 1, mistake, seed)
        elif found is not None and today >= found.day:
            known = found.box == len(DAYS)
            found = None if known else found._replace(box=found.box + 1, day=today + timedelta(DAYS[found.box]))
    return found
