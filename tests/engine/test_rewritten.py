"""Each rewrite of a plan over many random networks: interpreted in float64 for every width and a GPU, nothing compiled."""

from __future__ import annotations

import os
from itertools import islice
from typing import Any

import pytest

from convdsl.engine.plan import saving
from convdsl.engine.plan.kinds import KINDS
from convdsl.engine.plan.values import Value
from tests import pairs
from tests.engine.joined import STEPS
from tests.engine.rewritten import faults
from tests.engine.test_rewrites import NETWORKS
from tests.random_networks import networks

COUNT = int(os.environ.get("CONVDSL_RANDOM_PLANS", "300"))
GROUP = 20


@pytest.mark.parametrize("first", range(0, COUNT, GROUP))
def test_random_networks_compute_the_same_however_they_are_planned(first: int) -> None:
    for text in islice(networks(COUNT), first, first + GROUP):
        assert not faults(text), text


@pytest.mark.parametrize("text", [*NETWORKS, *islice(pairs.networks(), 20)])
def test_networks_that_have_each_rewrite(text: str) -> None:
    assert not faults(text)


def test_every_kind_of_step_is_interpreted() -> None:
    assert set(STEPS) == set(KINDS)


TRAINED_WRONG = "input 6x6x3 -> conv 4 k3 nobias -> bn relu6 -> conv 4 k3 nobias -> bn tanh -> dense 3"
NARROW = "input 6x6x3 -> conv 3 k1 -> add { conv 3 k1 nobias | conv 3 k5 p2 nobias } -> conv 4 k3 p1 -> dense 3"


def test_values_repeated_without_their_activation_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    again = saving._again
    monkeypatch.setattr(saving, "_again", lambda region, made, y: again(region, made[:1], y))
    assert any("3.conv.weight" in line for line in faults(TRAINED_WRONG))


def test_gradients_that_share_too_narrow_a_frame_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def share(self: Value, base: Any) -> None:
        self.base = base

    monkeypatch.setattr(Value, "share", share)
    with pytest.raises(AssertionError, match="reaches beyond the frame"):
        assert not faults(NARROW), "wrong numbers"
