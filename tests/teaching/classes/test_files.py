"""Marking files without a sheet: good, wrong, damaged and hostile ones, each a line with its reasons."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.classes.gradebook import open_ones, reason
from convdsl.teaching.classes.grading import How, Limits
from convdsl.teaching.classes.intake import handed_in
from convdsl.teaching.classes.marks import of_files
from convdsl.teaching.classes.results import Result
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


def marked(course: Course, *paths: Path, seed: int | None = 7, limits: Limits | None = None) -> list[Result]:
    exercises = [course.by_id[id] for id in IDS]
    return of_files(course, exercises, handed_in(paths), seed, How(limits or Limits(), jobs=1))[1]


def said(result: Result) -> list[str]:
    return [*result.notes, *map(reason, open_ones(result))]


def test_all_right_in_either_form(course: Course, hand_in: Write) -> None:
    (result,) = marked(course, hand_in("a.txt", sheet(course)))
    assert (result.points, result.of, said(result)) == (4, 4, [])
    size = ask(course.by_id["size-valid"], 7).answer
    lines = f"size-valid: {size}\nkeep-the-size = p same\r\nshuffled-pixels: {ask(course.by_id['shuffled-pixels'], 7).right}"
    (result,) = marked(course, hand_in("b.txt", "\ufeff" + lines))
    assert (result.points, said(result)) == (3, ["under-a-budget: no answer"])


def test_reasons_name_what_was_understood_and_the_mistake(course: Course, hand_in: Write) -> None:
    question = ask(course.by_id["size-valid"], 7)
    height, _, channels = question.right
    (result,) = marked(course, hand_in("a", f"[size-valid]\n{height - 1}x{height - 1}x{channels}"))
    (line,) = [r for r in said(result) if r.startswith("size-valid")]
    assert f"{height - 1}×{height - 1}×{channels} →" in line and line.endswith("[plus-one]")


def test_the_seed_of_the_call_wins(course: Course, hand_in: Write) -> None:
    path = hand_in("a", sheet(course, seed=8))
    assert marked(course, path, seed=None)[0].points == 4
    assert marked(course, path, seed=9)[0].points < 4


@pytest.mark.parametrize("seed", [10**9, 1012345678, 10**17])
def test_seeds_as_long_as_identity_numbers(convdsl: Convdsl, course: Course, tmp_path: Path, seed: int) -> None:
    form = convdsl("course", "print", "size-valid", "softmax", "--seed", str(seed), "--format", "form").stdout
    assert f"seed: {seed}" in form
    for id in ("size-valid", "softmax"):
        form = form.replace(f"[{id}]", f"[{id}] {ask(course.by_id[id], seed).answer}")
    (tmp_path / "a.txt").write_text(form)
    assert convdsl("grade", "a.txt").stdout.split()[:2] == ["a.txt", "2/2"]
    assert convdsl("grade", "a.txt", "--seed", str(seed)).stdout.split()[:2] == ["a.txt", "2/2"]


@pytest.mark.parametrize("seed", ["-3", "0", "x", "1.5"])
def test_what_is_no_seed(convdsl: Convdsl, tmp_path: Path, seed: str) -> None:
    (tmp_path / "a.txt").write_text("[softmax] 1")
    done = convdsl("grade", "a.txt", f"--seed={seed}")
    assert done.returncode == 2 and "whole number" in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xfd\x80", "no answer in it"),
        (b"\x00\x01\x02\x03" * 50, "no text"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....", "Word"),
        (b"\xff\xfe" + "nada".encode("utf-16-le"), "no answer in it"),
        (b"x" * 300_000, "bytes"),
        ("[no-such-exercise]\n3", "is no exercise of the sheet"),
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
    (result,) = marked(course, hand_in("odd", content))
    assert result.points == 0
    assert words in " ".join(said(result))
    assert not any(c in "".join(said(result)) for c in "\x1b\n\r")
    assert all(len(r) <= 400 for r in said(result))


def test_links_and_hidden_files(hand_in: Write, tmp_path: Path) -> None:
    folder = hand_in("b.txt", "x").parent
    hand_in("a.txt", "x")
    hand_in(".hidden", "x")
    (folder / "inner").mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "passwd").symlink_to("/etc/hostname")
    found = handed_in([folder])
    assert [h.place for h in found if h.problem is None] == ["a.txt", "b.txt"]
    assert {h.place: "link" in str(h.problem) for h in found if h.problem} == {"link": True, "passwd": True}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a file that never ends is a pipe, where there are pipes")
def test_a_pipe_is_not_waited_for(course: Course, hand_in: Write) -> None:
    files = [hand_in("1.txt", sheet(course)), hand_in("2.txt", ""), hand_in("3.txt", sheet(course))]
    files[1].unlink()
    os.mkfifo(files[1])
    assert [r.points for r in marked(course, *files)] == [4, 0, 4]


def test_time_is_limited_for_each_answer(course: Course, hand_in: Write) -> None:
    (result,) = marked(course, hand_in("1.txt", sheet(course)), limits=Limits(seconds=1e-6))
    assert [a.status for a in result.answers] == ["unclear"] * 4
    assert "Stopped: it took longer than 1e-06 seconds." in said(result)[0]


def test_formulas_that_grow_cost_their_author_one_answer(course: Course, hand_in: Write) -> None:
    slow = "input NxNx1\nconv K kF\nrepeat 500 { conv K kF sS -> conv N*K*F kK s(F*K) }\n"
    good = sheet(course)
    start = good.index("[under-a-budget]") + len("[under-a-budget]\n")
    files = [hand_in("1.txt", good[:start] + slow), hand_in("2.txt", good)]
    assert [r.points for r in marked(course, *files)] == [3, 4]


@pytest.mark.skipif(os.name == "nt", reason="memory is limited where the system can")
def test_memory_is_limited(course: Course, hand_in: Write) -> None:
    script = "from convdsl.teaching.classes.worker import limit_memory\nlimit_memory(400)\nx = bytearray(600_000_000)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr


def test_a_folder_of_submissions_lends_no_modules(
    course: Course, hand_in: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hand_in("a.txt", sheet(course))
    for name in ("json.py", "convdsl.py", "random.py"):
        hand_in(name, "open('was-run', 'w').write('x')")
    monkeypatch.chdir(path.parent)
    assert marked(course, path)[0].points == 4
    assert not Path("was-run").exists()


def test_the_language_of_the_marks(course: Course, hand_in: Write) -> None:
    use_language("es")
    exercises = [course.by_id["softmax"]]
    (result,) = of_files(course, exercises, handed_in([hand_in("a.txt", "[softmax] nada")]), 7, How(jobs=1))[1]
    assert "softmax: " in said(result)[0] and "número" in said(result)[0]


def test_a_table_for_spreadsheets(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(12):
        (folder / f"student{n}.txt").write_text(sheet(course))
    (folder / "=cmd.txt").write_text(f"size-valid: {ask(course.by_id['size-valid'], 7).answer}")
    (folder / "Ángel.txt").write_text("[softmax] 1")
    done = convdsl("grade", str(folder), "--csv", "marks.csv", "--seed", "7")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "marks.csv").read_text("utf-8-sig"))))
    assert list(rows[0]) == (
        ["id", "name", "status", "points", "of"]
        + [e.id for e in course.exercises if e.id in (*IDS, "softmax")]
        + ["mistakes", "fits the numbers of", "seed", "file", "notes"]
    )
    files = [r["file"] for r in rows]
    assert files[:2] == ["'=cmd.txt", "Ángel.txt"] and files[-2:] == ["student10.txt", "student11.txt"]
    assert [r["points"] for r in rows] == ["1", "0", *["4"] * 12]
    assert rows[0]["size-valid"] == "1" and rows[1]["size-valid"] == ""


def test_the_table_is_never_written_over_a_submission(convdsl: Convdsl, tmp_path: Path) -> None:
    names = [f"sub/{n}.txt" for n in (1, 2, 3)]
    (tmp_path / "sub").mkdir()
    for name in names:
        (tmp_path / name).write_text("[softmax] 1")
    for call in (["--csv", *names], [*names, "--csv", names[1]], ["sub", "--csv", names[0]]):
        done = convdsl("grade", *call)
        assert done.returncode == 2 and names[1 if call[-2] == "--csv" and call[-1] == names[1] else 0] in done.stderr
        assert all((tmp_path / name).read_text() == "[softmax] 1" for name in names)
    assert convdsl("grade", *names, "--csv").returncode == 0
    assert convdsl("grade", *names, "--csv", "marks.csv").returncode == 0
    assert convdsl("grade", *names, "--csv", "marks.csv", "--lang", "es").returncode == 0
    before = (tmp_path / "marks.csv").read_bytes()
    assert convdsl("grade", "nowhere.txt", "--csv", "marks.csv").returncode == 2
    assert (tmp_path / "marks.csv").read_bytes() == before
    assert convdsl("grade", "sub", "--csv", "marks.csv").returncode == 0  # a table of ours is written over


def test_grading_in_the_terminal(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(ask(course.by_id["under-a-budget"], 3).answer)
    done = convdsl("course", "grade", "net.cnn", "--exercise", "under-a-budget", "--seed", "3", "--lang", "es")
    assert done.stdout.split()[:2] == ["net.cnn", "1/1"]
    (tmp_path / "empty").mkdir()
    for call in (
        ["nowhere.txt"],
        ["net.cnn", "--exercise", "nothing"],
        ["empty"],
        ["net.cnn", "--memory", "1"],
        ["net.cnn", "--concept", "nothing"],
        ["net.cnn", "--moodle", "x.csv"],
    ):
        done = convdsl("grade", *call)
        assert done.returncode == 2 and done.stderr.startswith("convdsl: ")


def test_names_in_capitals_are_names(course: Course, hand_in: Write) -> None:
    size = ask(course.by_id["size-valid"], 7).answer
    for text in (f"[Size-Valid]\n{size}", f"SIZE-VALID: {size}", f"[size valid] {size}", f"**[size_valid]**: {size}"):
        assert marked(course, hand_in("a.txt", text))[0].points == 1, text


def test_a_file_without_a_seed_says_which_was_used(course: Course, hand_in: Write) -> None:
    file = hand_in("a.txt", "[size-valid]\n1x1x1")
    assert "names no seed" in said(marked(course, file, seed=None)[0])[0]
    assert not any("names no seed" in r for r in said(marked(course, file, seed=7)[0]))
    named = hand_in("b.txt", "seed: 7\n[size-valid]\n1x1x1")
    assert not any("names no seed" in r for r in said(marked(course, named, seed=None)[0]))
