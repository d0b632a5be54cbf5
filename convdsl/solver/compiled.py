"""Forms as Python functions, for evaluating them many thousand times."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import Any

from convdsl.algebra.forms import Atom, Form
from convdsl.solver.relations import Relation


def function(forms: list[Form], variables: list[Atom]) -> Callable[..., tuple[Any, ...]]:
    """A function of the variables' values, in this order, that gives the values of some forms."""
    body: list[str] = []
    names: dict[Atom, str] = {v: f"v{v.number}" for v in variables}
    results = [_expression(form, names, body) for form in forms]
    return _made([names[v] for v in variables], body, f"return ({', '.join(results)},)")


def predicate(relations: list[Relation], variables: list[Atom]) -> Callable[..., bool]:
    """A function of the variables' values that says whether all relations hold; it stops at the first that does not."""
    body: list[str] = []
    names: dict[Atom, str] = {v: f"v{v.number}" for v in variables}
    for relation in sorted(relations, key=lambda r: len(r.form.terms)):
        form = _expression(relation.form, names, body)
        if relation.kind == "mod":
            divisor = _expression(relation.divisor, names, body)
            body.append(f"if {divisor} <= 0 or ({form}) % {divisor}: return False")
        else:
            body.append(f"if {form} {'!= 0' if relation.kind == 'eq' else '< 0'}: return False")
    return _made([names[v] for v in variables], body, "return True")


def _made(arguments: list[str], body: list[str], end: str) -> Callable[..., Any]:
    lines = "\n    ".join([*body, end])
    scope: dict[str, Any] = {"gcd": gcd, "Fraction": Fraction}
    exec(f"def made({', '.join(arguments)}):\n    {lines}", scope)
    return scope["made"]


def _expression(form: Form, names: dict[Atom, str], body: list[str]) -> str:
    terms = []
    for monomial, factor in form.terms.items():
        number = str(factor) if isinstance(factor, int) else f"Fraction({factor.numerator}, {factor.denominator})"
        terms.append("*".join([number, *(_name(a, names, body) for a in monomial)]))
    return f"({' + '.join(terms)})" if terms else "0"


def _name(atom: Atom, names: dict[Atom, str], body: list[str]) -> str:
    if atom not in names:
        a, b = (_expression(p, names, body) for p in atom.parts)
        value = {"floor": f"{a} // {b}", "over": f"Fraction({a}) / {b}"}.get(atom.kind, f"{atom.kind}({a}, {b})")
        names[atom] = f"v{atom.number}"
        body.append(f"{names[atom]} = {value}")
    return names[atom]
