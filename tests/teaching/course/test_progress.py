"""Progress is kept, whole; a damaged file is set aside and said to be."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.report.progress import table
from convdsl.teaching.course import Course
from convdsl.teaching.course.written import written
from convdsl.teaching.marking import mark
from convdsl.teaching.progress import Progress
from convdsl.teaching.questions import ask


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
        b'{"version": 1}',
        b'{"version": "2", "courses": {}}',
        b"[" * 50_000,
        b'{"version": 1, "courses": []}',
        b'{"version": 1, "courses": {"convdsl": 7}}',
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


@pytest.mark.parametrize(
    "record", ["3", '{"tries": "x"}', '{"solved": 1}', '{"tries": -1}', '{"tries": true}', '{"seed": 1e400}', "[]"]
)
def test_of_a_file_that_was_edited_the_rest_is_taken(course: Course, tmp_path: Path, record: str) -> None:
    path = tmp_path / "data" / "progress.json"
    path.parent.mkdir()
    right = '{"tries": 4, "solved": true}'
    text = f'{{"version": 1, "courses": {{"convdsl": {{"softmax": {record}, "size-valid": {right}}}}}}}'
    path.write_text(text)
    progress = Progress.open(course)
    copy = tmp_path / "data" / "progress.doubtful.json"
    assert "What can be understood is taken" in str(progress.notice) and copy.read_text() == text
    assert {id: r.tries for id, r in progress.records.items()} == {"size-valid": 4}
    progress.skip(course.exercises[0])
    assert copy.read_text() == text and Progress.open(course).notice is None


def test_an_edit_is_noticed_and_taken(course: Course, tmp_path: Path) -> None:
    progress = Progress.open(course)
    progress.skip(course.exercises[0])
    text = progress.path.read_text().replace('"tries": 0', '"tries": 7')
    progress.path.write_text(text)
    again = Progress.open(course)
    assert again.of(course.exercises[0]).tries == 7 and "was edited" in str(again.notice)


def test_a_later_version_is_left_alone(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "data" / "progress.json"
    path.parent.mkdir()
    path.write_text('{"version": 4, "anything": []}')
    progress = Progress.open(course)
    assert "later version" in str(progress.notice)
    with pytest.raises(OSError, match="later version"):
        progress.skip(course.exercises[0])
    assert path.read_text() == '{"version": 4, "anything": []}'


def test_two_at_once(course: Course) -> None:
    """Nothing that one has done is lost by the other."""
    first, second, third = course.exercises[:3]
    one, other = Progress.open(course), Progress.open(course)
    one.skip(first)
    other.skip(second)
    for number, progress in enumerate((one, other, one, other)):
        progress.records[third.id] = progress.of(third)._replace(tries=progress.of(third).tries + 1, seed=number)
        progress.save()
    one.reset(second)
    now = Progress.open(course)
    assert [now.state(e) for e in (first, second)] == ["skipped", "open"] and now.of(third).tries == 4
    other.skip(course.exercises[3])
    assert [Progress.open(course).state(e) for e in (first, second)] == ["skipped", "open"]


def test_many_processes_at_once(course: Course, tmp_path: Path) -> None:
    code = (
        "import sys; from convdsl.teaching.course import load; from convdsl.teaching.progress import Progress\n"
        "course = load(); progress = Progress.open(course)\n"
        "for exercise in course.exercises[int(sys.argv[1])::4][:8]: progress.skip(exercise)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(n)]) for n in range(4)]
    assert [p.wait() for p in processes] == [0, 0, 0, 0]
    progress = Progress.open(course)
    assert {e.id for e in course.exercises[:32]} == set(progress.records) and progress.notice is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of another kind there")
def test_a_file_that_may_not_be_written_stays(course: Course) -> None:
    progress = Progress.open(course)
    progress.skip(course.exercises[0])
    before = progress.path.read_bytes()
    progress.path.chmod(0)
    again = Progress.open(course)
    assert os.geteuid() == 0 or again.notice is not None
    with pytest.raises(OSError):
        again.skip(course.exercises[1])
    progress.path.chmod(0o600)
    assert progress.path.read_bytes() == before


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


def test_a_shown_answer_does_not_count_and_brings_new_numbers(course: Course, tmp_path: Path) -> None:
    progress = Progress.open(course)
    exercise = course.by_id["conv-params"]
    question = progress.ask(exercise)
    shown = progress.reveal(question)
    assert question.answer in shown and all(hint in shown for hint in question.hints)
    progress.record(question, mark(question, question.answer))
    assert progress.state(exercise) == "skipped" and not progress.counts(question)
    again = Progress.open(course)
    other = again.ask(exercise)
    assert other.seed != question.seed or not again.counts(other)
    other = ask(exercise, question.seed + 1)
    again.record(other, mark(other, other.answer))
    assert again.state(exercise) == "solved"


def test_the_table_has_a_row_for_every_exercise(course: Course) -> None:
    progress = Progress.open(course)
    first, second = course.exercises[:2]
    question = progress.ask(first)
    wrong = written(question.mistaken(question.exercise.mistakes[0]))
    progress.record(question, mark(question, wrong), 40)
    progress.hint(question)
    progress.skip(second)
    for language, states in (("en", ("tried", "skipped", "open")), ("es", ("intentado", "pospuesto", "sin empezar"))):
        use_language(language)
        head, *rows = csv.reader(io.StringIO(table(progress)))
        assert len(rows) == len(course.exercises) and {len(row) for row in rows} == {len(head)}
        assert tuple(row[2] for row in rows[:3]) == states
    tried = rows[0]
    day = date.today().isoformat()
    assert tried[:2] == [first.id, first.concept] and tried[3:6] == ["1", "1", "40"]
    assert tried[6].startswith(day) and tried[7:] == [question.exercise.mistakes[0].id, day]
    assert rows[2][3:] == ["0", "0", "0", "", "", ""]
