"""Which formula of the drawn numbers gives the wrong values that several students wrote: F·F·C·K where (F·F·C + 1)·K is
right says that the bias is missing.

All formulas of up to four numbers are tried (sums, differences, products, quotients, of five and six numbers products
only, and quotients rounded down with something added), for all students at once. What fits several is believed where so
many could hardly fit by chance: the fewer formulas as short there are, and the rarer a fit, the fewer students suffice.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np

LONGEST = 6000
"""Formulas of three numbers that are gone on from."""
MOST_CASES = 60
"""Students that are looked at in the search; those it finds are counted among all."""
FEWEST = 3
MOST_WEIGHED = 300
"""Formulas, the likeliest, of which it is asked how many cases they would fit by chance."""
_CHANCE = math.log(0.01)
_LARGEST = 1e15
Vector = Any
Make = Callable[[int], "_Formula"]
"""Makes the formula of a row; only those that fit are ever made."""


class Case(NamedTuple):
    """What one student had and wrote: his numbers by name, and the value."""

    numbers: Mapping[str, int | Fraction]
    value: int | Fraction


class Found(NamedTuple):
    """A formula, as expressions of a course have it, and the cases that it fits, by their place."""

    expression: str
    fits: tuple[int, ...]

    @property
    def shown(self) -> str:
        """The formula as a page has it: `F·F·C·K`."""
        return self.expression.replace("*", "·").replace("//", "÷").replace("-", "−")


class _Formula(NamedTuple):
    text: str
    rank: int
    """0 a number or a product, 1 a quotient, 2 a sum: what needs brackets where."""
    size: int


def explain(cases: Sequence[Case], constants: Sequence[int] = ()) -> Found | None:
    """The formula that fits so many of the cases that it is no chance, or None. Numbers are those that all cases have,
    with 1, 2 and `constants`."""
    chosen = _different(cases)
    if len(chosen) < FEWEST:
        return None
    search = _Search([cases[i] for i in chosen])
    search.run(constants)
    best = search.best()
    if best is None:
        return None
    fits = tuple(i for i, case in enumerate(cases) if fits_case(best, case))
    return Found(best, fits) if len(fits) >= FEWEST else None


def _different(cases: Sequence[Case]) -> list[int]:
    """The cases, each kind once: who has the same numbers and writes the same says nothing new."""
    seen: dict[Any, int] = {}
    for i, case in enumerate(cases):
        seen.setdefault((tuple(sorted(case.numbers.items())), case.value), i)
    return list(seen.values())[:MOST_CASES]


def fits_case(expression: str, case: Case) -> bool:
    """Whether a formula gives a student's value, rounded as he rounded it."""
    from convdsl.teaching.course.expressions import ExpressionError, evaluate

    try:
        value = evaluate(expression, case.numbers)
    except ExpressionError:
        return False
    return bool(abs(Fraction(value) - Fraction(case.value)) <= _grain(case.value))


def _grain(value: int | Fraction) -> Fraction:
    """Half a unit of the last decimal of a value that is not whole."""
    if Fraction(value).denominator == 1:
        return Fraction(0)
    places = next((n for n in range(1, 7) if (Fraction(value) * 10**n).denominator == 1), 6)
    return Fraction(1, 2 * 10**places)


class _Level(NamedTuple):
    """Formulas of one size, and their values: a row for each formula, a column for each case."""

    formulas: list[_Formula]
    values: Vector


