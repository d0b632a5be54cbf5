"""What is asked of unknowns: a form is 0, is at least 0, or is a multiple of another. Relations are simplified by steps
that lose nothing: both sides hold for the same values."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple

from convdsl.algebra.forms import Atom, Form, as_form, denominator, without

ONE = Form({(): 1})


class Relation(NamedTuple):
    """`eq`: form = 0; `ge`: form ≥ 0; `mod`: divisor divides form. `origin` says where it comes from."""

    kind: str
    form: Form
    divisor: Form = ONE
    origin: Any = None

    @property
    def key(self) -> Any:
        """Equal for relations that say the same in the same words."""
        return self.kind, self.form.key, self.divisor.key

    @property
    def variables(self) -> frozenset[Atom]:
        """The unknowns in it."""
        return self.form.variables | self.divisor.variables


def tidy(relation: Relation) -> Relation | bool:
    """A relation in whole numbers as small as they go, or its truth."""
    kind, form, divisor, origin = relation
    while (over := next((a for a in form.atoms() if a.kind == "over"), None)) is not None:
        form = without(form, over)
        divisor = divisor * over.parts[1] if kind == "mod" else divisor
    scale = denominator(form)
    form = form * scale
    if kind == "mod":
        return _tidy_multiple(form, divisor * scale, origin)
    common = gcd(*(int(c) for m, c in form.terms.items() if m))
    if common == 0:
        return form.constant == 0 if kind == "eq" else form.constant >= 0
    constant, rest = divmod(int(form.constant), common)
    if kind == "eq" and rest:
        return False
    form = (form - form.constant) * Fraction(1, common) + constant
    if kind == "eq" and min(form.terms.items(), key=_rank)[1] < 0:
        form = -form
    return Relation(kind, form, ONE, origin)


def _rank(term: tuple[tuple[Atom, ...], Any]) -> Any:
    monomial = term[0]
    return not monomial, -len(monomial), [a.number for a in monomial]


def _tidy_multiple(form: Form, divisor: Form, origin: Any) -> Relation | bool:
    if not divisor.is_constant:
        return True if not form.terms or form.key == divisor.key else Relation("mod", form, divisor, origin)
    m = abs(int(divisor.constant))
    form = Form({k: int(c) % m for k, c in form.terms.items() if int(c) % m})
    common = gcd(m, *(int(c) for k, c in form.terms.items() if k))
    if int(form.constant) % common:
        return False
    m //= common
    if m == 1:
        return True
    form = Form({k: v for k, c in form.terms.items() if (v := int(c) // common % m)})
    leading = int(form.terms[min(form.terms, key=lambda k: _rank((k, 0)))])
    if gcd(leading, m) == 1:
        inverse = pow(leading, -1, m)
        form = Form({k: v for k, c in form.terms.items() if (v := int(c) * inverse % m)})
    return Relation("mod", form, as_form(m), origin)


def without_floor(relation: Relation) -> list[Relation] | None:
    """The same without one of its floors: floor(a/b) ≥ c is a ≥ b·c, and floor(a/b) ≤ c is a ≤ b·c + b − 1. None where
    this does not go: where floors are multiplied, or have a factor that the rest does not share."""
    if relation.kind == "mod":
        return None
    for atom in relation.form.atoms():
        if atom.kind == "floor" and _stands_alone(atom, relation.form):
            found = _free_of(atom, relation)
            if found is not None:
                return found
    return None


def _stands_alone(atom: Atom, form: Form) -> bool:
    """Whether an atom occurs once, by itself, and inside no other atom."""
    if sum(atom in monomial for monomial in form.terms) != 1 or (atom,) not in form.terms:
        return False
    return not any(_holds(other, atom) for other in form.atoms() if other is not atom)


def _holds(outer: Atom, inner: Atom) -> bool:
    return any(a is inner or _holds(a, inner) for part in outer.parts for a in part.atoms())


def _free_of(atom: Atom, relation: Relation) -> list[Relation] | None:
    factor = int(relation.form.terms[(atom,)])
    rest = relation.form - atom.form * factor
    top, bottom = atom.parts
    origin = relation.origin
    if relation.kind == "ge":
        if factor == 1:
            return [Relation("ge", top + bottom * rest, ONE, origin)]
        if factor == -1:
            return [Relation("ge", bottom * rest + bottom - 1 - top, ONE, origin)]
        return None
    if factor < 0:
        factor, rest = -factor, -rest
    found = [
        Relation("ge", top * factor + bottom * rest, ONE, origin),
        Relation("ge", -(top * factor) - bottom * rest + (bottom - 1) * factor, ONE, origin),
    ]
    return found if factor == 1 else [Relation("mod", rest, as_form(factor), origin), *found]


def holds(relation: Relation, value: dict[Atom, int]) -> bool:
    """Whether a relation holds for values of its unknowns."""
    form = evaluate(relation.form, value)
    if relation.kind == "mod":
        divisor = evaluate(relation.divisor, value)
        return divisor > 0 and form % divisor == 0
    return form == 0 if relation.kind == "eq" else form >= 0


def evaluate(form: Form, value: dict[Atom, int]) -> Any:
    """The value of a form."""
    total: Any = 0
    for monomial, factor in form.terms.items():
        product = factor
        for atom in monomial:
            product = product * _value(atom, value)
        total += product
    return total


def _value(atom: Atom, value: dict[Atom, int]) -> Any:
    if atom.kind == "variable":
        return value[atom]
    a, b = (evaluate(p, value) for p in atom.parts)
    match atom.kind:
        case "floor":
            return a // b
        case "over":
            return Fraction(a) / b
        case "max":
            return max(a, b)
        case "min":
            return min(a, b)
    return gcd(a, b)
