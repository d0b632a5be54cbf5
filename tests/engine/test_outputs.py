"""Several outputs, each with a loss and targets of its own, on every device and against PyTorch in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.errors import BadInput
from convdsl.engine.plan import Loss

if TYPE_CHECKING:
    from tests.engine.cuda.simulator import Simulator

try:
    import torch
    import torch.nn.functional as F

    from tests.engine import pytorch
except ImportError:
    torch = None  # type: ignore[assignment]

TEXT = """input 5x4x3
conv 4 k3 p1 relu
output map { conv 3 k1 softmax }
output yes { gap -> dense 2 sigmoid }
conv 5 k3 p1 relu
output number { gap -> dense 1 }
output far { gap -> dense 3 }
output kind { dense 4 }
"""
LOSSES: dict[str, str | Loss] = {
    "map": Loss("cross_entropy", weight=2.0),
    "yes": "binary_cross_entropy",
    "number": Loss("mse", weight=0.5),
    "far": "mae",
    "kind": "cross_entropy",
}
RANDOM = np.random.default_rng(5)
IMAGES = RANDOM.standard_normal((7, 5, 4, 3)).astype(np.float32)
TARGETS: dict[str, Any] = {
    "map": RANDOM.integers(0, 3, (7, 5, 4)),
    "yes": RANDOM.integers(0, 2, (7, 2)).astype(np.float32),
    "number": RANDOM.standard_normal(7).astype(np.float32),
    "far": RANDOM.standard_normal((7, 3)).astype(np.float32),
    "kind": RANDOM.integers(0, 4, 7),
}


def made(device: str, **options: Any) -> Model:
    return Model(convdsl.parse(TEXT), batch=8, device=device, loss=LOSSES, optimizer=Optimizer("sgd"), **options)


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed (the extra test-foreign)")
@pytest.mark.parametrize("device", ["plain", "cpu", "cuda", "torch"])
def test_losses_gradients_and_answers_are_pytorchs(device: str, simulator: Simulator) -> None:
    model = made(device)
    weights = pytorch.tensors(model)
    values, logits = pytorch.forward(model.net, weights, torch.tensor(IMAGES, dtype=torch.float64))
    at = {output.name: output.node for output in model.net.outputs}
    t = {name: torch.tensor(array) for name, array in TARGETS.items()}
    loss = (
        2 * F.cross_entropy(logits[at["map"]].reshape(-1, 3), t["map"].reshape(-1))
        + F.binary_cross_entropy_with_logits(logits[at["yes"]], t["yes"].double())
        + 0.5 * F.mse_loss(values[at["number"]][:, 0], t["number"].double())
        + F.l1_loss(values[at["far"]], t["far"].double())
        + F.cross_entropy(values[at["kind"]], t["kind"])
    )
    loss.backward()
    for name, gradient in model.gradients(IMAGES, TARGETS).items():
        want = weights[name].grad.numpy()
        assert np.abs(gradient - want).max() <= 2e-4 * max(np.abs(want).max(), 1e-3), name
    predicted, seen = model.predict(IMAGES), model.evaluate(IMAGES, TARGETS)
    assert seen.loss == pytest.approx(loss.item(), rel=1e-5) and np.isnan(seen.accuracy)
    for name, node in at.items():
        want = values[node].detach().numpy()
        assert np.allclose(predicted[name], want, atol=1e-5) and predicted[name].shape == want.shape
        assert np.array_equal(predicted[name], seen.predictions[name])


@pytest.mark.parametrize("device", ["plain", "cpu", "cuda", "torch"])
def test_some_images_of_a_set_are_trained_with_their_own_targets(device: str, simulator: Simulator) -> None:
    rows = np.array([4, 1, 6])
    one, other = made(device), made(device)
    one.hold(IMAGES, TARGETS)
    loss, right = one.train_step(IMAGES, TARGETS, 0.1, index=rows)
    few = {name: array[rows] for name, array in TARGETS.items()}
    assert (loss, right) == (other.train_step(IMAGES[rows], few, 0.1)[0], 0)
    for name, weight in one.weights.items():
        assert np.array_equal(weight, other.weights[name]), name


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    found = set()
    for threads in (1, 2, 3):
        model = made("cpu", threads=threads)
        for _ in range(3):
            model.train_step(IMAGES, TARGETS, 0.1)
        found.add(b"".join(weight.tobytes() for weight in model.weights.values()))
    assert len(found) == 1


@pytest.mark.parametrize(
    "targets",
    [
        {name: array for name, array in TARGETS.items() if name != "far"},
        {**TARGETS, "boxes": TARGETS["far"]},
        TARGETS["kind"],
        {**TARGETS, "kind": TARGETS["kind"] + 9},
        {**TARGETS, "far": TARGETS["far"][:, :2]},
        {**TARGETS, "map": TARGETS["map"][:3]},
        None.__class__,
    ],
)
def test_targets_that_are_not_those_of_the_outputs_are_refused(targets: Any) -> None:
    with pytest.raises(BadInput):
        made("plain").train_step(IMAGES, targets, 0.1)


def test_one_output_with_a_name_is_as_one_without() -> None:
    text = "input 5x4x3 -> conv 4 k3 relu -> output kind { dense 4 softmax }"
    named, plain = (
        Model(convdsl.parse(t), batch=8, device="plain", seed=3)
        for t in (text, text.replace("output kind { ", "").replace(" }", ""))
    )
    assert np.array_equal(named.predict(IMAGES), plain.predict(IMAGES))
    labels = TARGETS["kind"]
    assert named.train_step(IMAGES, {"kind": labels}, 0.1) == plain.train_step(IMAGES, labels, 0.1)
