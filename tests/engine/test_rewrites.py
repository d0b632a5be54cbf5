"""What a plan rewrites can be switched off, and then the network computes the same."""

from __future__ import annotations

import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.errors import BadInput
from convdsl.engine.plan import plan
from convdsl.engine.plan.rewrites import REWRITES
from convdsl.engine.plan.values import GPU
from tests.engine.agreement import Results, differences, results, without
from tests.engine.checking import excited
from tests.random_networks import networks

IMAGES = 21

NETWORKS = [
    "input 8x8x16 -> conv 16 k3 p1 relu -> maxpool 2 -> conv 16 k3 p1 tanh -> bn relu6 -> "
    "residual { conv 16 k3 p1 nobias -> bn tanh } -> dense 80 relu -> dense 3",
    "input 6x6x3 -> conv 3 k1 elu -> add { dwconv k1 nobias | conv 3 k5 p2 nobias } -> "
    "add { identity | conv 3 k3 p1 nobias } -> bn sigmoid -> conv 4 k6 tanh -> dense 3",
    "input 8x8x3 -> conv 8 k3 selu -> maxpool 2 -> conv 8 k3 elu -> dense 20 -> bn leaky_relu -> dense 3",
    "input 26x26x1 -> conv 32 k3 tanh -> dense 5 relu -> dense 3",
    "input 12x12x3 -> conv 8 k3 nobias -> bn relu6 -> dwconv k3 p1 nobias -> bn relu6 -> conv 16 k1 nobias -> bn -> "
    "concat { identity | conv 4 k1 } hardsigmoid -> gap -> dense 3 softmax",
    "input 6x6x4 -> conv 4 k3 p1 -> mul { identity | gap -> conv 4 k1 sigmoid } -> ln tanh -> gn 2 elu -> lrn -> dropout 0.2 "
    "-> scale relu6 -> dense 3",
    "input 33x32x8 -> dense 128 relu -> dense 3",
]
"""In these there is each of the rewrites."""


def computed(text: str, *off: str) -> tuple[str, Results]:
    with without(*off):
        model, x, labels = excited(convdsl.parse(text), IMAGES)
        return str(model.plan), results(model, x, labels)


def changed_by(text: str, rewrites: list[str]) -> list[str]:
    """Those without which the plan is another one; there, and without all of them, the results must be the same."""
    plan_of_all, found = computed(text)
    changed = []
    for rewrite in [*rewrites, "all"]:
        with without(rewrite):
            if str(Model(convdsl.parse(text), batch=IMAGES + 1).plan) == plan_of_all:
                continue
        changed.append(rewrite)
        lines = differences(found, computed(text, rewrite)[1], None)
        assert not lines, f"without {rewrite}: {text}: {lines}"
    return changed


def test_each_rewrite_changes_a_plan_and_no_result() -> None:
    seen = {rewrite for text in NETWORKS for rewrite in changed_by(text, list(REWRITES))}
    left = set(REWRITES) - seen - {"epilogues"}  # that one is for GPUs
    if Model(convdsl.parse(NETWORKS[0]), batch=4).plan.target.registers < 32:
        left -= {"winograd"}
    assert not left, f"none of the networks has {left}"


@pytest.mark.parametrize("text", [*networks(8, seed=5, most=2000)])
def test_random_networks_compute_the_same_without_any(text: str) -> None:
    changed_by(text, [])


def test_epilogues_of_a_gpu() -> None:
    text = "input 5x5x3 -> conv 4 k3 tanh -> dense 3"
    plans = []
    for off in ("", "epilogues"):
        with without(off):
            plans.append(str(plan(convdsl.parse(text), 4, Optimizer("sgd"), GPU)))
    assert "gather + tanh" in plans[0] and "gather + tanh" not in plans[1]


def test_a_name_that_is_none() -> None:
    with without("winograd", "sorcery"), pytest.raises(BadInput, match=r"`sorcery`.*winograd"):
        Model(convdsl.parse("input 4 -> dense 3"))
