"""Wrong answers that are right with another student's numbers: named, for the lecturer to judge, and not punished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from convdsl.teaching.classes.grading import How, Work, grade
from convdsl.teaching.classes.results import Result, pack, unpack
from convdsl.teaching.sheets.sheet import Sheet

MOST_NAMED = 3
_SURE = 3
"""So many answers that fit one neighbour are no chance, even where letters are chosen."""
_SUSPECT = 2
_PLACES = range(2, 7)
Fits = dict[tuple[str, str], list[str]]


def with_neighbours(
    results: Sequence[Result], replies: Mapping[str, list[dict[str, Any]]], sheet: Sheet, how: How
) -> list[Result]:
    """The results, with the ids in `near` whose numbers a wrong answer fits. `replies` are the worker's, by id."""
    whose: dict[tuple[str, Any], list[str]] = {}
    for id, reply in replies.items():
        for item in reply:
            for value in _ways(item.get("right")):
                whose.setdefault((item["exercise"], value), []).append(id)
    fits: dict[str, Fits] = {r.id: _fits(r, whose) for r in results}
    _add_programs(results, fits, sheet, how)
    choices = {e.id for e in sheet.exercises if e.options}
    return [_marked(r, fits[r.id], choices, len(results)) for r in results]


def _ways(right: Any) -> set[Any]:
    """A right value, as it can be compared: also rounded, where it does not end."""
    value = unpack(right)
    if value is None:
        return set()
    if isinstance(value, Fraction):
        return {value} | {Fraction(round(value, places)) for places in _PLACES}
    return {value}


def _fits(result: Result, whose: Mapping[tuple[str, Any], list[str]]) -> Fits:
    found: Fits = {}
    for answer in result.answers:
        if answer.status == "wrong" and answer.value is not None:
            ids = [i for i in whose.get((answer.exercise, unpack(answer.value)), ()) if i != result.id]
            if ids:
                found[(answer.exercise, str(pack(answer.value)))] = ids
    return found


def _counted(fits: Fits) -> Counter[str]:
    return Counter(id for ids in fits.values() for id in ids)


def _add_programs(results: Sequence[Result], fits: Mapping[str, Fits], sheet: Sheet, how: How) -> None:
    """Programs and values for holes are tried with the numbers of those whom two other answers fit already."""
    programs = {e.id for e in sheet.exercises if not e.options and not e.answer}
    works: list[Work] = []
    asked: list[tuple[str, str]] = []
    for result in results:
        open_ones = {a.exercise: a.written for a in result.answers if a.status == "wrong" and a.exercise in programs}
        suspects = [id for id, n in _counted(fits[result.id]).most_common(MOST_NAMED) if n >= _SUSPECT]
        for id in suspects if open_ones else ():
            works.append(Work(sheet.seed(id), open_ones, tuple(open_ones)))
            asked.append((result.id, id))
    for (own, other), reply in zip(
        asked, grade(works, sheet.course, sheet.exercises, how.limits, how.jobs), strict=True
    ):
        for item in reply:
            if item["status"] == "right":
                fits[own].setdefault((item["exercise"], ""), []).append(other)


def _marked(result: Result, fits: Fits, choices: set[str], students: int) -> Result:
    counted = _counted(fits)
    near: dict[str, tuple[str, ...]] = {}
    for (exercise, _), ids in fits.items():
        best = sorted(ids, key=lambda i: (-counted[i], i))
        by_chance = len(ids) > max(MOST_NAMED, students // 4) or exercise in choices
        kept = [i for i in best if counted[i] >= _SURE] if by_chance else best
        # Where somebody fits several answers, those that fit this one alone say nothing.
        most = counted[kept[0]] if kept else 0
        near[exercise] = tuple(i for i in kept if counted[i] == most or most < _SUSPECT)[:MOST_NAMED]
    answers = tuple(a._replace(near=near.get(a.exercise, ())) for a in result.answers)
    return result._replace(answers=answers)
