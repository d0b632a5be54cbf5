"""Sizes in a normal form: sums of products of *atoms*. Equal formulas of this kind are written alike, floors are pulled
apart as far as they go, and all arithmetic is on whole numbers and fractions: what the solver calculates with.

An atom is an unknown, or an operation that is no polynomial: floor(a/b), max, min, gcd, and a/b where b is not a number.
All but the last are whole numbers, which the rest of the room counts on. Atoms are kept in a `Table`, so that two of
them are the same if they are the same object.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextvars import ContextVar
from fractions import Fraction
from math import gcd, lcm
from typing import Any, ClassVar

Monomial = tuple["Atom", ...]
Number = int | Fraction
INFINITE = float("inf")


class Atom:
    """What forms are made of. `kind` is `variable`, `floor`, `max`, `min`, `gcd` or `over`; a variable has a name and a
    smallest value, the others have two parts."""

    __slots__ = ("form", "kind", "minimum", "name", "number", "parts", "variables")

    def __init__(self, number: int, kind: str, parts: tuple[Any, ...], name: str = "", minimum: int = 1) -> None:
        self.number = number
        self.kind = kind
        self.parts = parts
        self.name = name
        self.minimum = minimum
        self.variables: frozenset[Atom] = (
            frozenset((self,)) if kind == "variable" else frozenset().union(*(p.variables for p in parts))
        )
        self.form = Form({(self,): 1})

    def __repr__(self) -> str:
        return self.name or f"{self.kind}{self.parts}"


class Table:
    """All atoms of a problem, and who answers when the truth of a comparison depends on unknowns."""

    def __init__(self) -> None:
        self.atoms: dict[Any, Atom] = {}

    def variable(self, name: str, minimum: int = 1) -> Form:
        return self._atom(("variable", name), "variable", (), name, minimum).form

    def operation(self, kind: str, a: Form, b: Form) -> Form:
        return self._atom((kind, a.key, b.key), kind, (a, b)).form

    def _atom(self, key: Any, kind: str, parts: tuple[Any, ...], name: str = "", minimum: int = 1) -> Atom:
        if key not in self.atoms:
            self.atoms[key] = Atom(len(self.atoms), kind, parts, name, minimum)
        return self.atoms[key]

    def decide(self, form: Form, comparison: str, divisor: Form | None = None) -> bool:
        """Truth of `form = 0`, `form >= 0`, or, for `%`, of `divisor` dividing `form`."""
        raise NotImplementedError


_tables: ContextVar[tuple[Table, ...]] = ContextVar("tables", default=())


def use(table: Table | None) -> None:
    """Makes a table the one that new atoms go into; None gives up the last one."""
    _tables.set(_tables.get()[:-1] if table is None else (*_tables.get(), table))


def hidden(number: int) -> Atom:
    """An unknown from 0 on that stands for something in the middle of a calculation."""
    (atom,) = _tables.get()[-1].variable(f"({number})", 0).atoms()
    return atom


class Form:
    """Σ factor·product of atoms. Immutable; the terms have no factor 0."""

    __slots__ = ("_key", "_variables", "terms")
    arithmetic: ClassVar[Any] = sys.modules[__name__]

    def __init__(self, terms: dict[Monomial, Number]) -> None:
        self.terms = terms
        self._key: Any = None
        self._variables: frozenset[Atom] | None = None

    @property
    def key(self) -> Any:
        if self._key is None:
            self._key = frozenset((tuple(a.number for a in m), c) for m, c in self.terms.items())
        return self._key

    @property
    def variables(self) -> frozenset[Atom]:
        """The unknowns in it."""
        if self._variables is None:
            self._variables = frozenset().union(*(a.variables for m in self.terms for a in m))
        return self._variables

    free_symbols = variables

    @property
    def constant(self) -> Number:
        return self.terms.get((), 0)

    @property
    def is_constant(self) -> bool:
        return not self.terms or (len(self.terms) == 1 and () in self.terms)

    def atoms(self) -> Iterator[Atom]:
        """The atoms of its terms, each once; not those inside other atoms."""
        seen: dict[Atom, None] = {}
        for monomial in self.terms:
            for atom in monomial:
                seen.setdefault(atom)
        return iter(seen)

    def __add__(self, other: Any) -> Any:
        terms = dict(self.terms)
        for monomial, factor in _terms(other).items():
            value = terms.get(monomial, 0) + factor
            if value:
                terms[monomial] = value
            else:
                terms.pop(monomial, None)
        return Form(terms)

    __radd__ = __add__

    def __neg__(self) -> Form:
        return Form({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Any) -> Any:
        return self + (-as_form(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, Form):
            return Form({m: _tidy(c * other) for m, c in self.terms.items()}) if other else Form({})
        terms: dict[Monomial, Number] = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                product = tuple(sorted(m + n, key=lambda a: a.number)) if m and n else m or n
                value = terms.get(product, 0) + c * d
                if value:
                    terms[product] = _tidy(value)
                else:
                    terms.pop(product, None)
        return Form(terms)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return floor_divide(other, self)

    def __truediv__(self, other: Any) -> Any:
        return exact_divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return exact_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return self - other * floor_divide(self, other)

    def __rmod__(self, other: Any) -> Any:
        return as_form(other) % self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (int, Fraction, float, Form)) and equal(self, other)

    def __hash__(self) -> int:
        return hash(self.key)

    def __bool__(self) -> bool:
        return not equal(self, 0)

    def __lt__(self, other: Any) -> bool:
        return compare(self, "<", other)

    def __le__(self, other: Any) -> bool:
        return compare(self, "<=", other)

    def __gt__(self, other: Any) -> bool:
        return compare(self, ">", other)

    def __ge__(self, other: Any) -> bool:
        return compare(self, ">=", other)

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return str(self)


def _tidy(value: Number) -> Number:
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def _terms(value: Any) -> dict[Monomial, Number]:
    if isinstance(value, Form):
        return value.terms
    if isinstance(value, float):
        value = _tidy(Fraction(value))
    return {(): value} if value else {}


def as_form(value: Any) -> Form:
    """A number as a form."""
    return value if isinstance(value, Form) else Form(_terms(value))


def plain(form: Form) -> Any:
    """A form without unknowns as a number."""
    return form.constant if form.is_constant else form


def denominator(form: Form) -> int:
    """The least common denominator of the factors."""
    return lcm(*(c.denominator for c in form.terms.values())) if form.terms else 1


# Operations that are no polynomials.


def floor_divide(a: Any, b: Any) -> Any:
    """floor(a/b). What is whole is pulled out of the floor; floor((floor(x/m) + c)/n) becomes floor((x + c·m)/(m·n)) for
    numbers m, n > 0 (Graham, Knuth, Patashnik, Concrete Mathematics, 3.11)."""
    top, bottom = as_form(a), as_form(b)
    over = _over(top, bottom)
    if over is not None:
        return floor_divide(without(top, over), without(bottom, over))
    if not bottom.is_constant:
        scale = lcm(denominator(top), denominator(bottom))
        return Form({}) if not top.terms else _tables.get()[-1].operation("floor", top * scale, bottom * scale)
    top = top * Fraction(1, bottom.constant)
    whole = {m: c // 1 for m, c in top.terms.items() if c // 1 and m}
    rest = {m: _tidy(c - c // 1) for m, c in top.terms.items() if c - c // 1 and m}
    if not rest:
        return plain(Form(whole) + top.constant // 1)
    m = lcm(*(c.denominator for c in rest.values()))
    numerator: dict[Monomial, Number] = {monomial: int(c * m) for monomial, c in rest.items()}
    constant = top.constant * m // 1
    common = gcd(m, *map(int, numerator.values()))
    m, constant = m // common, constant // common
    numerator = {monomial: c // common for monomial, c in numerator.items()}
    out, constant = divmod(constant, m)
    inner = Form(numerator) + constant
    floors = [atom for atom in inner.atoms() if atom.kind == "floor"]
    if len(floors) == 1 and inner.terms.get((floors[0],)) == 1 and sum(floors[0] in mono for mono in inner.terms) == 1:
        (inside, divisor) = floors[0].parts
        if divisor.is_constant:
            return Form(whole) + out + floor_divide((inner - floors[0].form) * divisor + inside, divisor * m)
    return Form(whole) + out + _tables.get()[-1].operation("floor", inner, as_form(m))


def _over(*written: Form) -> Atom | None:
    return next((atom for form in written for atom in form.atoms() if atom.kind == "over"), None)


def without(form: Form, over: Atom) -> Form:
    """A form times the denominator of one of its `over` atoms, which is gone then if it stood in no product with itself."""
    top, bottom = over.parts
    total = Form({})
    for monomial, factor in form.terms.items():
        if over in monomial:
            rest = list(monomial)
            rest.remove(over)
            total = total + Form({tuple(rest): factor}) * top
        else:
            total = total + Form({monomial: factor}) * bottom
    return total


def ceil_divide(a: Any, b: Any) -> Any:
    return floor_divide(a + b - 1, b)


def ceiling(value: Any) -> Any:
    return -as_form(floor_divide(-value, 1))


def exact_divide(a: Any, b: Any) -> Any:
    top, bottom = as_form(a), as_form(b)
    if bottom.is_constant:
        return plain(top * Fraction(1, bottom.constant))
    if top.key == bottom.key:
        return 1
    return _tables.get()[-1].operation("over", top, bottom)


def maximum(a: Any, b: Any) -> Any:
    return _extreme("max", as_form(a), as_form(b))


def minimum(a: Any, b: Any) -> Any:
    return _extreme("min", as_form(a), as_form(b))


def _extreme(kind: str, a: Form, b: Form) -> Any:
    over = _over(a, b)
    if over is not None:
        return exact_divide(_extreme(kind, without(a, over), without(b, over)), over.parts[1])
    scale = lcm(denominator(a), denominator(b))
    if scale > 1:
        return plain(as_form(_extreme(kind, a * scale, b * scale)) * Fraction(1, scale))
    difference = a - b
    if difference.is_constant:
        larger, smaller = (a, b) if difference.constant >= 0 else (b, a)
        return plain(larger if kind == "max" else smaller)
    if difference.constant < 0 or (difference.constant == 0 and hash(a.key) < hash(b.key)):
        a, b = b, a
    return _tables.get()[-1].operation(kind, a, b)


def greatest_common_divisor(a: Any, b: Any) -> Any:
    return _tables.get()[-1].operation("gcd", as_form(a), as_form(b))


# Asking.


def equal(a: Any, b: Any) -> bool:
    difference = as_form(a) - b
    if difference.is_constant:
        return difference.constant == 0
    return _tables.get()[-1].decide(difference, "=")


def compare(a: Any, comparison: str, b: Any) -> bool:
    a, b = as_form(a), as_form(b)
    match comparison:
        case "=":
            return equal(a, b)
        case "<=":
            difference = b - a
        case ">=":
            difference = a - b
        case "<":
            return not compare(a, ">=", b)
        case _:
            return not compare(a, "<=", b)
    if difference.is_constant:
        return difference.constant >= 0
    return _tables.get()[-1].decide(difference, ">=")


def divides(divisor: Any, value: Any) -> bool:
    divisor, value = as_form(divisor), as_form(value)
    if value.key == divisor.key or not value.terms or (divisor.is_constant and divisor.constant == 1):
        return True
    return _tables.get()[-1].decide(value, "%", divisor)


def simplify(form: Form) -> Any:
    return plain(form)


# Writing.


def text(form: Form) -> str:
    """A form as Python reads it: `2*p + 1`, `(N - 5)//2 + 1`."""
    if not form.terms:
        return "0"
    terms = sorted(
        form.terms.items(), key=lambda item: (not item[0], item[1] < 0, -len(item[0]), [a.number for a in item[0]])
    )
    written = ""
    for monomial, factor in terms:
        size = abs(factor)
        parts = [_power(a, monomial.count(a)) for a in dict.fromkeys(monomial)]
        if not parts or size != 1:
            parts.insert(0, str(size) if isinstance(size, int) else f"({size})")
        sign = "-" if factor < 0 else "+"
        written += f" {sign} {'*'.join(parts)}" if written else ("-" if factor < 0 else "") + "*".join(parts)
    return written


def _power(atom: Atom, exponent: int) -> str:
    written = _atom_text(atom)
    return written if exponent == 1 else f"{written}**{exponent}"


def _atom_text(atom: Atom) -> str:
    if atom.kind == "variable":
        return atom.name
    a, b = (text(p) for p in atom.parts)
    if atom.kind in ("floor", "over"):
        sign = "//" if atom.kind == "floor" else "/"
        return f"({_closed(a)}{sign}{_closed(b)})"
    return f"{atom.kind}({a}, {b})"


def _closed(written: str) -> str:
    return written if written.isalnum() else f"({written})"
