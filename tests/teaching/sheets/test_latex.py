"""Everything that is written for LaTeX compiles, in both languages."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from convdsl.document.latex import whole
from convdsl.messages import use_language
from convdsl.teaching.course import Course
from convdsl.teaching.questions import ask
from convdsl.teaching.sheets.assign import handouts
from convdsl.teaching.sheets.exam import Version, exam, key
from convdsl.teaching.sheets.printing import seeded, sheet_document
from convdsl.teaching.sheets.roster import Student
from convdsl.teaching.sheets.sheet import Sheet
from tests.conftest import Convdsl

LATEX = shutil.which("pdflatex")
needs_latex = pytest.mark.skipif(LATEX is None, reason="there is no pdflatex here (texlive-latex-base)")


def has_spanish() -> bool:
    """Whether babel knows Spanish: a package of its own in most distributions."""
    found = shutil.which("kpsewhich")
    return found is not None and bool(
        subprocess.run([found, "spanish.ldf"], capture_output=True, text=True, check=False).stdout.strip()
    )


def compiled(text: str, folder: Path) -> str:
    """The log of pdflatex, which stops at the first error."""
    (folder / "x.tex").write_text(text, encoding="utf-8")
    call = [str(LATEX), "-draftmode", "-halt-on-error", "-interaction=nonstopmode", "x.tex"]
    done = subprocess.run(call, cwd=folder, capture_output=True, timeout=300, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-3000:]
    return log


@pytest.fixture(params=["en", "es"])
def language(request: pytest.FixtureRequest) -> str:
    if request.param == "es" and not has_spanish():
        pytest.skip("babel has no Spanish here (texlive-lang-spanish)")
    use_language(request.param)
    return str(request.param)


@needs_latex
def test_all_exercises_compile(course: Course, tmp_path: Path, language: str) -> None:
    bodies = []
    for seed in (7, 12345):
        questions = [ask(e, seed) for e in course.exercises]
        bodies += [sheet_document(course, questions, seeded(course, seed), key) for key in (False, True)]
    log = compiled(whole(bodies), tmp_path)
    assert "Missing character" not in log


@needs_latex
def test_an_exam_and_its_key_compile(course: Course, tmp_path: Path, language: str) -> None:
    versions = [Version(a, [ask(e, n) for e in course.exercises]) for n, a in enumerate("ABCD", 1)]
    points = {e.id: 1.5 for e in course.exercises}
    text = exam("Examen: 100 % & más_cosas {x} \\ ~ ^ #", versions, points)
    assert all(
        text.count(f"{word} {v.letter}}}") == 2 for v in versions for word in [text.split(r"{\large ")[1].split()[0]]
    )
    compiled(text, tmp_path)
    compiled(key("Examen", versions), tmp_path)


@needs_latex
def test_a_sheet_for_anybody_compiles(sheet: Sheet, tmp_path: Path) -> None:
    odd = [Student("a_b%$#&{}~^\\", "Ñandú ‹ł› “O'Neil” 李 😀 \u202e"), Student("0", "")]
    for handout in handouts(sheet, odd):
        compiled(handout.files["sheet.tex"], tmp_path)
    compiled(whole(h.told for h in handouts(sheet, odd)), tmp_path)


def test_exams_from_the_command_line(convdsl: Convdsl, tmp_path: Path) -> None:
    call = ["course", "exam", "size-valid", "conv-params", "shuffled-pixels", "--seed", "7"]
    text = convdsl(*call, "--versions", "2").stdout
    assert text.count("Version A") == text.count("Version B") == 2 and "Version C" not in text
    assert text.count(r"\fbox{\strut a}") == 2
    answers = convdsl(*call, "--versions", "2", "--key").stdout
    assert "Version B" in answers and answers != text
    assert convdsl("course", "exam", "size-valid", "--key").returncode == 2
    assert convdsl("course", "exam", "--versions", "99").returncode == 2
    (tmp_path / "s.toml").write_text('secret = "12345678"\nexercises = ["size-valid"]\n')
    assert convdsl("course", "exam", "--sheet", "s.toml", "--lang", "es").stdout.count("Versión D") == 2
    assert convdsl("course", "exam", "size-valid", "--sheet", "s.toml").returncode == 2
