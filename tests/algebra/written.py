"""Random formulas of sizes, written once with the room's functions and worked out with plain numbers."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from convdsl import algebra
from convdsl.algebra.forms import Atom, Table

NAMES = ("N", "K", "S")


class Endless(Table):
    """A table of atoms that answers no question."""

    def decide(self, form: Any, comparison: str, divisor: Any = None) -> bool:
        raise AssertionError("no rule asks here")


def worked_out(tree: Any, unknowns: dict[str, Any]) -> Any:
    """The value of a tree, with numbers or with forms for its unknowns."""
    if not isinstance(tree, tuple):
        return unknowns.get(tree, tree)
    kind, *parts = tree
    a, b = (worked_out(p, unknowns) for p in parts)
    return OPERATIONS[kind](a, b)


def _over(a: Any, b: Any) -> Any:
    return algebra.exact_divide(Fraction(a) if isinstance(a, int) else a, b)


OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "floor": algebra.floor_divide,
    "ceil": algebra.ceil_divide,
    "max": algebra.maximum,
    "min": algebra.minimum,
    "over": _over,
}


def unknowns_in(table: Table) -> tuple[dict[str, Any], dict[str, Atom]]:
    """The unknowns of trees, as forms and as atoms."""
    named = {name: table.variable(name) for name in NAMES}
    return named, {name: next(form.atoms()) for name, form in named.items()}


divisors = st.sampled_from([1, 2, 3, 4, "K", "S"])
whole = st.recursive(
    st.sampled_from([*NAMES, 0, 1, 2, 5]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "max", "min"]), inner, inner),
        st.tuples(st.sampled_from(["floor", "ceil"]), inner, divisors),
    ),
    max_leaves=7,
)
"""Formulas whose value is whole."""

trees = st.one_of(
    whole,
    st.tuples(st.just("over"), whole, divisors),
    st.builds(
        lambda kind, a, b, c, d: (kind, ("over", a, b), ("over", c, d)),
        st.sampled_from(["+", "max", "min"]),
        whole,
        divisors,
        whole,
        divisors,
    ),
)
