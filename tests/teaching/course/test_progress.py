"""Progress is kept, whole; a damaged file is set aside and said to be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from convdsl.teaching.course import Course
from convdsl.teaching.marking import mark
from convdsl.teaching.progress import Progress


def test_a_student_goes_through(course: Course, tmp_path: Path) -> None:
    progress = Progress.open(course)
    first = progress.next()
    assert first is course.exercises[0] and progress.notice is None
    question = progress.ask(first)
    assert progress.ask(first).seed == question.seed
    assert progress.hint(question) == question.hints[0]
    progress.record(question, mark(question, "hola"))
    assert progress.of(first).tries == 0
    progress.record(question, mark(question, "7"))
    assert (progress.state(first), progress.of(first).tries) == ("tried", 1)

    again = Progress.open(course)
    assert again.of(first) == progress.of(first)
    question = again.ask(first)
    assert [again.hint(question) for _ in range(3)] == [*question.hints[1:], None]
    again.record(question, mark(question, question.answer))
    assert again.state(first) == "solved"
    assert again.next() is course.exercises[1]
    again.skip(course.exercises[1])
    assert Progress.open(course).next() is course.exercises[2]
    assert again.summary(course)[0][1:] == (1, len(course.concepts[0].exercises))


def test_skipped_exercises_come_back_at_the_end(course: Course) -> None:
    progress = Progress.open(course)
    for exercise in course.exercises:
        progress.records[exercise.id] = progress.of(exercise)._replace(solved=exercise.id != "softmax")
    progress.skip(course.by_id["softmax"])
    assert progress.next() is course.by_id["softmax"]
    question = progress.ask(course.by_id["softmax"])
    progress.record(question, mark(question, question.answer))
    assert progress.next() is None


def test_reset(course: Course) -> None:
    progress = Progress.open(course)
    for exercise in course.exercises[:2]:
        progress.skip(exercise)
    progress.reset(course.exercises[0])
    assert [progress.state(e) for e in course.exercises[:2]] == ["open", "skipped"]
    progress.reset()
    assert Progress.open(course).records == {}


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"version": 2, "courses": {}}',
        b'{"version": 1}',
        b"[" * 50_000,
        b'{"version": 1, "courses": {"convdsl": {"softmax": 3}}}',
        b'{"version": 1, "courses": {"convdsl": {"softmax": {"tries": "x"}}}}',
        b'{"version": 1, "courses": {"convdsl": {"softmax": {"solved": 1}}}}',
        b'{"version": 1, "courses": []}',
        b'{"version": 1, "courses": {"convdsl": {"softmax": {"tries": -1}}}}',
    ],
)
def test_a_damaged_file_is_set_aside(course: Course, tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "data" / "progress.json"
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(damage)
        progress = Progress.open(course)
        aside = path.with_name(f"progress.damaged-{number}.json")
        assert aside.read_bytes() == damage and str(aside) in str(progress.notice)
        assert progress.records == {} and not path.exists()
    progress.skip(course.exercises[0])
    assert Progress.open(course).notice is None


def test_a_write_that_fails_leaves_the_old_file(
    course: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    progress = Progress.open(course)
    progress.skip(course.exercises[0])
    before = progress.path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        progress.skip(course.exercises[1])
    assert progress.path.read_bytes() == before
    assert list(progress.path.parent.iterdir()) == [progress.path]


def test_other_courses_and_unknown_exercises_are_kept(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "data" / "progress.json"
    path.parent.mkdir()
    other = {"/a/course": {"x": {"solved": True}}}
    path.write_text(json.dumps({"version": 1, "courses": {**other, "convdsl": {"gone": {"solved": True, "new": 1}}}}))
    progress = Progress.open(course)
    progress.skip(course.exercises[0])
    courses = json.loads(path.read_text())["courses"]
    assert courses["/a/course"] == other["/a/course"]
    assert courses["convdsl"]["gone"]["solved"] is True
