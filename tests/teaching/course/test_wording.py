"""How the course speaks: one word for one thing, no plurals in brackets, numbers as the glossary says."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from convdsl.algebra.numbers import grouped
from convdsl.messages import Grouped, use_language
from convdsl.teaching.course import CourseError, Exercise, load
from convdsl.teaching.course.written import fill, number
from convdsl.teaching.course.written import written as as_text
from convdsl.teaching.questions import Question, ask
from convdsl.teaching.sheets.printing import paragraphs

ROOT = Path(__file__).resolve().parents[3]
EXERCISES = load().exercises


def texts(question: Question) -> list[str]:
    exercise = question.exercise
    shown = [question.title, question.text, *question.hints, question.why, *(text for _, text in question.options)]
    shown += [fill(str(option.why), question.names) for option in exercise.options]
    return shown + [question.message_of(m) for m in exercise.mistakes if not m.when]


@pytest.mark.parametrize("language", ["en", "es"])
def test_words(language: str) -> None:
    use_language(language)
    for exercise in EXERCISES:
        for text in texts(ask(exercise, 3)):
            assert not re.search(r"[^\W\d_]\((?:s|es|son)\)", text), (exercise.id, text)
            assert not re.search(r"núcleo", text, re.IGNORECASE), (exercise.id, text)


def test_the_catalogues_and_pages_have_one_word_for_a_kernel() -> None:
    for path in [*(ROOT / "convdsl/locale/es").glob("*.po"), *(ROOT / "docs/es").glob("*.md")]:
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"núcleo", line, re.IGNORECASE):
                assert re.search(
                    r"todos los núcleos|núcleos? de(?:l| la)? (?:CPU|procesador|máquina)|\d núcleos", line
                ), (path, line)
            assert not (line.startswith(("msgstr", '"')) and re.search(r"[a-záéíóú]\((?:s|es)\)", line)), (path, line)


@pytest.mark.parametrize(
    ("value", "english", "spanish"),
    [(1792, "1,792", "1792"), (-9999, "−9,999", "−9999"), (10_000, "10,000", "10\u202f000"), (999, "999", "999")],
)
def test_numbers_are_written_in_one_way(value: int, english: str, spanish: str) -> None:
    for language, expected in (("en", english), ("es", spanish)):
        use_language(language)
        assert number(value) == expected
        assert grouped(abs(value)) == str(Grouped(abs(value))) == expected.lstrip("−")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_sentences_are_not_set_as_tables(exercise: Exercise, language: str) -> None:
    use_language(language)
    question = ask(exercise, 3)
    for text in [question.text, *question.hints, question.why]:
        for aligned, part in paragraphs(text):
            if aligned:
                for line in part.splitlines():
                    assert not re.search(r"\w[.?!]$", line.strip()), (exercise.id, line)
                    assert line.strip()


def test_a_rounded_value_is_not_said_to_be_equal() -> None:
    assert fill("x = {A}, y = {B}", {"A": Fraction(7, 2), "B": Fraction(7, 3)}) == "x = 3.5, y ≈ 2.333"


def test_rows_among_words_and_alone() -> None:
    names = {"A": ((1, -2, 3),)}
    assert fill("Slide {A} over f.", names) == "Slide [1, −2, 3] over f."
    assert fill("So:\n\nf = {A}\ng = {A}", names) == "So:\n\nf = 1  −2  3\ng = 1  −2  3"
    assert fill("{A}", names) == "1  −2  3"


@pytest.mark.parametrize(
    ("value", "english", "spanish"),
    [
        (Fraction(1, 2), "0.5", "0,5"),
        (Fraction(-5, 4), "−1.25", "−1,25"),
        (Fraction(7, 3), "≈ 2.333", "≈ 2,333"),
        (((Fraction(1, 2), 3),), "0.5  3", "0,5  3"),
        (1234, "1,234", "1234"),
    ],
)
def test_decimals_have_a_point_in_english_and_a_comma_in_spanish(value: Any, english: str, spanish: str) -> None:
    for language, expected in (("en", english), ("es", spanish)):
        use_language(language)
        assert as_text(value) == expected


def test_rows_of_decimals_are_told_apart_by_semicolons() -> None:
    names = {"A": ((Fraction(1, 2), -2),), "x": Fraction(2)}
    use_language("es")
    assert fill("Con {A} se mide {places(x, 2)}.", names) == "Con [0,5; −2] se mide 2,00."
    use_language("en")
    assert fill("With {A} it is {places(x, 2)}.", names) == "With [0.5, −2] it is 2.00."
    assert (fill("{places(-x/3, 3)}", names), fill("{places(x, 0)}", names)) == ("−0.667", "2")


def test_no_text_in_spanish_has_a_decimal_point() -> None:
    use_language("es")
    for exercise in EXERCISES:
        for seed in (1, 2, 3):
            question = ask(exercise, seed)
            shown = [*texts(question), *([] if question.multiline else [question.answer])]
            for text in shown:
                assert not re.search(r"\d\.\d", re.sub(r"`[^`]*`", "", text)), (exercise.id, text)


def test_a_course_that_keeps_the_point(written: Callable[..., Path]) -> None:
    exercise = (
        'concept = "one"\nkind = "predict"\ntitle = "Mitad"\ndraw.N = [3, 5]\nanswer = "N/2"\n'
        'question = "¿La mitad de {N/4}?"\nhints = ["a", "b", "c"]\n[mistake.x]\nanswer = "N"\ntext = "No."\n'
    )
    head = 'languages = ["es"]\ntitle = "Un curso"\n[concept]\none = "Uno"\n'
    use_language("es")
    for mark, said in ((".", "0.75"), (",", "0,75")):
        course = load(written(exercise, f'decimal = "{mark}"\n{head}'))
        course.speak()
        question = next(q for seed in range(99) if (q := ask(course.exercises[0], seed)).drawn["N"] == 3)
        assert question.text == f"¿La mitad de {said}?" and question.answer == f"1{mark}5"
    load().speak()
    assert as_text(Fraction(1, 2)) == "0,5"
    with pytest.raises(CourseError, match="decimal"):
        load(written(exercise, f'decimal = "coma"\n{head}'))
