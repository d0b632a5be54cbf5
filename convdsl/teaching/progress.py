"""How far a student is: a small file in the user's data folder, never lost, never half written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from convdsl import files
from convdsl.messages import T, reason
from convdsl.teaching.course.course import Concept, Course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.marking.verdict import Verdict
from convdsl.teaching.questions import Question, ask

VERSION = 1
_LARGEST = 5_000_000


def data_folder() -> Path:
    """Where the user's own files are: `CONVDSL_DATA_HOME`, else the system's folder for such data."""
    given = os.environ.get("CONVDSL_DATA_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return platformdirs.user_data_path("convdsl", appauthor=False)


class Record(NamedTuple):
    """What is known of one exercise: tries, hints seen, the seed of the numbers last asked, solved or skipped."""

    tries: int = 0
    hints: int = 0
    seed: int = 0
    solved: bool = False
    skipped: bool = False


class Progress:
    """The records of all exercises of a course. `notice` says what happened to a damaged file."""

    def __init__(self, course: Course, path: Path) -> None:
        self.course = course
        self.path = path
        self.notice: T | None = None
        self.records: dict[str, Record] = {}
        self._others: dict[str, Any] = {}

    @classmethod
    def open(cls, course: Course, path: Path | None = None) -> Progress:
        """The user's progress. A file that cannot be understood is set aside under another name and reported."""
        progress = cls(course, path or data_folder() / "progress.json")
        try:
            data = files.read(progress.path, _LARGEST)
        except FileNotFoundError:
            return progress
        except OSError as error:
            progress.notice = T(
                "Progress cannot be read from {path}: {reason}.", path=progress.path, reason=reason(error)
            )
            return progress
        try:
            progress._understand(json.loads(data.decode()))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            progress.records, progress._others = {}, {}
            progress._set_aside(error)
        return progress

    def _understand(self, data: Any) -> None:
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        courses = data["courses"]
        for id, values in courses.pop(self.course.id, {}).items():
            kept = {name: values[name] for name in Record._fields if name in values}
            for name, value in kept.items():
                if type(value) is not type(Record._field_defaults[name]) or (isinstance(value, int) and value < 0):
                    raise ValueError(f"{id}.{name}: {value!r}")
            self.records[id] = Record(**kept)
        self._others = courses

    def _set_aside(self, error: Exception) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.damaged-{number}{self.path.suffix}")).exists():
            number += 1
        try:
            os.replace(self.path, aside)
        except OSError as problem:
            aside = self.path
            error = problem
        self.notice = T(
            "The file with your progress could not be understood ({reason}). It is kept as {path}, and a new one is "
            "begun.",
            reason=str(error) or type(error).__name__,
            path=aside,
        )

    def save(self) -> None:
        """Writes the file whole or not at all. Raises OSError."""
        mine = {id: r._asdict() for id, r in self.records.items()}
        data = {"version": VERSION, "courses": {**self._others, self.course.id: mine}}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        files.write(self.path, (json.dumps(data, indent=1, ensure_ascii=False).encode(),))

    # What happens to an exercise.

    def ask(self, exercise: Exercise) -> Question:
        """The question with the numbers last asked, as long as it is open; else with new numbers."""
        record = self.of(exercise)
        fresh = record.solved or not record.seed
        try:
            question = ask(exercise, None if fresh else record.seed)
        except ExpressionError:  # the course has changed since
            question = ask(exercise)
        if fresh:
            record = record._replace(hints=0)
        self.records[exercise.id] = record._replace(seed=question.seed)
        return question

    def record(self, question: Question, verdict: Verdict) -> None:
        """Counts a try, unless nothing was understood, and saves. Raises OSError."""
        record = self.of(question.exercise)
        if verdict.status != "unclear":
            record = record._replace(
                tries=record.tries + 1,
                solved=record.solved or verdict.correct,
                skipped=record.skipped and not verdict.correct,
            )
        self._keep(question.exercise, record._replace(seed=0 if verdict.correct else question.seed))

    def hint(self, question: Question) -> str | None:
        """The next hint, or None when all have been seen. Raises OSError."""
        record = self.of(question.exercise)
        hints = question.hints
        if record.hints >= len(hints):
            return None
        self._keep(question.exercise, record._replace(hints=record.hints + 1, seed=question.seed))
        return hints[record.hints]

    def skip(self, exercise: Exercise) -> None:
        """Leaves an exercise for later. Raises OSError."""
        record = self.of(exercise)
        self._keep(exercise, record._replace(skipped=not record.solved))

    def reset(self, exercise: Exercise | None = None) -> None:
        """Forgets one exercise, or all. Raises OSError."""
        if exercise is None:
            self.records.clear()
        else:
            self.records.pop(exercise.id, None)
        self.save()

    def _keep(self, exercise: Exercise, record: Record) -> None:
        self.records[exercise.id] = record
        self.save()

    def of(self, exercise: Exercise) -> Record:
        """What is known of one exercise."""
        return self.records.get(exercise.id, Record())

    def state(self, exercise: Exercise) -> str:
        """`solved`, `skipped`, `tried` or `open`."""
        record = self.of(exercise)
        if record.solved:
            return "solved"
        return "skipped" if record.skipped else "tried" if record.tries else "open"

    def next(self) -> Exercise | None:
        """The first exercise that is neither solved nor skipped; then the skipped ones; None when all are solved."""
        states = {e: self.state(e) for e in self.course.exercises}
        for wanted in (("open", "tried"), ("skipped",)):
            found = next((e for e, state in states.items() if state in wanted), None)
            if found is not None:
                return found
        return None

    def summary(self, course: Course) -> list[tuple[Concept, int, int]]:
        """Each concept with how many of its exercises are solved, and how many there are."""
        return [(c, sum(self.of(e).solved for e in c.exercises), len(c.exercises)) for c in course.concepts]
