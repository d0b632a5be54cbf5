"""The course in plain text, question after question: in a terminal, and through a pipe."""

from __future__ import annotations

import sys

from convdsl.messages import T
from convdsl.teaching.course import Course, Exercise
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.marking import mark
from convdsl.teaching.progress import Progress
from convdsl.teaching.questions import Question, ask


def practise(course: Course, progress: Progress, first: Exercise | None, seed: int | None) -> int:
    """Asks until the course or the input ends. Returns 1 if the last answer was wrong. Raises OSError."""
    exercise = first or progress.next()
    marks: list[bool] = []
    while exercise is not None:
        question = ask(exercise, seed) if seed is not None else progress.ask(exercise)
        show(course, question)
        if not _answered(question, progress, marks):
            return int(marks[-1:] == [False])
        exercise, seed = progress.next(), None
    print(T("All exercises are solved."))
    return 0


def show(course: Course, question: Question) -> None:
    """Prints a question."""
    number = course.number(question.exercise)
    head = T(
        "{number}/{total} · {title} · {kind} · seed {seed}",
        number=number,
        total=len(course.exercises),
        title=question.title,
        kind=KINDS[question.kind],
        seed=question.seed,
    )
    print(f"\n{head}\n\n{question.text}")
    if question.program:
        print("\n" + "\n".join(f"    {line}" for line in question.program.splitlines()))
    for letter, text in question.options:
        print(f"  {letter}) {text}")
    print(f"\n{T('Answer: {how}.', how=question.how)} {T('Also: :hint :skip :answer :quit')}", flush=True)


def _answered(question: Question, progress: Progress, marks: list[bool]) -> bool:
    """Reads answers until one is right or the question is left; False where the student leaves or the input ends.
    `marks` grows with each answer."""
    while True:
        text = _read(question.multiline)
        word = ":quit" if text is None else text.strip()
        if word in (":quit", ":q"):
            return False
        if word == ":hint":
            print(progress.hint(question) or T("There are no more hints."), flush=True)
        elif word in (":skip", ":answer"):
            if word == ":answer":
                print(progress.reveal(question))
            else:
                progress.skip(question.exercise)
            return True
        elif word.startswith(":"):
            print(T("There is no `{word}` here: :hint :skip :answer :quit", word=word), flush=True)
        elif word:
            verdict = mark(question, word)
            counts = progress.counts(question)
            progress.record(question, verdict)
            if verdict.understood:
                print(T("Understood: {what}", what=verdict.understood))
            print(verdict.message, flush=True)
            if verdict.correct and not counts:
                print(T("It does not count: the answer to these numbers has been shown."), flush=True)
            if verdict.status != "unclear":
                marks.append(verdict.correct)
            if verdict.correct:
                return True


def _read(multiline: bool) -> str | None:
    """A line, or the lines of a program up to an empty one. None at the end of the input."""
    lines: list[str] = []
    while True:
        if sys.stdin.isatty() and sys.stdout.isatty():
            print("… " if lines else "> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            return "\n".join(lines) if lines else None
        line = line.rstrip("\r\n")
        if not lines and (line.startswith(":") or not multiline):
            return line
        if not line.strip() and lines:
            return "\n".join(lines)
        if line.strip():
            lines.append(line)
