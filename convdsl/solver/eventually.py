"""What relations in one unknown say for large values of it: from some value on, their truth depends on the remainder by
a modulus only. With N = m·t + r a size is a polynomial in t once m is a multiple of all that it is divided by."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from convdsl.algebra.forms import Atom, Form
from convdsl.solver.relations import Relation

Polynomial = tuple[Any, ...]
"""Factors of 1, t, t² …, the last one not 0; () is 0."""

MOST_CLASSES = 50_000


class NeedsSplit(Exception):
    """The remainder of t by `modulus` must be known first."""

    def __init__(self, modulus: int) -> None:
        self.modulus = modulus
        super().__init__()


class Beyond(Exception):
    """This kind of relation is not understood, or takes too many classes."""


class Line:
    """The values m·t + r of each unknown, for t ≥ start. `start` grows while formulas are put into it: what is said
    holds from there."""

    def __init__(self, unknowns: dict[Atom, tuple[int, int]], start: int = 0) -> None:
        self.unknowns = unknowns
        """Each unknown's (r, m)."""
        self.start = start

    def parts(self, by: int) -> list[Line]:
        """The line split by the remainder of t."""
        return [
            Line({a: (r + m * i, m * by) for a, (r, m) in self.unknowns.items()}, max(0, -((i - self.start) // by)))
            for i in range(by)
        ]

    def holds(self, relation: Relation) -> bool:
        """Truth of a relation for all t ≥ start, which is moved up to where it no longer changes."""
        form = self.polynomial(relation.form)
        if relation.kind == "eq":
            return self._sign(form) == 0
        if relation.kind == "ge":
            return self._sign(form) >= 0
        if relation.kind != "mod":
            raise Beyond
        if not relation.divisor.is_constant:
            divisor = self.polynomial(relation.divisor)
            whole = _multiply(self._quotient(form, divisor), divisor)
            return self._sign(_add(form, _negative(whole))) == 0
        return self._remainder(form, int(relation.divisor.constant)) == 0

    def polynomial(self, form: Form) -> Polynomial:
        """The form as a polynomial in t."""
        total: Polynomial = ()
        for monomial, factor in form.terms.items():
            product: Polynomial = (factor,)
            for atom in monomial:
                product = _multiply(product, self._atom(atom))
            total = _add(total, product)
        return total

    def _atom(self, atom: Atom) -> Polynomial:
        if atom in self.unknowns:
            return _trim(self.unknowns[atom])
        if atom.kind in ("variable", "over"):
            raise Beyond
        a, b = (self.polynomial(p) for p in atom.parts)
        match atom.kind:
            case "floor":
                return self._quotient(a, b)
            case "max":
                return a if self._sign(_add(a, _negative(b))) >= 0 else b
            case "min":
                return a if self._sign(_add(a, _negative(b))) <= 0 else b
        if len(b) > 1:
            a, b = b, a
        if len(b) > 1 or not b:
            raise Beyond
        return (gcd(self._remainder(a, int(b[0])), int(b[0])),)

    def _quotient(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """floor(a/b) by division of polynomials: the rest decides between two neighbours."""
        if not b:
            raise Beyond
        quotient: list[Any] = []
        rest = a
        while len(rest) >= len(b):
            degree = len(rest) - len(b)
            factor = Fraction(rest[-1]) / b[-1]
            quotient.append((degree, factor))
            rest = _add(rest, _negative(_multiply(b, (*([0] * degree), factor))))
        split = lcm(*(f.denominator for d, f in quotient if d))
        if split > 1:
            raise NeedsSplit(split)
        constant = sum((f for d, f in quotient if not d), Fraction(0))
        whole: Any = constant.numerator // constant.denominator
        if rest:
            positive = self._sign(b)
            if constant == whole and self._sign(rest) != positive:
                whole -= 1
            for carried in (constant - whole, constant - whole - 1):  # −1 < what the rest carries < 1
                self._sign(_add(rest, _multiply(b, _trim((carried,)))))
        return _add(_trim((whole,)), tuple(_powers({d: int(f) for d, f in quotient if d})))

    def _remainder(self, form: Polynomial, m: int) -> int:
        split = lcm(*(m // gcd(m, int(c)) for c in form[1:])) if len(form) > 1 else 1
        if split > 1:
            raise NeedsSplit(split)
        return int(form[0]) % m if form else 0

    def _sign(self, form: Polynomial) -> int:
        """The sign that a polynomial has for all t ≥ start; start moves up to where it settles."""
        if not form:
            return 0
        sign = 1 if form[-1] > 0 else -1
        if len(form) > 1:
            self.start = max(self.start, _settled(form, sign, self.start))
        return sign


def _settled(form: Polynomial, sign: int, start: int) -> int:
    """The first t from start on for which it is certain that the sign no longer changes: all factors of the polynomial
    in t − T have it (a Taylor shift)."""

    def certain(t: int) -> bool:
        return all(c * sign >= 0 for c in _shifted(form, t)) and _shifted(form, t)[0] != 0

    step = 1
    while not certain(start + step - 1):
        step *= 2
        if step > 10**18:
            raise Beyond
    return first(certain, start + step // 2 - (step == 1), start + step - 1)


def first(certain: Callable[[int], bool], low: int, high: int) -> int:
    """The first number from low to high with a property that stays once it is there; it is there at high."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if certain(middle) else (middle + 1, high)
    return high


def _shifted(form: Polynomial, by: int) -> list[Any]:
    factors = list(form)
    for i in range(len(factors) - 1):
        for j in range(len(factors) - 2, i - 1, -1):
            factors[j] += by * factors[j + 1]
    return factors


def _trim(form: Polynomial) -> Polynomial:
    while form and form[-1] == 0:
        form = form[:-1]
    return form


def _add(a: Polynomial, b: Polynomial) -> Polynomial:
    if len(a) < len(b):
        a, b = b, a
    return _trim(tuple(x + (b[i] if i < len(b) else 0) for i, x in enumerate(a)))


def _negative(a: Polynomial) -> Polynomial:
    return tuple(-x for x in a)


def _multiply(a: Polynomial, b: Polynomial) -> Polynomial:
    if not a or not b:
        return ()
    product = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            product[i + j] += x * y
    return _trim(tuple(product))


def _powers(factors: dict[int, int]) -> list[int]:
    return [factors.get(d, 0) for d in range(max(factors, default=-1) + 1)]


def eventually(unknown: Atom, relations: list[Relation], start: int) -> tuple[int, int, tuple[int, ...]]:
    """(from, modulus, remainders): from `from` on, all relations hold for the values with these remainders, and for no
    others. Raises Beyond."""
    classes = [Line({unknown: (0, 1)}, start)]
    settled = start
    for relation in relations:
        kept: list[Line] = []
        pending = classes
        while pending:
            here = pending.pop()
            r, m = here.unknowns[unknown]
            try:
                if here.holds(relation):
                    kept.append(here)
                settled = max(settled, m * here.start + r)
            except NeedsSplit as needed:
                pending += here.parts(needed.modulus)
                if len(pending) + len(kept) > MOST_CLASSES:
                    raise Beyond from None
        classes = kept
    pairs = [c.unknowns[unknown] for c in classes]
    modulus = lcm(*(m for _, m in pairs))
    if modulus > MOST_CLASSES:
        raise Beyond
    remainders = sorted({(r + i * m) % modulus for r, m in pairs for i in range(modulus // m)})
    return settled, modulus, tuple(remainders)


def goes_on(point: dict[Atom, int], direction: dict[Atom, int], relations: list[Relation]) -> bool:
    """Whether the relations hold without end on a line that starts at a point and goes in a direction."""
    line = Line({a: (point[a], direction[a]) for a in point})
    for _ in range(8):
        try:
            return all(line.holds(r) for r in relations)
        except NeedsSplit as needed:
            line = Line({a: (r, m * needed.modulus) for a, (r, m) in line.unknowns.items()})
        except Beyond:
            return False
    return False
