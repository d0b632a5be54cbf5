"""A question as a learning platform asks it: answers with what each is worth and what is said to it.

Platforms compare numbers within a tolerance, texts as they stand, or let choose; what cannot be said so is refused with
the reason. Moodle_xml.py and gift.py write the same items.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from html import escape
from typing import Any, NamedTuple

from convdsl.document import Picture
from convdsl.messages import T
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.course.seen import Seen
from convdsl.teaching.course.written import fill
from convdsl.teaching.questions import Question, ask, holes
from convdsl.teaching.sheets.printing import paragraphs
from convdsl.teaching.worked.exact import Number, show

FRACTIONS = (
    100.0, 90.0, 83.33333, 80.0, 75.0, 70.0, 66.66667, 60.0, 50.0, 40.0, 33.33333, 30.0, 25.0, 20.0, 16.66667, 14.28571,
    12.5, 11.11111, 10.0, 5.0, 0.0,
)  # fmt: skip
"""The only shares of the points that Moodle takes, in percent; each with a minus too."""
MOST_SOLUTIONS = 60
_PLACES = 2
_TRIES = 40
"""Seeds that are tried for each version that is wanted."""


class Given(NamedTuple):
    """An answer that may be given: a number within `tolerance`, or a text, of a choice in HTML. `fraction` is one of
    FRACTIONS."""

    text: str
    fraction: float
    feedback: str
    tolerance: float = 0.0


class Item(NamedTuple):
    """A question for a platform. `kind` is number, text or choice; texts are HTML, those of answers are where one chooses."""

    kind: str
    name: str
    text: str
    answers: tuple[Given, ...]
    feedback: str


class Unsayable(Exception):
    """What a platform cannot be told; `message` says what and why."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


class Bank(NamedTuple):
    """The items of one exercise, the names of the folders they lie in, and what could not be said."""

    exercise: Exercise
    category: tuple[str, ...]
    items: list[Item]
    left_out: list[str]


def banks(course: Course, exercises: Sequence[Exercise], variants: int, first: int = 1) -> Iterator[Bank]:
    """A bank for each exercise with so many different versions of it, or as many as there are. Raises ExpressionError."""
    titles = {c.id: c.title for c in course.concepts}
    for exercise in exercises:
        items: list[Item] = []
        left_out: dict[str, None] = {}
        for question in _different(exercise, variants, first):
            try:
                item, lost = item_of(question, f"{exercise.id} {len(items) + 1:03}")
            except Unsayable as error:
                left_out[f"{exercise.id}: {error.message}"] = None
                break
            items.append(item)
            left_out |= dict.fromkeys(f"{exercise.id}: {message}" for message in lost)
        category = (course.title, titles.get(exercise.concept, exercise.concept), exercise.id)
        yield Bank(exercise, category, items, list(left_out))


def _different(exercise: Exercise, variants: int, first: int) -> Iterator[Question]:
    """Questions with numbers that differ; the order of options is the platform's to change."""
    seen = set()
    for seed in range(first, first + variants * _TRIES):
        question: Question = ask(exercise, seed)
        numbers = repr(sorted(question.drawn.items()))
        if numbers not in seen:
            seen.add(numbers)
            yield question
        if len(seen) == variants or not question.drawn:
            return


def item_of(question: Question, name: str) -> tuple[Item, list[T]]:
    """The item, and which mistakes it cannot tell apart. Raises Unsayable, ExpressionError."""
    lost: list[T] = []
    if question.multiline:
        raise Unsayable(T("a program is asked for, which no question of Moodle can mark."))
    if question.exercise.options:
        kind, answers = "choice", _choices(question)
    elif question.kind == "hole":
        kind, answers = _holes(question)
    else:
        right = question.right
        if isinstance(right, tuple) and len(right) == 1 and not is_matrix(right):
            right = right[0]
        kind = "text" if isinstance(right, tuple) else "number"
        answers = _texts(question, right) if kind == "text" else _numbers(question, right, lost)
    return Item(kind, name, _text(question), tuple(answers), _feedback(question)), lost


def _choices(question: Question) -> list[Given]:
    found = []
    for letter, option in question.lettered.items():
        right = letter == question.right
        said = fill(str(option.why), question.names)
        text = _told(question.option_told(option))
        found.append(Given(text, 100.0 if right else 0.0, said))
    return found


def _mistakes(question: Question) -> list[tuple[Any, str]]:
    """What each misconception gives, and what is said to it; those that give nothing are left out."""
    found = []
    for mistake in question.exercise.mistakes:
        try:
            found.append((question.mistaken(mistake), question.message_of(mistake)))
        except ExpressionError:
            continue
    return found


def _numbers(question: Question, right: Number, lost: list[T]) -> list[Given]:
    tolerance = _tolerance(right, question.exercise.digits)
    answers = [Given(decimal(right), 100.0, _praise(question), tolerance)]
    values = [(right, tolerance)]
    for value, said in _mistakes(question):
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        if isinstance(value, tuple) or value == right:
            continue
        if abs(Fraction(value) - Fraction(right)) <= Fraction(tolerance):
            lost.append(T("a mistake gives {value}, which rounds to the right answer.", value=show(value)))
        elif all(value != v for v, _ in values):
            values.append((value, 0.0))
            answers.append(Given(decimal(value), 0.0, said, _tolerance(value, question.exercise.digits)))
    return answers


