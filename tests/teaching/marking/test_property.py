"""Every exercise with many numbers: its key is right, its mistakes are wrong with their own words, and a key in which one
character is changed is right only if it still says the same.

`CONVDSL_SEEDS` says how many seeds are tried; the few here are for everyday runs.
"""

from __future__ import annotations

import os
import random
import re
from fractions import Fraction
from typing import Any

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import Exercise, load
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.course.written import written
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import Question, ask, holes

SEEDS = int(os.environ.get("CONVDSL_SEEDS", "4"))
EDITS = 25
SCALES = {"%": Fraction(1, 100), "k": 10**3, "K": 10**3, "m": 10**6, "M": 10**6, "G": 10**9}
COURSE = load()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda e: e.id)
def test_an_exercise(exercise: Exercise, language: str) -> None:
    use_language(language)
    for seed in range(1, SEEDS + 1):
        question = ask(exercise, seed)
        verdict = mark(question, question.answer)
        assert verdict.correct, (seed, question.answer, verdict)
        mistakes_are_wrong(question)
        if not question.multiline:
            edits_are_not_right(question, random.Random(f"{exercise.id}/{seed}/{language}"))


def mistakes_are_wrong(question: Question) -> None:
    for mistake in question.exercise.mistakes:
        text = question.fill_program(mistake.example) if question.multiline else as_typed(question, mistake)
        verdict = mark(question, text)
        assert verdict.status == "wrong" and verdict.mistake == mistake.id, (question.seed, text, verdict)
        if not question.multiline:
            assert verdict.message == question.message_of(mistake), (question.seed, text)


def as_typed(question: Question, mistake: Any) -> str:
    value = question.mistaken(mistake)
    if question.kind == "hole":
        values = value if isinstance(value, tuple) else (value,)
        names = holes.names_of(question.program or "")
        return ", ".join(f"{n} = {v}" for n, v in zip(names, values, strict=True))
    if is_matrix(value):
        return "; ".join(" ".join(map(str, row)) for row in value)
    return f"{float(value):.6f}" if isinstance(value, Fraction) else written(value)


def edits_are_not_right(question: Question, dice: random.Random) -> None:
    key = question.answer
    for _ in range(EDITS):
        text = edited(key, dice)
        verdict = mark(question, text)
        assert not verdict.correct or says_the_same(question, text), (question.seed, key, text, verdict)


def edited(key: str, dice: random.Random) -> str:
    """A text with one character put in, taken out, or put in place of another."""
    place = dice.randrange(len(key) + 1)
    character = dice.choice("0123456789" * 2 + "+-−.,'/·x*%^() " + "abcdekmnoxyMKG" + "?!<>=~")
    way = dice.randrange(3)
    if way == 0 or place == len(key):
        return key[:place] + character + key[place:]
    return key[:place] + ("" if way == 1 else character) + key[place + 1 :]


# What an edited key says, read with other eyes than the product's.


def says_the_same(question: Question, text: str) -> bool:
    if question.exercise.options:
        letter, option = question.right, dict(question.options)[question.right]
        same = re.sub(r"\W", "", text).casefold().endswith(re.sub(r"\W", "", option).casefold())
        return same or re.match(rf"\W*{letter}(?![^\W_])", text, re.IGNORECASE) is not None
    if question.kind == "hole":
        parts = re.split(r"[\s,]+(?:o|or)(?:[\s,.+!-]|(?=[kN] ?=))", text.rstrip(" ….,!'"))
        return all(fits(question, re.sub(r"\.(?=\s*=)|(?<=\d) (?=,)", "", part)) for part in parts if part.strip())
    right = question.right
    text = re.sub(r"(^|\n)\s*\* ", r"\1  ", text)  # the bullet of a list
    text = re.sub(r"(?<![\w.,])[aey](?![\w.,])", " ", text)
    if is_matrix(right):
        # A sign may stand apart at the start of a row; a slash may tell rows apart.
        text = re.sub(r"(^|\n)\s*[~≈](?=\s)", r"\1", text)
        text = re.sub(r"(^|\n)\s*([-+−])\s+(?=[.,]?\d)", r"\1\2", text)
        text = re.sub(r"/" if len(right) > 1 else r"\s/(?=\s)", " ", text)
        bare = re.sub(r"[(){}\[\]!=]|(?<=\d)[.,](?=\s|$)|\s,(?=\s|\d|[-−])|'(?!\d)|(?<!\d)'", " ", text)
        cells = [c for row in right for c in row]
        whole = re.findall(r"[^\s;]+", bare)
        split = [c for cell in whole for c in re.split(r"(?<=\d),", cell)]
        pointed = re.findall(r"[^\s;]+", re.sub(r"(?<!\S)0?,(?=\d)", "0.", re.sub(r"[(){}\[\]!=]", " ", text)))
        return any(
            len(flat) == len(cells) and all(c in values(t) for t, c in zip(flat, cells, strict=True))
            for flat in (whole, split, pointed)
        )
    if isinstance(right, tuple):
        sides = [s for s in re.split(r"[x×·*,\s]+", text.strip(" ()!'=~.")) if s]
        return len(sides) == len(right) and all(r in values(s) for s, r in zip(sides, right, strict=True))
    if question.exercise.unit == "°":
        text = re.sub(r"[°o]$", "", text)
    return any(close(value, right, question.exercise.digits) for value in values(text))


