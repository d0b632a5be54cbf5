"""What a session answers: data for a terminal to show."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from convdsl.diagnostics import Diagnostic
from convdsl.messages import T
from convdsl.network import Analysis

if TYPE_CHECKING:
    from convdsl.teaching.course import Course, Exercise
    from convdsl.teaching.marking import Verdict
    from convdsl.teaching.progress import Progress
    from convdsl.teaching.questions import Question
    from convdsl.teaching.spacing import Card


class Added(NamedTuple):
    """Lines joined the program: layers from number `first` on are new, and so many of the expectations; `whole` asks
    for the whole table instead, because something before them changed. `diagnostics` are the warnings that are new."""

    analysis: Analysis
    first: int
    expectations: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    whole: bool = False
    note: T | None = None


class Refused(NamedTuple):
    """Lines that are wrong, and were not added."""

    diagnostics: tuple[Diagnostic, ...]


class Told(NamedTuple):
    """Something to say; `ok` is false where a command could not be followed; `outside` is the reason, where that is a disk
    or a permission."""

    text: T | str
    ok: bool = True
    outside: bool = False


class ShownProgram(NamedTuple):
    """The program as it is: its table, or its text."""

    analysis: Analysis
    as_text: bool = False


class Called(NamedTuple):
    """A command of the command line, to be run with these arguments on a program (None: on none). `file` holds the same
    program, if it has been saved."""

    command: str
    arguments: tuple[str, ...]
    analysis: Analysis | None = None
    file: Path | None = None


class Helped(NamedTuple):
    """Help was asked for: these are the commands of the session, which may be about the course alone."""

    commands: tuple[str, ...]
    studying: bool = False


class Ended(NamedTuple):
    """The session is over."""


class Asked(NamedTuple):
    """A question of the course. `notice` is about the file with the progress; `commands` are the usual ones here."""

    course: Course
    question: Question
    notice: T | None = None
    commands: tuple[str, ...] = ()


class Marked(NamedTuple):
    """An answer to a question, marked. `counted` is false where the right one had been shown before; `finished` is true
    where it was the last exercise, `goes_on` where the next question follows by itself."""

    question: Question
    verdict: Verdict
    finished: bool
    counted: bool = True
    goes_on: bool = False


class Reviewed(NamedTuple):
    """What comes back: cards in groups, each with what was wrong in words (nothing where that is not known). Where nothing
    does, `coming` says when how much will. `asked` is the first question."""

    course: Course
    groups: tuple[tuple[str, tuple[Card, ...]], ...]
    coming: tuple[tuple[date, int], ...] = ()
    asked: Asked | None = None


class Listed(NamedTuple):
    """All exercises, with what has been solved; `brief` is only the sums."""

    course: Course
    progress: Progress
    current: Exercise | None
    brief: bool = False


Answer = Added | Refused | Told | ShownProgram | Called | Helped | Ended | Asked | Marked | Reviewed | Listed


def is_wrong(answer: Answer) -> bool:
    """Whether what was typed was wrong: a script that holds it ends with exit status 1."""
    match answer:
        case Refused():
            return True
        case Told():
            return not answer.ok
        case Marked():
            return not answer.verdict.correct
    return False
