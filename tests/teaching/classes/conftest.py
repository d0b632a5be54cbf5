"""The shipped course, and a small class with its sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.teaching.classes.grading import How
from convdsl.teaching.classes.intake import handed_in
from convdsl.teaching.classes.marks import of_class
from convdsl.teaching.classes.results import Result
from convdsl.teaching.course import Course, load
from convdsl.teaching.sheets.roster import Roster, Student, read_roster
from convdsl.teaching.sheets.sheet import Sheet, read_sheet

IDS = (
    "size-valid",
    "keep-the-size",
    "conv-params",
    "softmax",
    "shuffled-pixels",
    "binary-map",
    "under-a-budget",
    "channels-add-up",
    "size-padded",
    "conv-macs",
)
ROSTER = (
    "id,name,email\n101,Ana Ruiz,ana@x.es\n102,Luis Gil,luis@x.es\n103,Óscar Díaz,oscar@x.es\n104,Zoe Paz,zoe@x.es\n"
)


@pytest.fixture(scope="session")
def course() -> Course:
    return load()


SHEET = 'title = "Sheet 1"\nid = "s1"\nsecret = "a long secret"\n[exercises]\n' + "".join(f"{i} = 1\n" for i in IDS)


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    path = tmp_path / "sheet.toml"
    path.write_text(SHEET, encoding="utf-8")
    return read_sheet(path)


@pytest.fixture
def roster() -> Roster:
    return read_roster(ROSTER.encode())


def filled(sheet: Sheet, id: str, head: bool = True, **instead: str) -> str:
    """A form with the right answers of a student, some of them replaced; `_` in names stands for `-`."""
    lines = [f"sheet: {sheet.id}", f"id: {id}", f"version: {sheet.version}"] if head else []
    for question in sheet.questions(id):
        name = question.exercise.id
        lines += [f"[{name}]", instead.get(name.replace("-", "_"), question.answer), ""]
    return "\n".join(lines)


Marks = Callable[..., dict[str, Result]]


@pytest.fixture
def marks(sheet: Sheet, roster: Roster, tmp_path: Path) -> Marks:
    """Hands in files (by their place; bytes or texts) and gives the results by id; those of nobody by place."""

    def run(files: dict[str, str | bytes], how: How | None = None, on: Sheet | None = None) -> dict[str, Result]:
        folder = tmp_path / "handed in"
        for place, content in files.items():
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        results = of_class(on or sheet, roster, handed_in([folder]), how or How(jobs=1))
        return {r.id or r.places[0]: r for r in results}

    return run


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV by its head."""
    return list(csv.DictReader(io.StringIO(text)))


def students(n: int) -> list[Student]:
    return [Student(f"{1000 + i}", f"Student {i:03}") for i in range(n)]
