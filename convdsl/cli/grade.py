"""`convdsl grade`: marks what a class handed in, and fills in the lecturer's tables."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from convdsl import files
from convdsl.cli.courses import add_concept, chosen, count, open_course, seed
from convdsl.cli.parsing import CallError
from convdsl.cli.sheets import open_roster, open_sheet, read_table_file
from convdsl.messages import T, reason
from convdsl.teaching.classes.grading import MEGABYTES, SECONDS, How, Limits

if TYPE_CHECKING:
    from convdsl.teaching.classes.intake import Handed
    from convdsl.teaching.classes.moodle import Worksheet
    from convdsl.teaching.classes.results import Result
    from convdsl.teaching.course import Course, Exercise
    from convdsl.teaching.sheets.roster import Roster
    from convdsl.teaching.sheets.sheet import Sheet


def arguments(parser: argparse.ArgumentParser, with_course: bool = True) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=str(T("files of answers, folders of them, or a .zip"))
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help=str(T("the sheet that the class was given; needs --roster"))
    )
    parser.add_argument("--roster", type=Path, metavar="FILE", help=str(T("the students: a .csv file")))
    parser.add_argument(
        "--moodle", type=Path, metavar="FILE", help=str(T("fill in the grading worksheet downloaded from Moodle"))
    )
    parser.add_argument(
        "--feedback", type=Path, metavar="FILE", help=str(T("write the feedback: a .zip for Moodle, or a folder"))
    )
    parser.add_argument("--stats", action="store_true", help=str(T("how the class did, question by question")))
    parser.add_argument(
        "--changed-sheet", action="store_true", help=str(T("mark forms of another version of the sheet too"))
    )
    parser.add_argument(
        "--exercise",
        action="append",
        default=[],
        metavar="ID",
        help=str(T("an exercise to mark, by id or number; without, those that the files name")),
    )
    add_concept(parser)
    parser.add_argument(
        "--seed",
        type=seed,
        metavar="N",
        help=str(T("the seed that the sheet was printed with; without, the one that each file names")),
    )
    parser.add_argument(
        "--csv", nargs="?", const="-", metavar="FILE", help=str(T("a table for spreadsheets, into a file or here"))
    )
    parser.add_argument(
        "--decisions",
        type=Path,
        metavar="FILE",
        help=str(T("your rulings on unclear answers: a table that is written if it is not there, and applied")),
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help=str(T("time that a file may take")))
    parser.add_argument(
        "--memory", type=int, default=MEGABYTES, metavar="MB", help=str(T("memory that a file may take"))
    )
    parser.add_argument("--jobs", type=count, default=0, metavar="N", help=str(T("files marked at the same time")))
    if with_course:
        parser.add_argument("--course", type=Path, metavar="DIR", help=str(T("the folder of another course")))


class Marked(NamedTuple):
    """All that was found: the exercises, a result for each student or file, the sheet and the worksheet if any."""

    course: Course
    exercises: Sequence[Exercise]
    results: list[Result]
    sheet: Sheet | None = None
    worksheet: Worksheet | None = None


def run(options: argparse.Namespace) -> int:
    _check(options)
    try:
        marked = _of_class(options) if options.sheet else _of_files(options)
        marked = _decided(marked, options)
        _write(marked, options)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CallError(T("the files cannot be marked: {reason}.", reason=reason(error))) from None
    return 0


def _check(options: argparse.Namespace) -> None:
    if not 0 < options.seconds <= 86_400 or not 64 <= options.memory <= 10**6:
        raise CallError(T("A file needs some time, and 64 MB of memory at least."))
    if options.sheet and not options.roster:
        raise CallError(T("a sheet is marked with its roster: --roster FILE."))
    if options.sheet and (options.exercise or options.concept or options.seed):
        raise CallError(T("the sheet says which exercises and seeds: leave out --exercise, --concept and --seed."))
    for name in ("roster", "moodle", "feedback"):
        if getattr(options, name) and not options.sheet:
            raise CallError(T("--{name} goes with a sheet: --sheet FILE.", name=name))


def _how(options: argparse.Namespace, explain: bool) -> How:
    return How(Limits(options.seconds, options.memory), options.jobs, explain, options.changed_sheet)


def _of_class(options: argparse.Namespace) -> Marked:
    from convdsl.teaching.classes.marks import of_class

    sheet = open_sheet(options.sheet, options.course)
    _drawable(sheet.exercises, 1)
    roster = open_roster(options.roster)
    worksheet = _worksheet(options.moodle, roster) if options.moodle else None
    handed = _handed(options)
    participants = worksheet.by_number if worksheet else {}
    times = worksheet.times if worksheet else {}
    explain = options.feedback is not None or options.moodle is not None
    results = of_class(sheet, roster, handed, _how(options, explain), participants, times)
    return Marked(sheet.course, sheet.exercises, results, sheet, worksheet)


def _of_files(options: argparse.Namespace) -> Marked:
    from convdsl.teaching.classes.marks import of_files

    course = open_course(options.course)
    exercises = chosen(course, options.exercise, options.concept)
    handed = _handed(options)
    _drawable(exercises or course.exercises, options.seed or 1)
    found, results = of_files(course, exercises, handed, options.seed, _how(options, False))
    return Marked(course, found, results)


def _worksheet(path: Path, roster: Roster) -> Worksheet:
    from convdsl.teaching.classes.moodle import Worksheet
    from convdsl.teaching.sheets.tables import TableError

    try:
        return Worksheet(read_table_file(path), roster)
    except TableError as error:
        raise CallError(T("{path}: {reason}", path=path, reason=error)) from None


def _handed(options: argparse.Namespace) -> list[Handed]:
    """The files that were handed in; the lecturer's own beside them are left out."""
    from convdsl.teaching.classes.intake import NothingThere, handed_in

    own = [p for p in (options.sheet, options.roster, options.moodle, options.feedback, options.decisions) if p]
    table = [Path(options.csv)] if options.csv not in (None, "-") else []
    try:
        handed = handed_in(options.files, own + table)
    except NothingThere as error:
        raise CallError(error.message) from None
    for path in table:
        _check_table(path, options.files)
    if not handed:
        raise CallError(T("there is no file in {folder}.", folder=", ".join(map(str, options.files))))
    return handed


