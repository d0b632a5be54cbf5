"""Conditions that describe solutions, as data: any of some alternatives, each a list of clauses. As a string Python (and
sympy) can read it: `N % 2 == 1 and N >= 7`."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isinf
from typing import Any, NamedTuple

from convdsl.algebra.forms import Atom, Form, text
from convdsl.solver.periodic import Periodic
from convdsl.solver.pieces import Choice, Derived, Piece, Points, Region, Regular
from convdsl.solver.relations import Relation


class Clause(NamedTuple):
    """One statement, by its `kind`:

    - `equals`: unknown = values[0] (a number, or a form over a number)
    - `among`: unknown (or unknowns) is one of `values`
    - `from`, `to`: unknown ≥, ≤ values[0]
    - `remainder`: unknown % values[0] is among values[1]
    - `relation`: values[0], a relation between unknowns
    - `regular`: two alternatives for one unknown: among values[0], or the clauses values[1]
    """

    kind: str
    unknowns: tuple[str, ...]
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return _python(self)


class Condition(NamedTuple):
    """Any of the alternatives holds, each of which is all of its clauses."""

    alternatives: tuple[tuple[Clause, ...], ...]

    def __str__(self) -> str:
        written = [" and ".join(map(str, clauses)) for clauses in self.alternatives]
        return written[0] if len(written) == 1 else " or ".join(f"({w})" for w in written)


class Quotient(NamedTuple):
    """top/bottom, whole by another clause."""

    top: Form
    bottom: int

    def __str__(self) -> str:
        if self.bottom == 1:
            return text(self.top)
        return f"({text(self.top)})/{self.bottom}" if len(self.top.terms) > 1 else f"{text(self.top)}/{self.bottom}"


def condition(ways: list[tuple[Piece, ...]]) -> Condition:
    """The condition for what was found."""
    return Condition(tuple(clauses for way in ways for clauses in _alternatives(way)))


def _alternatives(way: tuple[Piece, ...]) -> Iterator[tuple[Clause, ...]]:
    """The clauses of a way; where it holds choices, those of each."""
    for number, piece in enumerate(way):
        before, after = way[:number], way[number + 1 :]
        if isinstance(piece, Choice):
            for chosen in piece.ways:
                yield from _alternatives((*before, *chosen, *after))
            return
        if isinstance(piece, Derived) and piece.rest:  # in which there can be choices
            yield from _alternatives((*before, piece._replace(rest=()), *piece.rest, *after))
            return
    yield tuple(c for piece in way for c in _clauses(piece))


def _clauses(piece: Piece) -> list[Clause]:
    match piece:
        case Regular():
            return _regular(piece.unknown, piece.values)
        case Points():
            names = tuple(u.name for u in piece.unknowns)
            if len(piece.found) == 1:
                return [Clause("equals", (n,), (v,)) for n, v in zip(names, piece.found[0], strict=True)]
            return [Clause("among", names, piece.found)]
        case Derived():
            return [Clause("equals", (piece.put.unknown.name,), (Quotient(piece.put.top, piece.put.bottom),))]
        case Region():
            bounds = [c for u in piece.unknowns for c in _bounds(u, *piece.box[u])]
            return [*(Clause("relation", (), (r,)) for r in piece.relations), *bounds]
    raise AssertionError(piece)


def _regular(unknown: Atom, values: Periodic) -> list[Clause]:
    name = (unknown.name,)
    if not values.remainders:
        few = values.few
        if len(few) > 3 and few[-1] - few[0] == len(few) - 1:
            return [Clause("from", name, (few[0],)), Clause("to", name, (few[-1],))]
        return [Clause("equals", name, few) if len(few) == 1 else Clause("among", name, few)]
    clauses = []
    first = values.start
    if values.modulus > 1:
        clauses.append(Clause("remainder", name, (values.modulus, values.remainders)))
        first = next(
            n for n in range(values.start, values.start + values.modulus) if n % values.modulus in values.remainders
        )
    clauses.append(Clause("from", name, (first,)))
    if values.end != inf:
        clauses.append(Clause("to", name, (values.end,)))
    return [Clause("regular", name, (values.few, tuple(clauses)))] if values.few else clauses


def _bounds(unknown: Atom, low: Any, high: Any) -> list[Clause]:
    clauses = [Clause("from", (unknown.name,), (low,))] if low > unknown.minimum else []
    return clauses if isinf(high) else [*clauses, Clause("to", (unknown.name,), (high,))]


# As Python.


def _python(clause: Clause) -> str:
    name = clause.unknowns[0] if clause.unknowns else ""
    match clause.kind:
        case "equals":
            return f"{name} == {clause.values[0]}"
        case "among" if len(clause.unknowns) > 1:
            return f"({', '.join(clause.unknowns)}) in {clause.values}"
        case "among":
            return f"{name} in {clause.values}"
        case "from":
            return f"{name} >= {clause.values[0]}"
        case "to":
            return f"{name} <= {clause.values[0]}"
        case "remainder":
            return _remainder(name, *clause.values)
        case "regular":
            few, clauses = clause.values
            return (
                f"({_python(Clause('among', clause.unknowns, few))} or {' and '.join(map(_python, clauses))})"
                if len(few) > 1
                else f"({name} == {few[0]} or {' and '.join(map(_python, clauses))})"
            )
    return relation_text(clause.values[0])


def _remainder(name: str, modulus: int, remainders: tuple[int, ...]) -> str:
    if len(remainders) == 1:
        return f"{name} % {modulus} == {remainders[0]}"
    missing = tuple(r for r in range(modulus) if r not in remainders)
    return f"{name} % {modulus} != {missing[0]}" if len(missing) == 1 else f"{name} % {modulus} in {remainders}"


def relation_text(relation: Relation) -> str:
    """A relation as Python reads it, with everything positive on its side: `k <= 2*p + 2`."""
    form = relation.form
    if relation.kind == "mod":
        whole = text(form)
        left = whole if whole.isidentifier() else f"({whole})"
        return f"{left} % {_closed(text(relation.divisor))} == 0"
    alone = isolated(relation)
    if alone is not None:
        return f"{alone[0]} {alone[1]} {text(alone[2])}"
    positive, negative = sides(form)
    sign = "==" if relation.kind == "eq" else ">="
    return f"{text(positive)} {sign} {text(negative)}"


def isolated(relation: Relation) -> tuple[str, str, Form] | None:
    """(k, "<=", 2*p + 2) for a relation in which an unknown stands alone, without a factor; None if there is none."""
    form = relation.form
    for atom in form.atoms():
        factor = form.terms.get((atom,))
        if (
            atom.kind == "variable"
            and factor in (1, -1)
            and not any(atom in a.variables for m in form.terms if m != (atom,) for a in m)
        ):
            rest = (atom.form * factor - form) * factor
            return atom.name, "==" if relation.kind == "eq" else ">=" if factor == 1 else "<=", rest
    return None


def sides(form: Form) -> tuple[Form, Form]:
    """(a, b) with form = a − b and no negative terms in either."""
    return (Form({m: c for m, c in form.terms.items() if c > 0}), Form({m: -c for m, c in form.terms.items() if c < 0}))


def _closed(written: str) -> str:
    return written if written.isalnum() else f"({written})"
