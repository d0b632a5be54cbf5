"""Exercises on paper, as documents: with answers or without; and the empty form for answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from convdsl import document
from convdsl.document import Code, Gallery, Heading, Items, Label, Matrix, Node, Sentence, Title, html
from convdsl.document.latex import whole
from convdsl.messages import Rounded, T
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.course.seen import Seen
from convdsl.teaching.course.written import fill, pieces
from convdsl.teaching.questions.question import Question
from convdsl.teaching.worked.exact import show

FORMATS = ("markdown", "latex", "html", "form")
_ALIGNED = r"(?:(?:^|\n)(?=[^\n]*\S  +\S)[^\n]+)+"
"""Lines in columns: tables and matrices."""


class Top(NamedTuple):
    """What stands above the exercises: a title, lines below it, what the form has to say, and each one's points."""

    title: str
    lines: tuple[str, ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    points: Mapping[str, float] = {}


def seeded(course: Course, seed: int) -> Top:
    """The top of a sheet that everybody gets with the same numbers."""
    return Top(course.title, (str(T("Numbers: seed {seed}", seed=seed)),), ((str(T("seed")), str(seed)),))


def sheet(course: Course, questions: Sequence[Question], top: Top, format: str, key: bool = False) -> str:
    """A sheet with these questions. `key` adds the answers and the hints; `form` is a file to fill in for `grade`."""
    if format == "form":
        return form(questions, top)
    if format == "html":
        return page(sheet_document(course, questions, top, key, page=True))
    told = sheet_document(course, questions, top, key)
    return whole([told]) if format == "latex" else document.write(told, format)


def page(told: Iterable[Node]) -> str:
    """A sheet as one page, its pictures light and dark."""
    from convdsl.drawing.themes import stylesheet

    return html.write(told, stylesheet())


def form(questions: Sequence[Question], top: Top) -> str:
    """The file to fill in: a line in brackets for each question. It is no document: `grade` reads it again."""
    lines = [f"# {T('Write each answer below its line in brackets.')}"]
    lines += [f"{name}: {value}" for name, value in top.form] + [""]
    for number, question in enumerate(questions, 1):
        lines += [f"[{question.exercise.id}]", f"# {number}. {question.title} ({question.how})", "", ""]
    return "\n".join(lines)


def worth(points: float) -> str:
    """`2 points`."""
    return str(T("one point", "{n} points", n=1 if points == 1 else Rounded(points)))


def sheet_document(
    course: Course, questions: Sequence[Question], top: Top, key: bool = False, page: bool = False
) -> Iterator[Node]:
    """The sheet: its concepts, and the questions of each; pictures for a `page` are in its colours."""
    yield Title(top.title, top.lines)
    concept = ""
    for number, question in enumerate(questions, 1):
        if question.exercise.concept != concept:
            concept = question.exercise.concept
            yield Heading(next((c.title for c in course.concepts if c.id == concept), concept), 2)
        yield Heading(f"{number}. {question.title}")
        about = f"`{question.exercise.id}` · {KINDS[question.kind]}"
        points = top.points.get(question.exercise.id)
        yield Sentence(about if points is None else f"{about} · {worth(points)}")
        yield from asked(question, page)
        if key:
            yield from _answered(question, page)


def asked(question: Question, page: bool = False) -> Iterator[Node]:
    """A question without its title: text, program, options."""
    yield from shown(question.told, page)
    if question.program:
        yield Code(question.program, "cnn")
    if question.lettered:
        options = [option(question.option_told(o), page) for o in question.lettered.values()]
        yield Items(options, [f"{letter})" for letter in question.lettered])


def option(told: Sequence[str | Seen], page: bool = False) -> str | tuple[Node, ...]:
    """What stands behind the letter of an option."""
    return told[0] if len(told) == 1 and isinstance(told[0], str) else tuple(shown(told, page))


def shown(told: Sequence[str | Seen], page: bool = False) -> Iterator[Node]:
    """Paragraphs, and the pictures between them; those that follow each other stand side by side."""
    for seen, group in groupby(told, lambda piece: isinstance(piece, Seen)):
        if not seen:
            yield from _text("".join(map(str, group)))
            continue
        pictures = tuple(piece.node(page) for piece in group if isinstance(piece, Seen))
        yield pictures[0] if len(pictures) == 1 else Gallery(pictures)


def _answered(question: Question, page: bool) -> Iterator[Node]:
    """What is right, why, and the hints on the way there."""
    if question.multiline:
        yield Label(str(T("Answer")), str(T("(one of many)")))
        yield Code(question.answer, "cnn")
    elif "\n" in question.answer:
        yield Label(str(T("Answer")))
        yield _right_matrix(question) or Code(question.answer)
    else:
        yield Label(f"{T('Answer')}:", question.answer)
    why = reasons(question)
    if why:
        yield Items([said for _, said in why], [f"{letter})" for letter, _ in why], strong=False)
    if question.hints:
        yield Items([tuple(_text(hint)) for hint in question.hints])
    if question.exercise.why:
        yield from shown(pieces(str(question.exercise.why), question.names), page)


def _right_matrix(question: Question) -> Matrix | None:
    """The right answer where it is rows of numbers."""
    right = None if question.multiline else question.right
    return Matrix(tuple(tuple(map(show, row)) for row in right)) if right and is_matrix(right) else None


def reasons(question: Question) -> list[tuple[str, str]]:
    """Why each option of a choice is right or wrong, by its letter."""
    return [(letter, fill(str(option.why), question.names)) for letter, option in question.lettered.items()]


def _text(text: str) -> Iterator[Node]:
    """Paragraphs, with what is aligned in columns kept as it is."""
    for aligned, part in paragraphs(text.strip()):
        yield Code(part) if aligned else Sentence(part)


def paragraphs(text: str) -> list[tuple[bool, str]]:
    """The parts of a text, each with whether it is aligned in columns and has to be set as it is."""
    parts = re.split(f"({_ALIGNED})", text)
    return [(re.search(r"\S  +\S", p) is not None, p.strip("\n")) for p in parts if p.strip()]
