"""`convdsl course` as a process: through a pipe, on paper, and for lecturers."""

from __future__ import annotations

from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import Course
from convdsl.teaching.questions import ask
from convdsl.teaching.sheets.printing import seeded, sheet
from tests.conftest import Convdsl


def test_practising_through_a_pipe(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    home = {"CONVDSL_DATA_HOME": str(tmp_path / "home")}
    question = ask(course.by_id["size-valid"], 7)
    typed = f":hint\nhola\n1x1x1\n{question.answer}\n:quit\n"
    done = convdsl("course", "practise", "size-valid", "--seed", "7", stdin=typed, **home)
    assert done.returncode == 0 and done.stderr == ""
    for text in (
        question.text,
        question.hints[0],
        "“hola” was not understood",
        "Understood: 1×1×1",
        "Right.",
        "seed 7",
    ):
        assert text in done.stdout
    assert "> " not in done.stdout
    listed = convdsl("course", "list", "--lang", "es", **home).stdout
    among = next(concept for concept in course.concepts if question.exercise in concept.exercises)
    assert "✓" in listed and "size-valid" in listed and f"(1/{len(among.exercises)})" in listed


def test_the_exit_status_tells_of_a_wrong_answer(convdsl: Convdsl, tmp_path: Path) -> None:
    home = {"CONVDSL_DATA_HOME": str(tmp_path / "home")}
    assert convdsl("course", stdin="1\n", **home).returncode == 1
    assert convdsl("course", stdin="", **home).returncode == 0
    done = convdsl("course", stdin=":help\n:answer\n:skip\n:quit\n", **home)
    assert done.returncode == 0 and ":help" in done.stdout


def test_a_program_is_read_up_to_an_empty_line(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    question = ask(course.by_id["under-a-budget"], 2)
    done = convdsl(
        "course",
        "practise",
        "under-a-budget",
        "--seed",
        "2",
        stdin=question.answer + "\n\n",
        CONVDSL_DATA_HOME=str(tmp_path),
    )
    assert "Right." in done.stdout and done.returncode == 0


def test_damaged_progress_is_reported(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text("{")
    done = convdsl("course", stdin="", CONVDSL_DATA_HOME=str(tmp_path))
    assert "progress.damaged-1.json" in done.stderr and done.returncode == 0


@pytest.mark.parametrize("language", ["en", "es"])
def test_sheets(course: Course, language: str) -> None:
    use_language(language)
    questions = [ask(e, 7) for e in course.exercises]

    def printed(format: str, key: bool = False) -> str:
        return sheet(course, questions, seeded(course, 7), format, key)

    plain, with_key = printed("markdown"), printed("markdown", key=True)
    assert all(f"`{e.id}`" in plain for e in course.exercises)
    answer = "Answer" if language == "en" else "Respuesta"
    assert f"**{answer}" not in plain and with_key.count(f"**{answer}") == len(course.exercises)
    assert all(q.hints[0] in with_key for q in questions)
    latex = printed("latex", key=True)
    assert latex.count(r"\subsection*") == len(course.exercises)
    assert latex.count(r"\begin{verbatim}") == latex.count(r"\end{verbatim}") > 40
    assert not set(latex) & set("×−·≤≥→≈…“”²³")
    assert printed("form").count("\n[") == len(course.exercises)


def test_printing_chosen_exercises(convdsl: Convdsl, course: Course) -> None:
    call = ("course", "print", "size-valid", "--concept", "images", "--seed", "7", "--lang", "es")
    done = convdsl(*call)
    assert done.stdout.count("### ") == 1 + len(course.concepts[0].exercises) and "semilla 7" in done.stdout
    assert convdsl(*call).stdout == done.stdout


def test_an_unfilled_form_gets_no_points(convdsl: Convdsl, course: Course, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(convdsl("course", "print", "--seed", "7", "--format", "form").stdout)
    done = convdsl("grade", "a.txt", "--csv")
    assert done.stdout.splitlines()[1].startswith(f",,marked,0,{len(course.exercises)},,")


def test_a_course_of_ones_own(convdsl: Convdsl, tmp_path: Path) -> None:
    assert convdsl("course", "new", "mine").returncode == 0
    assert convdsl("course", "new", "mine").returncode == 2
    assert convdsl("course", "lint", "--course", "mine", "--seeds", "3").returncode == 0
    assert "my-first-hole" in convdsl("course", "list", "--course", "mine").stdout
    file = tmp_path / "mine" / "sizes" / "my-first-size.toml"
    file.write_text(file.read_text().replace("N - F, N - F, K", "N - F + 1, N - F + 1, K"))
    done = convdsl("course", "lint", "--course", "mine", "--seeds", "3")
    assert done.returncode == 1 and "my-first-size.toml:" in done.stdout and "`plus-one`" in done.stdout
    file.write_text("kind = ")
    done = convdsl("course", "list", "--course", "mine")
    assert done.returncode == 2 and "my-first-size.toml:1: This is not TOML" in done.stderr


@pytest.mark.parametrize(
    "call",
    [
        ("course", "lint", "--course", "nowhere"),
        ("course", "practise", "no-such"),
        ("course", "print", "--seed", "0"),
        ("course", "print", "--concept", "none"),
        ("course", "sing"),
        ("course", "lint", "--seeds", "x"),
    ],
)
def test_wrong_calls(convdsl: Convdsl, call: tuple[str, ...]) -> None:
    done = convdsl(*call)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr and (done.stderr or done.stdout)


def test_progress_that_cannot_be_saved(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = convdsl("course", stdin="1\n", CONVDSL_DATA_HOME=str(tmp_path / "file"))
    assert done.returncode == 2 and "saved" in done.stderr and "Traceback" not in done.stderr
