"""The course inside a session: the question that is open, and the commands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convdsl.messages import T, reason
from convdsl.teaching.answers import Answer, Asked, Listed, Marked, Told

if TYPE_CHECKING:
    from convdsl.teaching.course import Course, Exercise
    from convdsl.teaching.progress import Progress
    from convdsl.teaching.questions import Question


class Practice:
    """One student at work. The course is read, and its code loaded, when it is first asked for."""

    def __init__(self) -> None:
        self.course: Course | None = None
        self.progress: Progress | None = None
        self.question: Question | None = None
        self.paused: Question | None = None
        self._notice: T | None = None

    def command(self, name: str, rest: str) -> Answer:
        """Follows one of the course's commands."""
        from convdsl.teaching.course import CourseError, ExpressionError

        try:
            self._open()
            return getattr(self, f"_{name}")(rest)
        except CourseError as error:
            return Told("\n".join(map(str, error.problems)), ok=False)
        except ExpressionError as error:
            return Told(str(error), ok=False)
        except OSError as error:
            return Told(T("progress cannot be saved: {reason}.", reason=reason(error)), ok=False)

    def answer(self, text: str) -> Answer:
        """Marks what was typed as an answer to the open question."""
        assert self.question is not None and self.progress is not None
        from convdsl.teaching.marking import mark

        question = self.question
        if not text.strip():
            return Told(question.how)
        verdict = mark(question, text)
        try:
            self.progress.record(question, verdict)
        except OSError as error:
            return Told(T("progress cannot be saved: {reason}.", reason=reason(error)), ok=False)
        if verdict.correct:
            self.question = None
        return Marked(question, verdict, finished=verdict.correct and self._following() is None)

    def wants_more(self, text: str) -> bool:
        """Whether an answer goes on: a program does, up to an empty line, unless it is one line with arrows."""
        if self.question is None or not self.question.multiline or not text.strip():
            return False
        lines = text.split("\n")
        return bool(lines[-1].strip()) and not (len(lines) == 1 and ("->" in text or "→" in text))

    def _open(self) -> tuple[Course, Progress]:
        from convdsl.teaching.course import load
        from convdsl.teaching.progress import Progress

        if self.course is None or self.progress is None:
            self.course = load()
            self.progress = Progress.open(self.course)
            self._notice = self.progress.notice
        return self.course, self.progress

    def _ask(self, exercise: Exercise) -> Answer:
        course, progress = self._open()
        self.question, self.paused = progress.ask(exercise), None
        notice, self._notice = self._notice, None
        return Asked(course, self.question, notice)

    def _following(self) -> Exercise | None:
        _, progress = self._open()
        return progress.next()

    def _next(self, rest: str) -> Answer:
        if self.paused is not None:
            return self._ask(self.paused.exercise)
        exercise = self._following()
        if exercise is None:
            return Told(T("All exercises are solved."))
        return self._ask(exercise)

    def _exercise(self, rest: str) -> Answer:
        course, _ = self._open()
        if not rest:
            current = self.question or self.paused
            return self._ask(current.exercise) if current else Told(T("Name the exercise: `:exercise 7`."), ok=False)
        try:
            return self._ask(course.find(rest))
        except KeyError as error:
            return Told(error.args[0], ok=False)

    def _list(self, rest: str) -> Answer:
        course, progress = self._open()
        return Listed(course, progress, self.question.exercise if self.question else None)

    def _progress(self, rest: str) -> Answer:
        course, progress = self._open()
        return Listed(course, progress, self.question.exercise if self.question else None, brief=True)

    def _hint(self, rest: str) -> Answer:
        if self.question is None:
            return _none_open()
        _, progress = self._open()
        return Told(progress.hint(self.question) or T("There are no more hints."))

    def _answer(self, rest: str) -> Answer:
        if self.question is None:
            return _none_open()
        _, progress = self._open()
        question, self.question = self.question, None
        return Told(progress.reveal(question))

    def _skip(self, rest: str) -> Answer:
        if self.question is None:
            return _none_open()
        _, progress = self._open()
        question, self.question = self.question, None
        progress.skip(question.exercise)
        return self._next("")

    def _pause(self, rest: str) -> Answer:
        if self.question is None:
            return _none_open()
        self.paused, self.question = self.question, None
        return Told(T("`:next` goes on with it."))

    def _reset(self, rest: str) -> Answer:
        course, progress = self._open()
        if rest in ("all", "todo"):
            progress.reset()
            self.question = self.paused = None
            return Told(T("All progress is forgotten."))
        if not rest and self.question is None:
            return Told(T("Name an exercise, or write `:reset all`."), ok=False)
        try:
            exercise = course.find(rest) if rest else self.question.exercise  # type: ignore[union-attr]
        except KeyError as error:
            return Told(error.args[0], ok=False)
        progress.reset(exercise)
        if self.question is not None and self.question.exercise is exercise:
            return self._ask(exercise)
        return Told(T("The progress of `{id}` is forgotten.", id=exercise.id))


def _none_open() -> Told:
    return Told(T("No exercise is open; `:next` asks one."), ok=False)
