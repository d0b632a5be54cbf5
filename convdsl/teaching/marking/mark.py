"""Marks an answer: right, wrong (with the misconception that it shows), or not understood."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from convdsl.messages import T
from convdsl.teaching.course.exercise import PROGRAM_KINDS
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.course.written import fill
from convdsl.teaching.marking import programs
from convdsl.teaching.marking.verdict import Verdict
from convdsl.teaching.questions import Question, holes
from convdsl.teaching.reading.picks import alternatives, read_holes, read_letter
from convdsl.teaching.reading.values import Reading, Unclear, read_answer

PLACES = 2
"""Decimals that are enough for a value that does not end, where an exercise does not ask for more."""


def mark(question: Question, text: str) -> Verdict:
    """What an answer is worth. Never raises, whatever the text."""
    try:
        return _mark(question, text)
    except (ExpressionError, RecursionError, MemoryError) as error:
        return Verdict(
            "unclear", str(T("This answer cannot be marked: {reason}", reason=error or type(error).__name__))
        )


def _mark(question: Question, text: str) -> Verdict:
    try:
        if question.kind in PROGRAM_KINDS:
            return programs.mark_program(question, text)
        if question.exercise.options:
            return _choice(question, text)
        if question.kind == "hole":
            return _holes(question, text)
        return _value(question, text)
    except Unclear as error:
        return Verdict("unclear", f"{error.message}\n{T('An answer is written like this: {how}.', how=question.how)}")


def _right(question: Question) -> str:
    return "\n".join(filter(None, [str(T("Right.")), question.why]))


def _choice(question: Question, text: str) -> Verdict:
    letter, shown = read_letter(text, list(question.options))
    option = question.lettered[letter]
    why = fill(str(option.why), question.names)
    understood = f"{letter}) {shown}"
    if question.holds(option.right):
        return Verdict("right", "\n".join(filter(None, [f"{T('Right.')} {why}", question.why])), understood)
    return Verdict("wrong", f"{T('No.')} {why}", understood, option.id)


def _holes(question: Question, text: str) -> Verdict:
    """Values for the holes; of several alternatives, all have to be right."""
    given = [_one_filling(question, part) for part in alternatives(text)]
    wrong = next((v for v in given if not v.correct), None)
    return wrong or given[0]._replace(understood=str(T(" or ")).join(str(v.understood) for v in given))


def _one_filling(question: Question, text: str) -> Verdict:
    program = question.program or ""
    values = read_holes(text, holes.names_of(program))
    understood = ", ".join(f"{name} = {value}" for name, value in values.items())
    analysis = holes.tried(program, values)
    if not analysis.failed:
        return Verdict("right", _right(question), understood)
    for mistake in question.exercise.mistakes:
        if _as_holes(question.mistaken(mistake), values) == values:
            return Verdict("wrong", question.message_of(mistake), understood, mistake.id)
    found = [d for d in analysis.diagnostics if d.severity == "error"]
    said = [
        f"· {analysis.source.line(analysis.source.position(d.span.start)[0]).strip()}: {d.message}"
        + (f" [{d.formula}]" if d.formula else "")
        for d in found[:3]
    ]
    return Verdict(
        "wrong", "\n".join([str(T("With {values} this does not hold:", values=understood)), *said]), understood
    )


def _as_holes(value: Any, values: dict[str, int | str]) -> dict[str, Any]:
    """A mistake's value (one number, or one for each hole) by the names of the holes."""
    given = value if isinstance(value, tuple) else (value,)
    return dict(zip(values, given, strict=False)) if len(given) == len(values) else {}


def _value(question: Question, text: str) -> Verdict:
    right = question.right
    readings = read_answer(text, right)
    for reading in readings:
        if agrees(reading, right, question.exercise.digits):
            return Verdict("right", _noted(_right(question), reading), reading.shown)
    for reading in readings:
        for mistake in question.exercise.mistakes:
            if agrees(reading, question.mistaken(mistake), question.exercise.digits):
                return _wrong(reading, right, question.message_of(mistake), mistake.id)
    return _wrong(readings[0], right, str(_near_miss(readings[0], right) or T("That is not it.")))


def _wrong(reading: Reading, right: Any, message: str, mistake: str | None = None) -> Verdict:
    share = _right_entries(reading.value, right)
    return Verdict("wrong", _noted(message, reading), reading.shown, mistake, share, reading.value)


