"""What stands inside `freeze` keeps its bytes, whatever trains around it; its `bn` normalise with their statistics."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.plan import plan
from convdsl.engine.plan.values import GPU, Target
from tests.engine.checking import excited
from tests.engine.cuda.simulator import Simulator
from tests.engine.reference import forward

OPTIMIZERS = [
    Optimizer("sgd", weight_decay=0.1),
    Optimizer("sgd", momentum=0.9, nesterov=True, weight_decay=0.1),
    Optimizer("rmsprop", momentum=0.5, weight_decay=0.1),
    Optimizer("adagrad", weight_decay=0.1),
    Optimizer("adam", weight_decay=0.1),
    Optimizer("adamw", weight_decay=0.1),
]
INSIDE = "conv 6 k3 p1 -> bn relu -> dwconv k3 prelu -> bn -> ln -> scale -> tconv 4 k2 -> local 4 k2 -> bn tanh"
NETS = {
    "first": f"input 7x7x2 -> freeze {{ {INSIDE} }} -> conv 5 k3 -> bn relu -> dense 3",
    "middle": f"input 7x7x2 -> conv 3 k3 p1 -> bn -> freeze {{ {INSIDE} }} -> dense 3 softmax",
    "beside": f"input 7x7x2 -> residual {{ conv 2 k1 -> freeze {{ conv 2 k1 -> bn }} }} -> freeze {{ {INSIDE} }} -> dense 3",
}


def state(model: Model) -> dict[str, bytes]:
    return {n: a.tobytes() for n, a in {**model.weights, **model.buffers}.items()}


def changed(model: Model, before: dict[str, bytes]) -> set[bool]:
    """Whether frozen tensors and whether others differ from before, as (frozen, changed) of each."""
    frozen = {n.index for n in model.net.nodes if n.frozen}
    return {(int(n.split(".")[0]) in frozen, b != before[n]) for n, b in state(model).items()}  # type: ignore[misc]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("text", NETS.values(), ids=NETS)
def test_no_byte_inside_changes_and_every_tensor_outside_does(text: str, optimizer: Optimizer) -> None:
    model, x, labels = excited(convdsl.parse(text), optimizer=optimizer)
    before = state(model)
    for step in range(3):
        model.train_step(x + step, labels, 0.01, step_seed=step)
    assert changed(model, before) == {(True, False), (False, True)}


@pytest.mark.parametrize("text", NETS.values(), ids=NETS)
def test_no_byte_inside_changes_step_by_step(text: str) -> None:
    model, x, labels = excited(convdsl.parse(text), device="plain", optimizer=Optimizer("adamw", weight_decay=0.1))
    before = state(model)
    for step in range(2):
        model.train_step(x + step, labels, 0.01, step_seed=step)
    assert changed(model, before) == {(True, False), (False, True)}


@pytest.mark.parametrize("text", NETS.values(), ids=NETS)
def test_no_byte_inside_changes_on_a_gpu(text: str, simulator: Simulator) -> None:
    model, x, labels = excited(convdsl.parse(text), device="cuda", optimizer=Optimizer("adamw", weight_decay=0.1))
    before = state(model)
    model.train_step(x, labels, 0.01)
    assert changed(model, before) == {(True, False), (False, True)}


def test_a_frozen_feature_is_the_same_before_and_after_training_on_other_images() -> None:
    net = convdsl.parse("input 8x8x3 -> freeze { conv 8 k3 -> bn relu } -> gap -> dense 3 softmax")
    model, x, labels = excited(net)
    before = model.activations(x, 2)
    for _ in range(5):
        model.train_step(1 - 10 * x, labels, 0.1)
    assert model.activations(x, 2).tobytes() == before.tobytes()


def test_a_batch_of_one_image_is_normalised_as_at_inference() -> None:
    net = convdsl.parse("input 4x4x2 -> freeze { conv 3 k1 -> bn } -> dense 2")
    model, x, labels = excited(net, images=1)
    weights = {**model.weights, **model.buffers}
    z = forward(net, weights, x)[-1][0]
    expected = -np.log(np.exp(z)[labels[0]] / np.exp(z).sum())
    assert model.train_step(x, labels, 0.0)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("target", [Target(), GPU], ids=["cpu", "gpu"])
def test_nothing_below_is_computed_that_nothing_needs(target: Target) -> None:
    def kinds(text: str) -> set[str]:
        found = plan(convdsl.parse(text), 4, Optimizer("sgd"), target)
        return {s.kind for r in found.training.regions for s in r.steps}

    below = kinds("input 8x8x2 -> freeze { conv 4 k3 -> bn relu -> maxpool 2 -> conv 4 k1 -> bn relu } -> dense 3")
    assert not below & {"bn_sum", "bn_sum_gradient", "bn_input", "spread", "correlate", "pool_gradient"}
    through = kinds("input 8x8x2 -> conv 4 k3 -> freeze { bn relu -> conv 4 k1 } -> dense 3")
    assert {"bn_input", "spread"} <= through and not through & {"bn_sum", "bn_sum_gradient"}


def test_pytorch_with_frozen_layers_in_eval_agrees() -> None:
    torch = pytest.importorskip("torch")
    from tests.engine.test_pytorch import gradients_agree

    for text in (
        *NETS.values(),
        "input 9x9x16 -> conv 16 k3 -> freeze { bn relu } -> conv 32 k3 s2 -> freeze { bn } -> dense 3",
    ):
        gradients_agree(text.replace("ln -> scale -> ", ""))
    assert torch is not None
