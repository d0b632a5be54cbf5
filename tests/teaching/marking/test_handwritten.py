"""The second table of answers: each is judged as a lecturer would, in the language that it is written in."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time
from typing import NamedTuple

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import load
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import Question, ask


class Row(NamedTuple):
    language: str
    exercise: str
    seed: int
    verdicts: list[str]
    text: str


def table() -> dict[str, list[Row]]:
    """The rows of handwritten.tsv by the exercises they are of."""
    rows: dict[str, list[Row]] = {}
    for line in Path(__file__).with_name("handwritten.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, exercise, seed, verdicts, text = line.split("\t")
            rows.setdefault(exercise, []).append(
                Row(language, exercise, int(seed), verdicts.split("/"), json.loads(text))
            )
    return rows


TABLE = table()
COURSE = load()


def test_there_are_many() -> None:
    assert sum(map(len, TABLE.values())) >= 900


@pytest.mark.parametrize("exercise", TABLE)
def test_handwritten_answers(exercise: str) -> None:
    questions = {seed: ask(COURSE.by_id[exercise], seed) for seed in {row.seed for row in TABLE[exercise]}}
    differing = []
    for row in TABLE[exercise]:
        use_language(row.language)
        question = questions[row.seed]
        verdict = mark(question, typed(row.text, question))
        if verdict.status not in row.verdicts:
            differing.append(f"{row}: {verdict.status}, {verdict.understood}, {verdict.message}")
    assert not differing, "\n".join(differing)


def typed(text: str, question: Question) -> str:
    """The text of a row, with this question's options in it."""
    if question.exercise.options:
        right = next(o for o in question.options if question.holds(question.lettered[o[0]].right))
        wrong = next(o for o in question.options if o != right)
        for name, value in (("{r}", right[0]), ("{R}", right[1]), ("{w}", wrong[0]), ("{W}", wrong[1])):
            text = text.replace(name, value)
    return text


PROSE = "Compartir un filtro es compartir también su sesgo y no hay otra cosa que decir de ello"


@pytest.mark.parametrize(
    "text", [PROSE, PROSE * 20, "a " * 5000, "ab" * 5000 + "=", "a_1" * 3000 + "= 3", "(" * 9000 + "a=1"]
)
def test_prose_is_answered_at_once(text: str) -> None:
    """No expression of the readers tries all ways to cut a text: what is long is read in time like what is short."""
    course = load()
    of_each_kind = {exercise.kind: exercise for exercise in course.exercises}
    for exercise in of_each_kind.values():
        start = process_time()
        mark(ask(exercise, 3), text)
        assert process_time() - start < 2, exercise.id
