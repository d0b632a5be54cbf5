"""Optimisers and schedules beside PyTorch's, and the differences that docs/settings.md names."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.training.model import settings_of
from convdsl.training.schedule import Patience, learning_rate

torch = pytest.importorskip("torch", reason="PyTorch is not installed (the extra test-foreign)")

OPTIMISERS = {
    "sgd weight_decay=0.1": ("SGD", {"weight_decay": 0.1}),
    "sgd momentum=0.8": ("SGD", {"momentum": 0.8}),
    "momentum weight_decay=0.05": ("SGD", {"momentum": 0.9, "weight_decay": 0.05}),
    "nesterov weight_decay=0.05": ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop momentum=0.5 alpha=0.9 weight_decay=0.1": (
        "RMSprop",
        {"momentum": 0.5, "alpha": 0.9, "weight_decay": 0.1},
    ),
    "adagrad": ("Adagrad", {"eps": 1e-8}),
    "adagrad weight_decay=0.1": ("Adagrad", {"eps": 1e-8, "weight_decay": 0.1}),
    "adam": ("Adam", {}),
    "adam beta1=0.8 beta2=0.95 eps=0.0001 weight_decay=0.1": (
        "Adam",
        {"betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1},
    ),
    "adamw": ("AdamW", {"weight_decay": 0.0}),
    "adamw weight_decay=0.1": ("AdamW", {"weight_decay": 0.1}),
}
SCHEDULES: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "step every=3 gamma=0.5": (lambda s, o: s.StepLR(o, 3, 0.5), 0),
    "step": (lambda s, o: s.StepLR(o, 10, 0.1), 0),
    "exponential gamma=0.9": (lambda s, o: s.ExponentialLR(o, 0.9), 0),
    "cosine": (lambda s, o: s.CosineAnnealingLR(o, 24), 0),
    "cosine warmup=4 min=0.01": (lambda s, o: s.CosineAnnealingLR(o, 20, eta_min=0.01), 4),
    "step every=5 gamma=0.3 warmup=2": (lambda s, o: s.StepLR(o, 5, 0.3), 2),
}
NET = "input 7 -> dense 5 tanh -> dense 4 softmax"


@pytest.mark.parametrize("text", OPTIMISERS)
def test_twenty_steps_of_an_optimiser(text: str) -> None:
    kind, options = OPTIMISERS[text]
    rng = np.random.default_rng(0)
    model = convdsl.parse(NET).compile(batch=6, threads=1, optimizer=text)
    weights = {k: torch.tensor(v.copy(), dtype=torch.float64, requires_grad=True) for k, v in model.weights.items()}
    optimiser = getattr(torch.optim, kind)(list(weights.values()), lr=0.02, **options)
    for _ in range(20):
        x, labels = rng.standard_normal((6, 7)).astype(np.float32), rng.integers(0, 4, 6)
        model.train_step(x, labels, 0.02)
        first, shift, second, end = weights.values()
        hidden = torch.tanh(torch.tensor(x).double() @ first.T + shift)
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(hidden @ second.T + end, torch.tensor(labels)).backward()
        optimiser.step()
    for name, weight in weights.items():
        np.testing.assert_allclose(model.weights[name], weight.detach().numpy(), rtol=3e-4, atol=3e-5, err_msg=name)


@pytest.mark.parametrize("text", SCHEDULES)
def test_rates_of_a_schedule(text: str) -> None:
    make, warm = SCHEDULES[text]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    other = make(torch.optim.lr_scheduler, optimiser)
    wanted = [0.1 * t / warm for t in range(1, warm)]
    for _ in range(24 - warm):
        wanted.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        other.step()
    schedule = settings_of(convdsl.parse(NET), {"schedule": text, "lr": 0.1}).schedule
    found = [learning_rate(schedule, 0.1, float(t), 24) for t in range(1 if warm else 0, 24)]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_plateau_waits_one_epoch_less_for_an_absolute_progress(patience: int) -> None:
    losses = np.random.default_rng(patience).uniform(0.5, 1, 40) * np.linspace(1, 0.7, 40)
    schedule = settings_of(convdsl.parse(NET), {"schedule": f"plateau patience={patience} factor=0.5"}).schedule
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.5, patience=patience - 1, threshold=1e-4, threshold_mode="abs", eps=0
    )
    watch, reductions = Patience(), 0
    for loss in losses:
        wanted = optimiser.param_groups[0]["lr"]
        assert learning_rate(schedule, 0.1, 1.0, 40, reductions) == pytest.approx(wanted)
        if not watch.better(loss, 1e-4) and watch.waits >= schedule.patience:
            reductions, watch.waits = reductions + 1, 0
        other.step(loss)
    assert reductions


def test_the_defaults_that_differ_are_those_of_the_documentation() -> None:
    """Ours, and PyTorch's as docs/settings.md states it."""
    net = convdsl.parse(NET)
    eps = {
        kind: signature(getattr(torch.optim, kind)).parameters["eps"].default for kind in ("Adagrad", "Adam", "RMSprop")
    }
    assert eps == {"Adagrad": 1e-10, "Adam": 1e-8, "RMSprop": 1e-8}
    assert settings_of(net, {"optimizer": "adagrad"}).optimizer.eps == 1e-8
    assert signature(torch.optim.AdamW).parameters["weight_decay"].default == 0.01
    assert settings_of(net, {"optimizer": "adamw"}).optimizer.weight_decay == 0
    rates = {
        kind: signature(getattr(torch.optim, kind)).parameters["lr"].default for kind in ("SGD", "RMSprop", "Adagrad")
    }
    assert rates == {"SGD": 0.001, "RMSprop": 0.01, "Adagrad": 0.01}
    plateau = signature(torch.optim.lr_scheduler.ReduceLROnPlateau).parameters
    assert [plateau[n].default for n in ("factor", "patience", "threshold", "threshold_mode")] == [0.1, 10, 1e-4, "rel"]


def test_label_smoothing_counts_in_evaluation_as_in_pytorch() -> None:
    z, labels = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32), np.array([0, 1, 2, 3, 1])
    model = convdsl.parse("input 4 -> softmax").compile(batch=5, threads=1, label_smoothing=0.2)
    smoothed = torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(labels), label_smoothing=0.2)
    assert model.evaluate(z, labels).loss == pytest.approx(float(smoothed), rel=1e-5)
