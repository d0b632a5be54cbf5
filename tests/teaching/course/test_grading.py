"""Marking: good, wrong, damaged and hostile submissions, each a line with its reasons."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.classes import grading
from convdsl.teaching.classes.grading import Limits, grade
from convdsl.teaching.classes.submissions import Mark, files_of, mark, split
from convdsl.teaching.course import Course
from convdsl.teaching.questions import ask
from tests.conftest import Convdsl

IDS = ("size-valid", "keep-the-size", "shuffled-pixels", "under-a-budget")


def sheet(course: Course, seed: int = 7) -> str:
    return f"seed: {seed}\n" + "\n".join(f"[{id}]\n{ask(course.by_id[id], seed).answer}\n" for id in IDS)


Write = Callable[..., Path]


@pytest.fixture
def hand_in(tmp_path: Path) -> Write:
    def write(name: str, content: str | bytes) -> Path:
        folder = tmp_path / "handed in"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    return write


def marked(course: Course, path: Path, seed: int | None = 7) -> Mark:
    return mark(path, course, [course.by_id[id] for id in IDS], seed)


def test_all_right_in_either_form(course: Course, hand_in: Write) -> None:
    assert marked(course, hand_in("a.txt", sheet(course)))[:3] == ("a.txt", 4, 4)
    size = ask(course.by_id["size-valid"], 7).answer.replace("×", ",")
    lines = f"size-valid: {size}\nkeep-the-size = p same\r\nshuffled-pixels: {ask(course.by_id['shuffled-pixels'], 7).right}"
    result = marked(course, hand_in("b.txt", "\ufeff" + lines))
    assert (result.points, result.reasons) == (3, ("under-a-budget: no answer",))


def test_reasons_name_what_was_understood_and_the_mistake(course: Course, hand_in: Write) -> None:
    question = ask(course.by_id["size-valid"], 7)
    height, _, channels = question.right
    (reason,) = [
        r
        for r in marked(course, hand_in("a", f"[size-valid]\n{height - 1}x{height - 1}x{channels}")).reasons
        if r.startswith("size-valid")
    ]
    assert f"{height - 1}×{height - 1}×{channels} →" in reason and reason.endswith("[plus-one]")


def test_the_seed_of_the_sheet_wins(course: Course, hand_in: Write) -> None:
    path = hand_in("a", sheet(course, seed=8))
    assert marked(course, path, seed=None).points == 4
    assert marked(course, path, seed=9).points < 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xfd\x80", "UTF-8"),
        (b"\xff\xfe" + "nada".encode("utf-16-le"), "no answer in it"),
        (b"x" * 300_000, "bytes"),
        ("[no-such-exercise]\n3", "no answer in it"),
        ("", "no answer"),
        ("[size-valid]\n\n# 28x28x6\n", "size-valid: no answer"),
        ("[size-valid]\n" + "9" * 5000, "size-valid"),
        ("[size-valid]\n\x1b[2J28x28", "28"),
        ("[under-a-budget]\nrepeat 9999 { repeat 9999 { conv 1 k1 } }", "200,000"),
        ("[under-a-budget]\n" + "{" * 10_000, "under-a-budget"),
        ("[under-a-budget]\n" + "conv 8 k3 p1\n" * 1500, "under-a-budget"),
        ("[under-a-budget]\n" + "a" * 150_000, "too long"),
    ],
)
def test_odd_files(course: Course, hand_in: Write, content: str | bytes, words: str) -> None:
    result = marked(course, hand_in("odd", content))
    assert result.points == 0
    assert words in " ".join(result.reasons)
    assert not any(c in "".join(result.reasons) for c in "\x1b\n\r")
    assert all(len(r) <= 400 for r in result.reasons)


def test_a_form_that_was_not_filled_in(course: Course) -> None:
    assert split("# Write\nseed: 7\n\n[size-valid]\n# a size\n\n\n", course).answers == {}


def test_programs_keep_their_comments_and_shapes_their_lines(course: Course) -> None:
    answers = split("[under-a-budget]\n# my net\ninput 32x32x3\ngap\n[size-valid]\n# note\n28x28x6\n", course).answers
    assert answers["under-a-budget"].startswith("# my net")
    assert answers["size-valid"] == "28x28x6"


def test_links_and_hidden_files_are_left_out(hand_in: Write, tmp_path: Path) -> None:
    folder = hand_in("b.txt", "x").parent
    hand_in("a.txt", "x")
    hand_in(".hidden", "x")
    (folder / "inner").mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "passwd").symlink_to("/etc/hostname")
    assert [p.name for p in files_of(folder)] == ["a.txt", "b.txt"]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be held up there")
def test_time_is_limited_and_the_others_are_marked(
    course: Course, hand_in: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that marks the second file is held up, as by an answer that takes for ever."""
    files = [hand_in(name, sheet(course)) for name in ("1.txt", "2.txt", "3.txt")]
    ask = grading._Worker._ask

    def held_up(worker: grading._Worker, line: str, seconds: float) -> tuple[str, bool]:
        if "2.txt" in line:
            assert worker.process is not None
            worker.process.send_signal(signal.SIGSTOP)
        return ask(worker, line, seconds)

    monkeypatch.setattr(grading._Worker, "_ask", held_up)
    begun = time.monotonic()
    marks = list(grade(files, course, [course.by_id[i] for i in IDS], 7, Limits(seconds=3.0), jobs=1))
    assert [m.points for m in marks] == [4, 0, 4]
    assert "3 seconds" in marks[1].reasons[0]
    assert 3 < time.monotonic() - begun < 40


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_nobody_waits_for_a_pipe(course: Course, hand_in: Write) -> None:
    path = hand_in("1.txt", "")
    path.unlink()
    os.mkfifo(path)
    (marked,) = grade([path], course, [course.by_id[i] for i in IDS], 7)
    assert marked.points == 0 and "a pipe" in marked.reasons[0]


