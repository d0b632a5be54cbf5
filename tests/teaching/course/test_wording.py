"""How the course speaks: one word for one thing, no plurals in brackets, numbers as the glossary says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convdsl.algebra.numbers import grouped
from convdsl.messages import Grouped, use_language
from convdsl.teaching.course import Exercise, load
from convdsl.teaching.course.written import fill, number
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


def test_rows_among_words_and_alone() -> None:
    names = {"A": ((1, -2, 3),)}
    assert fill("Slide {A} over f.", names) == "Slide [1, −2, 3] over f."
    assert fill("So:\n\nf = {A}\ng = {A}", names) == "So:\n\nf = 1  −2  3\ng = 1  −2  3"
    assert fill("{A}", names) == "1  −2  3"
