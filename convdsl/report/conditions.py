"""Conditions on unknowns as a blackboard has them: `p = (F − 1)/2, F odd`."""

from __future__ import annotations

from typing import Any

from convdsl.algebra.numbers import formula, grouped
from convdsl.messages import T
from convdsl.solver.conditions import Clause, Condition, Quotient, isolated, sides
from convdsl.solver.relations import Relation

MOST = 24
"""Alternatives that are written out."""


def condition_lines(condition: Condition) -> list[str]:
    """A line for each alternative."""
    lines = [", ".join(_joined(clauses)) for clauses in condition.alternatives[:MOST]]
    lines = [line if number == 0 else f"{T('or')} {line}" for number, line in enumerate(lines)]
    rest = len(condition.alternatives) - MOST
    return [*lines, str(T("… and one more.", "… and {n} more.", n=rest))] if rest > 0 else lines


def _joined(clauses: tuple[Clause, ...]) -> list[str]:
    """Bounds of one unknown on both sides are one statement: 3 ≤ N ≤ 7."""
    written: dict[int, str] = {}
    lower: dict[str, tuple[int, str]] = {}
    upper: dict[str, tuple[int, str]] = {}
    for number, clause in enumerate(clauses):
        written[number] = clause_text(clause)
        name, sign, bound = _as_bound(clause)
        if sign in (">=", "<="):
            (lower if sign == ">=" else upper).setdefault(name, (number, bound))
    for name in lower.keys() & upper.keys():
        (one, low), (other, high) = lower[name], upper[name]
        del written[max(one, other)]
        written[min(one, other)] = f"{low} ≤ {name} ≤ {high}"
    return list(written.values())


def _as_bound(clause: Clause) -> tuple[str, str, str]:
    """(unknown, ">=" or "<=", bound), as far as a clause is one."""
    if clause.kind in ("from", "to"):
        return clause.unknowns[0], ">=" if clause.kind == "from" else "<=", grouped(clause.values[0])
    alone = isolated(clause.values[0]) if clause.kind == "relation" and clause.values[0].kind != "mod" else None
    return (alone[0], alone[1], formula(alone[2])) if alone is not None else ("", "", "")


def clause_text(clause: Clause) -> str:
    """One statement."""
    name = clause.unknowns[0] if clause.unknowns else ""
    match clause.kind:
        case "equals":
            return f"{name} = {_quotient(clause.values[0])}"
        case "among" if len(clause.unknowns) > 1:
            points = "; ".join(", ".join(map(grouped, p)) for p in clause.values[:12])
            return f"{', '.join(clause.unknowns)} = {points}{' …' if len(clause.values) > 12 else ''}"
        case "among":
            return f"{name} = {number_list(clause.values)}"
        case "from":
            return f"{name} ≥ {grouped(clause.values[0])}"
        case "to":
            return f"{name} ≤ {grouped(clause.values[0])}"
        case "remainder":
            return _remainder(name, *clause.values)
        case "regular":
            few, clauses = clause.values
            return str(
                T(
                    "{few}, or {rest}",
                    few=clause_text(Clause("among", clause.unknowns, few)),
                    rest=", ".join(_joined(clauses)),
                )
            )
    return _relation(clause.values[0])


def _quotient(value: Any) -> str:
    if not isinstance(value, Quotient):
        return grouped(value)
    top = formula(value.top)
    if value.bottom == 1:
        return top
    return f"({top})/{value.bottom}" if len(value.top.terms) > 1 else f"{top}/{value.bottom}"


def _remainder(name: str, modulus: int, remainders: tuple[int, ...]) -> str:
    if modulus == 2:
        return str(T("{name} odd", name=name) if remainders == (1,) else T("{name} even", name=name))
    if remainders == (0,):
        return str(T("{name} a multiple of {m}", name=name, m=modulus))
    missing = [r for r in range(modulus) if r not in remainders]
    if missing == [0]:
        return str(T("{name} no multiple of {m}", name=name, m=modulus))
    if len(missing) == 1:
        return str(T("{name} divided by {m} does not leave {r}", name=name, m=modulus, r=missing[0]))
    return str(T("{name} divided by {m} leaves {r}", name=name, m=modulus, r=number_list(remainders)))


def number_list(numbers: tuple[int, ...]) -> str:
    """`1, 2, 5`; a run of numbers as `1 … 28`, many with the middle left out."""
    if len(numbers) > 3 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{grouped(numbers[0])} … {grouped(numbers[-1])}"
    if len(numbers) > 16:
        return f"{', '.join(map(grouped, numbers[:12]))}, …, {grouped(numbers[-1])}"
    return ", ".join(map(grouped, numbers))


def _relation(relation: Relation) -> str:
    if relation.kind == "mod":
        return str(T("{formula} a multiple of {m}", formula=formula(relation.form), m=formula(relation.divisor)))
    alone = isolated(relation)
    if alone is not None:
        name, sign, form = alone
        return f"{name} {_SIGNS[sign]} {formula(form)}"
    positive, negative = sides(relation.form)
    return f"{formula(positive)} {_SIGNS['==' if relation.kind == 'eq' else '>=']} {formula(negative)}"


_SIGNS = {"==": "=", ">=": "≥", "<=": "≤"}
