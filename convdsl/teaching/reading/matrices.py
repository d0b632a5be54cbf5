"""Answers that are a matrix or a row of numbers: as MATLAB, numpy and LaTeX write them, or by the names of entries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from lark import Token

from convdsl.messages import T
from convdsl.teaching.reading.scanner import not_understood
from convdsl.teaching.reading.steps import Reading
from convdsl.teaching.reading.terms import ARITHMETIC, BRACKET, HOLE, LITERAL, Item, Term, parse
from convdsl.teaching.reading.text import Unclear, shortened
from convdsl.teaching.reading.tokens import read_tokens
from convdsl.teaching.reading.wanted import Wanted
from convdsl.teaching.worked.exact import Number, whole
from convdsl.teaching.worked.matrix import aligned

_ROWS = frozenset({"SEMICOLON", "NEWLINE", "ROW"})


def _without_index(text: str) -> str:
    """A table as pandas prints it, without the numbers of its columns and rows."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if len(rows) < 2 or any(len(row) != len(rows[0]) + 1 for row in rows[1:]):
        return text
    counted = [str(n) for n in range(max(len(rows), len(rows[0])))]
    if rows[0] != counted[: len(rows[0])] or [row[0] for row in rows[1:]] != counted[: len(rows) - 1]:
        return text
    return "\n".join(" ".join(row[1:]) for row in rows[1:])


def _columns_between_semicolons(text: str, wanted: Wanted) -> str:
    """Lines whose entries are told apart by `;`, as spreadsheets in Spanish write them, with spaces there."""
    lines = [line for line in text.split("\n") if line.strip()]
    height, width = wanted.shape
    if len(lines) != height or height < 2 or any(line.strip(" ;").count(";") != width - 1 for line in lines):
        return text
    return "\n".join(line.strip(" ;").replace(";", " ") for line in lines)


def _by_its_name(text: str, wanted: Wanted) -> str:
    """A text in which entries are called as the exercise calls them, where another name is no word: `σ² = 14`."""
    for first, *others in wanted.names:
        for other in others:
            if not other.isalpha():
                text = text.replace(other, first)
    return text


_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*(?:\n|$)", re.MULTILINE)
"""The line below the head of a table in Markdown."""
_TURNED = re.compile(r"(?<=[\])])\s*(?:\^\s*\{?\s*(?:T|t|\\top)\s*\}?|ᵀ)\s*$")
_ANGLED = re.compile(r"\s*<([^<>]*)>\s*")
_FIRST = ("primera", "segunda", "tercera", "cuarta", "quinta"), ("first", "second", "third", "fourth", "fifth")
_ROW_LABEL = re.compile(
    r"(?:^|(?<=[\n;.,]))[ \t]*(?:(?:fila|row)\s?(\d)|(\d)(?:a|st|nd|rd|th)?\s(?:fila|row)"
    rf"|(?:la |the )?({'|'.join(sum(_FIRST, ()))})\s(?:fila|row))\s*[:=]?[ \t]*(?=[-+\d\[(])",
    re.IGNORECASE,
)


def _rows_by_label(text: str) -> str:
    """`fila 1: 9 0 255`, `Second row: 71 13 255`: rows with their numbers, in their order; any other text as it is."""
    labels = list(_ROW_LABEL.finditer(text))
    counted = [int(m[1] or m[2] or 1 + max(n.index(w) for n in _FIRST if (w := m[3].lower()) in n)) for m in labels]
    if not labels or counted != list(range(1, len(labels) + 1)) or re.search(r"\w", text[: labels[0].start()]):
        return text
    ends = [*(m.start() for m in labels[1:]), len(text)]
    return "\n".join(text[m.end() : e].strip(" \t\n;.,") for m, e in zip(labels, ends, strict=True))


def _row_without_marks(text: str, wanted: Wanted) -> str:
    """A row without the sign that turns it, and without `<` and `>` around it. Raises Unclear for `001000`."""
    if wanted.shape[0] != 1:
        return text
    if wanted.shape[1] > 1 and re.fullmatch(r"\d+", text) and len(text) == wanted.shape[1]:
        raise Unclear(T("Is “{text}” one number, or several of one digit? Write spaces between them.", text=text))
    return _ANGLED.sub(r"[\1]", _TURNED.sub("", text)) if _ANGLED.fullmatch(text) else _TURNED.sub("", text)


def read_matrices(text: str, wanted: Wanted) -> list[Reading]:
    text = _rows_by_label(_row_without_marks(_RULE.sub("", text), wanted))
    text = _by_its_name(_columns_between_semicolons(_without_index(text), wanted), wanted)
    found: list[tuple[tuple[Number, ...], ...]] = []
    problem: Unclear | None = None
    for decimal_comma in (None, True, False):
        try:
            read = read_tokens(text, wanted, decimal_comma)
            rows = _matrix(parse(text, read), text, wanted)
        except Unclear as error:
            problem = problem or error
            continue
        if (len(rows), len(rows[0])) == wanted.shape:
            return [Reading(rows, aligned(rows), Fraction(1, 100))]
        found.append(rows)
    slashed = _rows_between_slashes(text)
    if slashed != text and wanted.shape[0] > 1 and (not found or len(found[0]) == 1):
        return read_matrices(slashed, wanted)
    if not found:
        assert problem is not None
        raise problem
    return [Reading(found[0], aligned(found[0]), Fraction(1, 100))]


