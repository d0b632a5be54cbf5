"""Answers that give values to the holes of a program: `3`, `p = 3`, `k=3, s=2`, the line with them in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from lark import Token

from convdsl.messages import T
from convdsl.teaching.reading.numerals import ways_to_read
from convdsl.teaching.reading.scanner import in_signs, not_understood
from convdsl.teaching.reading.terms import ARITHMETIC, BRACKET, HOLE, LITERAL, SYMBOLIC, WORD, Item, Term, parse
from convdsl.teaching.reading.text import Unclear, in_digits, shortened, tidy
from convdsl.teaching.reading.tokens import read_tokens
from convdsl.teaching.reading.vocabulary import NUMBERS
from convdsl.teaching.reading.wanted import Wanted
from convdsl.teaching.worked.exact import Number, whole

Value = Number | str


class Filling(NamedTuple):
    """A value for each hole. `calculation` is the text where arithmetic was written in place of a result."""

    values: dict[str, Value]
    calculation: str = ""


def read_holes(text: str, wanted: Wanted, lines: tuple[str, ...] = ()) -> list[Filling]:
    """The values that an answer gives to the holes, several where it names alternatives (`55 or 56`). `lines` are the
    program's lines with `?NAME?` in them, which an answer may repeat. Raises Unclear."""
    text = in_digits(tidy(text), NUMBERS)
    if not text:
        raise Unclear(T("Nothing was written."))
    text = re.sub(r"\bkernel_size\b", "kernel", text)
    text = re.sub(r"(?<=\w)(\s?=\s?)[(\[]\s?(\d+)\s?,\s?\2\s?[)\]]", r"\1\2", text)  # `padding=(4, 4)`
    repeated = _in_line(text, lines) or _as_a_size(text, lines)
    if repeated is not None:
        return [Filling(repeated)]
    text = in_signs(re.sub(r"(?:\.{3}|,)\s*$", "", text).rstrip(), wanted)
    items = parse(text, read_tokens(text, wanted))
    alternatives: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Token) and item.type == "OR":
            alternatives.append([])
        else:
            alternatives[-1].append(item)
    squares = frozenset(re.findall(r"\?(\w+)\?x\?\1\?", "\n".join(lines))) | {"k", "F"}
    return [f for a in alternatives for f in _fillings(a, wanted, text, len(alternatives) > 1, squares)]


_VALUE = r"\s?(-?\d{1,9}(?:[.,]\d{1,9})?|same|valid)"


def _in_line(text: str, lines: tuple[str, ...]) -> dict[str, Value] | None:
    """The values in an answer that repeats the program's line, or some of its lines, with values in the holes."""
    found: dict[str, Value] = {}
    for line in re.split(r"\n|->|→", text):
        if not line.strip():
            continue
        matches = ((p, re.fullmatch(_with_values(p), " ".join(line.split()), re.IGNORECASE)) for p in lines)
        pattern, match = next(((p, m) for p, m in matches if m), ("", None))
        if match is None:
            return None
        for name, value in zip(re.findall(r"\?(\w+)\?", pattern), map(_written, match.groups()), strict=True):
            if found.setdefault(name, value) != value:
                return None
    return found or None


def _as_a_size(text: str, lines: tuple[str, ...]) -> dict[str, Value] | None:
    """The values in a size of the program that is written with all its sides: `57x57x3` for `input ?Nx?Nx3`."""
    sizes = tuple(part for line in lines for part in line.split() if part.count("x") > 1 and "?" in part)
    return _in_line(re.sub(r"(?<=\d)\s?[×x*]\s?(?=\d)", "x", text), sizes) if sizes else None


def _with_values(line: str) -> str:
    parts = re.split(r"(\?\w+\?)", " ".join(line.split()))
    return "".join(_VALUE if p.startswith("?") else re.escape(p) for p in parts)


def _written(value: str) -> Value:
    if value.isalpha():
        return value.lower()
    read = ways_to_read(value.lstrip("-"), True)[0].value
    return whole(-read if value.startswith("-") else read)


def _fillings(
    items: list[Item], wanted: Wanted, text: str, alternative: bool, squares: frozenset[str]
) -> list[Filling]:
    """What one alternative says; of a program with one hole, `55, 56` are two. `squares` are the names of sides, which
    may be written as `57x57`."""
    names = tuple(n[0] for n in wanted.names)
    items = _without_ends(items)
    if len(items) == 1 and isinstance(items[0], Term) and items[0].form == BRACKET and not items[0].ways:
        items = list(items[0].items)
    _no_equations(items, names, text)
    named, calculation = _named(items, names, text, squares)
    if named is not None:
        if set(named) == set(names):
            _formulas_hold(items, named, text, wanted)
            return [Filling({n: named[n] for n in names}, calculation)]
        raise _missing(names, text)
    if items and isinstance(items[0], Term) and items[0].form == HOLE:
        items = items[1:]
        if items and isinstance(items[0], Token) and items[0].type not in ("EQUALS", "COLON"):
            raise _unread(items[0], text)
    values, calculation = _listed(items, names, text, squares)
    if len(values) == len(names):
        return [Filling(dict(zip(names, values, strict=True)), calculation)]
    if len(names) == 1 and alternative and len(values) > 1:
        return [Filling({names[0]: v}, calculation) for v in values]
    raise _missing(names, text)


