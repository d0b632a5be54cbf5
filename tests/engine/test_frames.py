"""Zeros around a value that a layer for whole blocks of images writes: a convolution that sees all of its input is a dense
layer, and a padded window behind it reaches beyond what that has written, into memory that others have used before."""

from __future__ import annotations

import pytest

from tests.engine.agreement import faults

BEFORE = "input 6x6x3 -> conv 8 k3 p1 tanh"
BEHIND = "upsample 4 -> conv 8 k3 -> conv 8 k1 gelu -> dense 3"


@pytest.mark.parametrize("images", [3, 6])
@pytest.mark.parametrize(
    "text",
    [
        f"{BEFORE} -> conv 4 k6 tanh -> conv 4 k3 p1 tanh -> {BEHIND}",
        f"{BEFORE} -> gap -> conv 4 k1 -> dwconv k3 p1 relu -> {BEHIND}",
        f"{BEFORE} -> conv 4 k6 -> residual {{ local 4 k3 p1 tanh }} -> {BEHIND}",
        "input 9x2 -> conv 8 k3 p1 tanh -> conv 4 k9 -> conv 5 k5 p2 elu -> upsample 6 -> conv 8 k3 -> dense 3",
        "input 3x3x3x2 -> conv 4 k3 p1 -> conv 4 k3 silu -> conv 4 k3 p1 -> upsample 3 -> conv 3 k3 -> dense 3",
    ],
)
def test_every_image_has_zeros_around_it(text: str, images: int) -> None:
    assert not faults(text, images)
