"""`convdsl course assign`: a sheet for every student of a class."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convdsl import files
from convdsl.cli.courses import problems_of
from convdsl.cli.parsing import CallError, Parser
from convdsl.messages import T, reason

if TYPE_CHECKING:
    from convdsl.teaching.sheets.assign import Variety
    from convdsl.teaching.sheets.roster import Roster
    from convdsl.teaching.sheets.sheet import Sheet

Action = Callable[[str, Callable[[Any], int], T], Parser]


def arguments(action: Action) -> None:
    assign = action("assign", _assign, T("a sheet for every student of a class, with numbers of his own"))
    assign.add_argument("sheet", type=Path, metavar="SHEET", help=str(T("exercises, points and secret: a .toml file")))
    assign.add_argument("--roster", type=Path, required=True, metavar="FILE", help=str(T("the students: a .csv file")))
    assign.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help=str(T("the folder to write them into"))
    )


def open_sheet(path: Path, course: Path | None) -> Sheet:
    """The sheet in a file. Raises CallError with all that is wrong with it."""
    from convdsl.teaching.course import CourseError
    from convdsl.teaching.sheets.sheet import read_sheet

    if not path.is_file():
        raise CallError(T("there is no file {name}.", name=path))
    try:
        return read_sheet(path, course)
    except CourseError as error:
        raise CallError(T("this sheet cannot be used:\n  {problems}", problems=problems_of(error))) from None


def open_roster(path: Path) -> Roster:
    """The roster in a file. Raises CallError."""
    from convdsl.teaching.sheets.roster import read_roster
    from convdsl.teaching.sheets.tables import TableError

    try:
        return read_roster(read_table_file(path))
    except TableError as error:
        raise CallError(T("{path}: {reason}", path=path, reason=error)) from None


def read_table_file(path: Path) -> bytes:
    """The bytes of a table. Raises CallError."""
    from convdsl.teaching.sheets.tables import LARGEST

    try:
        return files.read(path, LARGEST)
    except OSError as error:
        raise CallError(T("{name} cannot be read: {reason}.", name=path, reason=reason(error))) from None


def _assign(options: argparse.Namespace) -> int:
    from convdsl.teaching.course import ExpressionError
    from convdsl.teaching.sheets.assign import folder_names, handouts, variety
    from convdsl.teaching.sheets.printing import latex_document

    sheet = open_sheet(options.sheet, options.course)
    roster = open_roster(options.roster)
    folder: Path = options.output
    keys, everybody = str(T("keys")), f"{T('everybody')}.tex"
    _usable(folder, sheet)
    names = folder_names(roster.students, (keys, everybody))
    given, bodies = [], []
    try:
        for handout in handouts(sheet, roster.students):
            place = folder / names[handout.student.id]
            for name, text in handout.files.items():
                _write(place / name, text)
            _write(folder / keys / f"{place.name}.md", handout.key)
            given.append((handout.student, handout.numbers))
            bodies.append(handout.latex)
        _write(folder / everybody, latex_document(bodies))
    except ExpressionError as error:
        raise CallError(T("{reason} `convdsl course lint` says more.", reason=error)) from None
    _report(sheet, variety(sheet, given), len(given), folder)
    return 0


def _usable(folder: Path, sheet: Sheet) -> None:
    """Notes in the folder whose sheets it holds. Raises CallError for one that holds something else."""
    mark = folder / ".sheet"
    line = f"{sheet.id} {sheet.version}\n"
    try:
        known = files.read(mark, 1000).decode("utf-8", "replace") if mark.exists() else None
        if known is None and folder.exists() and any(folder.iterdir()):
            raise CallError(T("{folder} is not empty; name a new folder.", folder=folder))
        if known is not None and known != line:
            raise CallError(
                T("{folder} holds another sheet, or this one before it was changed; name a new folder.", folder=folder)
            )
        if known is None:
            _write(mark, line)
    except OSError as error:
        raise CallError(T("{folder} cannot be written: {reason}.", folder=folder, reason=reason(error))) from None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, [text.encode("utf-8", "replace")], lasting=False)
    except OSError as error:
        raise CallError(T("{folder} cannot be written: {reason}.", folder=path, reason=reason(error))) from None


def _report(sheet: Sheet, found: Variety, students: int, folder: Path) -> None:
    """What was made, and where the numbers of the class coincide."""
    print(T("One sheet in {folder}.", "{n} sheets in {folder}.", n=students, folder=folder))
    width = max(len(id) for id in found.different)
    for id, different in found.different.items():
        print(f"  {id:<{width}}  {T('one version', '{n} versions', n=different)}")
    for twins in found.twins:
        print(
            T("the same sheet: {ids}", ids=", ".join(s.id for s in twins[:10]) + (" …" if len(twins) > 10 else "")),
            file=sys.stderr,
        )
