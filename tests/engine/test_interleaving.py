"""Images side by side in the lanes of a vector: batches that fill the vectors and that do not, at every width."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model
from tests.engine.agreement import faults
from tests.engine.programs import PROGRAMS

IMAGES = 21
"""More than any vector has lanes, and not a multiple of that."""

INTERLEAVED = [
    "input 9x9x1 -> conv 4 k3 relu -> maxpool 2 -> dense 20 -> bn relu -> dense 3",
    "input 8x8x1 -> conv 4 k3 tanh -> conv 4 k3 elu -> dense 20 -> bn tanh -> dense 3",
    "input 8x8x2 -> conv 4 k3 gelu -> gap -> dense 20 -> bn relu6 -> dense 3 softmax",
    "input 8x8x1 -> conv 4 k3 relu -> aux 0.5 { conv 3 k3 -> gap } -> conv 4 k3 -> dense 3",
    "input 6x6x512 -> conv 16 k3 relu -> dense 3",
    "input 6x6x2 -> conv 16 k3 -> conv 4 k1 -> concat { dense 3 | dense 4 } -> dense 3",
    "input 6x6x2 -> conv 4 k3 -> freeze { conv 4 k3 tanh } -> reshape 4x4 -> tconv 3 k2 -> dense 3",
    "input 6x6x2 -> conv 4 k3 silu -> reshape 8x8 -> conv 4 k3 relu -> maxpool 2 -> reshape 4x3 -> conv 2 k2 -> dense 3",
    "input 20x3 -> conv 4 k3 s2 leaky_relu -> avgpool 3 s2 p1 -> tconv 3 k3 s2 selu -> dense 3",
    "input 5x5x4x2 -> conv 4 k3 p1 hardsigmoid -> minpool 2 -> conv 3 k2 sigmoid -> dense 3",
]
"""With steps behind them for which all threads meet, exits among them, gradients that wait for the end, and shapes."""


@pytest.mark.parametrize("text", INTERLEAVED)
def test_interleaved_networks_agree(text: str) -> None:
    assert not faults(text, IMAGES)


@pytest.mark.parametrize("lanes", ["4", "8", "16"])
@pytest.mark.parametrize("text", INTERLEAVED[:3])
def test_at_every_width(text: str, lanes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_LANES", lanes)
    assert Model(convdsl.parse(text), batch=IMAGES).plan.frame.lanes == int(lanes)
    assert not faults(text, IMAGES)


def test_the_contract_holds_for_whole_blocks_of_images() -> None:
    """What test_contract.py asks for a few images, for those networks that interleave with more."""
    wide = [text for text in PROGRAMS if Model(convdsl.parse(text), batch=IMAGES).plan.frame.lanes]
    assert len(wide) >= 3
    assert not [line for text in wide for line in faults(text, IMAGES)]


def test_what_was_in_an_unused_lane_does_not_count() -> None:
    net = convdsl.parse(INTERLEAVED[1])
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((32, 8, 8, 1)).astype(np.float32), rng.integers(0, 3, 32)
    model = Model(net, batch=32)
    before = model.gradients(x[:IMAGES], labels[:IMAGES])
    model.gradients(np.full_like(x, np.nan), labels)
    after = model.gradients(x[:IMAGES], labels[:IMAGES])
    assert all(np.array_equal(after[name], before[name]) for name in before)
