"""Times and tries are kept; what was wrong comes back, spaced, by misconception; two windows keep both their work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from convdsl.messages import use_language
from convdsl.teaching.answers import Marked, Reviewed, Told
from convdsl.teaching.course import load
from convdsl.teaching.course.written import written
from convdsl.teaching.marking import mark
from convdsl.teaching.practice import LONGEST, Practice
from convdsl.teaching.progress import Progress
from convdsl.teaching.questions import ask
from convdsl.teaching.records import MOST_TRIES, Try, latest, understood
from convdsl.teaching.session import Session
from convdsl.teaching.spacing import DAYS, card

COURSE = load()
FIRST = COURSE.exercises[0]
START = datetime(2026, 3, 1, 12).timestamp()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path))
    yield


def day(number: float) -> int:
    return int(START + number * 86400)


@pytest.mark.parametrize(
    ("tries", "box", "days"),
    [
        ("", None, 0),
        ("0r", None, 0),
        ("0w", 0, 0),
        ("0w 0r", 1, 1),
        ("0w 0r 0r 0r", 1, 1),  # right before its day moves nothing
        ("0w 0r 1r", 2, 4),
        ("0w 0r 1r 3r 4r", 3, 11),
        ("0w 0r 1r 4r 11r 25r", 5, 55),
        ("0w 0r 1r 4r 11r 25r 55r", None, 0),
        ("0w 0r 1r 4r 11r 25r 55r 60w", 0, 60),
        ("0w 0r 1r 4w", 0, 4),
        ("0s", 0, 0),
        ("0s 9r", 1, 10),
        ("0r 5w 5r", 1, 6),
    ],
)
def test_boxes(tries: str, box: int | None, days: int) -> None:
    names = {"r": "right", "w": "wrong", "s": "shown"}
    found = card("x", [Try(day(float(t[:-1])), 1, names[t[-1]]) for t in tries.split()])
    if box is None:
        assert found is None
    else:
        assert found is not None and (found.box, found.day) == (box, date(2026, 3, 1) + timedelta(days))


def test_the_days_grow() -> None:
    assert list(DAYS) == sorted(set(DAYS))


def _wrong(progress: Progress, id: str, mistake: str, seconds: int = 0) -> None:
    question = ask(COURSE.by_id[id], 5)
    named = next(m for m in question.exercise.mistakes if m.id == mistake)
    verdict = mark(question, written(question.mistaken(named)))
    assert verdict.mistake == mistake
    progress.record(question, verdict, seconds)


def studying() -> Session:
    return Session(Practice(COURSE, Progress.open(COURSE)), studying=True)


def test_a_review_goes_by_misconception_with_new_numbers() -> None:
    progress = Progress.open(COURSE)
    _wrong(progress, "size-valid", "plus-one")
    _wrong(progress, "conv-params", "bias")
    _wrong(progress, "dense-params", "bias")
    session = studying()
    session.practice.only_review = True
    answer = session.enter(":review")
    assert isinstance(answer, Reviewed) and answer.asked is not None
    assert [[c.exercise for c in cards] for _, cards in answer.groups] == [
        ["conv-params", "dense-params"],
        ["size-valid"],
    ]
    assert "bias" in answer.groups[0][0]
    for expected in ("conv-params", "dense-params", "size-valid"):
        question = session.practice.question
        assert question is not None and question.exercise.id == expected and question.seed != 5
        assert isinstance(session.enter(question.answer), Marked)
        follows = session.following()
    assert isinstance(follows, Told) and "review is done" in str(follows.text)
    again = studying().enter(":review")
    assert isinstance(again, Reviewed) and again.asked is None and [n for _, n in again.coming] == [3]
    early = studying().enter(":review all")
    assert isinstance(early, Reviewed) and early.asked is not None


def test_in_a_course_the_review_leads_back_to_it() -> None:
    _wrong(Progress.open(COURSE), "conv-params", "bias")
    session = studying()
    session.enter(":repasar")
    session.enter(":skip")
    follows: Any = session.following()
    assert follows.question.exercise is FIRST and "goes on" in str(follows.notice)


def test_a_wrong_option_is_a_misconception_of_its_exercise() -> None:
    exercise = next(e for e in COURSE.exercises if len(e.options) > 2)
    question, progress = ask(exercise, 3), Progress.open(COURSE)
    letter = next(k for k in question.lettered if k != question.right)
    progress.record(question, mark(question, letter))
    answer: Any = studying().enter(":review")
    assert answer.groups[0][0] == question.fill(str(question.lettered[letter].why))


def test_times_and_tries_are_kept_and_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from convdsl.report.console import console
    from convdsl.report.session import print_answer

    progress = Progress.open(COURSE)
    _wrong(progress, "conv-params", "bias", 3000)
    _wrong(progress, "conv-params", "bias", 900)
    again = Progress.open(COURSE).of(COURSE.by_id["conv-params"])
    assert (again.tries, again.seconds, [t.mistake for t in again.history]) == (2, 3900, ["bias", "bias"])
    assert abs(again.history[0].time - datetime.now().timestamp()) < 60
    print_answer(console(), studying().enter(":progress"))
    shown = capsys.readouterr().out
    assert "2 tries · 1 h 5 min" in shown and str(date.today()) in shown and "`:review`" in shown
    clock = iter([0.0, 65.9, 10**6, 10**6])
    monkeypatch.setattr("convdsl.teaching.practice.monotonic", lambda: next(clock))
    session = studying()
    session.practice.begin(FIRST, 3)
    session.enter("12345")
    session.enter("12345")
    assert [t.seconds for t in Progress.open(COURSE).of(FIRST).history] == [65, LONGEST]


def test_only_the_last_tries_are_kept_one_by_one() -> None:
    history: tuple[Try, ...] = ()
    for number in range(MOST_TRIES + 5):
        history = latest(history, Try(number, 1, "wrong"))
    assert len(history) == MOST_TRIES and history[-1].time == MOST_TRIES + 4


# The file.


@pytest.mark.parametrize(
    "bad",
    ["7", '["x", 1, "wrong", "", 0]', "[1, 2]", '[1e400, 1, "wrong", "", 0]', '[1, 1, "maybe", "", 0]', '[-1, 1, "right", "", 0]',
     '[99999999999999, 1, "right", "", 0]', '[1, 1, "right", null, 0]', "[true, 1, 2, 3, 4]", "null"],
)  # fmt: skip
def test_of_a_damaged_history_the_rest_is_taken(bad: str) -> None:
    text = f'{{"version": 3, "courses": {{"convdsl": {{"a": {{"tries": 3, "history": [[5, 1, "wrong", "bias", 2], {bad}]}}}}}}}}'
    found = understood(text.encode(), "convdsl")
    assert found.doubtful and found.records["a"].history == (Try(5, 1, "wrong", "bias", 2),)


@pytest.mark.parametrize("version", [1, 2])
def test_older_files_are_read(version: int, tmp_path: Path) -> None:
    from convdsl.teaching.records import _sum

    courses = {"convdsl": {FIRST.id: {"tries": 4, "hints": 1, "seed": 9, "solved": True, "skipped": False, "shown": 0}}}
    data = {"version": version, "courses": courses} | ({"sum": _sum(courses)} if version == 2 else {})
    (tmp_path / "progress.json").write_text(json.dumps(data))
    progress = Progress.open(COURSE)
    assert progress.notice is None and progress.of(FIRST).tries == 4 and progress.state(FIRST) == "solved"
    progress.skip(COURSE.exercises[1])
    assert json.loads((tmp_path / "progress.json").read_text())["version"] == 3
    assert Progress.open(COURSE).of(FIRST) == progress.of(FIRST)


@pytest.mark.parametrize(
    "damage",
    [b"", b"  \n", b"{", b"\xff\xfe\x00", b"[]", b"null", b"[" * 50_000, b'{"version": "2"}', b'{"version": 1, "courses": 5}'],
)  # fmt: skip
def test_damage_is_told_in_the_users_language(damage: bytes, tmp_path: Path) -> None:
    use_language("es")
    (tmp_path / "progress.json").write_bytes(damage)
    notice = str(Progress.open(COURSE).notice)
    assert notice.startswith("No se entiende el archivo con su progreso: ")
    assert any(why in notice for why in ("está vacío", "no es texto", "está cortado", "es JSON, pero no progreso"))


def test_two_windows_keep_both_their_tries() -> None:
    one, other = Progress.open(COURSE), Progress.open(COURSE)
    _wrong(one, "conv-params", "bias", 10)
    _wrong(other, "conv-params", "bias", 20)
    _wrong(one, "dense-params", "bias", 30)
    now = Progress.open(COURSE)
    both = now.of(COURSE.by_id["conv-params"])
    assert (both.tries, both.seconds, sorted(t.seconds for t in both.history)) == (2, 30, [10, 20])
    other.refresh()
    assert other.of(COURSE.by_id["dense-params"]).tries == 1


def test_what_one_window_forgets_the_other_does_not_bring_back() -> None:
    exercise = COURSE.by_id["conv-params"]
    one, other = Progress.open(COURSE), Progress.open(COURSE)
    _wrong(one, "conv-params", "bias", 10)
    other.refresh()
    other.ask(exercise, fresh=True)
    one.reset(exercise)
    other.refresh()
    assert other.known() == []
    _wrong(other, "conv-params", "bias", 20)
    assert [r.tries for r in Progress.open(COURSE).known()] == [1]


@pytest.mark.parametrize("damage", [None, b"{"])
def test_a_file_that_is_lost_in_between_is_written_again(damage: bytes | None, tmp_path: Path) -> None:
    progress = Progress.open(COURSE)
    _wrong(progress, "conv-params", "bias", 10)
    if damage is None:
        (tmp_path / "progress.json").unlink()
    else:
        (tmp_path / "progress.json").write_bytes(damage)
    progress.refresh()
    _wrong(progress, "dense-params", "bias", 20)
    assert sorted(r.seconds for r in Progress.open(COURSE).known()) == [10, 20]


def test_two_processes_at_once() -> None:
    """Two windows in which a student goes back and forth: all that was solved stays solved, in the file and in both."""
    call = [sys.executable, "-m", "convdsl", "course", "--lang", "en"]
    windows = [
        subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ})
        for _ in range(2)
    ]
    ids = [("size-valid", "conv-params", "lenet"), ("dense-params", "pool-size", "softmax")]
    ids = [tuple(i for i in group if i in COURSE.by_id) for group in ids]
    for turn in range(max(map(len, ids))):
        for window, group in zip(windows, ids, strict=True):
            if turn < len(group):
                assert window.stdin is not None
                window.stdin.write(f":exercise {group[turn]}\n:skip\n")
                window.stdin.flush()
    for window in windows:
        window.communicate(":quit\n", timeout=60)
    progress = Progress.open(COURSE)
    assert [progress.state(COURSE.by_id[i]) for group in ids for i in group] == ["skipped"] * sum(map(len, ids))
