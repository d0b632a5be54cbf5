"""The contract of every layer in the plain interpreter: against the reference, and a step of training is the CPU's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.devices import choose
from convdsl.engine.errors import MemoryRefused
from convdsl.engine.plain.backend import PlainBackend
from convdsl.engine.plain.steps import STEPS
from convdsl.engine.plan.kinds import KINDS, ONLY_IN_BLOCKS, ONLY_WHOLE
from convdsl.layers import LAYERS
from tests.engine import checking
from tests.engine.programs import PROGRAMS
from tests.engine.test_saving import SHARED
from tests.random_networks import networks

ROOT = Path(__file__).resolve().parents[3]

TOLERANCE = 2e-4
JOINED = {"activate", "gather_pool"}
"""Kinds that only rewrites make."""


def test_it_knows_the_kinds_that_its_plans_have() -> None:
    assert set(STEPS) == set(KINDS) - ONLY_IN_BLOCKS - ONLY_WHOLE - JOINED


@pytest.mark.parametrize("layer", [pytest.param(x, id=x.name) for x in LAYERS if x.example])
def test_every_layer_computes_what_its_definition_says(layer: Any) -> None:
    head = "" if layer.example.startswith("input") else "input 8x8x4\nconv 4 k1\n"
    checking.check(f"{head}{layer.example}\ndense 3 softmax", device="plain")


@pytest.mark.parametrize("text", PROGRAMS)
def test_every_option_computes_what_its_definition_says(text: str) -> None:
    checking.check(text, device="plain")


@pytest.mark.parametrize("text", PROGRAMS[::3])
def test_in_float64_it_is_the_definition_to_the_last_digits(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes out is float32, so that seven digits are all that can be seen."""
    monkeypatch.setattr(PlainBackend, "dtype", np.float64)
    monkeypatch.setattr(checking, "TOLERANCE", 1e-6)
    checking.check(text, device="plain")


def test_a_plan_beyond_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainBackend, "free_memory", staticmethod(lambda: 10_000))
    with pytest.raises(MemoryRefused):
        Model(convdsl.parse("input 28x28x1 -> conv 8 k3 -> dense 10"), batch=64, device="plain")


@pytest.mark.parametrize("text", [*networks(5, seed=3, most=500), *SHARED])
def test_random_and_shared_networks_agree_with_the_reference(text: str) -> None:
    checking.check(text, device="plain")


def close(found: Any, expected: Any, what: str, scale: float = 1e-3) -> None:
    error = np.abs(found - expected).max() / max(float(np.abs(expected).max()), scale)
    assert found.shape == expected.shape and error < TOLERANCE, f"{what}: relative error {error:.2e}"


def pair(text: str, images: int = 3, **options: Any) -> tuple[Model, Model, np.ndarray, np.ndarray]:
    """The same weights on the CPU and in the interpreter, with images and labels."""
    cpu, x, labels = checking.excited(convdsl.parse(text), images, **options)
    plain = Model(cpu.net, batch=images + 1, device="plain", **options)
    plain.load_weights({**cpu.weights, **cpu.buffers})
    return cpu, plain, x, labels


def steps(cpu: Model, plain: Model, x: np.ndarray, labels: np.ndarray, what: str) -> None:
    """Gradients, three steps, what is left after them, and evaluation."""
    expected = cpu.gradients(x, labels, 5)
    scale = 1e-2 * max((float(np.abs(g).max()) for g in expected.values()), default=1.0)
    for name, gradient in plain.gradients(x, labels, 5).items():
        close(gradient, expected[name], f"{what}: gradient of {name}", scale)
    for _ in range(3):
        assert plain.train_step(x, labels, 0.01, 5) == pytest.approx(cpu.train_step(x, labels, 0.01, 5), rel=1e-4)
    for name, weight in {**cpu.weights, **cpu.buffers}.items():
        close({**plain.weights, **plain.buffers}[name], weight, f"{what}: {name}")
    states = cpu.optimizer_state()
    for name, state in states.items():
        alike = [np.abs(other).max() for n, other in states.items() if n.rsplit(".")[-1] == name.rsplit(".")[-1]]
        close(np.float64(plain.optimizer_state()[name]), np.float64(state), name, 1e-2 * float(max(alike)) + 1e-9)
    found, seen = plain.evaluate(x, labels), cpu.evaluate(x, labels)
    assert found.loss == pytest.approx(seen.loss, rel=1e-3, abs=1e-5)
    assert found.accuracy == pytest.approx(seen.accuracy, nan_ok=True)


STEPPED = [
    "input 6x6x2 -> conv 4 k3 relu -> residual drop=0.4 { conv 4 k3 p1 relu -> droppath 0.2 } relu -> dense 3 softmax",
    "input 6x6x2 -> conv 4 k3 relu -> dropout 0.3 -> bn relu -> dense 3 softmax",
    "input 6x6x2 -> conv 4 k3 -> freeze { conv 4 k1 -> bn tanh } -> aux 0.3 { gap -> dense 3 } -> dense 3",
    "input 4x4x2 -> conv 4 k3 p1 -> bn -> mul { identity | gap -> conv 4 k1 sigmoid } -> "
    "concat { dropout 0.5 | identity } -> gap -> dense 3",
]
OPTIMIZERS = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9, nesterov=True, weight_decay=0.01),
    Optimizer("rmsprop", weight_decay=0.01),
    Optimizer("rmsprop", momentum=0.5),
    Optimizer("adagrad"),
    Optimizer("adam", weight_decay=0.01),
    Optimizer("adamw", weight_decay=0.01),
]


