"""What expressions can calculate with rows of numbers and with curves, and where they stop."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import pytest

from convdsl.teaching.course.draw import constant
from convdsl.teaching.course.expressions import ExpressionError, evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("matmul(((1, 2), (3, 4)), ((5,), (6,)))", ((17,), (39,))),
        ("matmul(((1, 2),), ((1, 0, 2), (0, 1, 3)))", ((1, 2, 8),)),
        ("plus(((1, 2),), ((1/2, 1/2),))", ((Fraction(3, 2), Fraction(5, 2)),)),
        ("scaled(((1, -2),), 3, 1)", ((4, -5),)),
        ("clipped(((-4, 100, 300),), 0, 255)", ((0, 100, 255),)),
        ("transpose(((1, 2, 3),))", ((1,), (2,), (3,))),
        ("average(((1, 2), (3, 6)))", 3),
        ("variance((2, 4, 4, 6))", 2),
        ("variance((0, 1))", Fraction(1, 4)),
        ("onehot(0, 3)", ((1, 0, 0),)),
        ("root(9/4)", Fraction(3, 2)),
        ("root(0)", 0),
        ("root(10**12 * 10**12)", 10**12),
        ("sigmoid(0)", Fraction(1, 2)),
        ("tanh(0)", 0),
        ("exp(0)", 1),
        ("degrees(0, -3)", 180),
        ("degrees(-2, 0)", -90),
        ("degrees(3, -3)", 135),
        ("correlate(((1, 2, 3),), ((1, 0, -1),), p=2)", ((-1, -2, -2, 2, 3),)),
        ("table((('a', 'bc'), ((2, 3), 1792)))", "a             bc\n(None, 2, 3)  1,792"),
    ],
)
def test_values(expression: str, value: object) -> None:
    assert evaluate(expression, {}) == value


@pytest.mark.parametrize("x", [-50, -7, -1, 1, 3, 50])
def test_curves_agree_with_the_library(x: int) -> None:
    assert math.isclose(evaluate(f"sigmoid({x})", {}), 1 / (1 + math.exp(-x)), abs_tol=1e-15)
    assert math.isclose(evaluate(f"tanh({x})", {}), math.tanh(x), abs_tol=1e-15)
    assert math.isclose(evaluate(f"exp({x})", {}), math.exp(x), rel_tol=1e-12, abs_tol=1e-15)
    assert math.isclose(evaluate(f"root({abs(x)})", {}), math.sqrt(abs(x)), rel_tol=1e-14)
    assert math.isclose(evaluate(f"degrees({x}, 2)", {}), math.degrees(math.atan2(x, 2)), abs_tol=1e-12)


@pytest.mark.parametrize(
    "expression",
    [
        "root(-1)",
        "exp(51)",
        "tanh(10**12)",
        "degrees(0, 0)",
        "matmul(((1, 2),), ((1, 2),))",
        "plus(((1, 2),), ((1,),))",
        "onehot(3, 3)",
        "onehot(1, 10**9)",
        "onehot(1/2, 3)",
        "average(())",
        "variance(3)",
        "sigmoid('a')",
        "root(((1, 2),))",
        "table(())",
        "table(3)",
        "scaled(((1, 'a'),), 2)",
    ],
)
def test_what_has_no_value_is_said_at_once(expression: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, {})
    assert str(caught.value) and time.perf_counter() - start < 1


def test_decimals_of_a_file_are_exact() -> None:
    assert constant([0.1, [25.8, 3]]) == (Fraction(1, 10), (Fraction(129, 5), 3))
