"""What is computed again, and gradients that share memory, against the reference."""

from __future__ import annotations

import pytest

import convdsl
from convdsl.engine import Model
from convdsl.layers import ACTIVATIONS
from tests.engine.checking import check

SHARED = [
    "input 6x6x3 -> conv 3 k1 -> add { dwconv k1 nobias | conv 3 k5 p2 nobias } -> add { identity | conv 3 k3 p1 nobias } "
    "-> dense 3",
    "input 6x6x3 -> conv 3 k1 -> add { conv 3 k1 nobias | conv 3 k3 p1 nobias | conv 3 k5 p2 nobias } -> gap -> dense 3",
    "input 6x6x3 -> conv 3 k1 -> add { add { conv 3 k1 nobias | conv 3 k3 p1 nobias } | conv 3 k5 p2 nobias } -> bn "
    "-> dense 3",
    "input 4x4x3 -> conv 3 k1 -> add { dense 48 nobias -> reshape 4x4x3 | conv 3 k5 p2 nobias } "
    "-> add { identity | conv 3 k3 p1 nobias } -> dense 3",
    "input 4x4x3 -> conv 3 k1 -> add { conv 3 k5 p2 nobias | dense 48 nobias -> reshape 4x4x3 } -> gap -> dense 3",
    "input 4x4x3 -> conv 3 k1 -> add { dense 48 nobias -> reshape 4x4x3 | conv 3 k3 p1 nobias } -> gap -> dense 3",
]
"""Gradients that are one value under several names: the branches ask for different frames, or see other shapes."""


@pytest.mark.parametrize("activation", ["", *(a for a in ACTIVATIONS if a != "softmax")])
def test_a_normalisation_is_repeated_with_its_activation(activation: str) -> None:
    text = f"input 5x5x3 -> conv 4 k3 nobias -> bn {activation} -> conv 4 k3 p1 nobias -> bn {activation} -> dense 3"
    steps = [s for r in Model(convdsl.parse(text), batch=4).plan.training.regions for s in r.steps]
    assert any(v.name.endswith(" again") for s in steps for v in s.values())
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "input 3 -> bn tanh -> bn -> dense 3",
        "input 5x3 -> bn elu -> bn leaky_relu -> bn relu6 -> gap -> dense 3",
        "input 4x4x3 -> bn sigmoid -> concat { conv 2 k1 -> bn | identity } -> bn -> dense 3",
        "input 4x4x3 -> conv 16 k3 p1 nobias -> bn relu6 -> dwconv k3 p1 nobias -> bn relu6 -> conv 16 k1 -> bn -> dense 3",
        "input 5x5x3 -> conv 4 k3 nobias -> bn softmax -> conv 4 k3 p1 nobias -> bn softmax -> dense 3",
        "input 4x4x3 -> residual { bn tanh -> conv 3 k3 p1 -> bn selu } -> bn -> dense 3",
    ],
)
def test_other_places_where_a_normalisation_is_repeated(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", SHARED)
def test_gradients_that_share_memory_have_one_frame(text: str) -> None:
    check(text)
