"""The table of a class: a row for every student, a column for every exercise; for spreadsheets and for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from convdsl.messages import T
from convdsl.teaching.classes.results import Answer, Result, shown
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.sheets.tables import TableError, plain, read_table, written

_FIRST = ("id", T("name"), T("status"), T("points"), T("of"))
_LAST = (T("mistakes"), T("fits the numbers of"), T("seed"), T("file"), T("notes"))
LONGEST = 400
"""Characters of one reason."""


def table(results: Sequence[Result], exercises: Sequence[Exercise]) -> str:
    """The table in CSV. A question that was not answered has an empty cell, an unclear one a question mark."""
    head = [*map(str, _FIRST), *(e.id for e in exercises), *map(str, _LAST)]
    return written([head, *(_row(r, exercises) for r in results)])


def _row(result: Result, exercises: Sequence[Exercise]) -> list[str]:
    answers = {a.exercise: a for a in result.answers}
    mark = [shown(result.points), shown(result.of)] if result.marked else ["", ""]
    mistakes = [f"{a.exercise}: {a.mistake}" for a in result.answers if a.mistake]
    near = [f"{a.exercise}: {' '.join(a.near)}" for a in result.answers if a.near]
    return [
        *map(safe, (result.id, result.name, result.status)),
        *mark,
        *(_cell(answers.get(e.id)) for e in exercises),
        *map(safe, ("; ".join(mistakes), "; ".join(near), "" if result.seed is None else str(result.seed))),
        *map(safe, (" ".join(result.places), " · ".join((*result.notes, *map(reason, open_ones(result)))))),
    ]


def _cell(answer: Answer | None) -> str:
    if answer is None or answer.status == "missing":
        return ""
    return "?" if answer.status == "unclear" else shown(answer.points)


def open_ones(result: Result) -> list[Answer]:
    """The answers that are not right."""
    return [a for a in result.answers if a.status != "right"]


def reason(answer: Answer) -> str:
    """One line about an answer that is not right."""
    if answer.status == "missing":
        return f"{answer.exercise}: {T('no answer')}"
    read = f" {' '.join(answer.understood.split())} →" if answer.understood else ""
    named = f" [{answer.mistake}]" if answer.mistake else ""
    near = f" {{{T('fits the numbers of {ids}', ids=', '.join(answer.near))}}}" if answer.near else ""
    text = safe(f"{answer.exercise}:{read} {' '.join(answer.message.split())}{named}{near}")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def safe(text: str) -> str:
    """A text that a hostile file or file name cannot play with the terminal through."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def is_ours(data: bytes) -> bool:
    """Whether some bytes are a table that `table` wrote, in either language: the first columns and the last are its."""
    try:
        labels = [plain(c.value) for c in read_table(data).rows[0].cells]
    except TableError:
        return False
    heads = [
        ("id", "name", "status"),
        ("id", "nombre", "estado"),
        ("file", "points", "of"),
        ("archivo", "puntos", "de"),
    ]
    return tuple(labels[:3]) in heads