def _check_table(path: Path, submissions: Sequence[Path]) -> None:
    """Raises CallError where a table would be written over something that is none of ours: `--csv a.txt b.txt` takes
    the first submission for the table's name."""
    from convdsl.teaching.classes.gradebook import is_ours
    from convdsl.teaching.sheets.tables import LARGEST

    if any(os.path.realpath(p) == os.path.realpath(path) for p in submissions):
        raise CallError(T("{name} is one of the files to mark; name another one for the table.", name=path))
    if not os.path.lexists(path):
        return
    try:
        ours = is_ours(files.read(path, LARGEST))
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None
    if not ours:
        raise CallError(
            T(
                "{name} is there and is no table of marks: it is not written over. Write `--csv marks.csv`, or `--csv` at the"
                " end for a table here.",
                name=path,
            )
        )


def _drawable(exercises: Sequence[Exercise], seed: int) -> None:
    from convdsl.teaching.course import ExpressionError
    from convdsl.teaching.questions import ask

    for exercise in exercises:
        try:
            ask(exercise, seed)
        except ExpressionError as error:
            raise CallError(T("{path}: {reason}", path=exercise.path, reason=error)) from None


def _decided(marked: Marked, options: argparse.Namespace) -> Marked:
    """The results with the lecturer's rulings; what is still unclear is put into their table, to be ruled on."""
    from convdsl.teaching.classes.decisions import Decisions
    from convdsl.teaching.sheets.tables import TableError

    path: Path | None = options.decisions
    if path is None:
        return marked
    try:
        known = Decisions.read(read_table_file(path)) if os.path.lexists(path) else Decisions()
    except TableError as error:
        raise CallError(T("{path}: {reason}", path=path, reason=error)) from None
    results = [known.applied(r) for r in marked.results]
    now = known.with_open(results)
    if len(now.rows) > len(known.rows):
        _put(path, now.table().encode("utf-8-sig", "replace"))
    return marked._replace(results=results)


# What is written.


