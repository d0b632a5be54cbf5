"""Whose work a file is: by Moodle's folder, the file's name, or what the form in it says; never by guessing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from convdsl.messages import T
from convdsl.teaching.classes.forms import Form
from convdsl.teaching.classes.intake import Handed
from convdsl.teaching.sheets.roster import Roster, Student, same

_SHORTEST = 4
"""Characters of an id that is looked for inside a file's name."""


class Owner(NamedTuple):
    """The student a file is of, or None; and what there is to say about it."""

    student: Student | None
    note: T | None = None


def owner(handed: Handed, form: Form, roster: Roster, participants: Mapping[str, Student]) -> Owner:
    """Whose a file is. `participants` are the students by Moodle's numbers."""
    claimed = form.head.get("id", "")
    student = _by_place(handed, roster, participants)
    if student is None and not handed.number:
        student = roster.with_id(claimed) if claimed else None
    if student is None:
        return Owner(None, _unknown(handed, claimed, roster))
    if claimed and same(claimed) != same(student.id) and roster.with_id(claimed) is not student:
        return Owner(
            student, T("The form is that of {id}; it was marked with the numbers of {own}.", id=claimed, own=student.id)
        )
    return Owner(student)


def _by_place(handed: Handed, roster: Roster, participants: Mapping[str, Student]) -> Student | None:
    if handed.number:
        return participants.get(handed.number) or roster.named(handed.person) or roster.with_id(handed.person)
    for name in (handed.stem, handed.folder):
        student = roster.with_id(name) or roster.named(name)
        if student is not None:
            return student
    found = {
        student.id: student
        for word in re.split(r"[\s_,;()\[\]]+", handed.stem)
        if len(word) >= _SHORTEST and (student := roster.with_id(word)) is not None
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _unknown(handed: Handed, claimed: str, roster: Roster) -> T:
    if handed.person and roster.known_name(handed.person):
        return T(
            "Two students are called {name}: the worksheet of Moodle (--moodle) tells them apart.", name=handed.person
        )
    if handed.person and claimed and roster.with_id(claimed) is not None:
        return T(
            "Moodle's folder is that of {name}, who is not on the roster; the form in it names {id}. "
            "The worksheet of Moodle (--moodle) says who is who.",
            name=handed.person,
            id=claimed,
        )
    if claimed:
        return T("The form names the id {id}, which is not on the roster.", id=claimed)
    return T("Neither its name nor a line `id: …` in it says whose it is.")
