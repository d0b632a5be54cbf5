"""A class that never was: students with planted abilities, who make the planted mistakes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from convdsl.teaching.course.expressions import evaluate
from convdsl.teaching.course.written import written
from convdsl.teaching.questions import Question
from convdsl.teaching.sheets.roster import Student
from convdsl.teaching.sheets.sheet import Sheet


class Played(NamedTuple):
    """The forms by id, and what was planted: how often each question was right, and which mistakes were made."""

    forms: dict[str, str]
    right: Counter[str]
    mistakes: Counter[tuple[str, str]]
    formulas: Counter[str]


def play(
    sheet: Sheet,
    students: Sequence[Student],
    hard: Mapping[str, float],
    formulas: Mapping[str, str],
    random_state: random.Random,
) -> Played:
    """Everybody answers everything. `hard` is how likely an average student is wrong; of the wrong ones a third makes a
    mistake of the course, and where `formulas` has one, half of the others write what it gives."""
    played = Played({}, Counter(), Counter(), Counter())
    for student in students:
        ability = random_state.random()
        lines = [f"sheet: {sheet.id}", f"id: {student.id}", f"version: {sheet.version}"]
        for question in sheet.questions(student.id):
            id = question.exercise.id
            if random_state.random() > hard[id] * 2 * (1 - ability):
                text = question.answer
                played.right[id] += 1
            else:
                text = _mistaken(question, formulas.get(id, ""), played, random_state)
            lines += [f"[{id}]", text]
        played.forms[student.id] = "\n".join(lines)
    return played


def _mistaken(question: Question, formula: str, played: Played, random_state: random.Random) -> str:
    exercise = question.exercise
    if exercise.options:
        letter = random_state.choice([k for k in question.lettered if k != question.right])
        played.mistakes[exercise.id, question.lettered[letter].id] += 1
        return letter
    chance = random_state.random()
    values = {m.id: question.mistaken(m) for m in exercise.mistakes}
    if chance < 1 / 3 and values:
        id = random_state.choice(list(values))
        first = next(name for name, value in values.items() if value == values[id])
        if values[id] != question.right:
            played.mistakes[exercise.id, first] += 1
            return written(values[id])
    if formula and chance < 2 / 3:
        value = evaluate(formula, question.names)
        if value != question.right and value not in values.values():
            played.formulas[exercise.id] += 1
            return written(value)
    known = [question.right, *values.values()]
    if isinstance(question.right, tuple):
        return "x".join(str(random_state.randint(10_000, 99_999)) for _ in question.right)
    return str(next(v for _ in range(99) if (v := random_state.randint(10_000, 9_999_999)) not in known))
