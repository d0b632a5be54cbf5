"""The course inside a session: the question that is open, and the commands around it."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from convdsl.messages import T, reason
from convdsl.teaching.answers import Answer, Asked, Listed, Marked, Reviewed, Told
from convdsl.teaching.commands import path_in
from convdsl.teaching.program import depth

if TYPE_CHECKING:
    from convdsl.teaching.course import Course, Exercise
    from convdsl.teaching.progress import Progress
    from convdsl.teaching.questions import Question
    from convdsl.teaching.spacing import Card

LONGEST = 1800
"""Seconds that one try is taken to last at most: who needs longer was somewhere else."""


class Practice:
    """One student at work. The course is read, and its code loaded, when it is first asked for."""

    def __init__(self, course: Course | None = None, progress: Progress | None = None) -> None:
        self.course = course
        self.progress = progress
        self.question: Question | None = None
        self.paused: Question | None = None
        self.doubt: str | None = None
        """What `:reset` is to forget, once somebody has said yes."""
        self.queue: list[Exercise] | None = None
        """What is still to be reviewed; None outside a review."""
        self.only_review = False
        """Whether the session ends with the review."""
        self._notice: T | None = None
        self._since = 0.0
        """When the question was asked, or answered last, on a clock that only goes forward."""
        self._goes_on = False
        self._asked = False

    def session(self, studying: bool, asked: bool) -> None:
        """What session it is part of: whether questions follow by themselves, and whether somebody can be asked back."""
        self._goes_on, self._asked = studying, asked

    def command(self, name: str, rest: str, forced: bool = False) -> Answer:
        """Follows one of the course's commands; `forced` is one with an exclamation mark."""
        from convdsl.teaching.course import CourseError, ExpressionError

        try:
            if name == "course":
                return self._course(rest)
            self._open()
            return self._reset(rest, forced) if name == "reset" else getattr(self, f"_{name}")(rest)
        except CourseError as error:
            return Told("\n".join(map(str, error.problems)), ok=False)
        except ExpressionError as error:
            return Told(str(error), ok=False)
        except OSError as error:
            return _not_saved(error)

    def answer(self, text: str) -> Answer:
        """Marks what was typed as an answer to the open question."""
        assert self.question is not None and self.progress is not None
        from convdsl.teaching.marking import mark

        question = self.question
        if not text.strip():
            return Told(question.how if self._asked or not self._goes_on else "")
        verdict = mark(question, text)
        counted = self.progress.counts(question)
        try:
            self.progress.record(question, verdict, self._seconds())
        except OSError as error:
            return _not_saved(error)
        if verdict.correct:
            self._leave()
        finished = verdict.correct and self._following() is None
        return Marked(question, verdict, finished, counted or not verdict.correct, self._goes_on)

    def following(self) -> Answer | None:
        """The next question, where none is open; None where one is."""
        if self.question is not None or self.doubt is not None:
            return None
        if self.only_review and not self.queue:
            return Told(T("The review is done."))
        return self.command("next", "")

    def wants_more(self, text: str) -> bool:
        """Whether an answer goes on: a program does, up to an empty line outside its braces and fences, or two."""
        if self.question is None or not self.question.multiline or not text.strip():
            return False
        *before, last = text.split("\n")
        inside = depth(text) > 0 or text.count("```") % 2 == 1
        return bool(last.strip()) or (inside and bool(before) and bool(before[-1].strip()))

    def begin(self, exercise: Exercise | None, seed: int | None) -> Answer:
        """The first question of a session: of an exercise, or of the next; with the numbers of a seed, or with those of
        last time. Raises ExpressionError, OSError."""
        from convdsl.teaching.questions import ask

        exercise = exercise or self._following()
        if exercise is None or seed is None:
            return self._ask(exercise) if exercise is not None else _all_solved()
        return self._asks(ask(exercise, seed))

    def _open(self) -> tuple[Course, Progress]:
        from convdsl.teaching.course import load
        from convdsl.teaching.progress import Progress

        if self.course is None or self.progress is None:
            self.course = load()
            self.progress = Progress.open(self.course)
            self._notice = self.progress.notice
        return self.course, self.progress

    def _ask(self, exercise: Exercise) -> Asked:
        _, progress = self._open()
        return self._asks(progress.ask(exercise))

    def _asks(self, question: Question) -> Asked:
        course, _ = self._open()
        self.question, self.paused, self._since = question, None, monotonic()
        notice, self._notice = self._notice, None
        return Asked(course, question, notice, ("hint", "skip", "answer", "quit" if self._goes_on else "pause"))

    def _seconds(self) -> int:
        """How long the answer took, a pause for coffee left out."""
        before, self._since = self._since, monotonic()
        return min(int(self._since - before), LONGEST)

    def _leave(self) -> None:
        """The open question is done with, in a review too."""
        if self.queue and self.question is not None and self.question.exercise in self.queue:
            self.queue.remove(self.question.exercise)
        self.question = None

    def _following(self) -> Exercise | None:
        _, progress = self._open()
        progress.refresh()
        return self.queue[0] if self.queue else progress.next()

    def _next(self, rest: str) -> Answer:
        if self.paused is not None:
            return self._ask(self.paused.exercise)
        exercise = self._following()
        if self.queue:
            return self._asks(self._open()[1].ask(self.queue[0], fresh=True))
        if self.queue is not None:
            self.queue, self._notice = None, T("The review is done; the course goes on.")
        return self._ask(exercise) if exercise is not None else _all_solved()

    def _exercise(self, rest: str) -> Answer:
        course, _ = self._open()
        if not rest:
            if self.question is not None:
                return self._asks(self.question)
            return self._ask(self.paused.exercise) if self.paused else _nameless()
        try:
            return self._ask(course.find(rest))
        except KeyError as error:
            return Told(error.args[0], ok=False)

    def _review(self, rest: str) -> Answer:
        early = rest.lower() in ("all", "todo")
        if rest and not early:
            return Told(T("`:review` takes nothing, or `all`."), ok=False)
        course, progress = self._open()
        progress.refresh()
        due = progress.due(early=early)
        groups = tuple(tuple(found) for _, found in groupby(due, key=progress.misconception))
        if not due:
            days = Counter(c.day for c in progress.cards())
            return Reviewed(course, (), tuple(sorted(days.items())))
        self.queue = [course.by_id[c.exercise] for c in due]
        asked = self._asks(progress.ask(self.queue[0], fresh=True))
        return Reviewed(course, tuple((self._in_words(g[0]), g) for g in groups), asked=asked)

    def _in_words(self, card: Card) -> str:
        """What was wrong, as it was said when it was."""
        from convdsl.teaching.course import ExpressionError
        from convdsl.teaching.questions import ask

        exercise = self._open()[0].by_id[card.exercise]
        mistake = next((m for m in exercise.mistakes if m.id == card.mistake), None)
        option = next((o for o in exercise.options if o.id == card.mistake), None)
        try:
            question = ask(exercise, card.seed)
            if option is not None:
                return question.fill(str(option.why))
            return question.message_of(mistake) if mistake is not None else ""
        except ExpressionError:  # the course has changed since
            return ""

    def _course(self, rest: str) -> Answer:
        if rest:
            return self._move(path_in(rest))
        course, _ = self._open()
        text = T("{title}: one exercise, in {folder}.", "{title}: {n} exercises, in {folder}.", n=len(course.exercises),
                 title=course.title, folder=course.folder)  # fmt: skip
        return Told(text)

    def _move(self, folder: Path) -> Answer:
        """Goes over to the course in a folder; `convdsl`, where no course is in a folder of that name, is the shipped one."""
        from convdsl.teaching.course import load
        from convdsl.teaching.course.course import FILE
        from convdsl.teaching.progress import Progress

        try:
            own = (folder / FILE).exists()
            course = load(None if str(folder) == "convdsl" and not own else folder)
        except (OSError, ValueError) as error:
            return Told(T("{name} cannot be read: {reason}.", name=folder, reason=reason(error)), ok=False)
        course.speak()
        self.course, self.progress = course, Progress.open(course)
        self.question = self.paused = self.queue = None
        self._notice = self.progress.notice
        return self._course("")

    def _list(self, rest: str) -> Answer:
        course, progress = self._open()
        progress.refresh()
        return Listed(course, progress, self.question.exercise if self.question else None)

    def _progress(self, rest: str) -> Answer:
        course, progress = self._open()
        progress.refresh()
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
        told = progress.reveal(self.question)
        self._leave()
        return Told(told)

    def _skip(self, rest: str) -> Answer:
        if self.question is None:
            return _none_open()
        _, progress = self._open()
        progress.skip(self.question.exercise)
        self._leave()
        return Told("") if self._goes_on else self._next("")

    def _pause(self, rest: str) -> Answer:
        if self.question is None:
            return _none_open()
        self.paused, self.question = self.question, None
        return Told(T("`:next` goes on with it."))

    def _reset(self, rest: str, forced: bool) -> Answer:
        course, progress = self._open()
        if rest.lower() in ("all", "todo"):
            wanted = "all"
        elif not rest and self.question is None:
            return Told(T("Name an exercise, or write `:reset all`."), ok=False)
        else:
            try:
                wanted = (course.find(rest) if rest else self.question.exercise).id  # type: ignore[union-attr]
            except KeyError as error:
                return Told(error.args[0], ok=False)
        lost = progress.known(None if wanted == "all" else course.by_id[wanted])
        if not lost:
            return Told(T("There is nothing to forget."))
        if forced:
            return self._forget(wanted)
        what = T("all progress in this course") if wanted == "all" else T("the progress of `{id}`", id=wanted)
        loss = T(
            "This forgets {what} (solved: {solved}, tries: {tries}).",
            what=what,
            solved=sum(r.solved for r in lost),
            tries=sum(r.tries for r in lost),
        )
        if not self._asked:
            how = T("`:reset! {what}` does it.", what=wanted if wanted != "all" else T("all"))
            return Told(f"{loss} {how}", ok=False)
        self.doubt = wanted
        return Told(f"{loss} {T('Forget it? `yes` does it, anything else leaves it.')}")

    def decide(self, word: str) -> Answer:
        """Forgets what `:reset` was to forget, if the word is yes."""
        wanted, self.doubt = self.doubt, None
        assert wanted is not None
        if word.lower().strip(".! ") not in ("yes", "y", "sí", "si", "s"):
            return Told(T("Nothing is forgotten."))
        try:
            return self._forget(wanted)
        except OSError as error:
            return _not_saved(error)

    def _forget(self, wanted: str) -> Answer:
        course, progress = self._open()
        if wanted == "all":
            progress.reset()
            self.question = self.paused = self.queue = None
            return Told(T("All progress is forgotten."))
        exercise = course.by_id[wanted]
        progress.reset(exercise)
        if self.question is not None and self.question.exercise is exercise:
            return self._ask(exercise)
        return Told(T("The progress of `{id}` is forgotten.", id=exercise.id))


def _none_open() -> Told:
    return Told(T("No exercise is open; `:next` asks one."), ok=False)


def _nameless() -> Told:
    return Told(T("Name the exercise: `:exercise 7`."), ok=False)


def _all_solved() -> Told:
    return Told(T("All exercises are solved."))


def _not_saved(error: OSError) -> Told:
    return Told(T("progress cannot be saved: {reason}.", reason=reason(error)), ok=False, outside=True)
