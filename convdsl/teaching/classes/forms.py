"""A file of answers, taken apart: which text answers which exercise. Whatever is odd in it costs one answer at most.

A line `[exercise-id]` stands before each answer, or `exercise-id: answer` on one line; on a sheet with numbers, `3. answer`
does too. The form says whose it is in lines of its own: `sheet: …`, `id: …`, `version: …`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from convdsl.messages import T
from convdsl.teaching.course.exercise import PROGRAM_KINDS, Exercise
from convdsl.teaching.sheets.tables import plain

_BRACKETS = re.compile(r"\s*(?:[#>*\-]\s*)*\*{0,2}\[\s*([^\[\]\n]{1,80}?)\s*\]\*{0,2}\s*[:=]?\s*(.*)")
_LINE = re.compile(r"\s*\*{0,2}([a-z0-9]+(?:[-_ ][a-z0-9]+)*)\*{0,2}\s*[:=]\*{0,2}\s*(.*)", re.IGNORECASE)
_WORD = r"(?:pregunta|question|ejercicio|exercise|ejer|ej|ex|q|p)"
_NUMBERED = re.compile(
    rf"\s*\*{{0,2}}(?:(?:{_WORD}\s*\.?\s*)?\[?(\d{{1,3}})(?:\s*[.º°]?[)\]:]|\s*[.º°]-|\s*[.º°](?=\s|$)|\s*[.º°](?=[^\d\s]))\*{{0,2}}\s*|{_WORD}\.?\s*(\d{{1,3}})\s*$)(.*)",
    re.IGNORECASE,
)
_HEAD_LINE = re.compile(r"\s*([^\W\d][\w ]{0,30}?)\s*[:=]\s*(.*?)\s*")
_HEAD = {
    "sheet": "sheet",
    "hoja": "sheet",
    "id": "id",
    "version": "version",
    "language": "language",
    "idioma": "language",
    "seed": "seed",
    "semilla": "seed",
}
_LIKE_A_HEADER = re.compile(r"[^\W\d_][\w.-]*")


class Slip(NamedTuple):
    """A line that looks like the head of an answer and names no exercise of the sheet; `near` is the one it is like."""

    head: str
    near: str | None
    answer: str


class Form(NamedTuple):
    """The answers by exercise, what the file says about itself, and what is odd in it."""

    answers: dict[str, str]
    head: Mapping[str, str] = {}
    slips: tuple[Slip, ...] = ()
    twice: frozenset[str] = frozenset()
    """Exercises with two answers that differ: which one is meant is not ours to choose."""
    stray: str = ""
    """The first line above all answers that is none of the head's."""
    named: frozenset[str] = frozenset()
    """The exercises that a line names, whether anything stands below it or not."""
    begun: bool = False
    """Whether there is a line that an answer may stand below."""

    @property
    def seed(self) -> int | None:
        """The seed that the file names."""
        text = self.head.get("seed", "")
        return int(text) if text.isdecimal() and len(text) <= 18 else None


def read_form(text: str, exercises: Sequence[Exercise], named: str = "", numbers: bool = True) -> Form:
    """The answers in a text. `exercises` are those of the sheet in its order, which `numbers` may be for; `named` is the
    name of the file: one that is called like an exercise, or answers the only one, needs no line before its answer."""
    known = {e.id: e for e in exercises}
    form = _split(text, known, list(known), numbers=False)
    if numbers and not form.begun:
        form = _split(text, known, list(known), numbers=True)
    if not form.begun:
        only = known.get(named.lower()) or (exercises[0] if len(exercises) == 1 else None)
        bare = "\n".join(line for line in text.splitlines() if not _said_in(line))
        if only is not None:
            answer = _without_notes(text if only.kind in PROGRAM_KINDS else bare, only)
            return form._replace(answers={only.id: answer} if answer else {})
    return form


def _said_in(line: str) -> tuple[str, str] | None:
    match = _HEAD_LINE.fullmatch(line)
    key = _HEAD.get(plain(match[1])) if match else None
    return (key, match[2]) if match and key else None


