"""The parts of an answer, parsed: what each is worth, and how it was written."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.lexer import Lexer

from convdsl.messages import T
from convdsl.teaching.reading.numerals import Way
from convdsl.teaching.reading.scanner import not_understood
from convdsl.teaching.reading.text import Unclear, shortened
from convdsl.teaching.reading.tokens import Read

LITERAL, ARITHMETIC, SYMBOLIC, BRACKET, WORD, HOLE, SIDE = (
    "literal",
    "arithmetic",
    "symbolic",
    "bracket",
    "word",
    "hole",
    "side",
)
"""How a term is written: a number (with its unit, or as a fraction), something to be calculated, something with letters
in it, a list in brackets; a word such as `same`, the name of a hole or of an entry, the name of a side."""
ROOT = "root"
"""The name of a root that is no fraction: √89."""
MOST_WAYS = 8
_LARGEST_EXPONENT = 60
_LARGEST = 10**60


class Term(NamedTuple):
    """A part of an answer. `ways` are its values where it has some; `factors` those of a product, from left to right;
    `items` what stands in brackets; `name` the word, the hole or the side."""

    form: str
    start: int
    end: int
    ways: tuple[Way, ...] = ()
    factors: tuple[Term, ...] = ()
    items: tuple[Any, ...] = ()
    name: Any = None


Item: TypeAlias = Term | Token
"""Terms, and the separators between them."""


def parse(text: str, read: Read) -> tuple[Item, ...]:
    """The parts of an answer and the separators between them. Raises Unclear."""
    if not read.tokens:
        raise Unclear(T("There is no number in “{text}”.", text=shortened(text)))
    try:
        parsed: Any = _parser().parse(read.tokens)
    except UnexpectedInput as error:
        place = getattr(error.token, "start_pos", None) if hasattr(error, "token") else None
        if place is None or error.token.type == "$END":
            raise Unclear(T("“{text}” ends too early.", text=shortened(text))) from None
        raise not_understood(text[place:], text[:place]) from None
    return parsed


class _Given(Lexer):
    """Hands on the tokens that are there already."""

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, tokens: Any) -> Any:
        return iter(tokens)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).parent / "answers.lark"
    return Lark(grammar.read_text(encoding="utf-8"), parser="lalr", lexer=_Given, start="answer", transformer=_Terms())


def combined(left: Term, right: Term, calculate: Callable[[Fraction, Fraction], Fraction]) -> tuple[Way, ...]:
    """The values of two terms taken together, for all ways to read them."""
    pairs = [(a, b) for a in left.ways for b in right.ways][:MOST_WAYS]
    return tuple(Way(_bounded(calculate(a.value, b.value)), rank=max(a.rank, b.rank)) for a, b in pairs)


def _bounded(value: Fraction) -> Fraction:
    if abs(value.numerator) > _LARGEST or value.denominator > _LARGEST:
        raise Unclear(T("This value is too large."))
    return value


def _divided(a: Fraction, b: Fraction) -> Fraction:
    if b == 0:
        raise Unclear(T("This divides by zero."))
    return a / b


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > _LARGEST_EXPONENT:
        raise Unclear(T("This exponent is too large, or not whole."))
    if base == 0 and exponent < 0:
        raise Unclear(T("This divides by zero."))
    return base ** int(exponent)


def _single(term: Term) -> Term:
    """What stands alone in brackets, or the term itself."""
    while term.form == BRACKET and len(term.items) == 1 and isinstance(term.items[0], Term):
        term = term.items[0]._replace(start=term.start, end=term.end)
    return term


@v_args(inline=True)
class _Terms(Transformer):
    """Builds the terms while the tokens are parsed, so that no depth of brackets costs a recursion."""

    def answer(self, *items: Item) -> tuple[Item, ...]:
        return items

    def part(self, term: Term) -> Term:
        return term

    def separator(self, token: Token) -> Token:
        return token

    def number(self, token: Token) -> Term:
        ways = token.value if isinstance(token.value, tuple) else ()
        return Term(LITERAL, token.start_pos or 0, token.end_pos or 0, ways, name=None if ways else token.value)

    def name(self, token: Token) -> Term:
        return Term(SYMBOLIC, token.start_pos or 0, token.end_pos or 0, name=str(token.value))

    def word(self, token: Token) -> Term:
        return Term(WORD, token.start_pos or 0, token.end_pos or 0, name=token.value)

    def hole(self, token: Token) -> Term:
        return Term(HOLE, token.start_pos or 0, token.end_pos or 0, name=token.value)

    def side(self, token: Token) -> Term:
        return Term(SIDE, token.start_pos or 0, token.end_pos or 0, name=token.value)

    def bracket(self, opened: Token, *rest: Item) -> Term:
        *items, closed = rest
        term = Term(BRACKET, opened.start_pos or 0, getattr(closed, "end_pos", 0), items=tuple(items))
        inner = _single(term)
        return term._replace(ways=inner.ways) if inner is not term else term

    # Arithmetic.

    def _calculated(self, left: Term, right: Term, calculate: Callable[[Fraction, Fraction], Fraction]) -> Term:
        if not left.ways or not right.ways:
            return Term(SYMBOLIC, left.start, right.end)
        return Term(ARITHMETIC, left.start, right.end, combined(left, right, calculate))

    def add(self, left: Term, _: Token, right: Term) -> Term:
        return self._calculated(left, right, lambda a, b: a + b)

    def subtract(self, left: Term, _: Token, right: Term) -> Term:
        return self._calculated(left, right, lambda a, b: a - b)

    def multiply(self, left: Term, _: Token, right: Term) -> Term:
        if left.form == LITERAL and right.form == LITERAL and right.name == "power of ten" and left.ways:
            ways = tuple(w.times(right.ways[0].value) for w in left.ways)
            return Term(LITERAL, left.start, right.end, ways, name="scaled")
        found = self._calculated(left, right, lambda a, b: a * b)
        factors = (*(left.factors or (left,)), *(right.factors or (right,)))
        return found._replace(factors=factors)

    def divide(self, left: Term, _: Token, right: Term) -> Term:
        if right.form == HOLE:  # `N = 51 / N = 52` are two answers
            raise not_understood("/", "")
        found = self._calculated(left, right, _divided)
        plain = all(_is_whole_literal(_single(t)) for t in (left, right))
        if not plain or not found.ways:
            return found
        ways = found.ways
        below = right.ways[0].value
        if below in (100, 1000, 10_000):  # decimals, in other words
            ways = tuple(w._replace(grain=1 / below) for w in ways)
        return found._replace(form=LITERAL, name="fraction", ways=ways)

    def negative(self, _: Token, term: Term) -> Term:
        ways = tuple(w.times(Fraction(-1)) for w in term.ways)
        form = SYMBOLIC if not ways and term.form not in (LITERAL,) else term.form
        name = f"-{term.name}" if form == LITERAL and isinstance(term.name, str) and not ways else term.name
        return term._replace(
            form=form if form != BRACKET else ARITHMETIC, start=_.start_pos or 0, ways=ways, name=name, factors=()
        )

    def positive(self, sign: Token, term: Term) -> Term:
        return term._replace(start=sign.start_pos or 0, factors=())

    def power(self, base: Term, _: Token, exponent: Term) -> Term:
        return self._power(base, exponent)

    def superscript(self, base: Term, token: Token) -> Term:
        exponent = Term(LITERAL, token.start_pos or 0, token.end_pos or 0, (Way(Fraction(token.value)),))
        return self._power(base, exponent)

    def _power(self, base: Term, exponent: Term) -> Term:
        found = self._calculated(base, exponent, _raised)
        ten = base.form == LITERAL and [w.value for w in base.ways] == [10]
        if ten and found.ways and _single(exponent).form == LITERAL:
            value = found.ways[0].value
            return found._replace(form=LITERAL, ways=(Way(value, value, 1),), name="power of ten")
        if base.form == LITERAL and exponent.ways and 2 <= exponent.ways[0].value <= 3:
            return found._replace(factors=(base,) * int(exponent.ways[0].value))
        return found

    def percent(self, term: Term, token: Token) -> Term:
        return term._replace(
            end=token.end_pos or 0, ways=tuple(w.times(Fraction(1, 100)) for w in term.ways), name="percent"
        )

    def unit(self, term: Term, token: Token) -> Term:
        ways = tuple(w.times(Fraction(f)) for w in term.ways for f in token.value)
        return term._replace(end=token.end_pos or 0, ways=ways, name=("unit", token.value[0]))

    def root(self, token: Token, term: Term) -> Term:
        roots = tuple(_root(w) for w in term.ways)
        if None in roots:
            return Term(SYMBOLIC, token.start_pos or 0, term.end, name=ROOT)
        return Term(ARITHMETIC if term.ways else SYMBOLIC, token.start_pos or 0, term.end, tuple(filter(None, roots)))

    def fraction(self, token: Token, above: Term, below: Term) -> Term:
        return self.divide(above, token, below)._replace(start=token.start_pos or 0)

    def call(self, token: Token, bracket: Term) -> Term:
        values = [i for i in bracket.items if isinstance(i, Term)]
        if not values or not all(v.ways for v in values):
            return Term(SYMBOLIC, token.start_pos or 0, bracket.end)
        if token.value == "root" and len(values) == 1:
            return self.root(token, values[0])._replace(end=bracket.end)
        found = _call(token.value, [v.ways[0].value for v in values])
        return Term(ARITHMETIC, token.start_pos or 0, bracket.end, (Way(found),))


def _is_whole_literal(term: Term) -> bool:
    return term.form == LITERAL and term.name is None and all(w.value.denominator == 1 for w in term.ways)


def _root(way: Way) -> Way | None:
    """The root of a value, or None where it is no fraction."""
    top, bottom = math.isqrt(max(0, way.value.numerator)), math.isqrt(way.value.denominator)
    if Fraction(top * top, bottom * bottom) != way.value:
        return None
    return Way(Fraction(top, bottom), rank=way.rank)


def _call(name: str, values: list[Fraction]) -> Fraction:
    first = values[0]
    if name in ("max", "min"):
        return max(values) if name == "max" else min(values)
    if len(values) > 1:
        raise Unclear(T("“{name}” takes one number.", name=name))
    if name == "relu":
        return max(first, Fraction(0))
    return {"floor": Fraction(math.floor(first)), "ceil": Fraction(math.ceil(first)), "abs": abs(first)}[name]