def _rows_between_slashes(text: str) -> str:
    """`1 2/3 4` with its rows told apart as in `1 2; 3 4`, if nothing else tells them apart."""
    free = not re.search(r"[;\n\[{]|^\s*/|/\s*$|/\s*/", text) and text.count("/") <= 20
    return text.replace("/", ";") if free else text


def _matrix(items: tuple[Item, ...], text: str, wanted: Wanted) -> tuple[tuple[Number, ...], ...]:
    items = _behind_label(items, text)
    if wanted.names and any(isinstance(i, Term) and i.form == HOLE for i in items):
        return (_by_name(items, text, wanted),)
    rows = _rows(items, text)
    if not rows:
        raise Unclear(T("There is no number in “{text}”.", text=shortened(text)))
    if len({len(r) for r in rows}) > 1:
        lengths = ", ".join(str(len(r)) for r in rows[:8])
        raise Unclear(
            T(
                "The rows of “{text}” have different lengths: {lengths}.",
                text=shortened(text),
                lengths=lengths,
            )
        )
    values = tuple(tuple(_entry(t, text) for t in row) for row in rows)
    if wanted.shape[0] == 1 and len(values) > 1 and len(values[0]) == 1:
        return (tuple(v for row in values for v in row),)
    return values


def _behind_label(items: tuple[Item, ...], text: str) -> tuple[Item, ...]:
    """What stands behind the last `=`, `:` or arrow; before it there are only letters and words."""
    places = [n for n, i in enumerate(items) if isinstance(i, Token) and i.type in ("EQUALS", "COLON", "ARROW")]
    if not places or any(isinstance(i, Term) and i.form == HOLE for i in items):
        return items
    for item in items[: places[-1]]:
        if isinstance(item, Term) and item.form in (LITERAL, ARITHMETIC):
            raise not_understood(text[item.start : item.end], "")
    return items[places[-1] + 1 :]


def _rows(items: Iterable[Item], text: str) -> list[list[Term]]:
    """Rows of entries, told apart by brackets or by what stands between them."""
    items = list(items)
    brackets = [i for i in items if isinstance(i, Term) and i.form == BRACKET and not _is_entry(i)]
    terms = [i for i in items if isinstance(i, Term)]
    if len(brackets) == 1 and len(terms) == 1:
        return _rows(brackets[0].items, text)
    if (brackets and len(brackets) == len(terms)) or (len(terms) > 1 and all(t.form == BRACKET for t in terms)):
        return [row for b in terms for row in _rows(b.items if b.form == BRACKET else (b,), text)]
    rows: list[list[Term]] = [[]]
    before: str | None = None
    for item in items:
        if isinstance(item, Term):
            rows[-1].append(item)
            before = None
        elif item.type in _ROWS:
            if rows[-1]:
                rows.append([])
            before = item.type
        elif item.type in ("COMMA", "AND"):
            if before == "COMMA" or not rows[-1]:
                raise Unclear(T("An entry is missing in “{text}”.", text=shortened(text)))
            before = "COMMA"
        else:
            raise not_understood(str(item), text[: item.start_pos])
    return [r for r in rows if r]


def _is_entry(term: Term) -> bool:
    return len(term.items) == 1 and isinstance(term.items[0], Term) and term.items[0].form == LITERAL


def _entry(term: Term, text: str) -> Number:
    while term.form == BRACKET and _is_entry(term):
        term = term.items[0]
    if term.form != LITERAL or not term.ways or term.name == "percent":
        raise Unclear(T("“{text}” is no number.", text=shortened(text[term.start : term.end])))
    return whole(term.ways[0].value)


def _by_name(items: tuple[Item, ...], text: str, wanted: Wanted) -> tuple[Number, ...]:
    """`Gx = 5, Gy = 1`, `mean 5, variance 14`: entries with their names, in whatever order."""
    found: dict[str, Number] = {}
    between = ("COMMA", "SEMICOLON", "NEWLINE", "AND")
    rest = [i for i in items if not (isinstance(i, Token) and i.type in between)]
    rest = [
        i
        for n, i in enumerate(rest)
        if not (isinstance(i, Token) and i.type in ("EQUALS", "COLON") and getattr(rest[n - 1], "form", "") == HOLE)
    ]
    for start in range(0, len(rest), 2):
        match rest[start : start + 2]:
            case [Term(form="hole") as name, Term() as value] if name.name not in found:
                found[name.name] = _entry(value, text)
            case _:
                raise Unclear(T("There is no number in “{text}”.", text=shortened(text)))
    names = [n[0] for n in wanted.names]
    if found.keys() != set(names):
        raise Unclear(T("“{text}” does not say all of: {names}.", text=shortened(text), names=", ".join(names)))
    return tuple(found[n] for n in names)
