"""How far a student is: a small file in the user's data folder, never lost, never half written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from convdsl import files
from convdsl.locks import Held, locked
from convdsl.messages import T, reason
from convdsl.teaching.course.course import Concept, Course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.marking.verdict import Verdict
from convdsl.teaching.questions import Question, ask

VERSION = 2
"""Of the file. The first had no sum."""
_LARGEST = 5_000_000
_PATIENCE = 5.0
"""Seconds to wait for another process, which needs some milliseconds."""


def data_folder() -> Path:
    """Where the user's own files are: `CONVDSL_DATA_HOME`, else the system's folder for such data."""
    given = os.environ.get("CONVDSL_DATA_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return platformdirs.user_data_path("convdsl", appauthor=False)


class Record(NamedTuple):
    """What is known of one exercise: tries, hints seen, the seed of the numbers last asked, solved or skipped; `shown`
    is the seed of the numbers whose answer was shown last: they count no more."""

    tries: int = 0
    hints: int = 0
    seed: int = 0
    solved: bool = False
    skipped: bool = False
    shown: int = 0


class _Content(NamedTuple):
    """What a file with progress says: the records of one course, those of all others as they are, and whether something
    in it was left out or is not what its sum says."""

    records: dict[str, Record]
    others: dict[str, Any]
    doubtful: bool = False


class Progress:
    """The records of all exercises of a course. `notice` says what happened to a damaged file.

    Several processes may keep progress at once: each puts into the file what has changed with it since it last looked.
    """

    def __init__(self, course: Course, path: Path) -> None:
        self.course = course
        self.path = path
        self.notice: T | None = None
        self.records: dict[str, Record] = {}
        self._seen: dict[str, Record] = {}
        """The records as they were in the file when it was last read or written."""

    @classmethod
    def open(cls, course: Course, path: Path | None = None) -> Progress:
        """The user's progress. A file that cannot be understood is set aside under another name and reported."""
        progress = cls(course, path or data_folder() / "progress.json")
        try:
            found = progress._read()
        except OSError as error:
            progress.notice = T(
                "Progress cannot be read from {path}: {reason}.", path=progress.path, reason=reason(error)
            )
            return progress
        progress.records, progress._seen = dict(found.records), dict(found.records)
        return progress

    def _read(self) -> _Content:
        """What the file says now. One that cannot be understood is set aside, one that can in part is kept as a copy; `notice`
        tells. Raises OSError, also for a file of a later version."""
        try:
            data = files.read(self.path, _LARGEST)
        except FileNotFoundError:
            return _Content({}, {})
        try:
            found = _understood(json.loads(data), self.course.id)
        except _Later:
            raise files.Refused(T("it was written by a later version of convdsl"), self.path) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self.notice = T(
                "The file with your progress could not be understood ({reason}). It is kept as {path}, and a new one is "
                "begun.",
                reason=str(error) or type(error).__name__,
                path=files.set_aside(self.path),
            )
            return _Content({}, {})
        if found.doubtful:
            copy = self.path.with_name(f"{self.path.stem}.doubtful{self.path.suffix}")
            files.give_second_name(self.path, copy)
            self.notice = T(
                "The file with your progress is damaged or was edited. What can be understood is taken; the file is kept as "
                "{path}.",
                path=copy,
            )
        return found

    def save(self) -> None:
        """Puts what has changed here into the file, which is written whole or not at all. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with locked(self.path.with_name(".progress.lock"), _PATIENCE):
                found = self._read()
                self.records = _merged(self.records, self._seen, found.records)
                courses = {**found.others, self.course.id: {id: r._asdict() for id, r in self.records.items()}}
                files.write(self.path, (_written(courses),))
                self._seen = dict(self.records)
        except Held:
            raise files.Refused(T("another process keeps it for itself"), self.path) from None

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
        if verdict.status != "unclear" and self.counts(question):
            record = record._replace(
                tries=record.tries + 1,
                solved=record.solved or verdict.correct,
                skipped=record.skipped and not verdict.correct,
            )
        self._keep(question.exercise, record._replace(seed=0 if verdict.correct else question.seed))

    def counts(self, question: Question) -> bool:
        """Whether an answer counts: not if the right one has been shown for these numbers."""
        return question.seed != self.of(question.exercise).shown

    def reveal(self, question: Question) -> str:
        """The right answer with its derivation. The exercise is left open, with new numbers next time. Raises OSError."""
        record = self.of(question.exercise)
        self._keep(
            question.exercise,
            record._replace(hints=0, seed=0, shown=question.seed, skipped=not record.solved),
        )
        return question.derivation

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

    def known(self, exercise: Exercise | None = None) -> list[Record]:
        """What `reset` would forget: the records of one exercise, or of all, in which anything was done."""
        records = list(self.records.values()) if exercise is None else [self.of(exercise)]
        return [r for r in records if r._replace(seed=0) != Record()]

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


# The file.


class _Later(Exception):
    """A file of a later version than this."""


def _understood(data: Any, course: str) -> _Content:
    """The content of a file of this version or the first. Raises ValueError, TypeError, KeyError, AttributeError where
    there is none in it."""
    version = data["version"]
    if type(version) is int and version > VERSION:
        raise _Later
    courses = data["courses"]
    if version not in (1, VERSION) or not isinstance(courses, dict):
        raise ValueError(f"version {version}")
    doubtful = version == VERSION and data.get("sum") != _sum(courses)
    records = {}
    for id, values in courses.pop(course, {}).items():
        kept = {name: values[name] for name in Record._fields if name in values} if isinstance(values, dict) else None
        if kept is None or not all(_is_right(name, value) for name, value in kept.items()):
            doubtful = True
            continue
        records[id] = Record(**kept)
    return _Content(records, courses, doubtful)


def _is_right(name: str, value: Any) -> bool:
    return type(value) is type(Record._field_defaults[name]) and 0 <= value < 2**63


def _merged(mine: dict[str, Record], before: dict[str, Record], theirs: dict[str, Record]) -> dict[str, Record]:
    """What is in the file, `theirs`, with what has changed here since it was `before`."""
    result = {}
    for id in dict.fromkeys((*theirs, *mine)):
        here, then, there = mine.get(id), before.get(id), theirs.get(id)
        if here == then:
            kept = there
        elif here is None or there == then or there is None:
            kept = here
        else:  # the same exercise in two places at once
            kept = here._replace(
                tries=there.tries + max(here.tries - (then or Record()).tries, 0),
                hints=max(here.hints, there.hints),
                solved=here.solved or there.solved,
                skipped=(here.skipped or there.skipped) and not (here.solved or there.solved),
            )
        if kept is not None:
            result[id] = kept
    return result


def _written(courses: dict[str, Any]) -> bytes:
    data = {"version": VERSION, "sum": _sum(courses), "courses": courses}
    return json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _sum(courses: dict[str, Any]) -> str:
    """Notices damage and edits; it is no secret."""
    from hashlib import sha256

    return sha256(json.dumps(courses, sort_keys=True).encode()).hexdigest()[:16]
