"""What PyTorch computes for a plan: every layer against the reference, and a step of training is our own engine's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import convdsl
import convdsl.engine
from convdsl.engine import Model, Optimizer
from convdsl.engine.activations import FORMULAS
from convdsl.layers import LAYERS
from tests.engine import checking
from tests.engine.plain.test_contract import CHANGES, OPTIMIZERS, STEPPED, _losses, close, steps
from tests.engine.programs import PROGRAMS
from tests.engine.test_saving import SHARED
from tests.random_networks import networks

pytest.importorskip("torch")

LAYERED = [
    f"{'' if layer.example.startswith('input') else 'input 8x8x4' + chr(10) + 'conv 4 k1' + chr(10)}{layer.example}\n"
    "dense 3 softmax"
    for layer in LAYERS
    if layer.example
]

RANDOM = [text for text in networks(8, seed=5, most=500) if not text.startswith("input 1\n")]
"""Without those that normalise over one value, where the mean's rounding is all that there is."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("text", [*LAYERED, *PROGRAMS[::2], *SHARED, *RANDOM])
def test_every_layer_computes_what_its_definition_says(text: str) -> None:
    checking.check(text, device="torch")


def pair(text: str, images: int = 3, **options: Any) -> tuple[Model, Model, np.ndarray, np.ndarray]:
    """The same weights in the plain engine and in PyTorch, with images and labels."""
    plain, x, labels = checking.excited(convdsl.parse(text), images, device="plain", **options)
    ours = Model(plain.net, batch=images + 1, device="torch", threads=1, **options)
    ours.load_weights({**plain.weights, **plain.buffers})
    return plain, ours, x, labels


@pytest.mark.parametrize("text", [*STEPPED, SHARED[0]])
def test_steps_are_our_own_engines_with_all_their_chance(text: str) -> None:
    steps(*pair(text), text)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_optimiser_takes_the_same_steps(optimizer: Optimizer) -> None:
    steps(*pair(STEPPED[1], optimizer=optimizer), str(optimizer))


@pytest.mark.parametrize("case", _losses())
def test_every_loss_is_our_own_engines(case: str) -> None:
    text, targets, kind, table, options = _losses()[case]
    plain, ours, x, _ = pair(text, 7, loss=kind, weighted=table is not None, **options)
    for model in (plain, ours):
        if table is not None:
            model.weigh(table)
    index = np.array([4, 1, 6])
    assert ours.train_step(x, targets, 0.1, 0, index) == pytest.approx(
        plain.train_step(x, targets, 0.1, 0, index), rel=1e-4
    )
    steps(plain, ours, x, targets, case)


@pytest.mark.parametrize("given", CHANGES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_images_are_changed_as_in_our_own_engine(given: dict[str, Any], kind: Any) -> None:
    zero = dict.fromkeys(("shift", "crop", "cutout"), 0) | dict.fromkeys(
        ("rotate", "shear", "scale", "contrast", "brightness", "noise"), 0.0
    )
    changes = SimpleNamespace(**{"flip": "", **zero, **given})
    for shape in ("8x9x2", "3x8x9x1"):
        plain, ours, _, _ = pair(f"input {shape} -> dense 3", images=5)
        images = np.random.default_rng(0).integers(0, 255, (12, *plain.net.input)).astype(kind)
        index = np.array([3, 0, 7])
        expected = np.array(plain.augmenter(changes, 1).apply(images, index, 2))
        found = ours.augmenter(changes, 1).apply(images, index, 2)
        close(found.at(np.arange(3)).numpy(), expected, str(given))


def test_a_step_in_parts_is_the_same_step() -> None:
    from convdsl.engine.torch.backend import Torch

    net = convdsl.parse("input 6x6x2 -> conv 4 k3 relu -> dropout 0.3 -> aux 0.3 { gap -> dense 3 } -> dense 3 softmax")
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((7, 6, 6, 2)).astype(np.float32), rng.integers(0, 3, 7)
    whole, parts = (Model(net, batch=8, maker=Torch("cpu", accumulate=count), threads=1) for count in (1, 9))
    for _ in range(3):
        assert parts.train_step(images, labels, 0.1, 3) == pytest.approx(whole.train_step(images, labels, 0.1, 3))
    for name, weight in whole.weights.items():
        close(parts.weights[name], weight, name)


def test_without_a_gpu_there_is_a_way_out() -> None:
    import torch

    from convdsl.engine.torch.backend import Torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(convdsl.engine.EngineError, match="--device cpu"):
        Model(convdsl.parse("input 4 -> dense 2"), maker=Torch("cuda"))


def test_several_outputs_and_the_sensitivity_of_an_answer_are_our_own_engines() -> None:
    text = (
        "input 8x8x2 -> conv 4 k3 p1 relu -> output kind { gap -> dense 3 softmax } -> "
        "output place { conv 2 k3 -> gap -> dense 2 } -> gap -> dense 2"
    )
    rng = np.random.default_rng(0)
    images = rng.standard_normal((5, 8, 8, 2)).astype(np.float32)
    net = convdsl.parse(text)
    labels = {
        output.name: rng.integers(0, 3, 5)
        if output.name == "kind"
        else rng.standard_normal((5, *net.report.shape(output.node))).astype(np.float32)
        for output in net.outputs
    }
    losses = {name: "cross_entropy" if name == "kind" else "mse" for name in labels}
    plain, ours = (Model(net, batch=5, device=device, loss=losses) for device in ("plain", "torch"))
    for _ in range(3):
        assert ours.train_step(images, labels, 0.1, 1) == pytest.approx(plain.train_step(images, labels, 0.1, 1))
    for name, values in plain.predict(images).items():
        close(ours.predict(images)[name], values, name)
    assert ours.evaluate(images, labels).loss == pytest.approx(plain.evaluate(images, labels).loss)
    plain, ours, x, _ = pair(STEPPED[1])
    close(ours.sensitivity(x, 1, 1), plain.sensitivity(x, 1, 1), "sensitivity")


@pytest.mark.parametrize("name", FORMULAS)
def test_what_pytorch_has_no_word_for_is_computed_as_declared(name: str) -> None:
    """Held to its words, and to NumPy, which computes the same formulas."""
    import torch

    from convdsl.engine.plain.formulas import value
    from convdsl.engine.torch.steps import _by_formula

    given = np.linspace(-8, 8, 401, dtype=np.float32)
    x = torch.from_numpy(given).requires_grad_()
    y = _by_formula(name, 0.3)(x)
    np.testing.assert_allclose(y.detach().numpy(), value((name, 0.3), given), rtol=2e-6, atol=1e-6)
    y.sum().backward()
    assert x.grad is not None and bool(torch.isfinite(x.grad).all())
