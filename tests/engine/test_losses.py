"""Losses and their gradients against PyTorch in float64, on one thread and several, with weights and unknown labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from tests.engine.agreement import differences
from tests.engine.checking import excited
from tests.random_networks import networks

try:
    import torch
    import torch.nn.functional as F

    from tests.engine import pytorch
except ImportError:
    torch = None  # type: ignore[assignment]

beside_pytorch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed (the extra test-foreign)")

ONE = "input 6x6x2 -> conv 3 k3 relu -> dense 1 sigmoid"
MANY = "input 6x6x2 -> conv 3 k3 relu -> dense 5 sigmoid"
MAP = "input 6x5x2 -> conv 4 k3 p same relu -> conv 3 k1 softmax"
YES = "input 6x5x2 -> conv 4 k3 p same relu -> conv 1 k1 sigmoid"
FLAT = "input 6x6x2 -> conv 3 k3 relu -> dense 5 sigmoid -> reshape 5x1x1 -> flatten"
CLASSES = "input 6x6x2 -> conv 3 k3 relu -> dense 4 softmax"
RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.normal(size=(7, 6, 6, 2)).astype(np.float32)
NARROW = IMAGES[:, :, :5]
TABLE = np.array([0.5, 2.0, 1.25, 0.75], np.float32)


def yes_or_no(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 2, (7, *shape)).astype(np.float32)


def binary(z: Any, t: Any, table: Any = None) -> Any:
    t = t.reshape(z.shape)
    known = t >= 0
    counts = known.double() if table is None else torch.where(known, table[:, 0] + t * (table[:, 1] - table[:, 0]), 0.0)
    each = F.binary_cross_entropy_with_logits(z, t, reduction="none")
    return (each * counts).sum() / counts.sum()


def classes(z: Any, t: Any, table: Any = None) -> Any:
    return F.cross_entropy(z.reshape(-1, z.shape[-1]), t.reshape(-1), weight=table, ignore_index=-1)


SOME = np.where(RANDOM.random((7, 6, 5)) < 0.2, -1, RANDOM.integers(0, 3, (7, 6, 5)))
PAIRS = np.array([[0.5, 2.0], [1.0, 1.0], [3.0, 0.25], [1.0, 4.0], [0.7, 0.1]], np.float32)
UNKNOWN = np.where(RANDOM.random((7, 5)) < 0.2, -1.0, yes_or_no(5)).astype(np.float32)
CASES = {
    "one": (ONE, IMAGES, yes_or_no(1), "binary_cross_entropy", None, binary),
    "many": (MANY, IMAGES, yes_or_no(5), "binary_cross_entropy", None, binary),
    "soft": (MANY, IMAGES, RANDOM.random((7, 5)).astype(np.float32), "binary_cross_entropy", None, binary),
    "behind": (FLAT, IMAGES, yes_or_no(5), "binary_cross_entropy", None, binary),
    "yes-map": (YES, NARROW, yes_or_no(6, 5, 1), "binary_cross_entropy", None, binary),
    "weighted-many": (MANY, IMAGES, yes_or_no(5), "binary_cross_entropy", PAIRS, binary),
    "unknown-many": (MANY, IMAGES, UNKNOWN, "binary_cross_entropy", PAIRS, binary),
    "map": (MAP, NARROW, np.abs(SOME), "cross_entropy", None, classes),
    "unknown-map": (MAP, NARROW, SOME, "cross_entropy", np.ones(3, np.float32), classes),
    "weighted-map": (MAP, NARROW, SOME, "cross_entropy", TABLE[:3], classes),
    "weighted": (CLASSES, IMAGES, RANDOM.integers(0, 4, 7), "cross_entropy", TABLE, classes),
    "mae": (MANY, IMAGES, RANDOM.normal(size=(7, 5)).astype(np.float32), "mae", None, None),
    "mse": (YES, NARROW, RANDOM.normal(size=(7, 6, 5, 1)).astype(np.float32), "mse", None, None),
}


def made(text: str, kind: str, table: Any, threads: int = 2) -> Model:
    model = Model(
        convdsl.parse(text), batch=8, loss=kind, weighted=table is not None, threads=threads, optimizer=Optimizer("sgd")
    )
    if table is not None:
        model.weigh(table)
    return model


@beside_pytorch
@pytest.mark.parametrize("case", CASES)
def test_gradients_are_pytorchs(case: str) -> None:
    text, x, t, kind, table, expected = CASES[case]
    model = made(text, kind, table)
    weights = pytorch.tensors(model)
    values, logits = pytorch.forward(model.net, weights, torch.tensor(x, dtype=torch.float64))
    target = torch.tensor(t) if kind == "cross_entropy" else torch.tensor(t, dtype=torch.float64)
    if expected is None:
        loss = {"mae": F.l1_loss, "mse": F.mse_loss}[kind](values[-1], target.reshape(values[-1].shape))
    else:
        last = max(logits)
        loss = expected(logits[last], target, None if table is None else torch.tensor(table, dtype=torch.float64))
    loss.backward()
    for name, gradient in model.gradients(x, t).items():
        want = weights[name].grad.numpy()
        assert np.abs(gradient - want).max() <= 2e-4 * max(np.abs(want).max(), 1e-3), name
    assert model.evaluate(x, t).loss == pytest.approx(loss.item(), rel=1e-4)
    small = made(text, kind, table)
    small.batch = 3  # the mean over several batches is that over all images
    assert small.evaluate(x, t).loss == pytest.approx(loss.item(), rel=1e-4)


@pytest.mark.parametrize("case", ["many", "weighted-map", "mae"])
def test_any_number_of_threads_gives_the_same_bytes(case: str) -> None:
    text, x, t, kind, table, _ = CASES[case]
    found = []
    for threads in (1, 2, 3):
        model = made(text, kind, table, threads)
        for _ in range(3):
            model.train_step(x, t, 0.1)
        found.append(b"".join(w.tobytes() for w in model.weights.values()))
    assert len(set(found)) == 1


def test_extreme_logits_give_finite_losses_and_gradients() -> None:
    model = made("input 1 -> dense 1 sigmoid", "binary_cross_entropy", None)
    name = next(iter(model.weights))
    for scale in (-1e4, 1e4, 88.0, -88.0):
        model.load_weights({**model.weights, name: np.full((1, 1), scale, np.float32)})
        for target in (0.0, 1.0):
            x, t = np.ones((1, 1), np.float32), np.full((1, 1), target, np.float32)
            wrong = abs(scale) if (scale > 0) != (target > 0.5) else 0.0
            assert model.evaluate(x, t).loss == pytest.approx(wrong, abs=1e-6, rel=1e-6)
            assert np.isfinite(model.gradients(x, t)[name]).all()


def test_right_answers_are_counted_where_labels_are_known() -> None:
    model = made(MANY, "binary_cross_entropy", PAIRS)
    said = model.predict(IMAGES) > 0.5
    known = UNKNOWN >= 0
    assert model.answers(UNKNOWN) == known.sum()
    assert model.evaluate(IMAGES, UNKNOWN).accuracy == pytest.approx((said == (UNKNOWN > 0.5))[known].mean())
    model = made(MAP, "cross_entropy", np.ones(3, np.float32))
    found = model.evaluate(NARROW, SOME)
    said = model.predict(NARROW).argmax(-1)
    assert found.accuracy == pytest.approx((said == SOME)[SOME >= 0].mean())
    assert np.array_equal(found.predictions.reshape(SOME.shape), said)
    assert model.train_step(NARROW, SOME, 0.0)[1] == (said == SOME).sum()


def test_a_batch_without_a_known_label_teaches_nothing() -> None:
    model = made(MAP, "cross_entropy", np.ones(3, np.float32))
    loss, right = model.train_step(NARROW, np.full((7, 6, 5), -1), 0.1)
    assert (loss, right) == (0.0, 0)
    assert all((g == 0).all() for g in model.gradients(NARROW, np.full((7, 6, 5), -1)).values())


def test_another_loss_keeps_the_weights() -> None:
    model = made(MANY, "cross_entropy", None)
    before = model.weights
    model.change_loss("binary_cross_entropy", weighted=True)
    assert all(np.array_equal(before[n], w) for n, w in model.weights.items())
    with pytest.raises(convdsl.engine.EngineError):
        model.weigh(np.ones(5))
    with pytest.raises(convdsl.engine.EngineError):
        model.gradients(IMAGES, np.full((7, 5), 1.5))


RANDOM_NETS = [
    text.removesuffix("\n").removesuffix(" softmax")
    for text in networks(60, seed=31, most=1200)
    if not any(word in text for word in ("drop", "aux", "output"))  # what chance leaves out, losses of their own
][:24]


@beside_pytorch
@pytest.mark.parametrize("number", range(len(RANDOM_NETS)))
def test_random_networks_with_every_loss_have_pytorchs_gradients(number: int) -> None:
    """On the interpreted plan, and every sixth one on compiled kernels."""
    kind = ("binary_cross_entropy", "mse", "mae", "cross_entropy")[number % 4]
    net = convdsl.parse(RANDOM_NETS[number])
    shape = tuple(net.report.output)
    table = (
        PAIRS[: shape[-1]]
        if kind == "binary_cross_entropy"
        else TABLE[: shape[-1]]
        if kind == "cross_entropy"
        else None
    )

    def compared(seed: int) -> list[str]:
        device = "cpu" if number % 6 == 5 else "plain"
        model, x, t = excited(net, 4, seed, device=device, loss=kind, weighted=table is not None)
        rng = np.random.default_rng(seed)
        if kind != "cross_entropy":
            yes = kind == "binary_cross_entropy"
            t = (rng.integers(0, 2, (4, *shape)) if yes else rng.normal(size=(4, *shape))).astype(np.float32)
        if table is not None:
            model.weigh(table)

        def opinion(dtype: Any = torch.float64) -> dict[str, np.ndarray]:
            weights = pytorch.tensors(model, dtype)
            z = pytorch.forward(net, weights, torch.tensor(x, dtype=dtype))[0][-1]
            goal = torch.tensor(t) if kind == "cross_entropy" else torch.tensor(t, dtype=dtype).reshape(z.shape)
            pairs = None if table is None else torch.tensor(table, dtype=dtype)
            far = {"mse": F.mse_loss, "mae": F.l1_loss}
            loss = far[kind](z, goal) if kind in far else {"cross_entropy": classes}.get(kind, binary)(z, goal, pairs)
            loss.backward()
            return {n: np.zeros(w.shape) if w.grad is None else w.grad.numpy() for n, w in weights.items()}

        return differences(model.gradients(x, t, 7), opinion(), lambda: opinion(torch.float32))

    assert not (compared(0) and compared(1)), RANDOM_NETS[number]
