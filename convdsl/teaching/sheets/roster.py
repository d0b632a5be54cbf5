"""The students of a class, from a list as a secretary's office, a spreadsheet or Moodle gives it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from convdsl.messages import T
from convdsl.teaching.sheets.tables import Row, TableError, plain, read_table

IDS = (
    "id idnumber studentid studentnumber idstudent idalumno idestudiante alumnoid numerodeid numeroid nid"
    " numerodeidentificacion identificacion dni nif nie niu nia nip cedula ci matricula numerodematricula nummatricula"
    " expediente numerodeexpediente nexpediente legajo codigo codigoestudiante registro carne carnet documento"
    " numerodedocumento rut curp uo",
    "username user usuario nombredeusuario login",
    "identificador identifier",
    "email emailaddress mail correo correoelectronico direcciondecorreo direcciondecorreoelectronico",
)
"""What the column of ids is called, the surest first; accents, capitals and spaces aside."""
NAMES = "name fullname student studentname alumno alumna estudiante nombrecompleto nombreyapellidos apellidosynombre"
NAMES += " apellidosynombres apellidosnombre nombreapellidos nombreyapellido"
FIRST = "firstname givenname givennames forename nombre nombres nombrepropio"
LAST = "lastname surname familyname apellido apellidos primerapellido apellidopaterno"
SECOND = "segundoapellido apellidomaterno"


class Student(NamedTuple):
    """One row of a roster. `also` are the other ids in it (user name, e-mail), by which he may be found."""

    id: str
    name: str
    also: tuple[str, ...] = ()


class Roster:
    """The students in the order of the list. Ids and names are found accents and capitals aside, if unambiguous."""

    def __init__(self, students: Iterable[Student]) -> None:
        self.students = tuple(students)

    @cached_property
    def _by_id(self) -> dict[str, Student]:
        return {same(s.id): s for s in self.students}

    @cached_property
    def _by_other(self) -> dict[str, Student | None]:
        found: dict[str, Student | None] = {}
        for student in self.students:
            for text in {same(t) for t in student.also if t.strip()} - self._by_id.keys():
                found[text] = None if text in found else student
        return found

    @cached_property
    def _by_name(self) -> dict[tuple[str, ...], Student | None]:
        found: dict[tuple[str, ...], Student | None] = {}
        for student in self.students:
            words = name_words(student.name)
            if words:
                found[words] = None if words in found else student
        return found

    def with_id(self, id: str) -> Student | None:
        """The student with an id, or with an e-mail or user name that nobody else has."""
        wanted = same(id)
        return self._by_id.get(wanted) or self._by_other.get(wanted)

    def named(self, name: str) -> Student | None:
        """The student of a name, whatever the order of its words; None where there are two."""
        return self._by_name.get(name_words(name))

    def known_name(self, name: str) -> bool:
        """Whether anybody has this name, even if two have."""
        return name_words(name) in self._by_name


def same(text: str) -> str:
    """A text as ids are compared: composed, capitals and outer spaces aside."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name in an order of their own: `Pérez, Ana` and `Ana Pérez` are one."""
    words = "".join(c if c.isalnum() else " " for c in unicodedata.normalize("NFC", name)).split()
    return tuple(sorted(map(plain, words)))


def read_roster(data: bytes) -> Roster:
    """The roster in a CSV file. Raises TableError."""
    table = read_table(data)
    head, rows = _Head.of(table.rows)
    students = []
    seen: dict[str, Row] = {}
    for row in rows:
        if any(cell.value.strip() for cell in row.cells[head.width :]):
            raise TableError(T("Line {line} has more cells than the head of the table.", line=row.line))
        id = unicodedata.normalize("NFC", row.value(head.id))
        if not id:
            raise TableError(T("Line {line} has no id (column “{column}”).", line=row.line, column=head.label))
        if same(id) in seen:
            raise TableError(
                T(
                    "The id {id} stands in lines {one} and {two}: every student needs one of his own.",
                    id=id,
                    one=seen[same(id)].line,
                    two=row.line,
                )
            )
        seen[same(id)] = row
        name = " ".join(filter(None, (row.value(c) for c in head.name)))
        others = tuple(filter(None, (row.value(c) for c in head.others)))
        students.append(Student(id, name, others))
    if not students:
        raise TableError(T("There is no student in it."))
    return Roster(students)


class _Head(NamedTuple):
    id: int
    label: str
    name: tuple[int, ...]
    others: tuple[int, ...]
    width: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> tuple[_Head, Sequence[Row]]:
        """Where what stands, and the rows below. A list without a head is ids, then names."""
        labels = [plain(cell.value) for cell in rows[0].cells]
        for group in IDS:
            column = next((n for n, label in enumerate(labels) if label in group.split()), None)
            if column is not None and all(row.value(column) for row in rows[1:]):
                break
        else:
            column = next((n for n, label in enumerate(labels) if any(label in g.split() for g in IDS)), None)
        if column is None:
            return cls._without(rows)
        others = tuple(n for n, label in enumerate(labels) if n != column and any(label in g.split() for g in IDS))
        return cls(column, rows[0].value(column), cls._names(labels), others, len(labels)), rows[1:]

    @staticmethod
    def _names(labels: Sequence[str]) -> tuple[int, ...]:
        def at(words: str) -> list[int]:
            return [n for n, label in enumerate(labels) if label in words.split()][:1]

        last = at(LAST)
        if last:
            return tuple(at(FIRST) + last + at(SECOND))
        return tuple(at(NAMES) or at(FIRST))

    @classmethod
    def _without(cls, rows: Sequence[Row]) -> tuple[_Head, Sequence[Row]]:
        first = rows[0].value(0)
        if not any(c.isdigit() or c == "@" for c in first):
            raise TableError(
                T(
                    "No column of the roster is called id, number, username or e-mail; there are: {columns}.",
                    columns=", ".join(c.value.strip() for c in rows[0].cells),
                )
            )
        return cls(0, "1", (1,), (), max(len(r.cells) for r in rows)), rows
