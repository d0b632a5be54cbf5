"""Several relations at once: simplified without loss, an unknown at a time put in terms of the others, and
bounded by all of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import gcd, inf, isinf
from typing import Any, NamedTuple

from convdsl.algebra import forms
from convdsl.algebra.forms import Atom, Form, Monomial, as_form
from convdsl.solver.intervals import Bounds, Box, Empty, narrow, truth
from convdsl.solver.relations import ONE, Relation, tidy, without_floor


class Contradiction(Exception):
    """The relations cannot hold together; `origin` is that of the one where it showed."""

    def __init__(self, origin: Any = None) -> None:
        self.origin = origin
        super().__init__()


def simplified(relations: list[Relation], box: Box) -> list[Relation]:
    """The same relations in their simplest form; what the box says already is left out, and the box is narrowed. Raises
    Contradiction."""
    pending = relations
    for _ in range(12):
        found: dict[Any, Relation] = {}
        for relation in _free_of_floors(pending):
            known = truth(relation, box)
            if known is False:
                raise Contradiction(relation.origin)
            if known is None:
                found.setdefault(relation.key, relation)
        rest = _joined(_counted(list(found.values())))
        before = dict(box)
        try:
            narrow(rest, box)
        except Empty:
            raise Contradiction(rest[-1].origin if rest else None) from None
        if box == before and [r.key for r in rest] == [r.key for r in pending]:
            return rest
        pending = with_values(rest, {v: low for v, (low, high) in box.items() if low == high})
    return pending


def _free_of_floors(relations: list[Relation]) -> Iterator[Relation]:
    pending = list(reversed(relations))
    while pending:
        asked = pending.pop()
        relation = tidy(asked)
        if relation is False:
            raise Contradiction(asked.origin)
        if isinstance(relation, Relation):
            parts = without_floor(relation)
            if parts is None:
                yield relation
            else:
                pending += parts


def _joined(relations: list[Relation]) -> list[Relation]:
    """a ≥ 0 and −a ≥ 0 as a = 0; of a + 1 ≥ 0 and a + 3 ≥ 0 the narrower."""
    least: dict[Any, Relation] = {}
    others = []
    for relation in relations:
        if relation.kind != "ge":
            others.append(relation)
            continue
        key = (relation.form - relation.form.constant).key
        if key not in least or relation.form.constant < least[key].form.constant:
            least[key] = relation
    for key, relation in list(least.items()):
        opposite = (-(relation.form - relation.form.constant)).key
        other = least.get(opposite)
        if other is None or key not in least:
            continue
        room = relation.form.constant + other.form.constant
        if room < 0:
            raise Contradiction(relation.origin)
        if room == 0:
            del least[key], least[opposite]
            equation = tidy(Relation("eq", relation.form, ONE, relation.origin))
            if isinstance(equation, Relation):
                others.append(equation)
    return [*others, *least.values()]


def _counted(relations: list[Relation]) -> list[Relation]:
    """Where a form is a multiple of a divisor, and lies from c times to less than c + 1 times it, it is c times it."""
    told = {r.form.key for r in relations if r.kind == "ge"}
    counted = []
    for relation in relations:
        times = (
            next((c for c in range(MOST_TIMES) if _lies(relation, c, told)), None) if relation.kind == "mod" else None
        )
        equation = None
        if times is not None:
            equation = tidy(Relation("eq", relation.form - relation.divisor * times, ONE, relation.origin))
        counted.append(equation if isinstance(equation, Relation) else relation)
    return counted


MOST_TIMES = 64
"""How many times a divisor may go into a form for this to be seen."""


def _lies(relation: Relation, times: int, told: set[Any]) -> bool:
    if relation.divisor.is_constant:
        return False
    above = tidy(Relation("ge", relation.form - relation.divisor * times))
    below = tidy(Relation("ge", relation.divisor * (times + 1) - 1 - relation.form))
    return all(r is True or (isinstance(r, Relation) and r.form.key in told) for r in (above, below))


# An unknown in terms of others.


class Put(NamedTuple):
    """unknown = top/bottom; that it is whole is a relation of its own."""

    unknown: Atom
    top: Form
    bottom: int


def eliminated(
    relations: list[Relation], box: Box, preference: Callable[[Atom], Any]
) -> tuple[Put, list[Relation]] | None:
    """An equation solved for one of its unknowns, the one that `preference` puts first, and the other relations without
    it. None where no equation can be solved."""
    best: tuple[Any, Relation, Atom] | None = None
    for relation in relations:
        if relation.kind == "eq" and len(relation.variables) > 1:
            for atom in relation.form.atoms():
                if atom.kind == "variable" and _is_linear_in(relation.form, atom):
                    rank = (preference(atom), abs(relation.form.terms[(atom,)]))
                    if best is None or rank < best[0]:
                        best = (rank, relation, atom)
    if best is None:
        return None
    _, equation, atom = best
    factor = int(equation.form.terms[(atom,)])
    top = (equation.form - atom.form * factor) * (-1 if factor > 0 else 1)
    bottom = abs(factor)
    value = as_form(forms.exact_divide(top, bottom))
    rest = [
        Relation(r.kind, substitute(r.form, atom, value), substitute(r.divisor, atom, value), r.origin)
        for r in relations
        if r is not equation
    ]
    low, high = box[atom]
    rest.append(Relation("mod", top, as_form(bottom), equation.origin))
    rest.append(Relation("ge", value - low, ONE, equation.origin))
    if not isinf(high):
        rest.append(Relation("ge", -value + high, ONE, equation.origin))
    return Put(atom, top, bottom), rest


def _is_linear_in(form: Form, atom: Atom) -> bool:
    return (atom,) in form.terms and all(m == (atom,) or not any(atom in a.variables for a in m) for m in form.terms)


def with_values(relations: list[Relation], values: dict[Atom, int]) -> list[Relation]:
    """The relations with numbers in the place of some unknowns."""
    for atom, value in values.items():
        number = as_form(value)
        relations = [
            Relation(r.kind, substitute(r.form, atom, number), substitute(r.divisor, atom, number), r.origin)
            if atom in r.variables
            else r
            for r in relations
        ]
    return relations


def substitute(form: Form, atom: Atom, value: Form) -> Form:
    """A form with a value in the place of an unknown."""
    if atom not in form.variables:
        return form
    total = Form({})
    for monomial, factor in form.terms.items():
        product = Form({(): factor})
        for part in monomial:
            product = product * _substituted(part, atom, value)
        total = total + product
    return total


def _substituted(part: Atom, atom: Atom, value: Form) -> Form:
    if part is atom:
        return value
    if atom not in part.variables:
        return part.form
    a, b = (substitute(p, atom, value) for p in part.parts)
    apply = {"floor": forms.floor_divide, "over": forms.exact_divide, "max": forms.maximum, "min": forms.minimum}
    return as_form(apply.get(part.kind, forms.greatest_common_divisor)(a, b))


def components(variables: list[Atom], relations: list[Relation]) -> Iterator[tuple[list[Atom], list[Relation]]]:
    """The relations in groups that share no unknown; unknowns without relations are groups of their own."""
    group = {v: v for v in variables}

    def root(v: Atom) -> Atom:
        while group[v] is not v:
            v = group[v]
        return v

    for relation in relations:
        first, *others = sorted(relation.variables, key=lambda a: a.number)
        for other in others:
            group[root(other)] = root(first)
    for leader in [v for v in variables if root(v) is v]:
        members = [v for v in variables if root(v) is leader]
        inside = set(members)
        yield members, [r for r in relations if r.variables & inside]


# Bounds from all relations together.


Row = dict[Monomial, int]
"""Σ factor·monomial ≥ 0, each monomial being taken for an unknown of its own; the constant stands under ()."""

MOST_ROWS = 600


def projected(relations: list[Relation], box: Box, variable: Atom) -> tuple[Any, Any]:
    """Bounds of one unknown that follow from the relations together (Fourier and Motzkin's elimination). Raises
    Contradiction where they cannot hold together."""
    rows = list(_rows(relations, box))
    wanted = (variable,)
    for other in dict.fromkeys(m for row in rows for m in row if m and m != wanted):
        above = [r for r in rows if r.get(other, 0) > 0]
        below = [r for r in rows if r.get(other, 0) < 0]
        rows = [r for r in rows if not r.get(other)]
        if len(above) * len(below) + len(rows) > MOST_ROWS:
            return box[variable]
        rows += [row for a in above for b in below if (row := _combined(a, b, other)) is not None]
    low, high = box[variable]
    for row in rows:
        factor, constant = row.get(wanted, 0), row.get((), 0)
        if factor > 0:
            low = max(low, -(constant // factor))
        elif factor < 0:
            high = min(high, constant // -factor)
    if low > high:
        raise Contradiction
    return low, high


def _rows(relations: list[Relation], box: Box) -> Iterator[Row]:
    monomials: dict[Monomial, None] = {(v,): None for v in box}
    for relation in relations:
        if relation.kind in ("ge", "eq"):
            row = {m: int(c) for m, c in relation.form.terms.items()}
            monomials.update(dict.fromkeys(m for m in row if m))
            yield row
            if relation.kind == "eq":
                yield {m: -c for m, c in row.items()}
    bounds = Bounds(box)
    for monomial in monomials:
        low, high = bounds.product(monomial)
        if low != -inf:
            yield {monomial: 1, (): -low}
        if high != inf:
            yield {monomial: -1, (): high}


def _combined(a: Row, b: Row, without: Monomial) -> Row | None:
    """The sum of multiples of two rows in which a monomial is gone; None if it says nothing."""
    x, y = a[without], -b[without]
    row = {m: value for m in {**a, **b} if (value := y * a.get(m, 0) + x * b.get(m, 0))}
    common = gcd(*(c for m, c in row.items() if m))
    if not common:
        if row.get((), 0) < 0:
            raise Contradiction
        return None
    return {m: c // common for m, c in row.items()}


def needed_bounds(relations: list[Relation], box: Box) -> Box:
    """The box without the bounds that follow from the relations and the other bounds."""
    needed = dict(box)
    for variable, (low, high) in box.items():
        for outside, without in (
            ((variable.minimum, low - 1), (variable.minimum, high)),
            ((high + 1, inf), (low, inf)),
        ):
            low, high = needed[variable]
            if (
                outside[0] <= outside[1]
                and not isinf(outside[0])
                and _is_impossible(relations, {**needed, variable: outside})
            ):
                needed[variable] = (without[0] if outside[1] < low else low, without[1] if outside[0] > high else high)
    return needed


def _is_impossible(relations: list[Relation], box: Box) -> bool:
    narrowed = dict(box)
    try:
        narrow(relations, narrowed)
        projected(relations, narrowed, next(iter(narrowed)))
    except (Empty, Contradiction):
        return True
    return False


def slack_bounds(relations: list[Relation], box: Box) -> None:
    """Narrows a box by changes of unknowns: each is its smallest value and something more; and where x ≥ 2·y + 1, x is
    2·y + 1 and something more. What was a difference of positive terms becomes a sum. Raises Contradiction."""
    _narrow_changed(relations, box, None)
    for bound in relations:
        if bound.kind == "ge":
            for atom in bound.form.atoms():
                if bound.form.terms.get((atom,)) == 1 and atom.kind == "variable" and _is_linear_in(bound.form, atom):
                    least = atom.form - bound.form
                    if not least.is_constant and all(c > 0 for m, c in least.terms.items() if m):
                        _narrow_changed(relations, box, (atom, least))


def _narrow_changed(relations: list[Relation], box: Box, put: tuple[Atom, Form] | None) -> None:
    room: Box = {}
    values: dict[Atom, Form] = {}
    for number, (atom, (low, high)) in enumerate(box.items()):
        more = forms.hidden(number)
        if put is None or atom is not put[0]:
            values[atom] = more.form + low
            room[more] = (0, high - low)
    if put is not None:
        more = forms.hidden(len(box))
        room[more] = (0, inf)
        form = put[1] + more.form
        for atom, value in values.items():
            form = substitute(form, atom, value)
        values[put[0]] = form
    changed = []
    for relation in relations:
        form, divisor = relation.form, relation.divisor
        for atom, value in values.items():
            form, divisor = substitute(form, atom, value), substitute(divisor, atom, value)
        told = tidy(Relation(relation.kind, form, divisor))
        if isinstance(told, Relation):
            changed.append(told)
    try:
        narrow(changed, room)
    except Empty:
        raise Contradiction from None
    bounds = Bounds(room)
    for atom, value in values.items():
        low, high = bounds.of(value)
        box[atom] = (max(box[atom][0], low), min(box[atom][1], high))
        if box[atom][0] > box[atom][1]:
            raise Contradiction


def irredundant(relations: list[Relation], box: Box) -> list[Relation]:
    """The relations without the inequalities that follow from the others."""
    kept = list(relations)
    for relation in sorted(relations, key=lambda r: -len(r.variables)):
        if relation.kind == "ge" and len(relation.variables) > 1:
            others = [r for r in kept if r is not relation]
            opposite = Relation("ge", -relation.form - 1, ONE, relation.origin)
            try:
                projected([*others, opposite], box, min(relation.variables, key=lambda a: a.number))
            except Contradiction:
                kept = others
    return kept