def fits(question: Question, text: str) -> bool:
    given = re.findall(r"(-?[\d.,]+)", text.replace("−", "-"))
    tuples = [tuple(str(v) for v in s.values()) for s in question.solutions]
    return tuple(g.strip(".,").lstrip("0") or "0" for g in given) in tuples


def values(text: str) -> set[Fraction]:
    """Each value that a number may have, as people of either language write it."""
    labelled = re.sub(r"^\s*[^\W\d_]\s*(?=[≈=:])", "", text)  # `x ≈ 0.5` names the value
    grouped = r"(?<=\d)(?:[kK](?=[ \u202f\u00a0]\d{3}$)|[mM](?=(?:[ \u202f\u00a0]\d{3}){2}$))"  # `12k 300`
    labelled = re.sub(grouped, "", labelled)
    bare = re.sub(r"^[\s≈=~!(]+|[\s!)=~']+$", "", labelled).replace("−", "-").rstrip(".,")
    bare = re.sub(r"^0\s?\+\s?(?=[\d.,'])", "", bare)  # `0+.375`
    power = re.fullmatch(r"(.*\d)e([-+]?\d{1,2})", bare)  # `3e0`
    if power:
        return {v * Fraction(10) ** int(power[2]) for v in values(power[1])}
    match = re.fullmatch(r"([-+]?)\s*([\d.,' \u202f\u00a0]+)(?:/(\d+))?\s*(%|[kKmMG])?", bare)
    if match is None:
        return set()
    digits = match[2].strip()
    found = set()
    if re.fullmatch(r"\d{1,3}(?:[.,' \u202f\u00a0]\d{3})+|\d+", digits):
        found.add(Fraction(re.sub(r"\D", "", digits)))
    if re.fullmatch(r"\d*[.,']?\d+", digits):
        found.add(Fraction(re.sub(r"[.,']", ".", digits)))
    if re.fullmatch(r"\d{1,3}(?:[.,' \u202f\u00a0]\d{3})+[.,']\d+", digits):
        found.add(
            Fraction(
                re.sub(r"\D", "", digits[: -len(re.split(r"[.,']", digits)[-1])]) + "." + re.split(r"[.,']", digits)[-1]
            )
        )
    sign = -1 if match[1] == "-" else 1
    under = Fraction(match[3] or 1) / SCALES.get(match[4] or "", 1)
    return (
        {sign * v / under for v in found} | ({sign * v for v in found} if match[4] == "%" else set())
        if under
        else set()
    )


def close(value: Fraction, right: int | Fraction, digits: int) -> bool:
    if value == right:
        return True
    if Fraction(right).denominator != 1:
        return any(
            abs(value - right) * 2 <= Fraction(1, 10**p) and (value * 10**p).denominator == 1 for p in range(2, 12)
        )
    if digits:
        size = len(str(abs(int(right))))
        return any(
            abs(value - right) * 2 <= 10**p and (value / 10**p).denominator == 1 for p in range(size - digits + 1)
        )
    return False