def _tolerance(value: Any, digits: int) -> float:
    """How far a number may be off: nothing for a whole one, else half a unit of the last digit that is asked for."""
    if digits and value:
        return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    return 0.0 if Fraction(value).denominator == 1 else 0.5 * 10.0**-_PLACES


def decimal(value: Any) -> str:
    """A number as platforms read it: with a point, and as many digits as it has, up to ten."""
    if Fraction(value).denominator == 1:
        return str(int(value))
    return f"{float(value):.10g}" if abs(value) >= 1e-4 else f"{float(value):.12f}".rstrip("0")


def _texts(question: Question, right: tuple[Any, ...]) -> list[Given]:
    spell = _rows if is_matrix(right) else _shape
    answers = [Given(text, 100.0, _praise(question)) for text in spell(right)]
    seen = {g.text for g in answers}
    for value, said in _mistakes(question):
        if isinstance(value, tuple) and value and is_matrix(value) == is_matrix(right):
            answers += [Given(text, 0.0, said) for text in spell(value) if text not in seen]
            seen |= set(spell(value))
    return answers


def _shape(value: tuple[Any, ...]) -> list[str]:
    """A size as people type it. A star stands for anything in Moodle, so it is none of them."""
    numbers = [decimal(v) for v in value]
    ways = [sign.join(numbers) for sign in ("x", "×", " x ", " × ", ", ", ",")]
    return [*ways, f"({', '.join(numbers)})"]


def _rows(value: tuple[tuple[Any, ...], ...]) -> list[str]:
    """A matrix on one line, as the question says it is written."""
    rows = [[decimal(v) for v in row] for row in value]
    spaced = [" ".join(row) for row in rows]
    listed = ", ".join(f"[{', '.join(row)}]" for row in rows)
    return list(dict.fromkeys(["; ".join(spaced), ";".join(spaced), f"[{'; '.join(spaced)}]", f"[{listed}]"]))


def _holes(question: Question) -> tuple[str, list[Given]]:
    names = holes.names_of(question.program or "")
    solutions = question.solutions
    if len(solutions) > MOST_SOLUTIONS:
        raise Unsayable(T("{n} answers are right, which are too many to list.", n=str(len(solutions))))
    said = _praise(question)
    right = [tuple(s[name] for name in names) for s in solutions]
    wrong: list[tuple[tuple[Any, ...], str]] = []
    for value, message in _mistakes(question):
        values = value if isinstance(value, tuple) else (value,)
        if len(values) == len(names) and values not in right and values not in [v for v, _ in wrong]:
            wrong.append((values, message))
    if len(names) == 1:
        answers = [Given(decimal(v[0]), 100.0, said) for v in right]
        return "number", answers + [Given(decimal(v[0]), 0.0, message) for v, message in wrong]
    answers = [Given(text, 100.0, said) for v in right for text in _filled(names, v)]
    return "text", answers + [Given(text, 0.0, message) for v, message in wrong for text in _filled(names, v)]


def _filled(names: Sequence[str], values: Sequence[Any]) -> list[str]:
    pairs = list(zip(names, map(decimal, values), strict=True))
    return [
        ", ".join(f"{n} = {v}" for n, v in pairs),
        ", ".join(f"{n}={v}" for n, v in pairs),
        ", ".join(v for _, v in pairs),
        " ".join(v for _, v in pairs),
    ]


# Texts.


def _praise(question: Question) -> str:
    return "\n".join(filter(None, [str(T("Right.")), question.why]))


def _text(question: Question) -> str:
    parts = [_told(question.told)]
    if question.program:
        parts.append(f"<pre>{escape(question.program)}</pre>")
    if not question.exercise.options:
        how = (
            T("a number")
            if question.kind == "hole" and len(holes.names_of(question.program or "")) == 1
            else question.how
        )
        parts.append(f"<p>{escape(str(T('Answer: {how}.', how=how)))}</p>")
    return "\n".join(parts)


def _feedback(question: Question) -> str:
    hints = "".join(f"<li>{html(hint)}</li>" for hint in question.hints)
    answer = html(question.answer) if "\n" not in question.answer else f"<pre>{escape(question.answer)}</pre>"
    return f"{answer}<ol>{hints}</ol>" + (html(question.why) if question.why else "")


def _told(told: Iterable[str | Seen]) -> str:
    """A text of a course in HTML, its pictures in it."""
    return "".join(html(piece) if isinstance(piece, str) else _picture(piece.node()) for piece in told)


def _picture(picture: Picture) -> str:
    below = f"<br><small>{escape(picture.caption)}</small>" if picture.caption else ""
    shown = f'<img alt="{escape(picture.alt)}" src="{picture.url}" style="max-width: 100%">'
    return f'<p style="display: inline-block; margin-right: 1.5em">{shown}{below}</p>'


def html(text: str) -> str:
    """A text of a course in HTML: what stands in columns is kept, words in backticks are code."""
    parts = []
    for aligned, part in paragraphs(text):
        if aligned:
            parts.append(f"<pre>{escape(part)}</pre>")
        else:
            pieces = escape(part.strip()).split("`")
            shown = "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
            parts.append(f"<p>{shown}</p>".replace("\n", "<br>"))
    return "".join(parts)
