"""Activations, softmax and cross-entropy over the whole range of float32: zeros, subnormal numbers, far tails, infinities,
NaN. What is right is computed in float64."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, activations, maths
from convdsl.engine.activations import FORMULAS
from convdsl.engine.cpu import runtime
from convdsl.engine.plan.ops import FROM_OUTPUT
from tests.engine.cuda.simulator import Simulator
from tests.engine.reference import activation

SPECIAL = np.float32([0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan])
SLOPES_GIVEN = {"leaky_relu": 0.01, "elu": 1.0}
CANCELS = {"hardsigmoid": 1e-7, "hardswish": 1e-6}
"""The rounding of v/6 + 0.5 near −3, which is 0 there."""
VANISHES = ("sigmoid", "silu", "gelu")
"""Slopes that go to 0 on the left and keep their digits on the way."""


def values(count: int) -> np.ndarray:
    """As many float32 evenly over all their bit patterns, and as many where exponentials live."""
    bits = np.linspace(0, 2**32 - 1, count).astype(np.uint64).astype(np.uint32)
    return np.concatenate([bits.view(np.float32), np.linspace(-110, 110, count, dtype=np.float32), SPECIAL])


def right(name: str, v: np.ndarray) -> np.ndarray:
    layer = SimpleNamespace(name=name, slope=SLOPES_GIVEN.get(name, 0.0))
    with np.errstate(all="ignore"):
        return activation(layer, np.float64(v), {})


def right_slope(name: str, v: np.ndarray) -> np.ndarray:
    """Derivatives, once more and in other words than the engine's."""
    e = np.exp(-np.abs(v))
    sigmoid = np.where(v < 0, e, 1) / (1 + e)
    normal = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))(v)
    return {
        "relu": lambda: np.where(v > 0, 1.0, 0.0),
        "relu6": lambda: np.where((v > 0) & (v < 6), 1.0, 0.0),
        "leaky_relu": lambda: np.where(v > 0, 1.0, 0.01),
        "elu": lambda: np.where(v > 0, 1.0, np.exp(np.minimum(v, 0))),
        "selu": lambda: 1.0507009873554805 * np.where(v > 0, 1.0, 1.6732632423543772 * np.exp(np.minimum(v, 0))),
        "sigmoid": lambda: e / (1 + e) ** 2,
        "tanh": lambda: 4 * e**2 / (1 + e**2) ** 2,
        "hardsigmoid": lambda: np.where(np.abs(v) < 3, 1 / 6, 0.0),
        "hardswish": lambda: np.where(v >= 3, 1.0, np.where(v > -3, v / 3 + 0.5, 0.0)),
        "gelu": lambda: normal + v * np.exp(-0.5 * v * v) / math.sqrt(2 * math.pi),
        "silu": lambda: sigmoid + v * e / (1 + e) ** 2,
    }[name]()


def assert_values(name: str, found: np.ndarray, v: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        wanted = right(name, v).astype(np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=CANCELS.get(name, 1e-43), err_msg=name)


def assert_slopes(name: str, found: np.ndarray, v: np.ndarray) -> None:
    wanted = right_slope(name, np.float64(v))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1.5e-6, err_msg=name)
    if name in VANISHES:
        left = v < -2
        np.testing.assert_allclose(found[left], wanted[left], rtol=3e-5, atol=1e-37, err_msg=name)


@pytest.mark.parametrize("name", ["exp", "expm1", "tanh", "sigmoid", "gaussian_part"])
def test_elementary_functions_are_right_to_the_last_places(name: str) -> None:
    word = getattr(maths, name)
    v = values(60_000)
    v = v[~(v > {"exp": 71, "expm1": 88}.get(name, np.inf))]

    @numba.njit(error_model="numpy", fastmath=runtime.FASTMATH)
    def run(x: Any, y: Any) -> None:
        for i in range(len(x)):
            y[i] = word(x[i])

    found = np.empty_like(v)
    run(v, found)
    exact = {
        "exp": np.exp,
        "expm1": np.expm1,
        "tanh": np.tanh,
        "sigmoid": lambda x: right("sigmoid", x),
        "gaussian_part": np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2))),
    }[name]
    wanted = exact(np.float64(v))
    np.testing.assert_allclose(found, wanted, rtol=5e-6 if name == "gaussian_part" else 3.1e-7, atol=6e-44)


