"""What the commands about courses share: the course, exercises chosen from it, seeds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convdsl.cli.parsing import CallError
from convdsl.messages import T

if TYPE_CHECKING:
    from convdsl.teaching.course import Course, Exercise
    from convdsl.teaching.practice import Practice

LARGEST_SEED = 10**18
"""Room for identity numbers of any country."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose exercises: ids, and concepts."""
    parser.add_argument("exercises", nargs="*", metavar="ID", help=str(T("exercises, by id or number; all without")))
    add_concept(parser)


def add_concept(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--concept", action="append", default=[], metavar="ID", help=str(T("all exercises of a concept"))
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=seed, metavar="N", help=str(T("the numbers to draw: the same seed, the same numbers"))
    )


def seed(text: str) -> int:
    """A seed as it is typed, for argparse."""
    if not text.isdecimal() or not 1 <= int(text[:20]) <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(str(T("`{text}` is not a whole number from 1 on", text=text)))
    return int(text)


def count(text: str) -> int:
    """How many, as it is typed, for argparse."""
    if not text.isdecimal() or not 1 <= int(text[:10]) <= 10**9:
        raise argparse.ArgumentTypeError(str(T("`{text}` is not a whole number from 1 on", text=text)))
    return int(text)


def add_course(parser: argparse.ArgumentParser, again: bool = False) -> None:
    """The argument that names another course; `again` where the command above has it too."""
    default: Any = argparse.SUPPRESS if again else None
    parser.add_argument(
        "--course", type=Path, metavar="DIR", default=default, help=str(T("the folder of another course"))
    )


def student_at(folder: Path | None) -> Practice:
    """One student at a course, told of it if the file with the progress is damaged. Raises CallError."""
    from convdsl.teaching.practice import Practice
    from convdsl.teaching.progress import Progress

    course = open_course(folder)
    progress = Progress.open(course)
    if progress.notice is not None:
        print(f"convdsl: {progress.notice}", file=sys.stderr)
    return Practice(course, progress)


def open_course(folder: Path | None) -> Course:
    """The course in a folder, or the shipped one; numbers are written in its way from now on. Raises CallError with all
    that is wrong with it."""
    from convdsl.teaching.course import CourseError, load

    try:
        course = load(folder)
    except CourseError as error:
        raise CallError(T("this course cannot be used:\n  {problems}", problems=problems_of(error))) from None
    course.speak()
    return course


def problems_of(error: Exception) -> str:
    """The first problems of a CourseError, a line each."""
    return "\n  ".join(map(str, error.problems[:20]))  # type: ignore[attr-defined]


def find(course: Course, text: str) -> Exercise:
    """An exercise by id, number or beginning. Raises CallError."""
    try:
        return course.find(text)
    except KeyError as error:
        raise CallError(error.args[0]) from None


def chosen(course: Course, ids: list[str], concepts: list[str]) -> list[Exercise]:
    """The exercises that a call names, each once; none where it names none. Raises CallError."""
    known = [c.id for c in course.concepts]
    for concept in concepts:
        if concept not in known:
            raise CallError(T("there is no concept `{id}`; there are: {known}.", id=concept, known=", ".join(known)))
    wanted = [find(course, id) for id in ids]
    return list(dict.fromkeys(wanted + [e for e in course.exercises if e.concept in concepts]))
