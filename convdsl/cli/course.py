"""`convdsl course`: exercises to work through, and what a lecturer needs to write, print and mark them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convdsl.cli import grade, sheets
from convdsl.cli.courses import add_choice, add_course, add_seed, chosen, count, find, open_course, student_at
from convdsl.cli.loop import at_terminal, keyboard_or_pipe, talk
from convdsl.cli.parsing import CallError, Parser
from convdsl.messages import LANGUAGES, T, quoted, reason
from convdsl.report.console import console
from convdsl.report.session import print_answer
from convdsl.teaching.answers import Answer, Listed
from convdsl.teaching.course import ExpressionError, read_course
from convdsl.teaching.course.draw import new_seed
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.practice import Practice
from convdsl.teaching.progress import Progress
from convdsl.teaching.questions import ask
from convdsl.teaching.session import Session

MARKS = {"solved": "✓", "skipped": "»", "tried": "·", "open": " "}
"""How `list` shows the state of an exercise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(act=_practise, exercise=None, seed=None)
    add_course(parser)
    actions = parser.add_subparsers(title=str(T("what to do")), metavar="", parser_class=Parser)

    def action(name: str, act: Callable[[Any], int], help: T) -> Parser:
        added = actions.add_parser(name, help=str(help), description=str(help))
        added.set_defaults(act=act)
        add_course(added, again=True)
        return added

    practise = action("practise", _practise, T("work through the exercises here (also without a word)"))
    practise.add_argument("exercise", nargs="?", metavar="ID", help=str(T("an exercise, by id or number")))
    add_seed(practise)
    review = action("review", _review, T("what was wrong comes back, by misconception, after 1, 3, 7, 14 and 30 days"))
    review.add_argument("--all", action="store_true", help=str(T("also what is to come back later")))
    action("list", _list, T("all exercises, with what has been solved"))
    progress = action("progress", _progress, T("what is solved, in how many tries and how long"))
    progress.add_argument("--csv", action="store_true", help=str(T("a row for every exercise, for spreadsheets")))
    lint = action("lint", _lint, T("whether a course can be given to students"))
    lint.add_argument("--seeds", type=count, default=20, metavar="N", help=str(T("how many seeds to try (20)")))
    printed = action("print", _print, T("a sheet of exercises for paper"))
    add_choice(printed)
    printed.add_argument(
        "--format",
        choices=("markdown", "latex", "html", "form"),
        default="markdown",
        help=str(T("markdown, latex, html, or an empty form for `grade`")),
    )
    printed.add_argument("--key", action="store_true", help=str(T("with answers and hints")))
    add_seed(printed)
    sheets.arguments(action)
    new = action("new", _new, T("write a small course of your own to start from"))
    new.add_argument("folder", type=Path, metavar="FOLDER")
    new.add_argument(
        "--language", choices=("both", *LANGUAGES), default="both", help=str(T("the language of its texts (both)"))
    )
    graded = action("grade", grade.run, T("mark files of answers"))
    grade.arguments(graded, with_course=False)


def run(options: argparse.Namespace) -> int:
    return options.act(options)


def _practise(options: argparse.Namespace) -> int:
    practice = student_at(options.course)
    assert practice.course is not None
    first = find(practice.course, options.exercise) if options.exercise else None
    return _converse(practice, lambda: practice.begin(first, options.seed))


def _review(options: argparse.Namespace) -> int:
    practice = student_at(options.course)
    practice.only_review = True
    return _converse(practice, lambda: practice.command("review", "all" if options.all else ""))


def _converse(practice: Practice, begin: Callable[[], Answer]) -> int:
    """Asks until the course, the review or the input ends. The exit status is 1 if the last answer was wrong."""
    session, out = Session(practice, studying=True, asked=at_terminal()), console()
    try:
        begun = begin()
    except ExpressionError as error:
        raise CallError(T("{reason} `convdsl course lint` says more.", reason=error)) from None
    if practice.question is None:
        print_answer(out, begun)
        return 0
    return int(talk(session, out, keyboard_or_pipe(session, out), begun).last_wrong)


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


def _progress(options: argparse.Namespace) -> int:
    practice = student_at(options.course)
    assert practice.course is not None and practice.progress is not None
    if options.csv:
        from convdsl.report.progress import table

        print(table(practice.progress), end="")
    else:
        print_answer(console(), Listed(practice.course, practice.progress, None, brief=True))
    return 0


def _lint(options: argparse.Namespace) -> int:
    from convdsl.teaching.authoring.lint import lint
    from convdsl.teaching.course import SHIPPED

    course, problems = read_course(options.course or SHIPPED)
    if course is not None and not problems:
        course.speak()
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
    from convdsl.teaching.sheets.printing import seeded, sheet

    course = open_course(options.course)
    wanted = chosen(course, options.exercises, options.concept) or list(course.exercises)
    seed = options.seed or new_seed()
    try:
        questions = [ask(e, seed) for e in wanted]
        text = sheet(course, questions, seeded(course, seed), options.format, options.key)
    except ExpressionError as error:
        raise CallError(T("{reason} `convdsl course lint` says more.", reason=error)) from None
    print(text, end="")
    return 0


def _new(options: argparse.Namespace) -> int:
    from convdsl.teaching.course.new import write_course

    try:
        files = write_course(options.folder, options.language)
    except FileExistsError:
        raise CallError(T("{folder} is not empty; name a new folder.", folder=options.folder)) from None
    except OSError as error:
        raise CallError(
            T("{folder} cannot be written: {reason}.", folder=options.folder, reason=reason(error))
        ) from None
    for path in files:
        print(quoted(str(path)))
    print(
        T("Try it: `convdsl course lint --course {folder}`, `convdsl course --course {folder}`.", folder=options.folder)
    )
    return 0
