"""Marks an answer: right, wrong (with the misconception that it shows), or unclear, where it was not understood."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from convdsl.messages import T, with_decimals
from convdsl.teaching.course.exercise import PROGRAM_KINDS
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.written import fill, number
from convdsl.teaching.marking import programs
from convdsl.teaching.marking.agreement import agrees, right_entries
from convdsl.teaching.marking.asked import wanted
from convdsl.teaching.marking.misses import near_miss
from convdsl.teaching.marking.verdict import Verdict
from convdsl.teaching.questions import Question, holes
from convdsl.teaching.reading.holes import Filling, read_holes
from convdsl.teaching.reading.letters import read_letter
from convdsl.teaching.reading.steps import Reading
from convdsl.teaching.reading.text import Unclear, shortened
from convdsl.teaching.reading.values import read_answer

LARGEST_FILLING = 10**6
"""The largest value that is tried in a hole."""


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
    understood = letter if "\n" in shown else f"{letter}) {shown}"
    if question.holds(option.right):
        return Verdict("right", "\n".join(filter(None, [f"{T('Right.')} {why}", question.why])), understood)
    return Verdict("wrong", f"{T('No.')} {why}", understood, option.id)


def _holes(question: Question, text: str) -> Verdict:
    """Values for the holes; of several alternatives, all have to be right."""
    asked = wanted(question)
    lines = tuple(line for line in _named_holes(question.program or "").splitlines() if line.strip())
    fillings = read_holes(text, asked, lines)
    for filling in fillings:
        _not_arithmetic(question, filling.calculation)
    given = [_one_filling(question, filling) for filling in fillings]
    wrong = next((v for v in given if not v.correct), None)
    return wrong or given[0]._replace(understood=str(T(" or ")).join(str(v.understood) for v in given))


def _named_holes(program: str) -> str:
    """A program with the names of its holes between question marks: `conv 16 k7 p?p?`."""
    for hole in reversed(holes.holes_in(program)):
        program = f"{program[: hole.start]}?{hole.name}?{program[hole.end :]}"
    return program


def _one_filling(question: Question, filling: Filling) -> Verdict:
    program = question.program or ""
    values = filling.values
    understood = ", ".join(f"{k} = {v if isinstance(v, str) else number(v)}" for k, v in values.items())
    for mistake in question.exercise.mistakes:
        if _as_holes(question.mistaken(mistake), values) == values:
            return Verdict("wrong", question.message_of(mistake), understood, mistake.id)
    impossible = [v for v in values.values() if not isinstance(v, str) and not _can_stand(v)]
    if impossible:
        reason = T("In the hole stands a whole number from 0 on, not {value}.", value=number(impossible[0]))
        return Verdict("wrong", str(reason), understood)
    analysis = holes.tried(program, {k: v if isinstance(v, str) else int(v) for k, v in values.items()})
    if not analysis.failed:
        return Verdict("right", _right(question), understood)
    found = [d for d in analysis.diagnostics if d.severity == "error"]
    said = [
        f"· {analysis.source.line(analysis.source.position(d.span.start)[0]).strip()}: {d.message}"
        + (f" [{with_decimals(d.formula)}]" if d.formula else "")
        for d in found[:3]
    ]
    return Verdict(
        "wrong", "\n".join([str(T("With {values} this does not hold:", values=understood)), *said]), understood
    )


def _can_stand(value: int | Fraction) -> bool:
    return Fraction(value).denominator == 1 and 0 <= value <= LARGEST_FILLING


def _as_holes(value: Any, values: dict[str, Any]) -> dict[str, Any]:
    """A mistake's value (one number, or one for each hole) by the names of the holes."""
    given = value if isinstance(value, tuple) else (value,)
    return dict(zip(values, given, strict=False)) if len(given) == len(values) else {}


def _value(question: Question, text: str) -> Verdict:
    """A number, a size or a matrix. Where the language's own reading is not right and another would be, the answer is
    unclear: the student, or the lecturer, says which is meant."""
    right, digits = question.right, question.exercise.digits
    if isinstance(right, tuple) and len(right) == 1 and not isinstance(right[0], tuple):
        right = right[0]
    readings = read_answer(text, wanted(question))
    for reading in readings:
        _not_arithmetic(question, reading.calculation)
    _not_a_hint(question, text)
    likely = [r for r in readings if r.rank == readings[0].rank]
    is_right = [agrees(r, right, digits) for r in readings]
    if all(is_right[: len(likely)]):
        return Verdict("right", _right(question), readings[0].shown, value=readings[0].value)
    if any(is_right):
        first, second = readings[0], readings[is_right.index(True) or is_right.index(False)]
        raise Unclear(
            T(
                "“{text}” can be read as {first} or as {second}; write it without the separator, or with another.",
                text=shortened(text),
                first=first.shown,
                second=second.shown,
            )
        )
    for reading in readings:
        for mistake in question.exercise.mistakes:
            if agrees(reading, _bare(question.mistaken(mistake)), digits):
                return _wrong(reading, right, question.message_of(mistake), mistake.id)
    return _wrong(readings[0], right, str(near_miss(readings[0], right, digits) or T("That is not it.")))


def _bare(value: Any) -> Any:
    """A value as it is compared: a size of one number is that number."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 and not isinstance(value[0], tuple) else value


def _wrong(reading: Reading, right: Any, message: str, mistake: str | None = None) -> Verdict:
    return Verdict("wrong", message, reading.shown, mistake, right_entries(reading.value, right), reading.value)


# Arithmetic in place of a result, and hints handed in as answers.


_RANGE = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*-\s*(\d+(?:[.,]\d+)?)\s*")
"""`0.4-0.5`, which is a difference as well."""


def _not_arithmetic(question: Question, calculation: str) -> None:
    """Raises Unclear for arithmetic where its result is asked for."""
    if not calculation:
        return
    spoken = re.search(r"(?<!\\)\b[^\W\d_]{4,}.*\d\s*[-+]", calculation) and "(" not in calculation  # `9 over 7 + 12`
    if not question.exercise.arithmetic or spoken:
        raise Unclear(T("“{text}” is arithmetic; its result is asked for.", text=shortened(calculation)))
    ends = _RANGE.fullmatch(calculation)
    if ends and float(ends[1].replace(",", ".")) < float(ends[2].replace(",", ".")):
        raise Unclear(T("“{text}” looks like a range; one value is asked for.", text=shortened(calculation)))
    _not_a_hint(question, calculation)


def _not_a_hint(question: Question, text: str) -> None:
    """Raises Unclear for a hint's formula handed in as an answer."""
    mine = _normal(text)
    if re.search(r"\d[^\d]*[-+*/^][^\d]*\d", mine) and any(
        mine == _normal(part) for hint in question.hints for part in (hint, *re.split(r"[=→:;≈]|->", hint))
    ):
        raise Unclear(T("That is the hint; its result is asked for."))


def _normal(text: str) -> str:
    """Arithmetic without what it can be written differently by."""
    text = re.sub(r"\s+", "", text).replace("**", "^").replace("²", "^2").replace("³", "^3")
    return text.translate(str.maketrans("·×x−–[]{}÷", "***--()()/")).rstrip(".,")