def _no_equations(items: list[Item], names: tuple[str, ...], text: str) -> None:
    """Raises Unclear for `12 + N = 36`: a formula with the hole itself in it, whose value is not that of the hole.
    `k = 2, s = k + 1 = 3` is none."""
    holes = [i for i in items if isinstance(i, Term) and i.form == HOLE]
    owner = None
    for item in items:
        if isinstance(item, Term) and item.form == HOLE:
            owner = item.name
        elif isinstance(item, Term) and item.form == SYMBOLIC:
            settled = {i.name for i in holes} - {owner}
            if any(_mentions(text, item, n) for n in names if n not in settled):
                raise _unread(item, text)


def _formulas_hold(items: list[Item], values: dict[str, Value], text: str, wanted: Wanted) -> None:
    """Raises Unclear for `k = 2, s = 3 * k = 3`: a formula whose value, with the other holes put in, is not the one written
    behind it. What has other letters in it, or cannot be computed, says nothing about the value."""
    owner = ""
    for item in items:
        if not isinstance(item, Term):
            continue
        if item.form == HOLE:
            owner = item.name
        elif item.form == SYMBOLIC and owner in values:
            formula = text[item.start : item.end]
            for name, value in values.items():
                formula = re.sub(rf"(?<![^\W\d_]){re.escape(name)}(?!\w)", f"({value})", formula, flags=re.IGNORECASE)
            if re.search(r"[^\W\d_]", formula):
                continue
            try:
                computed = parse(formula, read_tokens(formula, wanted))
            except Unclear:
                continue
            ways = computed[0].ways if len(computed) == 1 and isinstance(computed[0], Term) else ()
            if ways and all(way.value != values[owner] for way in ways):
                raise _unread(item, text)


def _mentions(text: str, item: Term, name: str) -> bool:
    """Whether a formula has a name in it, and more than that: `- p = 3` at the beginning of a line stands in a list."""
    formula = text[item.start : item.end]
    if re.fullmatch(r"[-+−]\s*" + re.escape(name), formula, re.IGNORECASE):
        return not re.fullmatch(r"(?:.*\n)?\s*", text[: item.start], re.DOTALL)
    return re.search(rf"(?<![^\W\d_]){re.escape(name)}(?!\w)", formula, re.IGNORECASE) is not None


def _missing(names: tuple[str, ...], text: str) -> Unclear:
    return Unclear(
        T(
            "“{text}” does not say what stands for the hole; write: {wanted}.",
            "“{text}” does not say what stands for each of the {n} holes; write: {wanted}.",
            n=len(names),
            text=shortened(text),
            wanted=", ".join(f"{n} = …" for n in names),
        )
    )


def _without_ends(items: Iterable[Item]) -> list[Item]:
    kept = list(items)
    while kept and isinstance(kept[-1], Token) and kept[-1].type in ("COMMA", "SEMICOLON", "NEWLINE"):
        kept.pop()
    while kept and isinstance(kept[0], Token) and kept[0].type in ("NEWLINE", "COLON"):
        kept.pop(0)
    return kept


def _named(
    items: list[Item], names: tuple[str, ...], text: str, squares: frozenset[str]
) -> tuple[dict[str, Value] | None, str]:
    """Values with the names of their holes: `k = 3`, `k3`, `k: 3`, `3 de relleno`; None where no hole is named."""
    places = [n for n, i in enumerate(items) if isinstance(i, Term) and i.form == HOLE]
    if not places:
        return None, ""
    groups: list[tuple[str, list[Item]]]
    first, last = items[0], items[-1]
    if isinstance(last, Term) and last.form == HOLE and not (isinstance(first, Term) and first.form == HOLE):
        starts = [0, *(p + 1 for p in places[:-1])]
        groups = [(items[p].name, items[s:p]) for s, p in zip(starts, places, strict=True)]
    elif places[0] != 0:
        groups = _around(items, names, text)
    else:
        ends = [*places[1:], len(items)]
        groups = [(items[p].name, items[p + 1 : e]) for p, e in zip(places, ends, strict=True)]
    found: dict[str, Value] = {}
    calculation = ""
    if len(names) == 1 and len(groups) == 1 and any(isinstance(i, Token) and i.type == "COMMA" for i in groups[0][1]):
        return None, ""
    for name, group in groups:
        inner = [i for i in _without_ends(group) if not (isinstance(i, Token) and i.type == "AND")]
        value, calculated = _value_of(name, inner, text, squares)
        if name in found and found[name] != value:
            raise _missing(names, text)
        found[name] = value
        calculation = calculated or calculation
    return found, calculation


def _value_of(name: str, items: list[Item], text: str, squares: frozenset[str]) -> tuple[Value, str]:
    if name in squares and items and (side := _side(items)) is not None:
        return side, ""
    return _last_value(items, text)


