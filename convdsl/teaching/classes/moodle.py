"""Moodle's grading worksheet: the CSV that a lecturer downloads, fills in and uploads again.

Its head is in the language of the site, so columns are found by what stands in them: the ids end in a number that no
other row has, the maximum is the same everywhere, the grade stands in front of it, comments come last. Only grades and
comments are replaced; every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from convdsl.messages import T
from convdsl.teaching.sheets.roster import Roster, Student
from convdsl.teaching.sheets.tables import Cell, Row, TableError, plain, read_table, unaccented

_ID = re.compile(r"[^\d]*\D(\d{1,12})|(\d{1,12})")
_NUMBER = re.compile(r"\d{1,7}(?:[.,]\d{1,6})?")
_DATE = re.compile(r"-?|.*\d.*\d.*", re.S)
_NO = {"no", "non", "nao", "nein", "nee", "nej", "nei", "nie", "ez", "ne"}
"""How languages say that a grade cannot be changed."""
_MONTHS = {
    name: n
    for n, names in enumerate(
        (
            "january enero", "february febrero", "march marzo", "april abril", "may mayo", "june junio", "july julio",
            "august agosto", "september septiembre setiembre", "october octubre", "november noviembre",
            "december diciembre",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


class Participant(NamedTuple):
    """A row of the worksheet: Moodle's number, and the student of the roster that it is, if any."""

    number: str
    row: Row
    student: Student | None
    time: datetime | None
    by_name: bool = False
    """Whether nothing but his name joins the row to the student."""


