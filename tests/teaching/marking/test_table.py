"""Answers as people type them are judged as the table says, every one of them."""

from __future__ import annotations

from convdsl.messages import use_language
from convdsl.teaching.course import load
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask
from tests.teaching.marking.table import NOT_RIGHT, rows


def test_the_table() -> None:
    course = load()
    table = rows()
    assert len(table) >= 300
    questions = {(r.exercise, r.seed): ask(course.by_id[r.exercise], r.seed) for r in table}
    wrong = []
    for row in table:
        use_language(row.language)
        verdict = mark(questions[row.exercise, row.seed], row.text)
        assert verdict.message
        fits = not verdict.correct if row.verdict == NOT_RIGHT else verdict.status == row.verdict
        if not fits:
            wrong.append(f"{row}: {verdict.status}, {verdict.understood}, {verdict.message}")
    assert not wrong, "\n".join(wrong)
