"""The course in plain text, question after question: in a terminal, and through a pipe."""

from __future__ import annotations

import sys

from convdsl.messages import T
from convdsl.teaching.course import Course, Exercise, Progress, Question
from convdsl.teaching.course.exercise import KINDS


def practise(course: Course, progress: Progress, first: Exercise | None, seed: int | None) -> int:
    """Asks until the course or the input ends. Returns 1 if the last answer was wrong. Raises OSError."""
    exercise = first or course.next(progress)
    right = True
    while exercise is not None:
        question = exercise.ask(seed) if seed is not None else progress.ask(exercise)
        show(course, question)
        outcome = _ask(question, progress)
        if outcome is None:
            return int(not right)
        right = outcome
        exercise = course.next(progress)
        seed = None
        if first is not None and exercise is first:
            break
    if exercise is None:
        print(T("All exercises are solved."))
    return int(not right)


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


def _ask(question: Question, progress: Progress) -> bool | None:
    """Reads answers until one is right (True), the question is left (False), or the input ends (None)."""
    right = True
    while True:
        text = _read(question.multiline)
        if text is None or text.strip() in (":quit", ":q"):
            return None if right else False if text is None else None
        word = text.strip()
        if word == ":hint":
            print(progress.hint(question) or T("There are no more hints."), flush=True)
        elif word == ":skip":
            progress.skip(question.exercise)
            return False
        elif word == ":answer":
            print(question.answer)
            progress.skip(question.exercise)
            return False
        elif word.startswith(":"):
            print(T("There is no `{word}` here: :hint :skip :answer :quit", word=word), flush=True)
        elif word:
            verdict = question.submit(text)
            progress.record(question, verdict)
            if verdict.understood:
                print(T("Understood: {what}", what=verdict.understood))
            print(verdict.message, flush=True)
            if verdict.correct:
                return True
            right = False


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
