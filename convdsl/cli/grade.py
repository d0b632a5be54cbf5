"""`convdsl grade`: marks a folder of answers, one line for each file."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from convdsl.cli.parsing import CallError
from convdsl.messages import T, reason
from convdsl.teaching.classes.grading import MEGABYTES, SECONDS, Limits, grade
from convdsl.teaching.classes.submissions import Mark, files_of
from convdsl.teaching.course import Course, Exercise, ExpressionError
from convdsl.teaching.questions import ask


def arguments(parser: argparse.ArgumentParser, with_course: bool = True) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=str(T("files of answers, or folders of them"))
    )
    parser.add_argument(
        "--exercise",
        action="append",
        default=[],
        metavar="ID",
        help=str(T("an exercise to mark, by id or number; all without")),
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help=str(T("the seed that the sheet was printed with; without, the one that each file names")),
    )
    parser.add_argument(
        "--csv", nargs="?", const="-", metavar="FILE", help=str(T("a table for spreadsheets, into a file or here"))
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help=str(T("time that a file may take")))
    parser.add_argument(
        "--memory", type=int, default=MEGABYTES, metavar="MB", help=str(T("memory that a file may take"))
    )
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help=str(T("files marked at the same time")))
    if with_course:
        parser.add_argument("--course", type=Path, metavar="DIR", help=str(T("the folder of another course")))


def run(options: argparse.Namespace) -> int:
    from convdsl.cli.course import find, open_course

    course = open_course(options.course)
    exercises = list(dict.fromkeys(find(course, e) for e in options.exercise)) or list(course.exercises)
    files = _files(options.files)
    if options.seconds <= 0 or options.memory < 64:
        raise CallError(T("A file needs some time, and 64 MB of memory at least."))
    _drawable(exercises, options.seed)
    limits = Limits(options.seconds, options.memory)
    try:
        return _write(course, exercises, files, limits, options)
    except OSError as error:
        raise CallError(T("the files cannot be marked: {reason}.", reason=error)) from None


def _files(named: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in named:
        try:
            found += files_of(path) if path.is_dir() else [path]
        except OSError as error:
            raise CallError(T("{name} cannot be read: {reason}.", name=path, reason=reason(error))) from None
        if not path.exists():
            raise CallError(T("there is no file {name}.", name=path))
    if not found:
        raise CallError(T("there is no file in {folder}.", folder=", ".join(map(str, named))))
    return found


def _drawable(exercises: Sequence[Exercise], seed: int | None) -> None:
    for exercise in exercises:
        try:
            ask(exercise, seed or 1)
        except ExpressionError as error:
            raise CallError(T("{path}: {reason}", path=exercise.path, reason=error)) from None


def _write(
    course: Course, exercises: Sequence[Exercise], files: Sequence[Path], limits: Limits, options: argparse.Namespace
) -> int:
    marks = grade(files, course, exercises, options.seed, limits, options.jobs)
    if options.csv is None:
        width = max(len(f.name) for f in files)
        for mark in marks:
            print(
                f"{_shown(mark.file):<{width}}  {mark.points:>3}/{mark.of}  {_shown(' · '.join(mark.reasons))}",
                flush=True,
            )
        return 0
    if options.csv == "-":
        _table(sys.stdout, marks)
    else:
        with open(options.csv, "w", encoding="utf-8-sig", newline="") as file:
            _table(file, marks)
    return 0


def _table(file: object, marks: object) -> None:
    writer = csv.writer(file, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerow([str(T("file")), str(T("points")), str(T("of")), str(T("seed")), str(T("reasons"))])
    for mark in marks:  # type: ignore[attr-defined]
        writer.writerow(_cells(mark))


def _cells(mark: Mark) -> list[object]:
    """The columns of a line. A cell that a spreadsheet would take for a formula is made a text."""
    texts = [_shown(mark.file), _shown(" · ".join(mark.reasons))]
    name, reasons = (f"'{t}" if t.startswith(("=", "+", "-", "@")) else t for t in texts)
    return [name, mark.points, mark.of, mark.seed, reasons]


def _shown(text: str) -> str:
    """A text that a hostile file or file name cannot play with the terminal through."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
