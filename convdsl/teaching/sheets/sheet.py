"""A sheet for a class: which exercises, for how many points, until when; and the secret that numbers are drawn from.

    title = "Convolution, sheet 1"
    secret = "at least eight signs that no student knows"
    deadline = 2026-12-10T23:59:00

    [exercises]          # in the order of the sheet: an id, and its points
    size-valid = 2
    conv-params = 3

`exercises = ["size-valid", "conv-params"]` gives a point to each.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

from convdsl.messages import T
from convdsl.teaching.course.course import Course, CourseError, load
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.reader import Sheet as File
from convdsl.teaching.questions import Question, ask

KEYS = frozenset({"title", "id", "course", "exercises", "deadline", "attempts", "late", "partial", "secret"})
SHORTEST_SECRET = 8
MOST_EXERCISES = 500


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet. `points` go with `exercises`; `attempts` 0 is as many as one likes; `late` is the share of the points
    that an answer after the deadline keeps; `partial` gives part marks for matrices and requirements."""

    path: Path
    id: str
    title: str
    course: Course
    exercises: tuple[Exercise, ...]
    points: tuple[float, ...]
    secret: str
    deadline: datetime | None = None
    attempts: int = 0
    late: float = 1.0
    partial: bool = True

    @property
    def total(self) -> float:
        return math.fsum(self.points)

    def seed(self, id: str) -> int:
        """The seed of a student's numbers: an HMAC of secret, sheet and id. Nobody without the secret finds it."""
        named = json.dumps([self.id, " ".join(unicodedata.normalize("NFC", id).split())], ensure_ascii=False)
        digest = hmac.new(self.secret.encode(), named.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def questions(self, id: str) -> list[Question]:
        """A student's questions, in the order of the sheet. Raises ExpressionError."""
        seed = self.seed(id)
        return [ask(exercise, seed) for exercise in self.exercises]

    @cached_property
    def version(self) -> str:
        """Eight signs that change with whatever changes the questions or their points; texts and deadline do not."""
        content = [self.id, self.secret, [str(p) for p in self.points], *map(_numbers_of, self.exercises)]
        return hashlib.sha256(json.dumps(content, default=repr).encode()).hexdigest()[:8]


def _numbers_of(exercise: Exercise) -> list[Any]:
    """All of an exercise that its numbers and its answer depend on."""
    return [
        exercise.id,
        exercise.kind,
        list(exercise.draw.items()),
        exercise.where,
        [(k, repr(v)) for k, v in exercise.let.items()],
        exercise.program,
        sorted(exercise.programs.items()),
        exercise.answer,
        exercise.digits,
        sorted(exercise.ranges.items()),
        [(o.id, o.right) for o in exercise.options],
        [r.test for r in exercise.require],
    ]


def read_sheet(path: Path, course: Path | None = None) -> Sheet:
    """The sheet in a file; `course` instead of the one it names. Raises CourseError with all that is wrong with it."""
    file = File(path)
    if not file.values:
        if not file.problems:
            file.problem(T("The file is empty."), line=1)
        raise CourseError(file.problems)
    for key in sorted(file.values.keys() - KEYS):
        file.problem(T("There is no key `{key}`; there are: {known}.", key=key, known=", ".join(sorted(KEYS))), key)
    folder = course or _course(file)
    if file.problems:
        raise CourseError(file.problems)
    taken = load(folder)
    wanted = _exercises(file)
    exercises = {id: e for id in wanted if (e := _found(file, taken, id)) is not None}
    id = file.take("id", str, path.stem).strip()
    if not id or not id.isprintable() or len(id) > 80:
        file.problem(T("`{key}` is not what belongs here.", key="id"), "id")
    title = _title(file) or id
    sheet = Sheet(
        path=path,
        id=id,
        title=title,
        course=taken,
        exercises=tuple(exercises.values()),
        points=tuple(wanted[id] for id in exercises),
        secret=_secret(file),
        deadline=_deadline(file),
        attempts=_number(file, "attempts", 0, 0, 1000, whole=True),
        late=_number(file, "late", 1.0, 0, 1),
        partial=_flag(file, "partial", True),
    )
    if file.problems:
        raise CourseError(file.problems)
    return sheet


def _course(file: File) -> Path | None:
    named = file.take("course", str)
    return file.path.parent / named if named else None


def _title(file: File) -> str:
    title = file.values.get("title")
    if isinstance(title, dict):
        return str(file.both(title, "title"))
    return file.take("title", str, "").strip()


def _exercises(file: File) -> dict[str, float]:
    """The points of each exercise by its id."""
    given = file.take("exercises", (dict, list), required=True)
    found: dict[str, float] = {}
    for id in given or ():
        points = given[id] if isinstance(given, dict) else 1
        if not isinstance(id, str):
            file.problem(T("`{key}` is a list of texts.", key="exercises"), "exercises")
        elif isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points <= 10_000:
            file.problem(T("The points of `{id}` are a number greater than 0.", id=id), f"exercises.{id}")
        elif id in found:
            file.problem(T("`{id}` is on the sheet twice.", id=id), "exercises")
        else:
            found[id] = points
    if given is not None and not given:
        file.problem(T("The sheet has no exercise."), "exercises")
    if len(found) > MOST_EXERCISES:
        file.problem(T("A sheet has at most {n} exercises.", n=MOST_EXERCISES), "exercises")
    return found


def _found(file: File, course: Course, id: str) -> Exercise | None:
    if id in course.by_id:
        return course.by_id[id]
    try:
        wanted = course.find(id).id
        file.problem(
            T("There is no exercise `{text}`. Did you mean `{close}`?", text=id, close=wanted), f"exercises.{id}"
        )
    except KeyError as error:
        file.problem(error.args[0], f"exercises.{id}")
    return None


def _secret(file: File) -> str:
    secret = file.take("secret", str, "")
    if len(secret) < SHORTEST_SECRET:
        file.problem(
            T(
                "The sheet needs a secret that no student knows, from which each one's numbers are drawn. This line is a"
                ' new one: secret = "{secret}"',
                secret=secrets.token_hex(16),
            ),
            line=file.line_of("secret") if "secret" in file.values else 1,
        )
    return secret


def _deadline(file: File) -> datetime | None:
    """The deadline in the time of this machine; a day alone is meant to its end."""
    value = file.values.get("deadline")
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone().replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time(23, 59, 59))
    file.problem(T("The deadline is written without quotes: 2026-12-10T23:59:00, or a day alone."), "deadline")
    return None


def _number(file: File, key: str, default: Any, low: float, high: float, whole: bool = False) -> Any:
    value = file.take(key, int if whole else (int, float), default)
    if not low <= value <= high:
        file.problem(T("`{key}` is a number from {low} to {high}.", key=key, low=low, high=high), key)
    return value


def _flag(file: File, key: str, default: bool) -> bool:
    value = file.values.get(key, default)
    if not isinstance(value, bool):
        file.problem(T("`{key}` is true or false.", key=key), key)
    return bool(value)