def _write(marked: Marked, options: argparse.Namespace) -> None:
    from convdsl.teaching.classes import gradebook

    if options.csv is None:
        _print(marked)
    elif options.csv == "-":
        print(gradebook.table(marked.results, marked.exercises), end="")
    else:
        _put(Path(options.csv), gradebook.table(marked.results, marked.exercises).encode("utf-8-sig", "replace"))
    _list_unclear(marked, options)
    if options.feedback is not None:
        _write_feedback(marked, options.feedback)
    if marked.worksheet is not None:
        _fill(marked, options.moodle)
    if options.stats:
        _print_statistics(marked, to_stderr=options.csv == "-")


def _list_unclear(marked: Marked, options: argparse.Namespace) -> None:
    """Says how many answers wait for the lecturer, and where he rules on them."""
    from convdsl.teaching.classes.decisions import key_of, unclear

    keys = {key_of(a, r.seed) for r in marked.results for a in unclear(r)}
    if not keys:
        return
    said = T(
        "One answer is unclear and waits for you.", "{n} different answers are unclear and wait for you.", n=len(keys)
    )
    where = (
        T("Write `right` or `wrong` beside them in {path}, and mark again.", path=options.decisions)
        if options.decisions
        else T("`--decisions FILE` writes them into a table for your rulings, and applies these.")
    )
    print(f"{said} {where}", file=sys.stderr)


def _put(path: Path, data: bytes) -> None:
    try:
        files.write(path, [data])
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None


def _print(marked: Marked) -> None:
    from convdsl.teaching.classes.gradebook import open_ones, safe
    from convdsl.teaching.classes.gradebook import reason as reason_of
    from convdsl.teaching.classes.results import told

    with_names = marked.sheet is not None
    labels = [
        safe(" ".join(filter(None, (r.name, r.id))) if with_names and r.id else r.places[0]) for r in marked.results
    ]
    width = min(60, max(map(len, labels), default=0))
    for result, label in zip(marked.results, labels, strict=True):
        points = f"{told(result.points)}/{told(result.of)}" if result.marked else "–"
        said = [result.status] if with_names or not result.marked else []
        said += [*result.notes, *(reason_of(a) for a in open_ones(result))]
        print(f"{label:<{width}}  {points:>7}  {safe(' · '.join(said))}".rstrip())


def _write_feedback(marked: Marked, target: Path) -> None:
    """A page for each marked student: in a zip as Moodle takes it, or in a folder."""
    from convdsl.teaching.classes.feedback import archive, page
    from convdsl.teaching.classes.moodle import folder_of
    from convdsl.teaching.sheets.assign import folder_names
    from convdsl.teaching.sheets.roster import Student

    assert marked.sheet is not None
    results = [r for r in marked.results if r.marked]
    name = f"{T('feedback')}.html"
    folders = folder_names([Student(r.id, r.name) for r in results])
    if marked.worksheet is not None:
        for p in marked.worksheet.participants:
            if p.student is not None and p.student.id in folders:
                shown = marked.worksheet.name_of(p) or p.student.name
                folders[p.student.id] = folder_of(p, shown)
    pages = [(f"{folders[r.id]}/{name}", page(marked.sheet, r)) for r in results]
    if target.suffix.lower() == ".zip":
        _put(target, archive(pages))
        return
    for place, text in pages:
        path = target / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None
        _put(path, text.encode("utf-8", "replace"))


def _fill(marked: Marked, path: Path) -> None:
    """Fills in Moodle's worksheet; what it was before stays beside it."""
    from convdsl.teaching.classes.feedback import comment

    assert marked.worksheet is not None
    results = {r.id: r for r in marked.results if r.marked and r.id}
    marks = {id: (r.points / r.of if r.of else 0.0, comment(r)) for id, r in results.items()}
    data, said = marked.worksheet.filled(marks)
    there = {p.student.id for p in marked.worksheet.participants if p.student is not None}
    said += [T("{id} has no row in the worksheet: his mark is not in it.", id=id) for id in results if id not in there]
    before = path.with_name(f"{path.stem}.{T('before')}{path.suffix}")
    if not os.path.lexists(before):
        _put(before, read_table_file(path))
    _put(path, data)
    for line in said:
        print(f"convdsl: {line}", file=sys.stderr)


def _print_statistics(marked: Marked, to_stderr: bool) -> None:
    from convdsl.teaching.classes.statistics import report

    print("\n" + report(marked.exercises, marked.results), file=sys.stderr if to_stderr else sys.stdout)