def test_formulas_that_grow_cost_their_author_only(course: Course, hand_in: Write) -> None:
    slow = "[under-a-budget]\ninput NxNx1\nconv K kF\nrepeat 500 { conv K kF sS -> conv N*K*F kK s(F*K) }\n"
    files = [hand_in("1.txt", slow), hand_in("2.txt", sheet(course))]
    assert [m.points for m in grade(files, course, [course.by_id[i] for i in IDS], 7, jobs=1)] == [0, 4]


@pytest.mark.skipif(os.name == "nt", reason="memory is limited where the system can")
def test_memory_is_limited(course: Course, hand_in: Write) -> None:
    script = "from convdsl.teaching.classes.worker import limit_memory\nlimit_memory(400)\nx = bytearray(600_000_000)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
    large = "[under-a-budget]\ninput 32x32x3\n" + "conv 8 k3 p1 -> " * 900
    files = [hand_in("1.txt", large), hand_in("2.txt", sheet(course))]
    marks = list(grade(files, course, [course.by_id[i] for i in IDS], 7, Limits(seconds=30.0, megabytes=400), jobs=1))
    assert [m.points for m in marks] == [0, 4]


def test_a_folder_of_submissions_lends_no_modules(
    course: Course, hand_in: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hand_in("a.txt", sheet(course))
    for name in ("json.py", "convdsl.py", "random.py"):
        hand_in(name, "open('was-run', 'w').write('x')")
    monkeypatch.chdir(path.parent)
    assert next(iter(grade([path], course, [course.by_id[i] for i in IDS], 7, jobs=1))).points == 4
    assert not Path("was-run").exists()


def test_the_language_of_the_marks(course: Course, hand_in: Write) -> None:
    use_language("es")
    (result,) = grade([hand_in("a.txt", "nada")], course, [course.by_id["softmax"]], 7, jobs=1)
    assert "softmax: " in result.reasons[0] and "número" in result.reasons[0]


def test_a_table_for_spreadsheets(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(12):
        (folder / f"student{n:02}.txt").write_text(sheet(course))
    (folder / "=cmd.txt").write_text(f"size-valid: {ask(course.by_id['size-valid'], 7).answer}")
    options = [part for id in IDS for part in ("--exercise", id)]
    done = convdsl("grade", str(folder), "--csv", "marks.csv", "--seed", "7", *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = list(csv.reader(io.StringIO((tmp_path / "marks.csv").read_text("utf-8-sig"))))
    assert rows[0] == ["file", "points", "of", "seed", "reasons"]
    assert [r[1] for r in rows[1:]] == ["1", *["4"] * 12]
    assert rows[1][0] == "'=cmd.txt"


def test_grading_in_the_terminal(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(ask(course.by_id["under-a-budget"], 3).answer)
    done = convdsl("course", "grade", "net.cnn", "--exercise", "under-a-budget", "--seed", "3", "--lang", "es")
    assert done.stdout.split()[:2] == ["net.cnn", "1/1"]
    for call in (
        ["nowhere.txt"],
        ["net.cnn", "--exercise", "nothing"],
        [str(tmp_path / "empty")],
        ["net.cnn", "--memory", "1"],
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert convdsl("grade", *call).returncode == 2


def test_names_in_capitals_are_names(course: Course, hand_in: Write) -> None:
    size = ask(course.by_id["size-valid"], 7).answer
    for text in (f"[Size-Valid]\n{size}", f"SIZE-VALID: {size}"):
        assert marked(course, hand_in("a.txt", text)).points == 1


def test_a_file_without_a_seed_says_which_was_used(course: Course, hand_in: Write) -> None:
    file = hand_in("a.txt", "[size-valid]\n1x1x1")
    assert "names no seed" in marked(course, file, None).reasons[0]
    assert not any("names no seed" in r for r in marked(course, file, 7).reasons)
    named = hand_in("b.txt", "seed: 7\n[size-valid]\n1x1x1")
    assert not any("names no seed" in r for r in marked(course, named, None).reasons)