@pytest.mark.parametrize("text", [*STEPPED, SHARED[0]])
def test_steps_are_the_cpus(text: str) -> None:
    steps(*pair(text), text)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_optimiser_takes_the_same_steps(optimizer: Optimizer) -> None:
    steps(*pair(STEPPED[1], optimizer=optimizer), str(optimizer))


def _losses() -> dict[str, tuple[Any, ...]]:
    rng = np.random.default_rng(3)
    yes = rng.integers(-1, 2, (7, 5)).astype(np.float32)
    table = np.array([[0.5, 2.0], [1.0, 1.0], [3.0, 0.25], [1.0, 4.0], [0.7, 0.1]], np.float32)
    flat, spots = "input 6x6x2 -> conv 3 k3 relu -> dense 5", "input 6x6x2 -> conv 3 k3 p1"
    return {
        "binary": (f"{flat} sigmoid", abs(yes), "binary_cross_entropy", None, {}),
        "binary-weighted": (f"{flat} sigmoid", yes, "binary_cross_entropy", table, {}),
        "mse": (flat, rng.normal(size=(7, 5)).astype(np.float32), "mse", None, {}),
        "mae": (flat, rng.normal(size=(7, 5)).astype(np.float32), "mae", None, {}),
        "smooth": (flat, rng.integers(0, 5, 7), "cross_entropy", None, {"label_smoothing": 0.1}),
        "map": (spots, rng.integers(0, 3, (7, 36)), "cross_entropy", None, {}),
        "map-weighted": (spots, rng.integers(-1, 3, (7, 36)), "cross_entropy", np.array([0.5, 2, 1], np.float32), {}),
    }


@pytest.mark.parametrize("case", _losses())
def test_every_loss_is_the_cpus(case: str) -> None:
    text, targets, kind, table, options = _losses()[case]
    cpu, plain, x, _ = pair(text, 7, loss=kind, weighted=table is not None, **options)
    for model in (cpu, plain):
        if table is not None:
            model.weigh(table)
    index = np.array([4, 1, 6])
    assert plain.train_step(x, targets, 0.1, 0, index) == pytest.approx(
        cpu.train_step(x, targets, 0.1, 0, index), rel=1e-4
    )
    steps(cpu, plain, x, targets, case)


CHANGES = [
    {"flip": "both", "shift": 2, "crop": 1},
    {"rotate": 20.0, "scale": 0.2, "shear": 10.0, "flip": "horizontal"},
    {"contrast": 0.3, "brightness": 0.2, "noise": 0.1, "cutout": 3},
]


@pytest.mark.parametrize("given", CHANGES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_images_are_changed_as_on_the_cpu(given: dict[str, Any], kind: Any) -> None:
    zero = dict.fromkeys(("shift", "crop", "cutout"), 0) | dict.fromkeys(
        ("rotate", "shear", "scale", "contrast", "brightness", "noise"), 0.0
    )
    changes = SimpleNamespace(**{"flip": "", **zero, **given})
    cpu, plain, _, _ = pair("input 8x9x2 -> dense 3")
    images = np.random.default_rng(0).integers(0, 255, (12, 8, 9, 2)).astype(kind)
    index = np.array([3, 0, 7])
    expected = np.array(cpu.augmenter(changes, 1).apply(images, index, 2))
    close(plain.augmenter(changes, 1).apply(images, index, 2), expected, str(given))


def test_the_best_device_is_never_this_one_while_another_works() -> None:
    assert choose("auto")[0].name != "plain"


def test_it_runs_where_numba_does_not() -> None:
    code = (
        "import sys; sys.modules['numba'] = None; sys.modules['llvmlite'] = None\n"
        "import convdsl, numpy as np; from convdsl.engine import Model\n"
        "m = Model(convdsl.parse('input 4x4x1 -> conv 2 k3 gelu -> dropout 0.5 -> bn -> dense 2'), batch=4, device='plain')\n"
        "x = np.ones((4, 4, 4, 1), np.float32); m.train_step(x, np.array([0, 1, 0, 1]), 0.1); m.evaluate(x, np.array([0, 1, 0, 1]))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_network_trains_where_no_compiler_is(tmp_path: Path) -> None:
    """From the command line, with what `--device auto` takes there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u, sys\n"
        "gone = ('numba', 'llvmlite', 'wasmtime')\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in gone: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name.split('.')[0] in gone else real(name, *a)\n"
    )
    (tmp_path / "net.cnn").write_text("input 28x28x1 -> conv 2 k5 relu -> maxpool 4 -> dense 10 softmax\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "convdsl",
            "run",
            "net.cnn",
            "--no-report",
            "--epochs",
            "1",
            "--limit",
            "300",
            "--validation",
            "50",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in NumPy, step by step" in done.stdout and "test accuracy" in done.stdout