class Worksheet:
    """A grading worksheet. Raises TableError where a table is none."""

    def __init__(self, data: bytes, roster: Roster) -> None:
        self.table = read_table(data)
        self.head, self.rows = self.table.rows[0], self.table.rows[1:]
        if not self.rows:
            raise TableError(T("There is no student in it."))
        width = len(self.head.cells)
        ragged = next((r for r in self.rows if len(r.cells) != width), None)
        if ragged is not None:
            raise TableError(
                T("Line {line} has {n} cells, the head {width}.", line=ragged.line, n=len(ragged.cells), width=width)
            )
        self.columns = [[r.value(c) for r in self.rows] for c in range(width)]
        self.id = self._id_column()
        self.maximum = self._maximum_column()
        self.grade = self.maximum - 1
        self.comments = self._comments_column()
        self._ids: list[int] | None = None
        self.participants = [self._participant(r, roster) for r in self.rows]
        self._check_twice()
        found = sum(p.student is not None for p in self.participants)
        if found * 2 < min(len(self.rows), len(roster.students)):
            raise TableError(
                T(
                    "Only {n} of its {rows} students are on the roster: is it the worksheet of another course?",
                    n=str(found),
                    rows=len(self.rows),
                )
            )

    def _id_column(self) -> int:
        for column, cells in enumerate(self.columns):
            found = [m[1] or m[2] for cell in cells if (m := _ID.fullmatch(cell))]
            if len(found) == len(cells):
                if len(set(found)) < len(found):
                    twice = next(n for n in found if found.count(n) > 1)
                    raise TableError(T("It has the participant {number} twice.", number=twice))
                return column
        raise TableError(
            T(
                "This is not Moodle's grading worksheet: no column has ids that end in a number, such as Participant 10001."
            )
        )

    def _maximum_column(self) -> int:
        """The column of maximum grades: one number, the same in every row, behind a column of numbers or nothing."""
        for column in range(self.id + 2, len(self.columns)):
            cells, before = self.columns[column], self.columns[column - 1]
            if len(set(cells)) == 1 and _NUMBER.fullmatch(cells[0]) and _value(cells[0]) > 0:
                top = _value(cells[0])
                if all(not c or (_NUMBER.fullmatch(c) and _value(c) <= top) for c in before):
                    return column
        raise TableError(
            T(
                "This is not Moodle's grading worksheet: no column has the maximum grade, with the grades in front of it."
            )
        )

    def _comments_column(self) -> int | None:
        """The last column, unless it is the one of dates, whose cells are dates or a dash."""
        last = len(self.columns) - 1
        cells = self.columns[last]
        if last <= self.maximum or (any(cells) and all(_DATE.fullmatch(c) and len(c) < 80 for c in cells)):
            return None
        return last

    def _ids_of(self, roster: Roster) -> list[int]:
        """The columns whose cells are ids or e-mails of half of those that may be in them. The number of a group, which may
        be somebody's id too, is none."""
        if self._ids is None:
            own = (self.id, self.grade, self.maximum, self.comments)
            most = min(len(self.rows), len(roster.students))
            found = {n: {s.id for c in cells if (s := roster.with_id(c))} for n, cells in enumerate(self.columns)}
            self._ids = [n for n, ids in found.items() if n not in own and ids and len(ids) * 2 >= most]
        return self._ids

    def _participant(self, row: Row, roster: Roster) -> Participant:
        match = _ID.fullmatch(row.value(self.id))
        number = (match[1] or match[2]) if match else ""
        student = roster.with_id(row.value(self.id))
        for column in self._ids_of(roster):
            if student is None:
                student = roster.with_id(row.value(column)) if row.value(column) else None
        by_name = student is None
        if student is None:
            named = [s for c in range(len(row.cells)) if (s := roster.named(row.value(c))) is not None]
            student = named[0] if named else None
        times = [t for c in range(self.maximum + 1, len(row.cells)) if (t := date_of(row.value(c))) is not None]
        return Participant(number.lstrip("0") or "0", row, student, times[0] if times else None, by_name)

    def _check_twice(self) -> None:
        """Two rows for one student: of rows that only a name joins to him, none is his; others are refused."""
        for student in {p.student for p in self.participants if p.student is not None}:
            rows = [p for p in self.participants if p.student is student]
            sure = [p for p in rows if not p.by_name]
            if len(sure) > 1:
                raise TableError(
                    T(
                        "Lines {one} and {two} are both {id} of the roster.",
                        one=sure[0].row.line,
                        two=sure[1].row.line,
                        id=student.id,
                    )
                )
            if len(rows) > 1:
                self.participants = [
                    p._replace(student=None) if p.student is student and p.by_name else p for p in self.participants
                ]

    @property
    def by_number(self) -> dict[str, Student]:
        """The students by Moodle's number."""
        return {p.number: p.student for p in self.participants if p.student is not None}

    @property
    def times(self) -> dict[str, datetime]:
        """When each student handed in, by id, where the worksheet says so."""
        return {p.student.id: p.time for p in self.participants if p.student is not None and p.time is not None}

    def name_of(self, participant: Participant) -> str:
        """The full name that stands behind the id."""
        return participant.row.value(self.id + 1) if self.id + 1 < self.grade else ""

    def filled(self, marks: Mapping[str, tuple[float, str]]) -> tuple[bytes, list[T]]:
        """The worksheet with a mark (a share of the maximum) and a comment for each id, and what there is to say."""
        changes: list[tuple[Cell, str]] = []
        said: list[T] = []
        for p in self.participants:
            if p.student is None or p.student.id not in marks:
                continue
            share, comment = marks[p.student.id]
            maximum = p.row.value(self.maximum)
            grade = f"{round(share * _value(maximum) + 1e-9, 2):.2f}".replace(".", self._comma)
            old = p.row.value(self.grade)
            if self._locked(p.row):
                said.append(T("{id}: Moodle says that the grade cannot be changed; it stays.", id=p.student.id))
                continue
            if old and _value(old) != _value(grade):
                said.append(T("{id}: the grade {old} becomes {new}.", id=p.student.id, old=old, new=grade))
            changes.append((p.row.cells[self.grade], grade))
            if self.comments is not None:
                changes.append((p.row.cells[self.comments], comment))
        return self.table.with_cells(changes), said

    @property
    def _comma(self) -> str:
        """How the worksheet writes decimals."""
        numbers = [*self.columns[self.maximum], *self.columns[self.grade]]
        return "," if any("," in n for n in numbers) else "."

    def _locked(self, row: Row) -> bool:
        column = self.maximum + 1
        return column < len(row.cells) and plain(row.value(column)) in _NO


def _value(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return -1.0


def date_of(text: str) -> datetime | None:
    """A date as Moodle writes it: `jueves, 10 de diciembre de 2026, 18:03`, `Thursday, 10 December 2026, 6:03 PM`."""
    words = re.findall(r"[^\W\d]+|\d+", unaccented(text))
    month = next((_MONTHS[w] for w in words if w in _MONTHS), 0)
    numbers = [w for w in words if w.isdecimal()]
    year = next((int(n) for n in numbers if len(n) == 4), 0)
    clock = re.search(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?", unaccented(text))
    if not year or clock is None:
        return None
    iso = re.search(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    day = int(iso[3]) if iso else next((int(n) for n in numbers if len(n) < 3), 0)
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + (12 if clock[4] == "p" else 0)
    try:
        return datetime(year, int(iso[2]) if iso else month, day, hour, int(clock[2]), int(clock[3] or 0))
    except ValueError:
        return None


def folder_of(participant: Participant, name: str) -> str:
    """The folder by which Moodle knows whose a feedback file is. The name must have no underscore in it."""
    shown = re.sub(r'[\\/:*?"<>|_\x00-\x1f]+', " ", name).strip() or "-"
    return f"{shown}_{participant.number}_assignsubmission_file_"
