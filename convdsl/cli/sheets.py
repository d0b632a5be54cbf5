"""`convdsl course assign`, `export` and `exam`: a sheet for every student of a class, question banks, exams on paper."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convdsl import files
from convdsl.cli.courses import add_choice, add_seed, chosen, count, open_course, problems_of
from convdsl.cli.parsing import CallError, Parser
from convdsl.messages import T, reason

if TYPE_CHECKING:
    from convdsl.teaching.sheets.assign import Variety
    from convdsl.teaching.sheets.quiz import Bank
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
    export = action("export", _export, T("a bank of questions for Moodle and others"))
    add_choice(export)
    export.add_argument(
        "--format", choices=("moodle-xml", "gift"), default="moodle-xml", help=str(T("moodle-xml or gift"))
    )
    export.add_argument(
        "--variants", type=count, default=50, metavar="N", help=str(T("how many versions of each exercise (50)"))
    )
    add_seed(export)
    exam = action("exam", _exam, T("an exam in LaTeX, with versions and a table for the answers"))
    add_choice(exam)
    exam.add_argument("--sheet", type=Path, metavar="FILE", help=str(T("exercises and points of a sheet")))
    exam.add_argument("--versions", type=count, default=4, metavar="N", help=str(T("how many versions (4: A to D)")))
    exam.add_argument("--key", action="store_true", help=str(T("the right answers instead of the exam")))
    add_seed(exam)


def open_sheet(path: Path, course: Path | None) -> Sheet:
    """The sheet in a file. Raises CallError with all that is wrong with it."""
    from convdsl.teaching.course import CourseError
    from convdsl.teaching.sheets.sheet import read_sheet

    if not path.is_file():
        raise CallError(T("there is no file {name}.", name=path))
    try:
        sheet = read_sheet(path, course)
    except CourseError as error:
        raise CallError(T("this sheet cannot be used:\n  {problems}", problems=problems_of(error))) from None
    sheet.course.speak()
    return sheet


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
    from convdsl.document import latex
    from convdsl.teaching.course import ExpressionError
    from convdsl.teaching.sheets.assign import folder_names, handouts, variety

    sheet = open_sheet(options.sheet, options.course)
    roster = open_roster(options.roster)
    folder: Path = options.output
    keys, everybody = str(T("keys")), f"{T('everybody')}.tex"
    _usable(folder, sheet)
    names = folder_names(roster.students, (keys, everybody))
    given, documents = [], []
    try:
        for handout in handouts(sheet, roster.students):
            place = folder / names[handout.student.id]
            for name, text in handout.files.items():
                _write(place / name, text)
            _write(folder / keys / f"{place.name}.md", handout.key)
            given.append((handout.student, handout.numbers))
            documents.append(handout.told)
        _write(folder / everybody, latex.whole(documents))
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


# Question banks and exams.


def _export(options: argparse.Namespace) -> int:
    """Prints a bank of questions; what cannot be said in it is named on standard error."""
    from convdsl.teaching.course import ExpressionError
    from convdsl.teaching.sheets.gift import gift
    from convdsl.teaching.sheets.moodle_xml import moodle_xml
    from convdsl.teaching.sheets.quiz import banks

    course = open_course(options.course)
    exercises = chosen(course, options.exercises, options.concept) or list(course.exercises)
    write = moodle_xml if options.format == "moodle-xml" else gift
    made = banks(course, exercises, options.variants, options.seed or 1)
    left_out: list[str] = []
    fewer = 0

    def noted() -> Iterator[Bank]:
        nonlocal fewer
        for bank in made:
            left_out.extend(bank.left_out)
            fewer += 0 < len(bank.items) < options.variants
            yield bank

    try:
        for line in write(noted()):
            print(line)
    except ExpressionError as error:
        raise CallError(T("{reason} `convdsl course lint` says more.", reason=error)) from None
    for message in left_out:
        print(f"convdsl: {message}", file=sys.stderr)
    if fewer:
        print(
            "convdsl: "
            + str(
                T(
                    "One exercise has fewer than {wanted} versions; all there are were written.",
                    "{n} exercises have fewer than {wanted} versions; all there are were written.",
                    n=fewer,
                    wanted=options.variants,
                )
            ),
            file=sys.stderr,
        )
    return 0


def _exam(options: argparse.Namespace) -> int:
    from convdsl.teaching.course import ExpressionError
    from convdsl.teaching.course.draw import new_seed
    from convdsl.teaching.questions import ask
    from convdsl.teaching.sheets.exam import LETTERS, Version, exam, key

    letters = LETTERS[: options.versions]
    if options.versions > len(LETTERS):
        raise CallError(T("an exam has at most {n} versions.", n=str(len(LETTERS))))
    if options.sheet:
        if options.exercises or options.concept or options.seed:
            raise CallError(
                T("the sheet says which exercises and seeds: leave out the exercises, --concept and --seed.")
            )
        sheet = open_sheet(options.sheet, options.course)
        title, exercises = sheet.title, list(sheet.exercises)
        points = dict(zip((e.id for e in exercises), sheet.points, strict=True))
        seeds = [sheet.seed(f"exam {letter}") for letter in letters]
    else:
        course = open_course(options.course)
        title = course.title
        exercises = chosen(course, options.exercises, options.concept) or list(course.exercises)
        points = {e.id: 1.0 for e in exercises}
        if options.seed is None and options.key:
            raise CallError(T("the key belongs to an exam with a seed or a sheet: --seed N or --sheet FILE."))
        first = options.seed or new_seed()
        seeds = [first + n for n in range(options.versions)]
        if options.seed is None:
            print(f"convdsl: --seed {first}", file=sys.stderr)
    try:
        versions = [Version(a, [ask(e, s) for e in exercises]) for a, s in zip(letters, seeds, strict=True)]
        print(key(title, versions) if options.key else exam(title, versions, points), end="")
    except ExpressionError as error:
        raise CallError(T("{reason} `convdsl course lint` says more.", reason=error)) from None
    return 0
