"""Regular sets of numbers, and what a relation says of all numbers from some point on."""

from __future__ import annotations

from itertools import takewhile
from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from convdsl.algebra import forms
from convdsl.algebra.forms import as_form
from convdsl.solver.eventually import Beyond, eventually
from convdsl.solver.periodic import Periodic, union
from convdsl.solver.relations import ONE, Relation, holds
from tests.algebra.written import Endless, worked_out


@st.composite
def periodic(draw: Any) -> Periodic:
    start = draw(st.integers(0, 12))
    few = tuple(sorted(draw(st.sets(st.integers(0, max(start - 1, 0)), max_size=4)))) if start else ()
    modulus = draw(st.integers(1, 6))
    remainders = tuple(sorted(draw(st.sets(st.integers(0, modulus - 1), max_size=modulus))))
    return Periodic(few, start, modulus, remainders, inf)


def below(numbers: Periodic, end: int = 80) -> list[int]:
    return list(takewhile(lambda n: n < end, numbers.members())) if numbers.size else []


@given(periodic())
def test_the_simplest_form_is_the_same_set(numbers: Periodic) -> None:
    simplest = numbers.simplest(0)
    assert [n for n in range(80) if n in simplest] == [n for n in range(80) if n in numbers] == below(numbers)
    assert simplest.modulus <= numbers.modulus


@given(st.lists(periodic(), max_size=3))
def test_a_union_has_the_members_of_all(sets: list[Periodic]) -> None:
    both = union(sets, 0)
    assert both is not None
    assert [n for n in range(80) if n in both] == [n for n in range(80) if any(n in s for s in sets)]


one_unknown = st.recursive(
    st.sampled_from(["N", 1, 2, 3]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "max", "min"]), inner, inner),
        st.tuples(st.sampled_from(["floor", "ceil"]), inner, st.integers(1, 4)),
    ),
    max_leaves=6,
)


@given(one_unknown, st.sampled_from(["ge", "eq", "mod"]), st.integers(-20, 20))
@settings(max_examples=200, deadline=None)
def test_what_is_said_of_large_numbers_is_true_of_them(tree: Any, kind: str, shift: int) -> None:
    table = Endless()
    forms.use(table)
    try:
        form = table.variable("N")
        (atom,) = form.atoms()
        relation = Relation(kind, as_form(worked_out(tree, {"N": form})) + shift, as_form(3) if kind == "mod" else ONE)
        if not relation.variables:
            return
        try:
            start, modulus, remainders = eventually(atom, [relation], 1)
        except Beyond:
            return
        for n in range(max(start, 1), max(start, 1) + 3 * modulus + 20):
            assert holds(relation, {atom: n}) == (n % modulus in remainders), n
    finally:
        forms.use(None)