class _Search:
    """One search: what was tried, and how many cases each formula fits."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        self.target = np.array([float(c.value) for c in cases])
        self.margin = np.array([float(_grain(c.value)) for c in cases]) + 1e-9 * np.maximum(1, np.abs(self.target))
        self.known: set[bytes] = set()
        self.tried: dict[int, int] = {}
        self.fitting = 0
        self.looked = 0
        self.hits: list[tuple[int, _Formula]] = []

    def run(self, constants: Sequence[int]) -> None:
        """Tries everything."""
        ones = self._leaves(constants)
        twos = self._joined(ones, ones)
        threes = self._joined(twos, ones)
        for left, right in ((threes, ones), (twos, twos)):
            for make, values, size in _pairs(left, right):
                self._check(make, values, size)
        self._products(ones)
        for level in (ones, twos, threes):
            self._windows(level, ones)

    def _leaves(self, constants: Sequence[int]) -> _Level:
        names = [n for n in self.cases[0].numbers if all(n in c.numbers for c in self.cases)]
        rows = {name: [float(c.numbers[name]) for c in self.cases] for name in names}
        rows |= {str(n): [float(n)] * len(self.cases) for n in (1, 2, *constants)}
        return self._kept(lambda i: _Formula(list(rows)[i], 0, 1), np.array(list(rows.values())), 1)

    def _joined(self, left: _Level, right: _Level) -> _Level:
        """All new values that two formulas give."""
        levels = [self._kept(*made) for made in _pairs(left, right)]
        formulas = [f for level in levels for f in level.formulas]
        return _Level(formulas[:LONGEST], np.concatenate([level.values for level in levels])[:LONGEST])

    def _kept(self, make: Make, values: Vector, size: int) -> _Level:
        """Those of some formulas whose values are new; they are checked too."""
        possible = np.isfinite(values).all(axis=1) & (np.abs(values) <= _LARGEST).all(axis=1)
        places = []
        for i in map(int, np.flatnonzero(possible)):
            key = np.round(values[i], 9).tobytes()
            if key not in self.known:
                self.known.add(key)
                places.append(i)
        formulas = [make(i) for i in places]
        self._check(formulas.__getitem__, values[places], size)
        return _Level(formulas, values[places])

    def best(self) -> str | None:
        """The formula that is least of a chance."""
        rate = max(self.fitting / max(1, self.looked), 1e-4)
        likely = sorted(self.hits, key=lambda hit: (self._chance(hit[0], hit[1], rate), hit[1].size, len(hit[1].text)))
        scored = []
        for count, formula in likely[:MOST_WEIGHED]:
            text = _in_order(formula.text, list(self.cases[0].numbers))
            scored.append(
                (self._chance(count, formula, max(rate, self._by_chance(text))), formula.size, len(text), text)
            )
        best = min(scored, default=None)
        return best[3] if best is not None and best[0] < _CHANCE else None

    def _chance(self, count: int, formula: _Formula, rate: float) -> float:
        """The logarithm of how many formulas of the size would fit so many cases by chance."""
        among = sum(n for size, n in self.tried.items() if size <= formula.size)
        return math.log(among) + math.log(math.comb(len(self.cases), count)) + count * math.log(rate)

    def _by_chance(self, text: str) -> float:
        """The share of cases that a formula fits if everybody's value is exchanged for any other's."""
        from convdsl.teaching.course.expressions import ExpressionError, evaluate

        try:
            values = np.array([float(evaluate(text, c.numbers)) for c in self.cases])
        except ExpressionError:
            return 1.0
        fits = np.abs(values[:, None] - self.target) <= self.margin
        return float((fits.sum() - fits.trace()) / (fits.size - len(values)))

    def _check(self, make: Make, vectors: Vector, size: int) -> None:
        """Notes the formulas that fit enough cases; their texts are made only then."""
        good = (np.abs(vectors - self.target) <= self.margin).sum(axis=1)
        self.tried[size] = self.tried.get(size, 0) + len(vectors)
        self.fitting += int(good.sum())
        self.looked += good.size * len(self.cases)
        for i in map(int, np.flatnonzero(good >= FEWEST)):
            self.hits.append((int(good[i]), make(i)))

    def _products(self, ones: _Level) -> None:
        factors = [(f, x) for f, x in zip(ones.formulas, ones.values, strict=True) if f.text != "1"][:7]
        for size in (5, 6):
            groups = list(itertools.combinations_with_replacement(factors, size))
            self._check(
                partial(_product, groups, size), np.array([math.prod(x for _, x in group) for group in groups]), size
            )

    def _windows(self, above: _Level, ones: _Level) -> None:
        """Quotients rounded down, with -1, 0 or 1 added: sizes that windows leave."""
        for b, y in zip(ones.formulas, ones.values, strict=True):
            if b.text == "1" or not above.formulas:
                continue
            with np.errstate(all="ignore"):
                floors = np.floor(above.values / y)
            for more in (0, 1, -1):
                size = above.formulas[0].size + b.size + abs(more)
                self._check(partial(_floor_of, above.formulas, b, more), floors + more, size)


def _pairs(left: _Level, right: _Level) -> Iterator[tuple[Make, Vector, int]]:
    """All formulas that two give with one sign between them: what makes their text, their values, their size."""
    xs = left.values
    for b, y in zip(right.formulas, right.values, strict=True) if left.formulas else ():
        with np.errstate(all="ignore"):
            ways = {"+": xs + y, "-": xs - y, "r-": y - xs, "*": xs * y, "/": xs / y, "r/": y / xs}
        for sign, values in ways.items():
            yield partial(_join_of, left.formulas, b, sign), values, left.formulas[0].size + b.size


def _join_of(formulas: Sequence[_Formula], b: _Formula, sign: str, i: int) -> _Formula:
    return _join(formulas[i], b, sign)


def _floor_of(formulas: Sequence[_Formula], b: _Formula, more: int, i: int) -> _Formula:
    return _floor(formulas[i], b, more)


def _product(groups: Sequence[Sequence[tuple[_Formula, Vector]]], size: int, i: int) -> _Formula:
    return _Formula("*".join(f.text for f, _ in groups[i]), 0, size)


def _join(a: _Formula, b: _Formula, sign: str) -> _Formula:
    """The formula of two: `(N - F)/S`. An `r` in front of the sign turns them round."""
    if sign.startswith("r"):
        a, b, sign = b, a, sign[1:]
    size = a.size + b.size
    if sign in "+-":
        right = f"({b.text})" if sign == "-" and b.rank == 2 else b.text
        return _Formula(f"{a.text} {sign} {right}", 2, size)
    left = f"({a.text})" if a.rank == 2 else a.text
    right = f"({b.text})" if b.rank or ("*" in b.text and sign == "/") else b.text
    return _Formula(f"{left}{sign}{right}", 1 if sign == "/" or a.rank == 1 else 0, size)


def _in_order(text: str, names: Sequence[str]) -> str:
    """A product with its powers first, then in the order of the names: `F*F*C*K`."""
    factors = text.split("*")
    if not all(re.fullmatch(r"\w+", f) for f in factors):
        return text
    order = {name: n for n, name in enumerate(names)}
    return "*".join(sorted(factors, key=lambda f: (f in order, -factors.count(f), order.get(f, 0))))


def _floor(a: _Formula, b: _Formula, more: int) -> _Formula:
    left = f"({a.text})" if a.rank else a.text
    text = f"{left}//{b.text}" + (f" {'+' if more > 0 else '-'} {abs(more)}" if more else "")
    return _Formula(text, 2, a.size + b.size + abs(more))


def constants_in(program: str) -> list[int]:
    """The numbers that an exercise's program has written out, the most frequent first, up to four."""
    bare = re.sub(r"\{[^}\n]*\}|#.*", " ", program)
    numbers = [int(n) for n in re.findall(r"(?<![\w.])(?:[a-z]*)(\d{1,6})(?![\w.])", bare.replace("x", " "))]
    return sorted({n for n in numbers if n > 2}, key=lambda n: (-numbers.count(n), n))[:4]