class _Parts:
    """The answers as they are being collected: each a list of lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bool, list[str]]] = []
        self.stray = ""

    def begin(self, name: str, known: bool, rest: str) -> None:
        self.lines.append((name, known, [rest]))

    def add(self, line: str) -> None:
        if self.lines:
            self.lines[-1][2].append(line)
        elif (
            not self.stray and line.strip() and not line.lstrip().startswith("#") and not re.match(r"[^=]{1,40}:", line)
        ):
            self.stray = line.strip()[:80]

    @property
    def begun(self) -> bool:
        return bool(self.lines)


def _split(text: str, known: Mapping[str, Exercise], order: Sequence[str], numbers: bool) -> Form:
    parts = _Parts()
    head: dict[str, str] = {}
    used: set[str] = set()
    for line in _unquoted(text).splitlines():
        begun = _numbered(line, known, order, used) if numbers else _named(line, known)
        if begun is not None:
            parts.begin(*begun)
            used.add(begun[0])
        elif said := _said_in(line):
            head.setdefault(*said)
        else:
            parts.add(line)
    return _gathered(parts, known, head)


def _named(line: str, known: Mapping[str, Exercise]) -> tuple[str, bool, str] | None:
    """The exercise that a line begins the answer to, and the rest of the line; False for a name that is none."""
    if match := _BRACKETS.fullmatch(line):
        name = re.sub(r"[\s_]+", "-", match[1].strip()).lower()
        if name in known:
            return name, True, match[2]
        if _LIKE_A_HEADER.fullmatch(name):
            return match[1], False, match[2]
    if match := _LINE.fullmatch(line):
        name = re.sub(r"[ _]", "-", match[1].lower())
        if name in known:
            return name, True, match[2]
        if "-" in name and get_close_matches(name, known, 1, 0.8):
            return match[1], False, match[2]
    return None


def _unquoted(text: str) -> str:
    """A text without the marks of a quoted mail, and with plain brackets."""
    text = text.translate({ord("［"): "[", ord("］"): "]", ord("【"): "[", ord("】"): "]"})
    lines = text.splitlines()
    if any(lines) and all(line.startswith(">") for line in lines if line.strip()):
        return "\n".join(line.strip()[1:] for line in lines)
    return text


def _numbered(
    line: str, known: Mapping[str, Exercise], order: Sequence[str], used: set[str]
) -> tuple[str, bool, str] | None:
    match = _NUMBERED.fullmatch(line)
    if match is None:
        return None
    number = int(match[1] or match[2])
    if 1 <= number <= len(order):
        id = order[number - 1]
        return None if id in used else (id, True, _without_title(match[3], known[id]))
    return (f"{number}.", False, match[3]) if match[1] and match[3] else None


def _without_title(answer: str, exercise: Exercise) -> str:
    """An answer without the title of the question that was copied in front of it."""
    for title in exercise.title:
        if title and answer.casefold().startswith(title.casefold()):
            return answer[len(title) :].lstrip(" .:–—-*")
    return answer


def _gathered(parts: _Parts, known: Mapping[str, Exercise], head: Mapping[str, str]) -> Form:
    answers: dict[str, str] = {}
    slips, twice = [], set()
    named = frozenset(name for name, is_known, _ in parts.lines if is_known)
    for name, is_known, lines in parts.lines:
        text = "\n".join(lines)
        if not is_known:
            near = get_close_matches(re.sub(r"[\s_]+", "-", name).lower(), known, 1, 0.6)
            answer = "\n".join(line for line in lines if not line.lstrip().startswith("#")).strip()
            slips.append(Slip(name, near[0] if near else None, answer))
            continue
        answer = _without_notes(text, known[name])
        if not answer:
            continue
        if name in answers and " ".join(answers[name].split()) != " ".join(answer.split()):
            twice.add(name)
            answers[name] += f"\n[{name}]\n{answer}"
        answers.setdefault(name, answer)
    return Form(answers, head, tuple(slips), frozenset(twice), parts.stray if parts.begun else "", named, parts.begun)


def _without_notes(answer: str, exercise: Exercise) -> str:
    """An answer without the form's lines that begin with #; programs keep their comments."""
    lines = [line for line in answer.splitlines() if not line.lstrip().startswith("#")]
    bare = "\n".join(lines).strip()
    return answer.strip("\n") if bare and exercise.kind in PROGRAM_KINDS else bare


def said_of(slip: Slip) -> T:
    """What is said about a head that names no exercise."""
    if slip.near is None:
        return T("[{head}] is no exercise of the sheet; the answer below it was not marked.", head=slip.head)
    return T(
        "[{head}] is no exercise of the sheet: [{near}] is meant? The answer below it was not marked.",
        head=slip.head,
        near=slip.near,
    )
