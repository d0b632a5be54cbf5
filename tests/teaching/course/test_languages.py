"""A course in one language is a course; and a course of one's own in a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convdsl.messages import use_language
from convdsl.teaching.answers import Told
from convdsl.teaching.authoring.lint import lint
from convdsl.teaching.course import CourseError, load
from convdsl.teaching.course.new import TEMPLATE, TEMPLATES, write_course
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask
from convdsl.teaching.session import Session
from convdsl.teaching.sheets.printing import seeded, sheet
from tests.conftest import Convdsl

Write = Callable[..., Path]
COURSE = 'languages = ["es"]\ntitle = "Un curso"\n[concept]\none = "Uno"\n[mistake]\nfalta = "Falta algo en {N}."\n'
EXERCISE = """\
concept = "one"
kind = "predict"
title = "Tamaño"
draw.N = "20..60"
let.lado.es = "'ancho' if N > 40 else 'alto'"
program = "input {N}x{N}x1 -> conv 8 k3"
answer = "net.out[0]"
question = "¿Cuánto mide de {lado}?"
hints = ["a", "b", "c"]
why = "Porque sí."
[mistake.falta]
answer = "N"
[mistake.otra]
answer = "N - 1"
text = "Otra cosa."
"""
CHOICE = """\
concept = "one"
kind = "choice"
few_texts = "It has two options."
title.es = "Elegir"
question = "¿Cuál?"
hints.es = ["a", "b", "c"]
[option.si]
right = true
es = "Sí"
why = "Eso es."
[option.no]
text = "No"
why.es = "No es eso."
"""


def test_plain_texts_and_tables_of_one_language(written: Write) -> None:
    course = load(written(EXERCISE, COURSE, second=CHOICE))
    assert course.languages == ("es",) and lint(course, range(1, 6)) == []
    for language in ("en", "es"):
        use_language(language)
        question = ask(course.by_id["first"], 3)
        assert (course.title, course.concepts[0].title, question.title) == ("Un curso", "Uno", "Tamaño")
        assert "{" not in question.text and question.hints == ("a", "b", "c") and question.why == "Porque sí."
        falta, otra = (question.message_of(m) for m in question.exercise.mistakes)
        assert falta.startswith("Falta algo en ") and otra == "Otra cosa."
        assert {text for _, text in ask(course.by_id["second"], 1).options} == {"Sí", "No"}
    assert "¿Cuánto mide" in sheet(course, [question], seeded(course, 3), "markdown", True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Tamaño"', 'title.en = "Size"', "`title.es` is missing"),
        ('title = "Tamaño"', "", "`title` is missing"),
        ('title = "Tamaño"', "title = 3", "`title` is missing"),
        ('title = "Tamaño"', 'title.name = "Tamaño"', "`title.text` is missing"),
        ('hints = ["a", "b", "c"]', 'hints = ["a"]', "three texts"),
        ('hints = ["a", "b", "c"]', 'hints.en = ["a", "b", "c"]', "three texts"),
        ('text = "Otra cosa."', "", "has no text"),
        ('text = "Otra cosa."', 'en = "Another."', "`mistake.otra.es` is missing"),
    ],
)
def test_what_is_missing_in_the_one_language(written: Write, old: str, new: str, words: str) -> None:
    assert old in EXERCISE
    with pytest.raises(CourseError) as caught:
        load(written(EXERCISE.replace(old, new), COURSE))
    assert [p for p in caught.value.problems if words in str(p)], caught.value


@pytest.mark.parametrize("languages", ['"es"', '["fr"]', "[]", "3", '["es", "fr"]', "[1]"])
def test_languages_that_are_none(written: Write, languages: str) -> None:
    folder = written(EXERCISE, COURSE.replace('["es"]', languages))
    if languages == '"es"':  # a text alone does too, as in every list of texts
        assert load(folder).languages == ("es",)
        return
    with pytest.raises(CourseError, match="languages"):
        load(folder)


def test_a_plain_text_in_a_course_of_two_languages_is_explained(written: Write) -> None:
    with pytest.raises(CourseError, match=r"`title` is in one language: write `title.en` and `title.es`"):
        load(written(EXERCISE, COURSE.replace('languages = ["es"]\n', "")))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_new_course_is_the_same_in_one_language(tmp_path: Path, language: str) -> None:
    write_course(tmp_path / "mine", language)
    mine, both = load(tmp_path / "mine"), load(TEMPLATE)
    assert lint(mine, range(1, 4)) == [] and mine.languages == (language,)
    use_language(language)
    assert [e.id for e in mine.exercises] == [e.id for e in both.exercises]
    for one, other in zip(mine.exercises, both.exercises, strict=True):
        asked, known = ask(one, 5), ask(other, 5)
        assert (asked.text, asked.hints, asked.title, asked.program) == (
            known.text,
            known.hints,
            known.title,
            known.program,
        )
        assert [asked.message_of(m) for m in one.mistakes] == [known.message_of(m) for m in other.mistakes]
        assert mark(asked, known.answer).correct
    assert {p.name for p in TEMPLATES.iterdir()} == {"both", "en", "es"}


def test_own_courses_in_a_session(tmp_path: Path, written: Write) -> None:
    folder, session = written(EXERCISE, COURSE), Session()
    assert "exercises, in " in str(session.enter(":course").text)  # type: ignore[union-attr]
    session.enter(":next")
    assert "Un curso: one exercise" in str(session.enter(f":course '{folder}'").text)  # type: ignore[union-attr]
    asked: Any = session.enter(":next")
    assert asked.question.title == "Tamaño" and asked.course.title == "Un curso"
    for wrong in ("nowhere", "\0", "~nobody-of-that-name/x", str(tmp_path)):
        told = session.enter(f":curso {wrong}")
        assert isinstance(told, Told) and not told.ok
        assert session.practice.question is not None
    session.enter(":course convdsl")
    again: Any = session.enter(":next")
    assert again.course.id == "convdsl"


def test_own_courses_on_the_command_line(convdsl: Convdsl, tmp_path: Path) -> None:
    home = {"CONVDSL_DATA_HOME": str(tmp_path / "home")}
    assert convdsl("course", "new", "mine", "--language", "es").returncode == 0
    done = convdsl("repl", "--course", "mine", "--lang", "es", stdin=":siguiente\n1\n:lista\n", **home)
    assert done.returncode == 1 and "my-first-hole" in done.stdout and done.stderr == ""
    done = convdsl("repl", "--course", "nowhere", stdin="")
    assert done.returncode == 2 and "no course" in done.stderr
