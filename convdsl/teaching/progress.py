"""How far a student is: a small file in the user's data folder, never lost, never half written."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import date
from pathlib import Path

from convdsl import files
from convdsl.locks import Held, locked
from convdsl.messages import T, reason
from convdsl.teaching.course.course import Concept, Course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.marking.verdict import Verdict
from convdsl.teaching.questions import Question, ask
from convdsl.teaching.records import Content, Later, NoProgress, Record, Try, latest, merged, understood, written
from convdsl.teaching.spacing import Card, card

_LARGEST = 50_000_000
_PATIENCE = 5.0
"""Seconds to wait for another process, which needs some milliseconds."""


def data_folder() -> Path:
    """Where the user's own files are: `CONVDSL_DATA_HOME`, else the system's folder for such data."""
    given = os.environ.get("CONVDSL_DATA_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return platformdirs.user_data_path("convdsl", appauthor=False)


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

    def _read(self) -> Content:
        """What the file says now. One that cannot be understood is set aside, one that can in part is kept as a copy; `notice`
        tells. Raises OSError, also for a file of a later version."""
        try:
            data = files.read(self.path, _LARGEST)
        except FileNotFoundError:
            return Content({}, {}, lost=True)
        try:
            found = understood(data, self.course.id)
        except Later:
            raise files.Refused(T("it was written by a later version of convdsl"), self.path) from None
        except NoProgress as error:
            self.notice = T(
                "The file with your progress could not be understood: {reason}. It is kept as {path}, and a new one is "
                "begun.",
                reason=error.message,
                path=files.set_aside(self.path),
            )
            return Content({}, {}, lost=True)
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
                self.records = merged(self.records, {} if found.lost else self._seen, found.records)
                courses = {**found.others, self.course.id: self.records}
                files.write(self.path, (written(courses),))
                self._seen = dict(self.records)
        except Held:
            raise files.Refused(T("another process keeps it for itself"), self.path) from None

    def refresh(self) -> None:
        """Takes in what other windows have put into the file. One that cannot be read now is left for the next save."""
        try:
            found = self._read()
        except OSError:
            return
        self.records = merged(self.records, {} if found.lost else self._seen, found.records)
        self._seen = dict(found.records)

    # What happens to an exercise.

    def ask(self, exercise: Exercise, fresh: bool = False) -> Question:
        """The question with the numbers last asked, as long as it is open; else, or if `fresh`, with new numbers."""
        record = self.of(exercise)
        fresh = fresh or record.solved or not record.seed
        try:
            question = ask(exercise, None if fresh else record.seed)
        except ExpressionError:  # the course has changed since
            question = ask(exercise)
        if fresh:
            record = record._replace(hints=0)
        self.records[exercise.id] = record._replace(seed=question.seed)
        return question

    def record(self, question: Question, verdict: Verdict, seconds: int = 0) -> None:
        """Counts a try, unless nothing was understood, with the seconds that it took, and saves. Raises OSError."""
        record = self.of(question.exercise)
        if verdict.status != "unclear" and self.counts(question):
            tried = Try(int(time.time()), question.seed, verdict.status, verdict.mistake or "", seconds)
            record = record._replace(
                tries=record.tries + 1,
                seconds=record.seconds + seconds,
                solved=record.solved or verdict.correct,
                skipped=record.skipped and not verdict.correct,
                history=latest(record.history, tried),
            )
        self._keep(question.exercise, record._replace(seed=0 if verdict.correct else question.seed))

    def counts(self, question: Question) -> bool:
        """Whether an answer counts: not if the right one has been shown for these numbers."""
        return question.seed != self.of(question.exercise).shown

    def reveal(self, question: Question) -> str:
        """The right answer with its derivation. The exercise is left open, with new numbers next time. Raises OSError."""
        record = self.of(question.exercise)
        seen = latest(record.history, Try(int(time.time()), question.seed, "shown"))
        self._keep(
            question.exercise,
            record._replace(hints=0, seed=0, shown=question.seed, skipped=not record.solved, history=seen),
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

    def due(self, today: date | None = None, early: bool = False) -> list[Card]:
        """What comes back today, or, if `early`, before its day too: by misconception, the one that was shown most often first;
        what shows none comes last."""
        cards = self.cards()
        total: Counter[str] = Counter()
        for found in cards:
            total[self.misconception(found)] += found.wrong
        today = today or date.today()
        wanted = [(self.misconception(c), c) for c in cards if early or c.box == 0 or c.day <= today]
        return [c for _, c in sorted(wanted, key=lambda pair: (not pair[0], -total[pair[0]], *pair))]

    def misconception(self, card: Card) -> str:
        """What several exercises have in common that were wrong in the same way: the mistake's text before numbers are drawn;
        for a wrong option, which exercise it belongs to. Empty where it is not known."""
        exercise = self.course.by_id[card.exercise]
        if any(option.id == card.mistake for option in exercise.options):
            return f"{exercise.id}.{card.mistake}"
        return next((m.text.en for m in exercise.mistakes if m.id == card.mistake), "")

    def cards(self) -> list[Card]:
        """What was wrong and is not known yet, each exercise with the day on which it comes back."""
        found = [card(e.id, self.of(e).history) for e in self.course.exercises]
        return [c for c in found if c is not None]

    def summary(self, course: Course) -> list[tuple[Concept, int, int]]:
        """Each concept with how many of its exercises are solved, and how many there are."""
        return [(c, sum(self.of(e).solved for e in c.exercises), len(c.exercises)) for c in course.concepts]
