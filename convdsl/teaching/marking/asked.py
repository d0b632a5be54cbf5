"""What reading needs to know of a question: the sort of the answer, the names in it, its words. Not what is right."""

from __future__ import annotations

import re

from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.questions import Question, holes
from convdsl.teaching.reading.text import plain
from convdsl.teaching.reading.wanted import Wanted

_CALLED = {
    "k": ("F", "kernel", "ventana", "window", "núcleo", "nucleo", "lado", "side"),
    "s": ("S", "stride", "strides", "paso"),
    "p": ("P", "padding", "relleno", "pad"),
    "d": ("D", "dilation", "dilatación", "dilatacion"),
    "K": ("filtros", "filters"),
    "F": ("k", "lado", "side", "ventana", "window", "kernel"),
}
"""What the course also calls the holes of a layer."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def wanted(question: Question) -> Wanted:
    """What an answer to a question is read as. Raises ExpressionError."""
    exercise = question.exercise
    texts = [question.text, question.title, *question.hints]
    words = frozenset(plain(w) for t in texts for w in _WORD.findall(t))
    if question.kind == "hole":
        return Wanted("holes", True, names=_names(holes.names_of(question.program or "")), words=words)
    right = question.right
    if is_matrix(right):
        whole = all(isinstance(v, int) for row in right for v in row)
        names = tuple(_entry_names(n) for n in exercise.names)
        return Wanted("matrix", whole, (len(right), len(right[0])), names=names, words=words)
    if isinstance(right, tuple) and len(right) > 1:
        return Wanted("size", True, (len(right),), words=words)
    value = right[0] if isinstance(right, tuple) else right
    names = tuple(_entry_names(n) for n in exercise.names)
    return Wanted("number", isinstance(value, int), unit=exercise.unit, names=names, words=words)


def _entry_names(written: str) -> tuple[str, ...]:
    """What an entry is called: `variance|σ²` has two names."""
    first, *others = written.split("|")
    return tuple(dict.fromkeys((first, first.lower(), first.replace("_", ""), *others)))


def _names(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The names of holes, each with its other names, as far as no other hole is called so."""
    taken = set(names)
    found = []
    for name in names:
        stem = name.partition("_")[0]
        others = (*_CALLED.get(stem, ()), stem.lower(), stem.upper())
        mine = [name, *dict.fromkeys(o for o in others if o not in taken)]
        taken.update(mine)
        found.append(tuple(mine))
    return tuple(found)
