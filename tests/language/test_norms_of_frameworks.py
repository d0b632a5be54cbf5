"""A norm of Keras or PyTorch is answered with the numbers that it has there, written or not."""

from __future__ import annotations

import pytest

import convdsl.layers  # noqa: F401  what layers are called elsewhere
from convdsl.language.foreign import rewrite


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("BatchNormalization()", "bn eps=0.001 momentum=0.99"),
        ("tf.keras.layers.BatchNormalization(axis=-1)", "bn eps=0.001 momentum=0.99"),
        ("BatchNormalization(momentum=0.9)", "bn eps=0.001"),
        ("BatchNormalization(epsilon=1e-5, momentum=0.9)", "bn"),
        ("nn.BatchNorm2d(64)", "bn"),
        ("nn.BatchNorm2d(64, eps=1e-3, momentum=0.01)", "bn eps=0.001 momentum=0.99"),
        ("LayerNormalization()", "ln channels eps=0.001"),
        ("LayerNormalization(axis=[1, 2, 3])", "ln eps=0.001"),
        ("nn.LayerNorm(8)", "ln channels"),
        ("nn.LayerNorm([8, 4, 4])", "ln"),
        ("GroupNormalization(groups=4)", "gn 4 eps=0.001"),
        ("nn.GroupNorm(4, 8)", "gn 4"),
        ("Sequential([Conv2D(8, 3), BatchNormalization()])", "conv 8 k3 -> bn eps=0.001 momentum=0.99"),
    ],
)
def test_a_norm_keeps_the_numbers_of_its_framework(call: str, line: str) -> None:
    assert rewrite(call) == line


def test_a_call_with_nothing_in_its_brackets_is_answered() -> None:
    from convdsl.network import analyse
    from convdsl.source import Source

    analysis = analyse(Source("input 6x2x3\nrelu6\ncrop((((()))))", "t"))
    assert [d.code for d in analysis.diagnostics]
