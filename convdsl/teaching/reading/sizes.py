"""Answers that are a size: `26x26x4`, `(26, 26, 4)`, `4 mapas de 26x26`, `H=26, W=26, C=4`."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from lark import Token

from convdsl.messages import T
from convdsl.teaching.course.written import number
from convdsl.teaching.reading.scanner import not_understood
from convdsl.teaching.reading.steps import STEPS, Reading, steps_of
from convdsl.teaching.reading.terms import BRACKET, LITERAL, SIDE, Item, Term, parse
from convdsl.teaching.reading.text import Unclear, shortened
from convdsl.teaching.reading.tokens import read_tokens
from convdsl.teaching.reading.vocabulary import NUMBERS
from convdsl.teaching.reading.wanted import Wanted
from convdsl.teaching.worked.exact import Number, whole

_MOST = 8


_MANY = re.compile(
    rf"\b({'|'.join(NUMBERS)})(?=\s(?:mapas|canales|filtros|maps|feature|channels|filters)\b)", re.IGNORECASE
)


def read_sizes(text: str, wanted: Wanted) -> list[Reading]:
    text = _MANY.sub(lambda m: str(NUMBERS[m[1].lower()]), text)
    read = read_tokens(text, wanted)
    steps = steps_of(_sides_labelled(parse(text, read)), read)
    sizes = [(s, _size(s.items, text)) for s in steps]
    found = [(s, v) for s, v in sizes if v is not None]
    several = [v for _, v in found if len(v) > 1]
    if len(steps) == 1 and len(found) == 1:
        return _shown_size(found[0][1])
    if not several:
        if len(found) == 1 and not any(s.items for s in steps if s is not found[0][0]):
            return _shown_size(found[0][1])
        raise Unclear(T("There is no size in “{text}”; write it like 28x28x6.", text=shortened(text)))
    for (_, a), (step, b) in pairwise(sizes):
        if step.before == "EQUALS" and a and b and len(a) > 1 and a != b and b not in ((_product(a),),):
            raise Unclear(T("“{text}” says two different things.", text=shortened(text)))
    if len(set(several)) > 1 and not all(s.before in ("ARROW", "", "COLON") for s, v in found if v in several):
        raise Unclear(T("“{text}” says two different things.", text=shortened(text)))
    return _shown_size(several[-1])


def _product(values: tuple[Number, ...]) -> Fraction:
    result = Fraction(1)
    for value in values:
        result *= value
    return result


def _shown_size(values: tuple[Number, ...]) -> list[Reading]:
    return [Reading(values, "×".join(number(v) for v in values))]


def _sides_labelled(items: tuple[Item, ...]) -> list[Item]:
    """`alto = 26` without its sign, so that it is no step of a calculation; `H = W = 26` with both its sides."""
    kept: list[Item] = []
    for item in items:
        if (
            isinstance(item, Token)
            and item.type in ("EQUALS", "COLON")
            and kept
            and isinstance(kept[-1], Term)
            and kept[-1].form == SIDE
        ):
            continue
        kept.append(item)
    return kept


def _size(items: list[Item], text: str) -> tuple[Number, ...] | None:
    """The numbers of a size in a step: `26x26x4`, `(26, 26, 4)`, `4 mapas de 26x26`, `alto 26, ancho 26, 4 canales`.
    None for a step that is a calculation or has none."""
    items = [i for i in items if not (isinstance(i, Token) and i.type in ("COMMA", "SEMICOLON", "AND"))]
    if len(items) == 1 and isinstance(items[0], Term) and items[0].form == BRACKET and not items[0].ways:
        return _size([i for i in items[0].items if isinstance(i, Term) or i.type not in STEPS], text)
    if not items:
        return None
    if any(isinstance(i, Token) for i in items):
        raise Unclear(T("There is no size in “{text}”; write it like 28x28x6.", text=shortened(text)))
    terms = [t for i in items if isinstance(i, Term) for t in _unfolded(i, len(items))]
    if any(t.form == SIDE for t in terms):
        return _by_side(terms, text)
    if len(terms) > _MOST:
        raise Unclear(T("“{text}” is no size; write it like 28x28x6.", text=shortened(text)))
    if len(terms) == 1:
        return _factors(terms[0])
    values = [_factors(t) or (_size(list(t.items), text) if t.form == BRACKET else None) for t in terms]
    if [len(v or ()) for v in values] == [2, 1]:  # `26x26, 4`
        return tuple(n for v in values for n in v or ())
    if any(v is None or len(v) != 1 for v in values):
        raise Unclear(T("“{text}” is no size; write it like 28x28x6.", text=shortened(text)))
    return tuple(v[0] for v in values if v)


def _unfolded(term: Term, among: int) -> list[Term]:
    """What stands in `(4 channels)` behind a size; another term as it is."""
    inner = [i for i in term.items if isinstance(i, Term)] if term.form == BRACKET else []
    return inner if among > 1 and any(i.form == SIDE for i in inner) and len(inner) == len(term.items) else [term]


def _factors(term: Term) -> tuple[Number, ...] | None:
    """The numbers of `26x26x4` or `26²×4`; of a number alone that number; None for another calculation."""
    if not term.factors:
        single = term
        while single.form == BRACKET and len(single.items) == 1 and isinstance(single.items[0], Term):
            single = single.items[0]
        if single is not term and single.factors:
            return _factors(single)
        return (whole(single.ways[0].value),) if single.ways and single.form == LITERAL else None
    values: list[Number] = []
    for factor in term.factors:
        found = _factors(factor)
        if found is None:
            return None
        values += found
    return tuple(values)


def _by_side(terms: list[Term], text: str) -> tuple[Number, ...]:
    """A size whose numbers stand beside the names of sides. A size of two numbers is height and width."""
    sides: dict[int, Number] = {}
    plane: tuple[Number, ...] = ()
    waiting: list[int] = []
    before: Number | None = None
    for term in terms:
        if term.form == SIDE:
            if before is not None:
                sides[term.name] = before
                before = None
            else:
                waiting.append(term.name)
            continue
        found = _factors(term)
        if found is None:
            raise not_understood(text[term.start : term.end], text[: term.start])
        if (len(found) == 3 and not plane) or (len(found) == 2 and not plane):
            plane = found
        elif len(found) == 1 and waiting:
            sides.update((name, found[0]) for name in waiting)
            waiting = []
        elif len(found) == 1 and before is None:
            before = found[0]
        else:
            raise Unclear(T("“{text}” is no size; write it like 28x28x6.", text=shortened(text)))
    if before is not None or (waiting and not plane):
        raise Unclear(T("“{text}” is no size; write it like 28x28x6.", text=shortened(text)))
    if len(plane) == 3 and any(plane[k] != v for k, v in sides.items()):
        raise Unclear(T("“{text}” says two different things.", text=shortened(text)))
    if len(plane) == 3:
        return plane
    if plane and sides.keys() <= {2}:
        return (*plane, *sides.values())
    if not plane and sides.keys() in ({0, 1}, {0, 1, 2}):
        return tuple(sides[k] for k in sorted(sides))
    raise Unclear(T("“{text}” is no size; write it like 28x28x6.", text=shortened(text)))