def _right_entries(value: Any, right: Any) -> float:
    """Which part of a matrix's entries is right; 0 for what is no matrix of the right size."""
    if not is_matrix(right) or not is_matrix(value) or [len(r) for r in value] != [len(r) for r in right]:
        return 0.0
    wrong = len(_wrong_entries(value, right))
    return 1 - wrong / sum(map(len, right))


def _wrong_entries(value: Any, right: Any) -> list[tuple[int, int]]:
    """Rows and columns, from 0, of the entries that are not right. Both matrices have one size."""
    return [
        (r, c)
        for r, row in enumerate(right)
        for c in range(len(row))
        if not _same_rows(((value[r][c],),), ((row[c],),))
    ]


def _noted(message: str, reading: Reading) -> str:
    return f"{message}\n{reading.note}" if reading.note else message


def agrees(reading: Reading, right: Any, digits: int = 0) -> bool:
    """Whether an answer is a value: exactly, or rounded where that is allowed: no whole number, or `digits` are enough."""
    value = reading.value
    if isinstance(right, tuple) != isinstance(value, tuple):
        return False
    if isinstance(right, tuple):
        return _same_rows(value, right) if is_matrix(right) else value == right
    if value == right:
        return True
    close = reading.grain > 0 and abs(Fraction(value) - Fraction(right)) <= reading.grain / 2
    if digits and reading.digits >= digits:
        return close
    fine = reading.grain <= Fraction(1, 10**PLACES) and reading.digits >= PLACES
    return close and fine and Fraction(right).denominator != 1


def could_be_taken_for(value: Any, right: Any, digits: int = 0) -> bool:
    """Whether a value, rounded as little as is asked for, would be accepted in place of the right one."""
    if isinstance(value, tuple) or not isinstance(right, int | Fraction):
        return bool(value == right)
    rounded = round(Fraction(value), PLACES)
    significant = len(str(abs(int(rounded * 10**PLACES))).lstrip("0"))
    return bool(value == right) or agrees(
        Reading(value, "", Fraction(1, 10**PLACES), digits=significant), right, digits
    )


def _same_rows(value: Any, right: Any) -> bool:
    """Matrices of one size whose entries agree, to two decimals where they do not end."""
    if not is_matrix(value) or [len(r) for r in value] != [len(r) for r in right]:
        return False
    pairs = [(a, b) for one, other in zip(value, right, strict=True) for a, b in zip(one, other, strict=True)]
    return all(a == b or (Fraction(b).denominator != 1 and abs(Fraction(a) - b) <= Fraction(1, 200)) for a, b in pairs)


def _near_miss(reading: Reading, right: Any) -> T | None:
    """What can be said of a wrong answer whatever the exercise is."""
    value = reading.value
    if is_matrix(right):
        return _matrix_miss(value, right)
    if isinstance(right, tuple):
        return _shape_miss(value, right)
    if not isinstance(value, tuple) and reading.grain and abs(Fraction(value) - Fraction(right)) <= reading.grain / 2:
        return (
            T("That is rounded; all digits are asked for.")
            if Fraction(right).denominator == 1
            else T("That is rounded too far; give {n} decimals, or a fraction.", n=PLACES)
        )
    if not isinstance(value, tuple) and value == -right:
        return T("The number is right, its sign is not.")
    return None


def _matrix_miss(value: Any, right: Any) -> T:
    size = (len(value), len(value[0])) if is_matrix(value) else (0, 0)
    wanted = (len(right), len(right[0]))
    if size != wanted:
        return T(
            "The result has {rows} rows and {columns} columns; yours has {r} and {c}.",
            rows=wanted[0],
            columns=wanted[1],
            r=size[0],
            c=size[1],
        )
    wrong = _wrong_entries(value, right)
    places = ", ".join(f"({r + 1}, {c + 1})" for r, c in wrong[:4])
    return T(
        "One entry is not right, at (row, column) {places}.",
        "{n} entries are not right, among them at (row, column) {places}.",
        n=len(wrong),
        places=places,
    )


def _shape_miss(value: Any, right: tuple[Any, ...]) -> T | None:
    if not isinstance(value, tuple):
        return None
    if len(value) != len(right):
        return T("{wanted} numbers are asked for; you gave {given}.", wanted=len(right), given=len(value))
    if len(value) > 1 and sorted(value) == sorted(right):
        return T("The numbers are right, their order is not: height × width × channels.")
    if len(value) > 2 and value[:-1] == right[:-1]:
        return T("Height and width are right, the channels are not: as many as there are filters.")
    if len(value) > 2 and value[-1] == right[-1]:
        return T("The channels are right, height and width are not.")
    return None
