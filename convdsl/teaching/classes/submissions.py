"""What students hand in: files of answers, read and marked. Everything in them is hostile until read.

A file has a line `[exercise-id]` before each answer, or `exercise-id: answer` on a line. A `.cnn` file is the answer to
the one exercise that it is marked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from convdsl import files
from convdsl.messages import T, reason
from convdsl.teaching import marking
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.questions import ask

LARGEST = 200_000
"""Bytes of a file that are read."""
_SECTION = re.compile(r"^\s*\[\s*([a-z0-9-]{1,80})\s*\]\s*(.*)$", re.IGNORECASE)
_LINE = re.compile(r"^\s*([a-z0-9]+(?:-[a-z0-9]+)*)\s*[:=]\s*(.*)$", re.IGNORECASE)
_SEED = re.compile(r"^\s*(?:seed|semilla)\s*[:=]\s*([0-9]{1,9})\s*$", re.IGNORECASE)


class Mark(NamedTuple):
    """What one file is worth, and why: a reason for each exercise that is not right."""

    file: str
    points: int
    of: int
    seed: int
    reasons: tuple[str, ...]


class Submission(NamedTuple):
    """The answers in a file by exercise, and what is wrong with the file as a whole."""

    answers: dict[str, str]
    seed: int | None = None
    problem: T | None = None


def read_submission(path: Path, course: Course, only: Exercise | None = None) -> Submission:
    """The answers in a file; with `only`, a file without sections is the answer to that exercise."""
    try:
        with files.opened(path) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        return Submission({}, None, T("It cannot be read: {reason}.", reason=reason(error)))
    if len(data) > LARGEST:
        return Submission({}, None, T("It has more than {n} bytes.", n=LARGEST))
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return Submission({}, None, T("This is not text in UTF-8."))
    return split(text, course, only)


def split(text: str, course: Course, only: Exercise | None = None) -> Submission:
    """The answers in a text."""
    answers: dict[str, str] = {}
    seed, current = None, None
    for line in text.splitlines():
        section = _SECTION.match(line)
        single = _LINE.match(line)
        if section and section[1].lower() in course.by_id:
            current = section[1].lower()
            answers[current] = section[2]
        elif single and single[1].lower() in course.by_id:
            current = None
            answers[single[1].lower()] = single[2]
        elif current is None and (found := _SEED.match(line)):
            seed = int(found[1])
        elif current is not None:
            answers[current] += f"\n{line}"
    if not answers and only is not None:
        answers[only.id] = text
    kept = {id: answer for id, answer in answers.items() if _without_notes(answer, course.by_id[id])}
    problem = (
        None
        if answers or not text.strip()
        else T(
            "There is no answer in it: a line such as [{id}] comes before each.", id=(only or course.exercises[0]).id
        )
    )
    return Submission({id: _without_notes(a, course.by_id[id]) for id, a in kept.items()}, seed, problem)


def _without_notes(answer: str, exercise: Exercise) -> str:
    """An answer without the form's lines that begin with #; programs keep their comments."""
    lines = [line for line in answer.splitlines() if not line.lstrip().startswith("#")]
    bare = "\n".join(lines).strip()
    return answer.strip("\n") if bare and exercise.kind in ("complete", "repair", "build") else bare


def mark(path: Path, course: Course, exercises: Sequence[Exercise], seed: int | None) -> Mark:
    """Marks one file: a point for each exercise. `seed` wins over the one that the file names."""
    only = exercises[0] if len(exercises) == 1 else None
    submission = read_submission(path, course, only)
    used = seed if seed is not None else submission.seed if submission.seed is not None else 1
    if submission.problem is not None:
        return Mark(path.name, 0, len(exercises), used, (str(submission.problem),))
    points, reasons = 0, []
    for exercise in exercises:
        answer = submission.answers.get(exercise.id)
        if answer is None:
            reasons.append(f"{exercise.id}: {T('no answer')}")
            continue
        try:
            verdict = marking.mark(ask(exercise, used), answer)
        except ExpressionError as error:
            reasons.append(f"{exercise.id}: {error}")
            continue
        points += verdict.correct
        if not verdict.correct:
            reasons.append(_reason(exercise, verdict.understood, verdict.message, verdict.mistake))
    if points < len(submission.answers) and seed is None and submission.seed is None:
        reasons.insert(0, str(T("It names no seed, so seed 1 was used; `--seed` gives that of the sheet.")))
    return Mark(path.name, points, len(exercises), used, tuple(reasons))


def _reason(exercise: Exercise, understood: str | None, message: str, mistake: str | None) -> str:
    """One line for an answer that is not right."""
    said = " ".join(message.split())
    read = f" {' '.join(understood.split())} →" if understood else ""
    named = f" [{mistake}]" if mistake else ""
    text = f"{exercise.id}:{read} {said}{named}"
    return text if len(text) <= 400 else text[:399] + "…"


def files_of(folder: Path) -> list[Path]:
    """The files to mark in a folder, by name; hidden ones, links and folders are left out."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file() and not p.is_symlink())
