"""The contract of every layer in WebAssembly: against the reference, and a step of training is the CPU's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.errors import MemoryRefused
from convdsl.layers import LAYERS
from tests.engine import checking
from tests.engine.agreement import IMAGES, results
from tests.engine.checking import excited
from tests.engine.programs import PROGRAMS
from tests.engine.wasm import node
from tests.random_networks import networks

ROOT = Path(__file__).resolve().parents[3]

pytest.importorskip("wasmtime", reason="there is no wasmtime here (pip install convdsl[wasm])")


@pytest.mark.parametrize("layer", [pytest.param(x, id=x.name) for x in LAYERS if x.example])
def test_every_layer_computes_what_its_definition_says(layer: Any) -> None:
    head = "" if layer.example.startswith("input") else "input 8x8x4\nconv 4 k1\n"
    checking.check(f"{head}{layer.example}\ndense 3 softmax", images=2, device="wasm")


@pytest.mark.parametrize("text", PROGRAMS)
def test_every_option_is_what_it_is_on_the_other_devices(text: str) -> None:
    net = convdsl.parse(text)
    images = IMAGES[crc32(text.encode()) % len(IMAGES)]
    found, wanted = (results(*excited(net, images, device=device)) for device in ("wasm", "plain"))
    scale = max(float(np.abs(w).max()) for n, w in wanted.items() if "." in n and not n.startswith("prediction"))
    for name, value in wanted.items():
        least = 1e-2 * scale if "." in name and not name.startswith("prediction") else 1e-3
        error = np.abs(found[name] - value).max() / max(np.abs(value).max(), least)
        assert error < checking.TOLERANCE, f"{text}: {name}: relative error {error:.1e}"


@pytest.mark.parametrize("text", [*networks(2, seed=11, most=600)])
def test_random_networks_agree_with_the_reference(text: str) -> None:
    checking.check(text, images=2, device="wasm")


def test_more_memory_than_there_is_is_refused() -> None:
    """32 bits reach no further than 4 GiB."""
    net = convdsl.parse("input 2000x2000x3 -> conv 64 k3 p1 -> conv 64 k3 p1 -> gap -> dense 3")
    with pytest.raises(MemoryRefused):
        Model(net, batch=16, device="wasm")


WITHOUT = """
import sys
sys.modules |= {"numba": None, "llvmlite": None}
import numpy as np, convdsl
from convdsl.engine import Model
net = convdsl.parse("input 9x9x2 -> conv 6 k3 p1 relu -> bn -> maxpool 2 -> dropout 0.4 -> dense 7 tanh -> dense 4 softmax")
model = Model(net, batch=20, device="wasm", seed=1)
print(repr(model.train_step(np.arange(3240).reshape(20, 9, 9, 2).astype(np.uint8), np.arange(20) % 4, 0.01, 3)[0]))
"""


def test_it_trains_where_there_is_no_compiler() -> None:
    """numba and LLVM are not asked: what a browser's Python has is enough."""
    found = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert 0.5 < float(found.stdout) < 5


def test_what_a_model_gave_outlives_it() -> None:
    model = Model(convdsl.parse("input 5x5x1 -> conv 3 k3 -> dense 2"), batch=2, device="wasm")
    weights = {name: (array, array.copy()) for name, array in model.weights.items()}
    del model
    assert all(np.array_equal(array, before) for array, before in weights.values())


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
def test_a_browsers_engine_computes_the_same_bits(tmp_path: Path) -> None:
    net = convdsl.parse((ROOT / "examples" / "lenet5.cnn").read_text("utf-8"))
    rng = np.random.default_rng(0)
    x, labels = rng.integers(0, 256, (16, *net.input), np.uint8), rng.integers(0, 10, 16)
    model = Model(net, batch=16, seed=1, device="wasm", optimizer=Optimizer("sgd", momentum=0.9))
    model.train_step(x, labels, 0.05, 1)
    _, memory = node.steps(model, 16, tmp_path, 3)
    before = next(iter(model.weights.values())).copy()
    backend = model.backend
    for _ in range(3):
        backend._run("train", 16)
    weights = backend._arrays.weights
    start = backend._heap.address(weights)
    assert np.array_equal(memory[start : start + weights.nbytes].view(np.float32), weights)
    assert not np.array_equal(next(iter(model.weights.values())), before)


@pytest.mark.parametrize("name", ["fashion", "mnist", "cifar10_pool"])
def test_the_course_s_networks_learn_as_on_the_other_devices(name: str) -> None:
    """At these sizes the plan takes the kernels that small programs never reach: sparse gradients behind pooling, Winograd."""
    net = convdsl.parse((ROOT / "examples" / f"{name}.cnn").read_text("utf-8"))
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((8, *net.input)).astype(np.float32), rng.integers(0, 10, 8)
    found = {}
    for device in ("wasm", "plain"):
        model = Model(net, batch=8, seed=1, device=device, optimizer=Optimizer("sgd", momentum=0.9))
        losses = [model.train_step(x, labels, 0.01, n)[0] for n in range(2)]
        found[device] = losses, model.weights
    np.testing.assert_allclose(found["wasm"][0], found["plain"][0], rtol=2e-4)
    for weight, value in found["plain"][1].items():
        checking.close(found["wasm"][1][weight], value, weight)


OPTIMIZERS = [
    Optimizer("sgd", momentum=0.9, nesterov=True, weight_decay=1e-3),
    Optimizer("rmsprop", momentum=0.5),
    Optimizer("adagrad"),
    Optimizer("adam"),
    Optimizer("adamw", weight_decay=0.1),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.kind)
def test_training_is_that_of_the_other_devices(optimizer: Optimizer) -> None:
    """Dropout too: its numbers are drawn alike."""
    net = convdsl.parse(
        "input 9x9x2 -> conv 6 k3 p1 relu -> bn -> maxpool 2 -> dropout 0.4 -> conv 5 k2 tanh -> dense 7 relu -> dense 4 softmax"
    )
    rng = np.random.default_rng(5)
    x = rng.integers(0, 256, (40, 9, 9, 2), np.uint8)
    labels = rng.integers(0, 4, 40)
    found = {}
    for device in ("wasm", "plain"):
        model = Model(net, batch=20, optimizer=optimizer, seed=2, device=device)
        losses = [
            model.train_step(x[20 * (n % 2) :][:20], labels[20 * (n % 2) :][:20], 0.01, 7 + n)[0] for n in range(6)
        ]
        found[device] = losses, {**model.weights, **model.buffers}
    np.testing.assert_allclose(found["wasm"][0], found["plain"][0], rtol=2e-4)
    for name, weights in found["plain"][1].items():
        checking.close(found["wasm"][1][name], weights, name)
