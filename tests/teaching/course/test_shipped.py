"""The course that comes with convdsl: every exercise works, with any numbers, in both languages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convdsl.cli import COMMANDS
from convdsl.messages import use_language
from convdsl.teaching.authoring.lint import lint
from convdsl.teaching.course import Course, Exercise, load
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.course.new import TEMPLATE
from convdsl.teaching.course.written import fill, written
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask

ROOT = Path(__file__).resolve().parents[3]
EXERCISES = load().exercises
EVERY = pytest.mark.parametrize("exercise", EXERCISES, ids=[e.id for e in EXERCISES])


def test_lint_finds_nothing(course: Course) -> None:
    assert [str(p) for p in lint(course, (1, 2, 3, 40, 41))] == []


def test_the_template_of_a_new_course_is_in_order() -> None:
    assert lint(load(TEMPLATE), range(1, 8)) == []


def test_there_are_enough_of_every_kind(course: Course) -> None:
    kinds = [e.kind for e in course.exercises]
    assert len(kinds) == 163, "as many as the README says"
    assert not [e.id for e in course.exercises if e.few_texts], "all of them vary: the README says so"
    assert all(len(e.options) >= 8 and e.show for e in course.exercises if e.options)
    assert set(kinds) == set(KINDS)
    assert kinds.count("slip") >= 20


@EVERY
def test_the_same_seed_makes_the_same_question(exercise: Exercise) -> None:
    one, other = ask(exercise, 11), ask(exercise, 11)
    assert (one.text, one.program, one.options, one.answer) == (other.text, other.program, other.options, other.answer)


def test_seeds_make_different_questions(course: Course) -> None:
    def shown(exercise: Exercise, seed: int) -> str:
        question = ask(exercise, seed)
        return f"{question.text}{question.program}{sorted(text for _, text in question.options)}"

    assert [e.id for e in course.exercises if e.draw and len({shown(e, s) for s in range(1, 12)}) == 1] == []


@EVERY
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_mistake_is_recognised(exercise: Exercise, language: str) -> None:
    use_language(language)
    question = ask(exercise, 5)
    for letter, option in question.lettered.items():
        verdict = mark(question, f" {letter.upper()}) ")
        assert (verdict.correct, verdict.mistake) == ((True, None) if letter == question.right else (False, option.id))
        assert fill(str(option.why), question.names) in verdict.message
    for mistake in exercise.mistakes:
        if question.multiline:
            answer = question.fill_program(mistake.example)
        elif exercise.kind == "hole":
            value = question.mistaken(mistake)
            answer = " ".join(map(str, value if isinstance(value, tuple) else (value,)))
        else:
            answer = written(question.mistaken(mistake))
        verdict = mark(question, answer)
        assert (verdict.status, verdict.mistake) == ("wrong", mistake.id), answer
        assert question.message_of(mistake) in verdict.message or question.multiline


@EVERY
def test_the_languages_say_different_things(exercise: Exercise) -> None:
    texts = {}
    for language in ("en", "es"):
        use_language(language)
        question = ask(exercise, 3)
        texts[language] = question.text
        assert len(question.hints) == 3
    assert texts["en"] != texts["es"]


def test_nonsense_is_never_right_and_never_raises(course: Course) -> None:
    nonsense = [
        "",
        " ",
        "?",
        "hola",
        "…" * 30,
        "\x00\x1b[31m",
        "9" * 60,
        "(" * 300,
        "1/0",
        "NaN",
        "k=",
        "[[[",
        "x" * 30_000,
        "input 1x1x1 -> conv 1 k9",
        "1 2; 3",
    ]
    for exercise in course.exercises:
        question = ask(exercise, 2)
        for text in nonsense:
            verdict = mark(question, text)
            assert not verdict.correct, (exercise.id, text)
            assert verdict.message and "\x1b" not in verdict.message


def test_prerequisites_come_before(course: Course) -> None:
    place = {e.id: n for n, e in enumerate(course.exercises)}
    assert all(place[a] < place[e.id] for e in course.exercises for a in e.after)


def test_numbers_are_drawn_and_marked_without_heavy_libraries() -> None:
    script = """
import sys, json
from convdsl.teaching.course import load
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask
for exercise in load().exercises:
    question = ask(exercise, 4)
    assert mark(question, question.answer).correct, exercise.id
print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "sympy", "rich", "prompt_toolkit", "PIL"} & set(json.loads(done.stdout))


# The map from the lectures to the course.

PAGES = [ROOT / "docs" / "course-coverage.md", ROOT / "docs" / "es" / "cobertura-del-curso.md"]


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    heads = ("| what | where |", "| qué | dónde |")
    return [[c.strip() for c in line.strip("|").split(" | ")] for line in lines if line not in heads]


@pytest.mark.parametrize("page", PAGES, ids=["en", "es"])
def test_everything_that_is_mapped_exists(page: Path, course: Course) -> None:
    table = rows(page)
    assert len(table) > 150
    for row in table:
        places = re.findall(r"`([^`]+)`", row[1])
        assert places, f"not mapped: {row[0]}"
        for place in places:
            word, _, rest = place.partition(" ")
            known = (
                place in course.by_id
                or (ROOT / "examples" / place).is_file()
                or (word == "convdsl" and rest in COMMANDS)
            )
            assert known, f"{row[0]}: there is no {place}"


def test_every_exercise_is_mapped(course: Course) -> None:
    mentioned = {m for row in rows(PAGES[0]) for m in re.findall(r"`([^`]+)`", row[1])}
    assert course.by_id.keys() - mentioned == set()


def test_both_maps_are_the_same() -> None:
    english, spanish = map(rows, PAGES)
    assert [r[1] for r in english] == [r[1] for r in spanish]
    assert sum(a[0] == b[0] for a, b in zip(english, spanish, strict=True)) < 10, (
        "some names are the same in both languages"
    )


@pytest.mark.parametrize("page", ["docs/write-exercises.md", "docs/es/escribir-ejercicios.md"])
def test_the_exercise_in_the_docs_works(page: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    shutil.copytree(TEMPLATE, tmp_path / "course")
    first = tmp_path / "course" / "sizes" / "my-first-size.toml"
    first.rename(first.with_name("first-steps.toml"))
    (first.with_name("my-first-hole.toml")).unlink()
    (first.with_name("learns.toml")).write_text(example, encoding="utf-8")
    course = load(tmp_path / "course")
    assert lint(course, range(1, 10)) == []
    assert mark(ask(course.by_id["learns"], 3), str(ask(course.by_id["learns"], 3).right)).correct