@pytest.mark.parametrize("lanes", ["4", "8", "16"])
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_values_alone_and_behind_a_convolution(name: str, lanes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_LANES", lanes)
    v = values(500)
    for text in (
        f"input 1011 -> {name}",
        f"input 1011x1 -> conv 5 k1 nobias {name}",
        f"input 1011x1 -> local 1 k1 {name}",
    ):
        net = convdsl.parse(text)
        model = Model(net, batch=1, threads=1, loss="mse")
        model.load_weights({n: np.full_like(w, "weight" in n) for n, w in model.weights.items()})
        found = model.activations(v.reshape(1, *net.input), len(net.nodes)).reshape(len(v), -1)
        for column in found.T:
            assert_values(name, column, v)


@pytest.mark.parametrize("lanes", ["4", "8", "16"])
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_slopes_alone_and_behind_weights(name: str, lanes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_LANES", lanes)
    v = np.concatenate([np.geomspace(1e-15, 1e15, 256), -np.geomspace(1e-15, 1e15, 256), np.linspace(-90, 90, 512)])
    v = v.astype(np.float32)
    for text in (
        f"input 1024x1 -> local 1 k1 nobias -> {name}",
        f"input 1024x1 -> local 1 k1 nobias {name} -> identity",
    ):
        net = convdsl.parse(text)
        model = Model(net, batch=1, threads=1, loss="mse")
        model.load_weights({n: np.ones_like(w) for n, w in model.weights.items()})
        y = model.activations(v.reshape(1, -1, 1), len(net.nodes)).reshape(-1)
        target = np.where(np.abs(y) < 1e4, y - np.float32(512), y / np.float32(2))
        behind = (y - target) * np.float32(2 / 1024)
        (gradient,) = model.gradients(v.reshape(1, -1, 1), target.reshape(1, -1, 1)).values()
        assert_slopes(name, gradient.reshape(-1) / np.float64(v) / behind, v)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_slopes_at_the_ends(name: str) -> None:
    """From what went in, and where the engine uses it from what came out. At an infinity that the formula multiplies by
    0 there is NaN, as in PyTorch."""
    v = np.float32([-np.inf, -3.4e38, -1e30, -1e-45, 1e-45, 1e30, 3.4e38, np.inf])
    back = _compiled(activations.back(name, SLOPES_GIVEN.get(name, 0.0)))
    found = np.array([back(np.float32(1), x) for x in v])
    with np.errstate(all="ignore"):
        wanted = right_slope(name, np.float64(v))
    open_ends = name in ("silu", "gelu")
    np.testing.assert_allclose(found[1:-1], wanted[1:-1], rtol=1e-5, atol=7e-7)
    assert open_ends or np.allclose(found[[0, -1]], wanted[[0, -1]], rtol=1e-5, atol=7e-7)
    if name in FROM_OUTPUT:
        told = _compiled(activations.back_told(name, SLOPES_GIVEN.get(name, 0.0)))
        came = right(name, v).astype(np.float32)
        np.testing.assert_allclose([told(np.float32(1), y) for y in came][1:-1], wanted[1:-1], rtol=1e-5, atol=2e-7)


def _compiled(formula: activations.Inline) -> Any:
    names = {word: getattr(runtime, word) for word in ("exp", "expm1", "tanh", "sigmoid", "gaussian_part", "float32")}
    return numba.njit(error_model="numpy")(eval(f"lambda {', '.join(formula.names)}: {formula.text}", names))


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_values_and_slopes_on_a_simulated_gpu(name: str, simulator: Simulator) -> None:
    v = values(40)
    n = len(v)
    for text in (f"input {n} -> {name}", f"input {n}x1 -> conv 1 k1 nobias {name}"):
        net = convdsl.parse(text)
        model = Model(net, batch=1, device="cuda", loss="mse")
        model.load_weights({key: np.ones_like(w) for key, w in model.weights.items()})
        assert_values(name, model.activations(v.reshape(1, *net.input), len(net.nodes)).reshape(-1), v)
    v = np.concatenate([np.linspace(-90, 90, 60), [-1e15, -1e5, -1e-15, 1e-15]]).astype(np.float32)
    for text in (f"input 64x1 -> local 1 k1 nobias -> {name}", f"input 64x1 -> local 1 k1 nobias {name} -> identity"):
        model = Model(convdsl.parse(text), batch=1, device="cuda", loss="mse")
        model.load_weights({key: np.ones_like(w) for key, w in model.weights.items()})
        y = model.activations(v.reshape(1, -1, 1), 2).reshape(-1)
        target = np.where(np.abs(y) < 1e4, y - np.float32(32), y / np.float32(2))
        (gradient,) = model.gradients(v.reshape(1, -1, 1), target.reshape(1, -1, 1)).values()
        assert_slopes(name, gradient.reshape(-1) / np.float64(v) / ((y - target) * np.float32(2 / 64)), v)


NAN_PASSES = [
    "input 8x8x4 -> conv 4 k3 p1 relu -> maxpool 2",
    "input 8x8x4 -> conv 32 k3 p1 relu -> maxpool 2",
    "input 8x8x4 -> conv 20 k1 relu6 -> maxpool 3 s2 p1",
    "input 8x8x4 -> bn relu -> minpool 2",
    "input 8x8x4 -> residual { conv 4 k3 p1 } relu -> gmp",
    "input 8x8x4 -> dense 20 relu -> dense 3 softmax",
]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("text", NAN_PASSES)
def test_what_is_no_number_stays_none(text: str, device: str, request: pytest.FixtureRequest) -> None:
    if device == "cuda":
        request.getfixturevalue("simulator")
    net = convdsl.parse(text)
    x = np.random.default_rng(0).standard_normal((2, *net.input)).astype(np.float32)
    x[0, 3, 3] = np.nan
    model = Model(net, batch=2, device=device)
    for index in range(1, len(net.nodes) + 1):
        found = np.isnan(model.activations(x, index))
        assert found[0].any() and not found[1].any(), f"{text}: layer {index}"


LOGITS = [
    ([1e30, -1e30, 0, 1e38, -1e38, 3.4e38], 5),
    ([1e30, 1e30, 0, -1e38, 3, 2], 1),
    ([-1e4, -1e4, -1e4, -2e4, 0, -200], 0),
    ([-np.inf, 0, 1, 2, 3, 4], 1),
    ([-np.inf, -np.inf, -np.inf, -np.inf, -np.inf, 7], 5),
    ([90, 0, -90, -103, 1, 2], 3),
    ([1e-40, -1e-45, 0, 0, 0, 0], 0),
    ([np.nan, 0, 0, 0, 0, 0], 1),
    ([0, 0, 0, 0, 0, np.nan], 1),
]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(("smoothing", "weighted"), [(0.0, False), (0.1, False), (0.0, True), (0.1, True)])
def test_softmax_and_cross_entropy_of_huge_logits(
    device: str, smoothing: float, weighted: bool, request: pytest.FixtureRequest
) -> None:
    if device == "cuda":
        request.getfixturevalue("simulator")
    net = convdsl.parse("input 6 -> scale -> softmax")
    model = Model(net, batch=1, device=device, label_smoothing=smoothing, weighted=weighted)
    for row, label in LOGITS:
        z = np.float32([row])
        away = np.float64(z[0]) - np.float64(z[0]).max()
        with np.errstate(all="ignore"):
            log_p = away - np.log(np.exp(away).sum())
        np.testing.assert_allclose(model.predict(z)[0], np.exp(log_p), rtol=1e-5, atol=1e-37, err_msg=str(row))
        if smoothing and not (np.abs(away) < 1e30).all():
            continue  # then the loss itself is beyond float32
        t = np.full(6, smoothing / 6) + (1 - smoothing) * (np.arange(6) == label)
        wanted = -(t * np.where(t == 0, 0, log_p)).sum() if np.isfinite(away).any() else np.nan
        found = model.evaluate(z, np.array([label])).loss
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6, err_msg=str(row))
        if np.isfinite(z).all() and np.isfinite(wanted) and wanted < 1e30:
            (gradient,) = model.gradients(z, np.array([label])).values()
            largest = float(np.abs(z).max())
            wanted = (np.exp(log_p) - t) * (np.float64(z[0]) / largest)
            np.testing.assert_allclose(gradient / largest, wanted, rtol=1e-5, atol=1e-5)
