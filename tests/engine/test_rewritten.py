"""Each rewrite of a plan over many random networks: interpreted in float64 for every width and a GPU, nothing compiled."""

from __future__ import annotations

import os
from functools import cache
from itertools import islice

import pytest

from convdsl.engine.plan import Step, memory, program, saving
from convdsl.engine.plan.kinds import KINDS
from tests import pairs
from tests.engine.joined import STEPS
from tests.engine.rewritten import faults
from tests.engine.test_rewrites import NETWORKS
from tests.random_networks import networks

COUNT = int(os.environ.get("CONVDSL_RANDOM_PLANS", "300"))
GROUP = 20


@cache
def _networks() -> list[str]:
    return [*networks(COUNT)]


@pytest.mark.parametrize("first", range(0, COUNT, GROUP))
def test_random_networks_compute_the_same_however_they_are_planned(first: int) -> None:
    for text in _networks()[first : first + GROUP]:
        assert not faults(text), text


@pytest.mark.parametrize("text", [*NETWORKS, *islice(pairs.networks(), 20)])
def test_networks_that_have_each_rewrite(text: str) -> None:
    assert not faults(text)


def test_every_kind_of_step_is_interpreted() -> None:
    assert set(STEPS) == set(KINDS)


TRAINED_WRONG = "input 6x6x3 -> conv 4 k3 nobias -> bn relu6 -> conv 4 k3 nobias -> bn tanh -> dense 3"


def test_values_repeated_without_their_activation_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    again = saving._again
    monkeypatch.setattr(saving, "_again", lambda region, made, y: again(region, made[:1], y))
    assert any("3.conv.weight" in line for line in faults(TRAINED_WRONG))


def test_zeros_that_are_not_there_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "framed", lambda steps, written: steps)
    text = (
        "input 6x6x3 -> conv 8 k3 p1 tanh -> conv 4 k6 tanh -> conv 4 k3 p1 tanh -> upsample 4 -> conv 8 k3 -> dense 3"
    )
    assert any("prediction" in line for line in faults(text))


def test_values_that_lie_where_others_are_still_wanted_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def each_alone(regions: list[list[Step]]) -> list[tuple[int, int]]:
        return [(n, n) for n in range(sum(map(len, regions)))]

    monkeypatch.setattr(memory, "_segments", each_alone)
    assert any("prediction" in line for line in faults(NETWORKS[0], 6))
