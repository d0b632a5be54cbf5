"""`convdsl course`: exercises to work through, and what a lecturer needs to write, print and mark them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convdsl.cli import grade
from convdsl.cli.course_loop import practise
from convdsl.cli.parsing import CallError, Parser
from convdsl.messages import T, reason
from convdsl.teaching.course import Course, CourseError, Exercise, ExpressionError, load, read_course
from convdsl.teaching.course.draw import new_seed
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.progress import Progress
from convdsl.teaching.questions import ask

MARKS = {"solved": "✓", "skipped": "»", "tried": "·", "open": " "}
"""How `list` shows the state of an exercise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(act=_practise, exercise=None, seed=None)
    _add_course(parser)
    actions = parser.add_subparsers(title=str(T("what to do")), metavar="", parser_class=Parser)

    def action(name: str, act: Callable[[Any], int], help: T) -> Parser:
        added = actions.add_parser(name, help=str(help), description=str(help))
        added.set_defaults(act=act)
        _add_course(added, again=True)
        return added

    practise = action("practise", _practise, T("work through the exercises here (also without a word)"))
    practise.add_argument("exercise", nargs="?", metavar="ID", help=str(T("an exercise, by id or number")))
    _add_seed(practise)
    action("list", _list, T("all exercises, with what has been solved"))
    lint = action("lint", _lint, T("whether a course can be given to students"))
    lint.add_argument("--seeds", type=_count, default=20, metavar="N", help=str(T("how many seeds to try (20)")))
    printed = action("print", _print, T("a sheet of exercises for paper"))
    printed.add_argument("exercises", nargs="*", metavar="ID", help=str(T("exercises, by id or number; all without")))
    printed.add_argument(
        "--concept", action="append", default=[], metavar="ID", help=str(T("all exercises of a concept"))
    )
    printed.add_argument(
        "--format",
        choices=("markdown", "latex", "form"),
        default="markdown",
        help=str(T("markdown, latex, or an empty form for `grade`")),
    )
    printed.add_argument("--key", action="store_true", help=str(T("with answers and hints")))
    _add_seed(printed)
    new = action("new", _new, T("write a small course of your own to start from"))
    new.add_argument("folder", type=Path, metavar="FOLDER")
    graded = action("grade", grade.run, T("mark files of answers"))
    grade.arguments(graded, with_course=False)


def run(options: argparse.Namespace) -> int:
    return options.act(options)


def _add_course(parser: argparse.ArgumentParser, again: bool = False) -> None:
    default: Any = argparse.SUPPRESS if again else None
    parser.add_argument(
        "--course", type=Path, metavar="DIR", default=default, help=str(T("the folder of another course"))
    )


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=_count, metavar="N", help=str(T("the numbers to draw: the same seed, the same numbers"))
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:10]) <= 10**9:
        raise argparse.ArgumentTypeError(str(T("`{text}` is not a whole number from 1 on", text=text)))
    return int(text)


def open_course(folder: Path | None) -> Course:
    """The course in a folder, or the shipped one. Raises CallError with all that is wrong with it."""
    try:
        return load(folder)
    except CourseError as error:
        lines = "\n  ".join(map(str, error.problems[:20]))
        raise CallError(T("this course cannot be used:\n  {problems}", problems=lines)) from None


def find(course: Course, text: str) -> Exercise:
    """An exercise by id, number or beginning. Raises CallError."""
    try:
        return course.find(text)
    except KeyError as error:
        raise CallError(error.args[0]) from None


def _practise(options: argparse.Namespace) -> int:
    course = open_course(options.course)
    progress = Progress.open(course)
    if progress.notice is not None:
        print(f"convdsl: {progress.notice}", file=sys.stderr)
    first = find(course, options.exercise) if options.exercise else None
    try:
        return practise(course, progress, first, options.seed)
    except OSError as error:
        raise CallError(T("progress cannot be saved: {reason}.", reason=error)) from None


def _list(options: argparse.Namespace) -> int:
    course = open_course(options.course)
    progress = Progress.open(course)
    width = max(len(e.id) for e in course.exercises)
    for concept, solved, total in progress.summary(course):
        print(f"\n{concept.title} ({solved}/{total})")
        for exercise in concept.exercises:
            mark, kind = MARKS[progress.state(exercise)], KINDS[exercise.kind]
            print(f" {mark}{course.number(exercise):>3}  {exercise.id:<{width}}  {exercise.title} · {kind}")
    return 0


def _lint(options: argparse.Namespace) -> int:
    from convdsl.teaching.authoring.lint import lint
    from convdsl.teaching.course import SHIPPED

    course, problems = read_course(options.course or SHIPPED)
    if course is not None and not problems:
        problems = lint(course, range(1, options.seeds + 1))
    for problem in problems:
        print(problem)
    if problems:
        print(T("one problem.", "{n} problems.", n=len(problems)), file=sys.stderr)
        return 1
    assert course is not None
    print(T("One exercise, nothing wrong.", "{n} exercises, nothing wrong.", n=len(course.exercises)))
    return 0


def _print(options: argparse.Namespace) -> int:
    from convdsl.teaching.classes.printing import sheet

    course = open_course(options.course)
    known = [c.id for c in course.concepts]
    for concept in options.concept:
        if concept not in known:
            raise CallError(T("there is no concept `{id}`; there are: {known}.", id=concept, known=", ".join(known)))
    wanted = [find(course, e) for e in options.exercises]
    wanted += [e for e in course.exercises if e.concept in options.concept]
    seed = options.seed or new_seed()
    try:
        questions = [ask(e, seed) for e in dict.fromkeys(wanted or course.exercises)]
        text = sheet(course, questions, seed, options.format, options.key)
    except ExpressionError as error:
        raise CallError(T("{reason} `convdsl course lint` says more.", reason=error)) from None
    print(text, end="")
    return 0


def _new(options: argparse.Namespace) -> int:
    from convdsl.teaching.course.new import write_course

    try:
        files = write_course(options.folder)
    except FileExistsError:
        raise CallError(T("{folder} is not empty; name a new folder.", folder=options.folder)) from None
    except OSError as error:
        raise CallError(
            T("{folder} cannot be written: {reason}.", folder=options.folder, reason=reason(error))
        ) from None
    for path in files:
        print(path)
    print(
        T("Try it: `convdsl course lint --course {folder}`, `convdsl course --course {folder}`.", folder=options.folder)
    )
    return 0
