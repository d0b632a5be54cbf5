"""The contract of every layer on a simulated GPU: values, gradients and a step of training are the CPU's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.layers import LAYERS
from tests.engine.checking import labels_of, moved
from tests.engine.cuda.simulator import Simulator
from tests.engine.programs import PROGRAMS
from tests.engine.test_losses import CASES
from tests.engine.test_saving import SHARED
from tests.random_networks import networks

TOLERANCE = 2e-4
SEED = 5


def close(found: np.ndarray, expected: np.ndarray, what: str, scale: float = 1e-3) -> None:
    error = np.abs(found - expected).max() / max(float(np.abs(expected).max()), scale)
    assert found.shape == expected.shape and error < TOLERANCE, f"{what}: relative error {error:.2e}"


def answers(found: Any) -> list[np.ndarray]:
    """What each output answers."""
    return list(found.values()) if isinstance(found, dict) else [found]


def pair(text: str, images: int = 3, **options: Any) -> tuple[Model, Model, np.ndarray, Any]:
    """The same weights on the CPU and on the simulated GPU, with images and labels; the batch has room for one more."""
    net = convdsl.parse(text)
    rng = np.random.default_rng(0)
    cpu = Model(net, batch=images + 1, **options)
    gpu = Model(net, batch=images + 1, device="cuda", **options)
    weights = {n: w + 0.2 * rng.standard_normal(w.shape).astype(np.float32) for n, w in cpu.weights.items()}
    statistics = moved(cpu, rng)
    for model in (cpu, gpu):
        model.load_weights({**weights, **statistics})
    x = rng.standard_normal((images, *net.input)).astype(np.float32)
    return cpu, gpu, x, labels_of(net, images, rng)


def check(text: str, **options: Any) -> None:
    cpu, gpu, x, labels = pair(text, **options)
    for number, (one, other) in enumerate(zip(answers(gpu.predict(x)), answers(cpu.predict(x)), strict=True)):
        close(one, other, f"{text}: prediction {number}")
    expected, found = cpu.gradients(x, labels, SEED), gpu.gradients(x, labels, SEED)
    assert set(found) == set(expected)
    scale = 1e-2 * max((float(np.abs(g).max()) for g in expected.values()), default=1.0)
    for name, gradient in expected.items():
        close(found[name], gradient, f"{text}: gradient of {name}", scale)
    assert gpu.train_step(x, labels, 0.01, SEED) == pytest.approx(cpu.train_step(x, labels, 0.01, SEED), rel=1e-4)
    for name, weight in {**cpu.weights, **cpu.buffers}.items():
        close({**gpu.weights, **gpu.buffers}[name], weight, f"{text}: {name} after a step")
    found_seen, seen = gpu.evaluate(x, labels), cpu.evaluate(x, labels)
    assert found_seen.loss == pytest.approx(seen.loss, rel=1e-3, abs=1e-5)
    for one, other in zip(answers(found_seen.predictions), answers(seen.predictions), strict=True):
        close(one, other, f"{text}: what is evaluated")  # classes, or the values of several outputs


def _program(layer: Any) -> str:
    head = "" if layer.example.startswith("input") else "input 8x8x4\nconv 4 k1\n"
    return f"{head}{layer.example}\ndense 3 softmax"


@pytest.mark.parametrize("layer", [pytest.param(x, id=x.name) for x in LAYERS if x.example])
def test_every_layer_is_the_same_on_both(layer: Any, simulator: Simulator) -> None:
    check(_program(layer))


@pytest.mark.parametrize("text", PROGRAMS)
def test_every_option_is_the_same_on_both(text: str, simulator: Simulator) -> None:
    check(text)


def test_sums_in_many_parts_are_the_same_on_both(simulator: Simulator) -> None:
    check("input 20x20x2 -> conv 3 k3 -> bn relu -> dense 3")
    assert max(b for launch in simulator.ran if launch.name == "contract" for b in launch.blocks[1:]) > 8


@pytest.mark.parametrize("text", [*networks(4, seed=4, most=400)])
def test_random_networks_are_the_same_on_both(text: str, simulator: Simulator) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [SHARED[0], SHARED[4], "input 5x5x3 -> conv 4 k3 nobias -> bn tanh -> conv 4 k3 p1 tanh -> bn relu6 -> dense 3"],
)
@pytest.mark.parametrize("rewrites", ["", "all"])
def test_gradients_that_are_shared_or_not_are_the_same_on_both(
    text: str, rewrites: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVDSL_WITHOUT", rewrites)
    check(text)


OPTIMIZERS = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9, nesterov=True, weight_decay=0.01),
    Optimizer("rmsprop", weight_decay=0.01),
    Optimizer("rmsprop", momentum=0.5),
    Optimizer("adagrad"),
    Optimizer("adam", weight_decay=0.01),
    Optimizer("adamw", weight_decay=0.01),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_optimiser_takes_the_same_steps(optimizer: Optimizer, simulator: Simulator) -> None:
    cpu, gpu, x, labels = pair("input 5x5x2 -> conv 3 k3 relu -> dense 3", optimizer=optimizer)
    for _ in range(3):
        cpu.train_step(x, labels, 0.01)
        gpu.train_step(x, labels, 0.01)
    for name, weight in cpu.weights.items():
        close(gpu.weights[name], weight, name)
    for name, state in cpu.optimizer_state().items():
        close(np.asarray(gpu.optimizer_state()[name], np.float64), np.asarray(state, np.float64), name, 1e-6)


def test_regression_and_smoothing_are_the_same_on_both(simulator: Simulator) -> None:
    text = "input 4x4x2 -> conv 3 k3 tanh -> dense 5"
    cpu, gpu, x, _ = pair(text, loss="mse")
    targets = np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32)
    for name, gradient in cpu.gradients(x, targets).items():
        close(gpu.gradients(x, targets)[name], gradient, name)
    assert gpu.evaluate(x, targets).loss == pytest.approx(cpu.evaluate(x, targets).loss, rel=1e-5)
    check(text, label_smoothing=0.1)


@pytest.mark.parametrize("case", CASES)
def test_every_loss_is_the_same_on_both(case: str, simulator: Simulator) -> None:
    text, x, targets, kind, table, _ = CASES[case]
    cpu, gpu, _, _ = pair(text, images=7, loss=kind, weighted=table is not None)
    for model in (cpu, gpu):
        if table is not None:
            model.weigh(table)
    for name, gradient in cpu.gradients(x, targets).items():
        close(gpu.gradients(x, targets)[name], gradient, name, 1e-2)
    index = np.array([4, 1, 6])
    assert gpu.train_step(x, targets, 0.1, 0, index) == pytest.approx(
        cpu.train_step(x, targets, 0.1, 0, index), rel=1e-4
    )
    found, expected = gpu.evaluate(x, targets), cpu.evaluate(x, targets)
    assert found.loss == pytest.approx(expected.loss, rel=1e-4)
    assert found.accuracy == pytest.approx(expected.accuracy, nan_ok=True)


def test_answers_at_every_position_of_a_map(simulator: Simulator) -> None:
    cpu, gpu, x, _ = pair("input 4x4x2 -> conv 3 k3 p1")
    labels = np.random.default_rng(2).integers(0, 3, (3, 16))
    assert gpu.train_step(x, labels, 0.1) == pytest.approx(cpu.train_step(x, labels, 0.1), rel=1e-5)
    assert np.array_equal(gpu.evaluate(x, labels).predictions, cpu.evaluate(x, labels).predictions)


def test_every_layer_can_be_looked_at(simulator: Simulator) -> None:
    cpu, gpu, x, _ = pair("input 6x6x2 -> conv 3 k3 relu -> maxpool 2 -> bn -> dense 3 softmax")
    for layer in range(5):
        close(gpu.activations(x, layer), cpu.activations(x, layer), f"layer {layer}")


def test_what_an_answer_depends_on_is_the_same_on_both(simulator: Simulator) -> None:
    text = "input 5x5x2 -> conv 3 k3 relu -> add { identity | conv 3 k1 -> bn tanh } -> maxpool 2 -> dense 3 softmax"
    cpu, gpu, x, _ = pair(text, images=1)
    for layer in (0, 1):
        close(gpu.sensitivity(x, 2, layer), cpu.sensitivity(x, 2, layer), f"layer {layer}")
