"""What an exercise is: the content of one file of a course, read and checked for form (see format.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from convdsl.messages import T, language

KINDS = {
    "predict": T("predict"),
    "hole": T("fill the hole"),
    "complete": T("complete the net"),
    "repair": T("repair the net"),
    "build": T("build a net"),
    "matrix": T("read a matrix"),
    "slip": T("find the slip"),
    "choice": T("choose"),
}
"""Every kind of exercise, and what a reader calls it."""
PROGRAM_KINDS = ("complete", "repair", "build")
"""Kinds that are answered with a program."""


class Both(NamedTuple):
    """A text in both languages; `str` of it is the one in use."""

    en: str
    es: str

    def __str__(self) -> str:
        return self.es if language() == "es" else self.en


class Mistake(NamedTuple):
    """A named misconception and what it makes of the exercise.

    One of: `answer`, the expression by which it gives its number; `instead`, other values for the numbers drawn with
    which the right way gives it; `program`, another program for the question. For exercises that are answered with a
    program, `when` holds for nets that have it (or is the code of the diagnostic that they get), and `example` is one.
    """

    id: str
    text: Both
    answer: str = ""
    instead: Mapping[str, Any] = {}
    program: str = ""
    when: str = ""
    example: str = ""


class Option(NamedTuple):
    """One of the answers to choose from, with the reason why it is right or wrong."""

    id: str
    right: bool | str
    text: Both
    why: Both


class Requirement(NamedTuple):
    """What a student's net has to satisfy: an expression over `net`, in words too."""

    id: str
    test: str
    text: Both


class SameAs(NamedTuple):
    """How far a student's net has to be the solution: all but for what is `free` (see marking/networks.py). `also` are
    other programs that are right as well."""

    free: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise, its numbers not drawn yet."""

    id: str
    path: Path
    concept: str
    kind: str
    title: Both
    question: Both
    hints: tuple[Both, ...]
    after: tuple[str, ...] = ()
    draw: Mapping[str, Any] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    let: Mapping[str, Any] = field(default_factory=dict)
    program: str = ""
    programs: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    digits: int = 0
    ranges: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    options: tuple[Option, ...] = ()
    require: tuple[Requirement, ...] = ()
    solution: str = ""
    why: Both | None = None
    arithmetic: bool = False
    unit: str = ""
    names: tuple[str, ...] = ()
    same_as: SameAs | None = None
    show: int = 0
    """How many of the options a question shows, one right and the others wrong; 0 for all of them."""
    few_texts: str = ""
    """Why this exercise has no more than a few different texts."""
