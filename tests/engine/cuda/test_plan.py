"""Plans for a GPU: what lives at the same time lies apart, and frames of zeros stay zeros."""

from __future__ import annotations

import pytest

import convdsl
from convdsl.engine.cuda.bind import Arrays
from convdsl.engine.cuda.bindings import bind_training
from convdsl.engine.errors import EngineError
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Plan, Value, plan
from convdsl.engine.plan.values import GPU
from tests.engine.cuda.recorder import Recorder
from tests.engine.programs import PROGRAMS

BATCH = 8


def made(text: str) -> Plan:
    return plan(convdsl.parse(text), BATCH, Optimizer("adam"), GPU)


def lives(found: Plan) -> dict[Value, tuple[int, int]]:
    """The first and the last step of each value of the training program."""
    result: dict[Value, tuple[int, int]] = {}
    (region,) = found.training.regions
    for number, step in enumerate(region.steps):
        for value in step.values():
            first, _ = result.get(value.root, (number, number))
            result[value.root] = (first, number)
    return result


@pytest.mark.parametrize("text", PROGRAMS)
def test_values_that_live_together_do_not_overlap_and_frames_are_kept(text: str) -> None:
    values = lives(made(text))
    for a, (first, last) in values.items():
        for b, (begin, end) in values.items():
            apart = a.offset + a.pitch * BATCH <= b.offset or b.offset + b.pitch * BATCH <= a.offset
            together = begin <= last and first <= end
            assert a is b or apart or not together, (a.name, b.name)
            alike = (a.shape, a.frame, a.offset) == (b.shape, b.frame, b.offset)
            assert apart or alike or not (a.framed or b.framed), (a.name, b.name)


def test_a_plan_for_a_gpu_is_printed() -> None:
    text = str(made("input 9x9x3 -> conv 8 k3 relu -> maxpool 2 -> dense 10 softmax"))
    assert "gather_pool" in text and "each for the whole batch" in text and "a GPU" in text


def test_activations_are_part_of_the_product_before_them() -> None:
    (region,) = made("input 6x6x3 -> conv 4 k3 tanh -> dense 5 sigmoid -> dense 3").training.regions
    kinds = [s.kind for s in region.steps]
    assert "activate" not in kinds
    assert [
        s.settings["activation"][0] for s in region.steps if s.kind in ("gather", "dense") and s.settings["activation"]
    ] == [
        "tanh",
        "sigmoid",
    ]


def test_values_beyond_what_kernels_can_count_are_refused() -> None:
    net = convdsl.parse("input 1024x1024x3 -> conv 64 k3 p1 relu -> gap -> dense 2")
    found = plan(net, 64, Optimizer("sgd"), GPU)
    with pytest.raises(EngineError, match="smaller batch"):
        bind_training(found, Arrays(found, Recorder()))
