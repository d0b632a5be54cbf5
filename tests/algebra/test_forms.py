"""Forms, and what is done with relations between them, against plain arithmetic at points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdsl.algebra import forms
from convdsl.algebra.chalk import on_board
from convdsl.algebra.forms import as_form
from convdsl.solver.intervals import Bounds, Empty, _root, narrow, truth
from convdsl.solver.points import divisors, search
from convdsl.solver.relations import ONE, Relation, evaluate, holds, tidy
from convdsl.solver.systems import Contradiction, simplified
from tests.algebra.written import NAMES, Endless, trees, unknowns_in, whole, worked_out

HIGH = 5
POINTS = [dict(zip(NAMES, values, strict=True)) for values in product(range(1, HIGH + 1), repeat=len(NAMES))]


@contextmanager
def a_table() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    table = Endless()
    forms.use(table)
    try:
        yield unknowns_in(table)
    finally:
        forms.use(None)


def exactly(tree: Any, point: dict[str, int]) -> Any:
    """The value with fractions where plain numbers would become floats."""
    return worked_out(tree, {name: Fraction(value) for name, value in point.items()})


@given(trees)
@settings(max_examples=300, deadline=None)
def test_a_form_has_the_value_of_what_it_was_made_from(tree: Any) -> None:
    with a_table() as (named, atoms):
        form = as_form(worked_out(tree, named))
        for point in POINTS[::7]:
            assert evaluate(form, {atoms[n]: v for n, v in point.items()}) == exactly(tree, point)


@given(trees, st.sampled_from(["ge", "eq", "mod"]), st.integers(-6, 3))
@settings(max_examples=300, deadline=None)
def test_simplifying_bounding_and_searching_lose_no_point(tree: Any, kind: str, shift: int) -> None:
    with a_table() as (named, atoms):
        form = as_form(worked_out(tree, named)) + shift
        relation = Relation(kind, form, as_form(3) if kind == "mod" else ONE)
        right = [p for p in ({atoms[n]: v for n, v in point.items()} for point in POINTS) if holds(relation, p)]
        box = dict.fromkeys(atoms.values(), (1, HIGH))
        told = tidy(relation)
        if isinstance(told, bool):
            assert told == bool(right) and len(right) in (0, len(POINTS))
            return
        assert [p for p in ({atoms[n]: v for n, v in point.items()} for point in POINTS) if holds(told, p)] == right
        assert truth(told, box) in (None, bool(right) and len(right) == len(POINTS))
        low, high = Bounds(box).of(told.form)
        assert all(low <= evaluate(told.form, {atoms[n]: v for n, v in p.items()}) <= high for p in POINTS)
        found = sorted(tuple(p.values()) for p in search([told], dict(box), lambda: None))
        assert found == sorted(tuple(p[a] for a in box) for p in right)
        try:
            narrowed, simpler = dict(box), dict(box)
            narrow([told], narrowed)
            rest = simplified([told], simpler)
        except (Empty, Contradiction):
            assert not right
            return
        assert all(a <= p[v] <= b for p in right for v, (a, b) in narrowed.items())
        inside = [
            p
            for p in ({atoms[n]: v for n, v in point.items()} for point in POINTS)
            if all(a <= p[v] <= b for v, (a, b) in simpler.items()) and all(holds(r, p) for r in rest)
        ]
        assert inside == right


@given(whole)
@settings(max_examples=100, deadline=None)
def test_formulas_are_equal_however_their_terms_are_ordered(tree: Any) -> None:
    with a_table() as (named, _):
        form = as_form(worked_out(tree, named))
        assert (form + named["N"] * 2 - named["N"]).key == (named["N"] + form).key
        assert not (form - worked_out(tree, named)).terms


@given(st.integers(0, 10**60), st.integers(2, 5))
def test_roots_are_exact_for_large_numbers(value: int, exponent: int) -> None:
    root = _root(value, exponent)
    assert root**exponent <= value < (root + 1) ** exponent


@given(st.integers(1, 3000))
def test_divisors_are_all_divisors(number: int) -> None:
    assert sorted(divisors(number)) == [d for d in range(1, number + 1) if number % d == 0]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("floor((N - 5)/2) + 1", "⌊(N − 5)/2⌋ + 1"),
        ("((N - 5)//2) + 1", "⌊(N − 5)/2⌋ + 1"),
        ("ceiling(N/3)", "⌈N/3⌉"),
        ("450*(floor((N - 5)/2) + 1)**2", "450·(⌊(N − 5)/2⌋ + 1)²"),
        ("max(0, ((2*P + 5)//S) - 2)", "max(0, ⌊(2·P + 5)/S⌋ − 2)"),
        ("(N + 1)*(M - 2)", "(N + 1)·(M − 2)"),
        ("floor((floor(N/2) + M)/3)", "⌊(⌊N/2⌋ + M)/3⌋"),
    ],
)
def test_a_formula_on_the_board(written: str, shown: str) -> None:
    assert on_board(written) == shown
