"""A course: its concepts in teaching order, and the exercises of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from convdsl.messages import LANGUAGES, T, prefer_language, use_decimal_mark
from convdsl.teaching.course.exercise import Both, Exercise
from convdsl.teaching.course.format import ID, read_exercise
from convdsl.teaching.course.reader import Problem, Sheet

SHIPPED = Path(__file__).parent / "exercises"
FILE = "course.toml"
MARKS = (",", ".")
"""What may stand before decimals in Spanish."""
_MOST_FILES = 2000


class CourseError(Exception):
    """A course that cannot be used; `problems` say why, each with its file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Concept(NamedTuple):
    """Part of a course. `after` are the concepts that come before it."""

    id: str
    name: Both
    after: tuple[str, ...]
    exercises: tuple[Exercise, ...]

    @property
    def title(self) -> str:
        """Its name in the language in use."""
        return str(self.name)


class Course:
    """Concepts and exercises, all of them in teaching order. `languages` are those of its texts; `decimal` is what
    stands before decimals in its Spanish."""

    def __init__(
        self,
        folder: Path,
        name: Both,
        concepts: tuple[Concept, ...],
        languages: tuple[str, ...] = LANGUAGES,
        decimal: str = ",",
    ) -> None:
        self.folder = folder
        self.languages = languages
        self.decimal = decimal
        self.name = name
        self.concepts = concepts
        self.exercises = tuple(e for c in concepts for e in c.exercises)

    @property
    def title(self) -> str:
        """Its name in the language in use."""
        return str(self.name)

    @property
    def id(self) -> str:
        """What progress is kept under: the shipped course, or the folder."""
        return "convdsl" if self.folder == SHIPPED else str(self.folder.resolve())

    @cached_property
    def by_id(self) -> dict[str, Exercise]:
        return {e.id: e for e in self.exercises}

    def speak(self) -> None:
        """From now on numbers are written as in this course; and where nobody has asked for a language, a course in one
        language is led in that."""
        use_decimal_mark(self.decimal)
        prefer_language(self.languages[0] if len(self.languages) == 1 else None)

    def find(self, text: str) -> Exercise:
        """The exercise with an id, a number in the list, or an unambiguous beginning. Raises KeyError with a T."""
        text = text.strip().lower()
        if text in self.by_id:
            return self.by_id[text]
        if text.isdecimal() and 1 <= int(text[:9]) <= len(self.exercises):
            return self.exercises[int(text) - 1]
        found = [e for e in self.exercises if text and e.id.startswith(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(T("`{text}` may be: {list}.", text=text, list=", ".join(e.id for e in found)))
        from difflib import get_close_matches

        close = get_close_matches(text, self.by_id, 1)
        raise KeyError(
            T("There is no exercise `{text}`. Did you mean `{close}`?", text=text, close=close[0])
            if close
            else T("There is no exercise `{text}`.", text=text)
        )

    def number(self, exercise: Exercise) -> int:
        """Its place in the list, from 1."""
        return self.exercises.index(exercise) + 1


def load(folder: Path | None = None) -> Course:
    """The course in a folder, or the shipped one. Raises CourseError if anything in it is wrong in form."""
    course, problems = read_course(folder or SHIPPED)
    if problems or course is None:
        raise CourseError(problems)
    return course


def read_course(folder: Path) -> tuple[Course | None, list[Problem]]:
    """As much of a course as can be read, and what is wrong with it."""
    if not (folder / FILE).is_file():
        return None, [Problem(folder, 0, T("This is no course: it has no {file}.", file=FILE))]
    sheet = Sheet(folder / FILE)
    if sheet.problems:
        return None, sheet.problems
    sheet.languages = _languages(sheet)
    decimal = sheet.one_of("decimal", MARKS) or ","
    shared = {id: sheet.both(text, f"mistake.{id}") for id, text in sheet.tables("mistake").items()}
    name = sheet.both(sheet.values.get("title"), "title")
    problems = sheet.problems
    exercises: dict[str, Exercise] = {}
    files = sorted(p for p in folder.rglob("*.toml") if p != folder / FILE)
    for path in files[:_MOST_FILES]:
        exercise, found = read_exercise(path, shared, sheet.languages)
        problems += found
        if exercise is None:
            continue
        if exercise.id in exercises:
            problems.append(
                Problem(
                    path,
                    1,
                    T("There is another exercise `{id}`: {path}.", id=exercise.id, path=exercises[exercise.id].path),
                )
            )
        exercises[exercise.id] = exercise
    if not files:
        problems.append(Problem(folder, 0, T("The course has no exercise.")))
    concepts = _concepts(sheet, exercises, problems)
    return Course(folder, name, concepts, sheet.languages, decimal), problems


def _languages(sheet: Sheet) -> tuple[str, ...]:
    """The languages in which a course is written: both, unless it says that it is in one."""
    named = sheet.strings("languages")
    if "languages" in sheet.values and (not named or not set(named) <= set(LANGUAGES)):
        sheet.problem(T("`languages` is a list of: {known}.", known=", ".join(LANGUAGES)), "languages")
    return tuple(name for name in LANGUAGES if name in named) or LANGUAGES


def _concepts(sheet: Sheet, exercises: Mapping[str, Exercise], problems: list[Problem]) -> tuple[Concept, ...]:
    """The concepts in the order of course.toml, moved behind those that they come after. In a concept the exercises
    named by `order` come first, the others by name; again behind those that they come after."""
    tables = sheet.tables("concept")
    known: dict[str, Concept] = {}
    for id, value in tables.items():
        table = value if isinstance(value, dict) else {}
        after = tuple(a for a in table.get("after", []) if isinstance(a, str))
        for other in after:
            if other not in tables:
                sheet.problem(T("There is no concept `{id}`.", id=other), f"concept.{id}.after")
        if not ID.fullmatch(id):
            sheet.problem(T("An id is small letters, digits and hyphens."), f"concept.{id}")
        order = [e for e in table.get("order", []) if isinstance(e, str)]
        for wanted in order:
            if wanted not in exercises or exercises[wanted].concept != id:
                sheet.problem(T("There is no exercise `{text}`.", text=wanted), f"concept.{id}.order")
        named = sorted(exercises, key=lambda e: order.index(e) if e in order else len(order))
        members = {e: exercises[e] for e in named if exercises[e].concept == id}
        known[id] = Concept(id, sheet.both(value, f"concept.{id}"), after, _ordered(members, exercises, problems))
    for exercise in exercises.values():
        if exercise.concept and exercise.concept not in tables:
            line = Sheet(exercise.path).line_of("concept")
            problems.append(
                Problem(exercise.path, line, T("There is no concept `{id}` in course.toml.", id=exercise.concept))
            )
    order = _sorted(known, {id: c.after for id, c in known.items()})
    for id in known.keys() - set(order):
        sheet.problem(T("`{id}` comes after itself, by way of what it comes after.", id=id), f"concept.{id}")
    _check_order([known[id] for id in order], exercises, problems)
    return tuple(known[id] for id in order)


def _ordered(
    members: Mapping[str, Exercise], all_: Mapping[str, Exercise], problems: list[Problem]
) -> tuple[Exercise, ...]:
    for exercise in members.values():
        for other in exercise.after:
            if other not in all_:
                line = Sheet(exercise.path).line_of("after")
                problems.append(Problem(exercise.path, line, T("There is no exercise `{text}`.", text=other)))
    order = _sorted(members, {id: e.after for id, e in members.items()})
    for id in members.keys() - set(order):
        path = members[id].path
        problems.append(
            Problem(
                path,
                Sheet(path).line_of("after"),
                T("`{id}` comes after itself, by way of what it comes after.", id=id),
            )
        )
    return tuple(members[id] for id in order)


def _sorted(items: Iterable[str], after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Items in their order, each behind what it comes after. Those in a circle are left out."""
    left = list(items)
    placed: list[str] = []
    while True:
        ready = next((i for i in left if not any(a in left for a in after[i])), None)
        if ready is None:
            return placed
        placed.append(ready)
        left.remove(ready)


def _check_order(concepts: list[Concept], all_: Mapping[str, Exercise], problems: list[Problem]) -> None:
    """A prerequisite in another concept has to come earlier in the course."""
    place = {e.id: n for n, e in enumerate(e for c in concepts for e in c.exercises)}
    for id, number in place.items():
        for other in all_[id].after:
            if place.get(other, -1) > number:
                path = all_[id].path
                problems.append(
                    Problem(path, Sheet(path).line_of("after"), T("`{other}` comes later in the course.", other=other))
                )
