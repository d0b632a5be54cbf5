"""Where PyTorch is installed: gradients in float64, and whole runs of training beside ours."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from tests.engine.checking import TOLERANCE, excited
from tests.engine.programs import REARRANGED

torch = pytest.importorskip("torch")
from tests.engine import pytorch  # noqa: E402

OPTIONS = [
    "input 7x7x4 -> conv 6 k3 -> bn eps=0.2 momentum=0.99 relu -> conv 4 k1 -> ln eps=0.1 -> ln channels eps=0.3 tanh -> dense 3",
    "input 6x7x3 -> conv 4 k1 -> pad after=1 -> conv 4 k3 s2 relu -> pad 1 before=2x0 -> conv 4 k2 p same_lower -> crop "
    "before=0x1 after=1 -> residual { pad before=1x2 -> crop after=1x2 } -> tconv 3 k3 s2 p same_lower -> dense 3",
    "input 9x3 -> conv 4 k1 -> pad before=2 -> conv 4 k3 relu -> crop after=2 -> maxpool 2 s1 p same_lower -> dense 3",
    "input 7x7x4 -> conv 6 k3 -> bn eps=1e-9 -> residual { conv 6 k1 -> bn eps=1.5 } -> in eps=0.01 gelu -> dense 3",
]
FAST_PATHS = [
    "input 12x10x32 -> conv 32 k3 p1 relu -> maxpool 2 -> conv 16 k5 p2 relu -> maxpool 2 -> dense 3",
    "input 11x12x3 -> conv 16 k3 relu -> maxpool 2 -> conv 32 k3 p1 relu -> maxpool 2 -> conv 64 k2 relu -> dense 4",
    "input 8x8x3 -> conv 16 k3 p1 nobias -> bn relu -> residual { conv 16 k3 p1 nobias -> bn relu -> conv 16 k3 p1 nobias "
    "-> bn } relu -> conv 80 k1 s2 relu -> globalavgpool -> dense 5 softmax",
]


def gradients_agree(text: str, images: int = 5) -> None:
    net = convdsl.parse(text)
    model, x, labels = excited(net, images)
    found, weights = model.gradients(x, labels), pytorch.tensors(model)
    pytorch.loss(net, weights, torch.tensor(x, dtype=torch.float64), torch.tensor(labels)).backward()
    scale = 1e-2 * max(float(np.abs(g).max()) for g in found.values())
    for name, gradient in found.items():
        error = pytorch.relative_error(gradient, weights[name].grad, scale)
        assert error < TOLERANCE, f"{text}: {name}: {error:.1e}"


@pytest.mark.parametrize("text", [*OPTIONS, *REARRANGED, *FAST_PATHS])
def test_gradients_of_fast_paths(text: str) -> None:
    gradients_agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "input 16x16x1 -> conv 6 k5 tanh -> avgpool 2 -> conv 16 k3 tanh -> avgpool 2 -> conv 12 k2 tanh -> dense 10",
        "input 12x11x3 -> conv 5 k3 s2 p1 sigmoid -> conv 8 k3 p same gelu -> maxpool 2 s1 -> dense 4 softmax",
    ],
)
def test_interleaved_images_with_a_ragged_block(text: str) -> None:
    gradients_agree(text, images=37)


@pytest.mark.parametrize("text", FAST_PATHS)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_losses_of_25_steps_follow(text: str, kind: str) -> None:
    rng = np.random.default_rng(0)
    net = convdsl.parse(text)
    optimizer = Optimizer("sgd", momentum=0.9) if kind == "sgd" else Optimizer("adam")
    model = Model(net, batch=24, optimizer=optimizer, seed=3)
    x = rng.standard_normal((24, *net.input)).astype(np.float32)
    labels = rng.integers(0, net.report.output[-1], 24)
    weights = pytorch.tensors(model)
    learned = [w for w in weights.values() if w.requires_grad]
    other = torch.optim.SGD(learned, 0.01, momentum=0.9) if kind == "sgd" else torch.optim.Adam(learned, 0.001)
    for _ in range(25):
        other.zero_grad()
        expected = pytorch.loss(net, weights, torch.tensor(x, dtype=torch.float64), torch.tensor(labels))
        expected.backward()
        other.step()
        found, _ = model.train_step(x, labels, 0.01 if kind == "sgd" else 0.001)
        assert found == pytest.approx(float(expected.detach()), rel=1e-4, abs=1e-4)
