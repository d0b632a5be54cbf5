"""What a model promises holds on a simulated GPU too: the same bytes each time, resumption there and elsewhere, data that
stays, changes to images, refusals."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, NotFinite, Optimizer
from convdsl.engine.cpu.augment import Augmenter
from convdsl.engine.cuda.staging import OnDevice
from tests.engine.cuda.simulator import Simulator

TEXT = "input 6x6x2 -> conv 4 k3 relu -> maxpool 2 -> dropout 0.3 -> dense 3 softmax"
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 6, 6, 2), dtype=np.uint8)
LABELS = RNG.integers(0, 3, 12)


def model(device: str = "cuda", **options: Any) -> Model:
    return Model(convdsl.parse(TEXT), batch=6, device=device, optimizer=Optimizer("adam"), **options)


def steps(trained: Model, count: int, first: int = 0) -> list[float]:
    return [
        trained.train_step(IMAGES, LABELS, 0.05, step_seed=n, index=np.arange(5) + n)[0]
        for n in range(first, first + count)
    ]


def same(a: Model, b: Model) -> bool:
    return all(np.array_equal(v, b.weights[k]) for k, v in a.weights.items())


def test_the_same_seed_gives_the_same_bytes(simulator: Simulator) -> None:
    one, two = model(seed=3), model(seed=3)
    assert steps(one, 3) == steps(two, 3) and same(one, two)


def test_a_run_is_resumed_with_the_same_bytes_and_on_the_other_device(simulator: Simulator) -> None:
    whole, first, second, elsewhere = model(), model(), model(seed=5), model("cpu", seed=6)
    steps(whole, 4)
    steps(first, 2)
    for other in (second, elsewhere):
        other.load_weights({**first.weights, **first.buffers})
        other.load_optimizer_state(first.optimizer_state())
        steps(other, 2, first=2)
    assert same(whole, second)
    for name, weight in whole.weights.items():
        np.testing.assert_allclose(elsewhere.weights[name], weight, rtol=1e-3, atol=1e-5)


def test_data_that_is_held_stays_and_gives_the_same(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = model(), model()
    two.hold(IMAGES, LABELS)
    sent: list[int] = []
    upload = simulator.upload
    monkeypatch.setattr(simulator, "upload", lambda a, array: (sent.append(array.nbytes), upload(a, array))[1])
    found = steps(two, 2)
    held = sum(sent)
    sent.clear()
    assert steps(one, 2) == found and same(one, two)
    assert held < sum(sent) and max(sent) >= IMAGES[0].nbytes * 5


def test_a_loss_that_is_no_number_is_refused_and_weights_stay(simulator: Simulator) -> None:
    a = model()
    before = a.weights
    bad = RNG.standard_normal((4, 6, 6, 2)).astype(np.float32)
    bad[0, 0, 0, 0] = np.nan
    with pytest.raises(NotFinite) as caught:
        a.train_step(bad, LABELS[:4], 0.1)
    assert caught.value.layer == 1
    assert all(np.array_equal(v, a.weights[k]) for k, v in before.items())


CHANGES: dict[str, dict[str, Any]] = {
    "moves": {"flip": "both", "shift": 1, "crop": 2},
    "warps": {"flip": "horizontal", "rotate": 20.0, "scale": 0.2, "shear": 10.0, "cutout": 2},
    "tones": {"contrast": 0.3, "brightness": 0.2, "noise": 0.1},
}
NONE = {
    **{"flip": "", "shift": 0, "crop": 0, "cutout": 0, "rotate": 0.0, "shear": 0.0},
    **{"scale": 0.0, "contrast": 0.0, "brightness": 0.0, "noise": 0.0},
}


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_are_changed_as_on_the_cpu(kind: str, dtype: Any, simulator: Simulator) -> None:
    changes = SimpleNamespace(**{**NONE, **CHANGES[kind]})
    images, index = IMAGES.astype(dtype), np.array([3, 0, 7])
    expected = Augmenter(changes, (6, 6, 2), 6, 1, 1).apply(images, index, 2)
    trained = model()
    found = trained.augmenter(changes, 1).apply(images, index, 2)
    assert isinstance(found, OnDevice)
    scale = 1.0 if dtype == np.uint8 else 255.0
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=2e-5 * scale)
    mine = model("cpu")
    mine.load_weights(trained.weights)
    assert trained.train_step(found, LABELS[index], 0.1) == pytest.approx(
        mine.train_step(expected, LABELS[index], 0.1), rel=1e-4
    )
