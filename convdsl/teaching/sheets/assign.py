"""A sheet for every student: his own numbers, from the secret, and nothing else that differs.

What is made depends on the sheet, the roster and the language alone: the same, byte for byte, on every machine.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from convdsl import document
from convdsl.document import Node, latex
from convdsl.messages import Rounded, T, language
from convdsl.teaching.questions import Question
from convdsl.teaching.sheets.printing import Top, form, page, sheet_document
from convdsl.teaching.sheets.roster import Student
from convdsl.teaching.sheets.sheet import Sheet
from convdsl.teaching.sheets.tables import unaccented

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


class Handout(NamedTuple):
    """What one student gets, by the names of the files; and the key to it."""

    student: Student
    files: dict[str, str]
    key: str
    told: tuple[Node, ...]
    numbers: tuple[str, ...]
    """For each question a text that is the same for two students exactly if their questions are."""


def handouts(sheet: Sheet, students: Sequence[Student]) -> Iterator[Handout]:
    """The handouts in the order of the roster. Raises ExpressionError."""
    for student in students:
        questions = sheet.questions(student.id)
        top = top_of(sheet, student)
        told = tuple(sheet_document(sheet.course, questions, top))
        files = {
            f"{T('sheet')}.md": document.write(told, "markdown"),
            f"{T('sheet')}.tex": latex.whole([told]),
            f"{T('sheet')}.html": page(sheet_document(sheet.course, questions, top, page=True)),
            f"{T('answers')}.txt": form(questions, top),
        }
        key = document.write(sheet_document(sheet.course, questions, top, key=True), "markdown")
        yield Handout(student, files, key, told, tuple(map(_numbers, questions)))


def top_of(sheet: Sheet, student: Student) -> Top:
    """What stands above the questions of a student."""
    who = " · ".join(filter(None, (student.name, student.id)))
    lines = [who, str(T("Points: {points}", points=Rounded(sheet.total)))]
    if sheet.deadline is not None:
        lines.append(str(T("Until {when}", when=f"{sheet.deadline:%Y-%m-%d %H:%M}")))
    if sheet.attempts:
        lines.append(str(T("You may hand in once.", "You may hand in {n} times.", n=sheet.attempts)))
    points = dict(zip((e.id for e in sheet.exercises), sheet.points, strict=True))
    named = (
        (str(T("sheet")), sheet.id),
        ("id", " ".join(student.id.split())),
        (str(T("version")), sheet.version),
        (str(T("language")), language()),
    )
    return Top(sheet.title, tuple(lines), named, points)


def _numbers(question: Question) -> str:
    shown: list[Any] = [repr(sorted(question.drawn.items())), [o.id for o in question.lettered.values()]]
    return json.dumps(shown)


class Variety(NamedTuple):
    """How much the sheets of a class differ: different questions of each exercise, and who has the very same sheet."""

    different: dict[str, int]
    twins: list[list[Student]]


def variety(sheet: Sheet, given: Sequence[tuple[Student, tuple[str, ...]]]) -> Variety:
    """What coincides among the sheets, from each student's `Handout.numbers`."""
    different = {e.id: len({numbers[n] for _, numbers in given}) for n, e in enumerate(sheet.exercises)}
    groups: dict[tuple[str, ...], list[Student]] = {}
    for student, numbers in given:
        groups.setdefault(numbers, []).append(student)
    return Variety(different, [group for group in groups.values() if len(group) > 1])


def folder_names(students: Sequence[Student], taken: Sequence[str] = ()) -> dict[str, str]:
    """A folder's name for each id: the id itself where it can be one on every system, else something like it."""
    used = {unaccented(name) for name in taken}
    names: dict[str, str] = {}
    for student in students:
        name = re.sub(r"[^\w@.+-]+", "_", student.id).strip("._ ")[:80] or "id"
        if _RESERVED.fullmatch(name.split(".")[0]):
            name = f"id-{name}"
        if name != student.id or unaccented(name) in used:
            name = f"{name}-{hashlib.sha256(student.id.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
        used.add(unaccented(name))
        names[student.id] = name
    return names