def _around(items: list[Item], names: tuple[str, ...], text: str) -> list[tuple[str, list[Item]]]:
    """Values before and behind the names of their holes: `6 filtros de lado 5`. A value at the beginning or the end
    that stands beside no name is that of the one hole that is not named: `6 filtros de 5x5`, `3x3, stride 2`."""
    signs = {n for n, i in enumerate(items) if isinstance(i, Token) and i.type in ("EQUALS", "COLON")}
    items = [i for n, i in enumerate(items) if n not in signs or getattr(items[n - 1], "form", "") != HOLE]
    terms = [i for i in items if isinstance(i, Term)]
    stray = next((i for i in items if isinstance(i, Token) and i.type not in ("COMMA", "AND")), None)
    if stray is not None:
        raise _unread(stray, text)
    found: list[tuple[str, list[Item]]] = []
    if len(terms) % 2:
        missing = [n for n in names if n not in {t.name for t in terms if t.form == HOLE}]
        first = not re.fullmatch(r"\s*(?:de\s|of\s)?\s*", text[terms[0].end : terms[1].start])
        alone = terms.pop(0 if first else -1)
        if len(missing) != 1 or alone.form == HOLE:
            raise _unread(alone, text)
        found.append((missing[0], [alone]))
    for one, other in zip(terms[::2], terms[1::2], strict=True):
        if (one.form == HOLE) == (other.form == HOLE):
            raise _unread(one, text)
        name, value = (one, other) if one.form == HOLE else (other, one)
        found.append((name.name, [value]))
    return found


def _last_value(items: list[Item], text: str) -> tuple[Value, str]:
    """The value behind `=`, or behind the last of several: `(7-1)/2 = 3`."""
    said = bool(items) and isinstance(items[0], Token)
    while items and isinstance(items[0], Token) and items[0].type in ("EQUALS", "COLON"):
        items = items[1:]
    if not said and len(items) > 1 and isinstance(items[0], Term) and items[0].form == LITERAL:
        raise _unread(items[0], text)
    terms = [i for i in items if isinstance(i, Term)]
    separators = [i for i in items if isinstance(i, Token)]
    if not terms or any(s.type not in ("EQUALS", "COLON", "ARROW") for s in separators):
        raise _unread(items[0] if items else None, text)
    if len(terms) > 1 and (len(separators) < len(terms) - 1 or isinstance(items[-1], Token)):
        raise _unread(terms[1], text)
    literal = [t for t in terms if t.form == LITERAL]
    if len({_value(t, text) for t in literal}) > 1:
        raise _unread(literal[1], text)
    return _value(terms[-1], text), _calculation(terms[-1], text)


def _side(items: list[Item]) -> Number | None:
    """The side of a window written as `3x3`."""
    term = items[-1]
    if not isinstance(term, Term) or len(term.factors) != 2 or any(len(f.ways) != 1 for f in term.factors):
        return None
    one, other = (f.ways[0].value for f in term.factors)
    return whole(one) if one == other else None


def _listed(items: list[Item], names: tuple[str, ...], text: str, squares: frozenset[str]) -> tuple[list[Value], str]:
    """Values without names, in the order of the holes."""
    values: list[Value] = []
    calculation = ""
    group: list[Item] = []
    for item in [*items, Token("COMMA", ",")]:
        if isinstance(item, Token) and item.type in ("COMMA", "SEMICOLON", "NEWLINE", "AND"):
            if group:
                value, calculated = _value_of(names[min(len(values), len(names) - 1)], group, text, squares)
                values.append(value)
                calculation = calculated or calculation
            group = []
        elif isinstance(item, Term) and group and isinstance(group[-1], Term):
            value, calculated = _value_of(names[min(len(values), len(names) - 1)], group, text, squares)
            values.append(value)
            calculation = calculated or calculation
            group = [item]
        else:
            group.append(item)
    return values, calculation


def _value(term: Term, text: str) -> Value:
    while term.form == BRACKET and len(term.items) == 1 and isinstance(term.items[0], Term):
        term = term.items[0]
    if term.form == WORD:
        return str(term.name)
    if re.search(r"\d\s?/\s?\d+\s?/\s?\d", text[term.start : term.end]):  # `26/27/28` are three
        raise _unread(term, text)
    if term.form in (SYMBOLIC, BRACKET, HOLE) or not term.ways or term.name == "percent":
        raise _unread(term, text)
    likely = {w.value for w in term.ways if w.rank == 0} or {w.value for w in term.ways}
    if len(likely) > 1:
        raise _unread(term, text)
    return whole(Fraction(likely.pop()))


def _calculation(term: Term, text: str) -> str:
    fraction = term.name == "fraction"
    return text[term.start : term.end].strip() if term.form == ARITHMETIC or fraction else ""


def _unread(item: Item | None, text: str) -> Unclear:
    if item is None:
        return Unclear(T("“{text}” ends too early.", text=shortened(text)))
    if isinstance(item, Term):
        return not_understood(text[item.start : item.end], text[: item.start])
    return not_understood(str(item), text[: item.start_pos])
