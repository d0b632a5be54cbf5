"""Every optimiser follows its formula, on all weights, step by step."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer

CASES = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9),
    Optimizer("sgd", momentum=0.8, nesterov=True, weight_decay=0.1),
    Optimizer("rmsprop", alpha=0.9),
    Optimizer("rmsprop", momentum=0.5, weight_decay=0.01),
    Optimizer("adagrad"),
    Optimizer("adam", weight_decay=0.1),
    Optimizer("adamw", weight_decay=0.1),
]


def expected(
    o: Optimizer, w: np.ndarray, g: np.ndarray, memory: dict[str, np.ndarray], t: int, lr: float
) -> np.ndarray:
    if o.kind == "adamw":
        w = w * (1 - lr * o.weight_decay)
    else:
        g = g + o.weight_decay * w
    if o.kind == "sgd":
        if o.momentum:
            memory["m"] = g if t == 1 else o.momentum * memory["m"] + g
            g = g + o.momentum * memory["m"] if o.nesterov else memory["m"]
        return w - lr * g
    if o.kind == "rmsprop":
        memory["s"] = o.alpha * memory.get("s", 0) + (1 - o.alpha) * g * g
        d = g / (np.sqrt(memory["s"]) + o.eps)
        memory["m"] = o.momentum * memory.get("m", 0) + d
        return w - lr * memory["m"]
    if o.kind == "adagrad":
        memory["s"] = memory.get("s", 0) + g * g
        return w - lr * g / (np.sqrt(memory["s"]) + o.eps)
    memory["m"] = o.beta1 * memory.get("m", 0) + (1 - o.beta1) * g
    memory["v"] = o.beta2 * memory.get("v", 0) + (1 - o.beta2) * g * g
    return w - lr * memory["m"] / (1 - o.beta1**t) / (np.sqrt(memory["v"] / (1 - o.beta2**t)) + o.eps)


@pytest.mark.parametrize("optimizer", CASES, ids=str)
def test_steps_follow_the_formula(optimizer: Optimizer) -> None:
    rng = np.random.default_rng(0)
    net = convdsl.parse("input 5x5x2 -> conv 3 k3 tanh -> dense 4")
    model = Model(net, batch=6, optimizer=optimizer)
    x, y = rng.standard_normal((6, 5, 5, 2)).astype(np.float32), rng.integers(0, 4, 6)
    memory: dict[str, dict[str, np.ndarray]] = {}
    for t in range(1, 4):
        before, gradients = model.weights, model.gradients(x, y)
        model.train_step(x, y, 0.05)
        for name, after in model.weights.items():
            wanted = expected(
                optimizer,
                before[name].astype(float),
                gradients[name].astype(float),
                memory.setdefault(name, {}),
                t,
                0.05,
            )
            np.testing.assert_allclose(after, wanted, rtol=2e-4, atol=2e-6)


def test_an_unknown_optimiser_is_refused() -> None:
    with pytest.raises(ValueError, match="lion"):
        Optimizer("lion")
