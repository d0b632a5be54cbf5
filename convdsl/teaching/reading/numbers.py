"""Answers that are one number: with its unit, as a fraction, at the end of a calculation, among words."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from lark import Token

from convdsl.messages import T
from convdsl.teaching.course.written import number
from convdsl.teaching.reading.numerals import Way
from convdsl.teaching.reading.steps import Reading, Step, steps_of
from convdsl.teaching.reading.terms import ARITHMETIC, LITERAL, ROOT, Item, Term, parse
from convdsl.teaching.reading.text import Unclear, shortened
from convdsl.teaching.reading.tokens import read_tokens
from convdsl.teaching.reading.wanted import Wanted
from convdsl.teaching.worked.exact import whole


def read_numbers(text: str, wanted: Wanted) -> list[Reading]:
    return read_number(_last_of_chain(text, wanted), wanted)


_EQUATION = re.compile(r"\s*([^\W\d_])(?:\s?[=:≈]|\s(?:vale|es|is)\s)\s*(\S.*)")


def of_what_is_asked(text: str, names: tuple[str, ...]) -> str:
    """`w = 15, b = 13` without `w`, where `b` is asked for; another text as it is. Raises Unclear for `w = 13` alone."""
    equations = [_EQUATION.fullmatch(piece) for piece in _AMONG.split(text.rstrip(" ,;."))]
    if not all(equations):
        return text
    asked = [e[2] for e in equations if e and e[1] in names]
    if not asked:
        raise Unclear(T("“{text}” does not say what “{name}” is.", text=shortened(text), name=names[0]))
    return asked[0] if len(asked) == 1 else text


_AMONG = re.compile(r"\s*(?:[;,]\s+|\n|\s(?:y|and)\s)\s*")
_APART = re.compile(r"\s*(?:[;,]\s+|\n)\s*")


def _last_of_chain(text: str, wanted: Wanted) -> str:
    """The last equation of `147 + 1 = 148; 148 · 32 = 4736`, where each is true and works on with the result before it;
    any other text as it is."""
    pieces = [p for p in _APART.split(text) if p]
    if not 2 <= len(pieces) <= 12 or any(p.count("=") != 1 for p in pieces):
        return text
    result = ""
    for piece in pieces:
        left, right = (side.strip() for side in piece.split("="))
        if result and not re.search(rf"(?<![\d.,]){re.escape(result)}(?![\d.,]*\d)", left):
            return text
        try:
            calculated, said = (read_number(side, wanted) for side in (left, right))
        except Unclear:
            return text
        if not calculated[0].calculation or not any(c.value == s.value for c in calculated for s in said):
            return text
        result = right
    return pieces[-1]


def read_number(text: str, wanted: Wanted) -> list[Reading]:
    """All ways to read the one number of a text. Raises Unclear."""
    read = read_tokens(text, wanted)
    steps = steps_of(parse(text, read), read)
    values = [(s, _only_value(s, text)) for s in steps]
    worth = [(s, v) for s, v in values if v is not None and v.ways]
    if not worth:
        if any(isinstance(i, Term) and i.name == ROOT for s in steps for i in s.items):
            raise Unclear(T("This root is not a fraction; write its value."))
        raise Unclear(T("There is no number in “{text}”.", text=shortened(text)))
    _agree(values, text)
    step, term = worth[-1]
    if steps[-1].before == "EQUALS" and not steps[-1].items and not steps[-1].wordy:
        raise Unclear(T("“{text}” ends too early.", text=shortened(text)))
    equal = next((v for s, v in worth[:-1][::-1] if v.form == LITERAL and _same(v, term)), None)
    if term.form == ARITHMETIC and equal is not None and step.before == "EQUALS":
        term = equal
    ways = term.ways
    if wanted.unit == "bytes":  # of which there are no parts
        ways = tuple(w for w in ways if w.value.denominator == 1) or ways
    return [_reading(way, term, text, wanted) for way in ways]


def _only_value(step: Step, text: str) -> Term | None:
    """The one term of a step; None where it has only words. Raises Unclear where it has several."""
    items = step.items
    while items and isinstance(items[-1], Token) and items[-1].type in ("COMMA", "SEMICOLON"):
        items = items[:-1]
    if not items:
        return None
    terms = [i for i in items if isinstance(i, Term)]
    if len(terms) == len(items) and (together := _together(terms)) is not None:
        return together
    if len(items) == 2 == len(terms) and _is_shown(terms, text):
        return terms[0]
    if (total := _total(items, text)) is not None:
        return total
    if len(items) > 1 or not terms:
        seen = ", ".join(text[t.start : t.end] for t in terms[:6])
        raise Unclear(T("There are several numbers here ({seen}); write the one that is your answer.", seen=seen))
    return terms[0]


_TOTAL_BEFORE = re.compile(r"(?:\b(?:en|in) total|\btotal\s?[:=])[\s,:=]*$", re.IGNORECASE)
_TOTAL_BEHIND = re.compile(r"\s*(?:[^\W\d_]{3,20}\s)?(?:(?:en|in)\s)?total\b", re.IGNORECASE)


def _total(items: list[Item], text: str) -> Term | None:
    """Of several numbers the one that is said to be the sum, where it is the largest: `1536 por canal, 4608 en total`."""
    terms = [i for i in items if isinstance(i, Term)]
    between = {i.type for i in items if isinstance(i, Token)}
    found = [t for t in terms if _is_total(t, text)]
    if len(found) != 1 or between - {"COMMA", "SEMICOLON"} or any(t.form != LITERAL or not t.ways for t in terms):
        return None
    largest = max(w.value for t in terms for w in t.ways)
    return found[0] if all(w.value == largest for w in found[0].ways) else None


def _is_total(term: Term, text: str) -> bool:
    return bool(_TOTAL_BEFORE.search(text[: term.start]) or _TOTAL_BEHIND.match(text, term.end))


def _is_shown(terms: list[Term], text: str) -> bool:
    """Whether a number stands before the calculation that gives it: `4736 (4704 + 32)`."""
    value, calculation = terms
    written = text[calculation.start : calculation.end]
    return value.form == LITERAL and bool(value.ways) and written.startswith("(") and _close(value, calculation)


def _together(terms: list[Term]) -> Term | None:
    """`1 millón 179 mil 776` as one number: each part is smaller than the unit before it."""
    units = [t.name[1] if isinstance(t.name, tuple) else 1 for t in terms]
    if len(terms) < 2 or any(len(t.ways) != 1 or t.form != LITERAL for t in terms) or 1 in units[:-1]:
        return None
    values = [t.ways[0].value for t in terms]
    if any(not 0 < v < unit or v.denominator != 1 for v, unit in zip(values[1:], units, strict=False)):
        return None
    smallest = units[-1]
    way = Way(sum(values, Fraction(0)), Fraction(smallest), 99)
    return terms[0]._replace(end=terms[-1].end, ways=(way,))


def _agree(values: list[tuple[Step, Term | None]], text: str) -> None:
    """Two numbers that are said to be equal, or stand below each other, have to be."""
    for (step, term), (after, other) in pairwise(values):
        if term is None or other is None or not term.ways or not other.ways or term.form != LITERAL:
            continue
        apart = after.before in ("EQUALS", "COLON", "NEWLINE") and not (step.wordy and after.before != "EQUALS")
        if apart and other.form == LITERAL and not _close(term, other):
            seen = f"{text[term.start : term.end]}, {text[other.start : other.end]}"
            raise Unclear(T("There are several numbers here ({seen}); write the one that is your answer.", seen=seen))


def _same(one: Term, other: Term) -> bool:
    return any(a.value == b.value for a in one.ways for b in other.ways)


def _close(one: Term, other: Term) -> bool:
    """Whether two numbers are the same, one of them perhaps rounded."""
    pairs = [(a, b, min(Fraction(1), max(a.grain, b.grain))) for a in one.ways for b in other.ways]
    return any(a.value == b.value or (grain < 1 and abs(a.value - b.value) <= grain / 2) for a, b, grain in pairs)


def _reading(way: Way, term: Term, text: str, wanted: Wanted) -> Reading:
    written = text[term.start : term.end].strip()
    value = way.value
    if wanted.unit == "%" and term.name == "percent":
        value *= 100
    elif wanted.whole and term.name == "percent":
        raise Unclear(T("“{text}” is a percentage; a number is asked for.", text=shortened(written)))
    exact = whole(value)
    shown = number(exact)
    if term.name == "percent":
        shown = f"{number(whole(way.value * 100))} %"
    elif term.form == ARITHMETIC or isinstance(term.name, tuple) or term.name in ("scaled", "power of ten"):
        shown = f"{_spaced(written)} {shown}" if shown.startswith("≈") else f"{_spaced(written)} = {shown}"
    elif term.name == "fraction":
        shown = f"{written} {shown}" if shown.startswith("≈") else f"{written} = {shown}"
    calculation = written if term.form == ARITHMETIC or (term.name == "fraction" and wanted.whole) else ""
    grain = way.grain if term.form == LITERAL else Fraction(0)
    return Reading(exact, shown, abs(grain), way.figures, way.rank, calculation)


def _spaced(written: str) -> str:
    return " ".join(re.sub(r"\*\*?", lambda m: "^" if m[0] == "**" else " × ", written).split())
