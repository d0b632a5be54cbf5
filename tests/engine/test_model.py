"""What a model promises besides right numbers: the same bytes on any number of threads, resumption, clear refusals."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

import convdsl
from convdsl.engine import BadInput, MemoryRefused, Model, NotFinite, Optimizer

TEXT = "input 9x9x3 -> conv 8 k3 relu -> maxpool 2 -> dropout 0.3 -> dense 10 softmax"
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 9, 9, 3), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 40)


def steps(model: Model, count: int, first: int = 0) -> list[float]:
    return [
        model.train_step(IMAGES, LABELS, 0.05, step_seed=n, index=np.arange(16) + n)[0]
        for n in range(first, first + count)
    ]


def model(**options: object) -> Model:
    return Model(convdsl.parse(TEXT), **{"batch": 16, "optimizer": Optimizer("adam"), **options})  # type: ignore[arg-type]


def same(a: Model, b: Model) -> bool:
    return all(np.array_equal(v, b.weights[k]) for k, v in a.weights.items())


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    one, two = model(threads=1), model(threads=2)
    assert steps(one, 5) == steps(two, 5)
    assert same(one, two)


def test_training_lowers_the_loss() -> None:
    trained = model(optimizer=Optimizer("sgd", momentum=0.9))
    losses = [trained.train_step(IMAGES, LABELS, 0.02, index=np.arange(16))[0] for _ in range(30)]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    "optimizer", [Optimizer("sgd", momentum=0.9), Optimizer("adam"), Optimizer("rmsprop", momentum=0.5)]
)
def test_a_resumed_run_ends_with_the_same_bytes(optimizer: Optimizer) -> None:
    whole, first, second = model(optimizer=optimizer), model(optimizer=optimizer), model(optimizer=optimizer, seed=5)
    steps(whole, 6)
    steps(first, 3)
    second.load_weights({**first.weights, **first.buffers})
    second.load_optimizer_state(first.optimizer_state())
    steps(second, 3, first=3)
    assert same(whole, second)


def test_a_ragged_batch_is_the_mean_of_its_own_images() -> None:
    net = convdsl.parse("input 6x6x2 -> conv 4 k3 relu -> dense 3")
    x, y = RNG.standard_normal((5, 6, 6, 2)).astype(np.float32), np.array([0, 1, 2, 0, 1])
    small, large = Model(net, batch=5), Model(net, batch=64)
    for name, g in small.gradients(x, y).items():
        np.testing.assert_allclose(large.gradients(x, y)[name], g, rtol=1e-4, atol=1e-6)


def test_bytes_are_taken_as_zero_to_one_and_an_index_gathers() -> None:
    a = model()
    floats = IMAGES.astype(np.float32) / np.float32(255)
    index = np.array([7, 3, 3, 30])
    np.testing.assert_allclose(a.predict(IMAGES, index), a.predict(floats[index]), rtol=1e-5, atol=1e-6)
    assert a.evaluate(IMAGES, LABELS).predictions.shape == (40,)


def test_evaluate_agrees_with_predict() -> None:
    a = model()
    steps(a, 3)
    found, probabilities = a.evaluate(IMAGES, LABELS), a.predict(IMAGES)
    assert np.array_equal(found.predictions, probabilities.argmax(1))
    assert found.accuracy == pytest.approx((probabilities.argmax(1) == LABELS).mean())
    assert found.loss == pytest.approx(-np.log(probabilities[np.arange(40), LABELS]).mean(), rel=1e-4)


def test_dropout_drops_its_part_and_enlarges_the_rest() -> None:
    a = Model(convdsl.parse("input 4000 -> dropout 0.3 -> dense 2"), batch=2)
    x, y = np.ones((1, 4000), np.float32), np.array([0])
    gradient, other = (a.gradients(x, y, step_seed=seed)["2.dense.weight"][0] for seed in (1, 2))
    kept = gradient != 0
    assert 0.67 < kept.mean() < 0.73 and not np.array_equal(gradient, other)
    bias = a.gradients(x, y, step_seed=1)["2.dense.bias"][0]
    np.testing.assert_allclose(gradient[kept], bias / 0.7, rtol=1e-5)


def test_stochastic_depth_leaves_out_whole_images_and_enlarges_the_others() -> None:
    a = Model(convdsl.parse("input 3x3x2 -> conv 4 k1 -> droppath 0.25 -> dense 2"), batch=40)
    kept, steps = 0, 60
    x, y = np.ones((40, 3, 3, 2), np.float32), np.zeros(40, np.int64)
    whole = Model(convdsl.parse("input 3x3x2 -> conv 4 k1 -> dense 2"), batch=40)
    whole.load_weights({n.replace("3.", "2.", 1): w for n, w in a.weights.items()})
    np.testing.assert_array_equal(a.predict(x), whole.predict(x))
    one = a.gradients(x[:1], y[:1], step_seed=0)["3.dense.weight"]
    seen = set()
    for seed in range(steps):
        gradient = a.gradients(x[:1], y[:1], step_seed=seed)["3.dense.weight"]
        assert gradient.any() == gradient.all()
        kept += bool(gradient.any())
        seen.add(round(float(np.abs(gradient).max()), 4))
    assert 0.6 < kept / steps < 0.9 and one.shape == (2, 36)
    together = a.gradients(x, y, step_seed=7)["1.conv.bias"]
    assert np.isfinite(together).all() and together.any()


def test_a_frozen_layer_stays_and_nothing_below_it_is_computed() -> None:
    net = convdsl.parse("input 6x6x2 -> freeze { conv 4 k3 relu -> conv 4 k1 relu } -> dense 3")
    a = Model(net, batch=4)
    assert set(a.gradients(IMAGES[:4, :6, :6, :2].copy(), LABELS[:4] % 3)) == {"3.dense.weight", "3.dense.bias"}
    assert not any(s.kind in ("spread", "correlate") for r in a.plan.training.regions for s in r.steps)


def test_a_loss_that_is_no_number_is_refused_and_weights_stay() -> None:
    a = model()
    before = a.weights
    bad = RNG.standard_normal((4, 9, 9, 3)).astype(np.float32)
    bad[0, 0, 0, 0] = np.nan
    with pytest.raises(NotFinite) as caught:
        a.train_step(bad, LABELS[:4], 0.1)
    assert caught.value.layer == 1 and caught.value.what == "values"
    assert all(np.array_equal(v, a.weights[k]) for k, v in before.items())


def test_too_large_a_batch_is_refused_before_anything_is_allocated() -> None:
    net = convdsl.parse("input 64x64x3 -> conv 64 k3 p1 relu -> bn -> dense 10")
    with pytest.raises(MemoryRefused) as caught:
        Model(net, batch=1 << 14, memory_limit=300_000_000)
    assert 1 <= caught.value.batch < 1 << 14
    Model(net, batch=caught.value.batch, memory_limit=300_000_000)


def test_wrong_arrays_are_refused_clearly() -> None:
    a = model()
    with pytest.raises(BadInput, match="9x9x3"):
        a.predict(np.zeros((2, 3, 9, 9), np.float32))
    with pytest.raises(BadInput, match="between 0 and 9"):
        a.train_step(IMAGES[:2], np.array([3, 10]), 0.1)
    with pytest.raises(BadInput):
        a.train_step(IMAGES[:17], LABELS[:17], 0.1)
    with pytest.raises(BadInput):
        a.load_weights({"1.conv.weight": np.zeros((8, 3, 3, 3))})


def test_what_is_learned_alone_may_be_loaded_and_statistics_stay() -> None:
    a = Model(convdsl.parse("input 6x6x2 -> conv 3 k3 -> bn relu -> bn -> filter mean -> dense 2"), batch=4)
    x = RNG.standard_normal((4, 6, 6, 2)).astype(np.float32)
    a.train_step(x, LABELS[:4] % 2, 0.1)
    before = a.buffers
    told = a.load_weights({n: w + 1 for n, w in a.weights.items()})
    assert set(told.taken) == set(a.weights) and not (told.missing or told.unknown or told.mismatched)
    assert all(np.array_equal(v, a.buffers[n]) for n, v in before.items())
    b = Model(a.net, batch=4, seed=9)
    b.load_weights({**a.weights, **a.buffers})
    assert same(a, b) and np.array_equal(a.predict(x), b.predict(x))
    first = next(iter(before))
    for some in ({first: before[first]}, before, {**a.weights, first: before[first]}, {}):
        with pytest.raises(BadInput, match="missing"):
            b.load_weights(some)
    with pytest.raises(BadInput, match=r"this network; of another size: 2\.bn\.weight"):
        b.load_weights({**a.weights, "2.bn.weight": np.ones(4)})
    with pytest.raises(BadInput, match="unknown: 3"):
        b.load_weights({**a.weights, 3: np.ones(4)})
    with pytest.raises(BadInput, match="variances below 0"):
        b.load_weights({**a.weights, **before, "2.bn.running_var": -np.ones(3, np.float32)})
    for none in (None, [1, 2], 3):
        with pytest.raises(BadInput, match="given by name"):
            b.load_weights(none)  # type: ignore[arg-type]
    assert same(a, b), "all or nothing"


def test_weights_that_fit_are_taken_and_the_rest_is_told() -> None:
    a = model()
    told = a.load_weights(
        {"1.conv.weight": np.ones((8, 3, 3, 3)), "4.dense.weight": np.ones((2, 2)), "x": np.ones(1)}, strict=False
    )
    assert told.taken == ["1.conv.weight"] and told.mismatched == ["4.dense.weight"] and told.unknown == ["x"]
    assert (a.weights["1.conv.weight"] == 1).all()


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_running_statistics_keep_the_part_that_momentum_says(momentum: float) -> None:
    a = Model(convdsl.parse(f"input 3x3x2 -> bn momentum={momentum} -> dense 2"), batch=4)
    x = (3 + 2 * RNG.standard_normal((4, 3, 3, 2))).astype(np.float32)
    rows = x.reshape(-1, 2).astype(np.float64)
    mean, variance = np.zeros(2), np.ones(2)
    for _ in range(3):
        a.train_step(x, LABELS[:4] % 2, 0.0)
        mean = momentum * mean + (1 - momentum) * rows.mean(0)
        variance = momentum * variance + (1 - momentum) * rows.var(0, ddof=1)
    np.testing.assert_allclose(a.buffers["1.bn.running_mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(a.buffers["1.bn.running_var"], variance, rtol=1e-5)


def test_regression_learns_its_targets() -> None:
    a = Model(convdsl.parse("input 4 -> dense 2"), batch=8, loss="mse", optimizer=Optimizer("sgd"))
    x = np.vstack([np.eye(4), -np.eye(4)]).astype(np.float32)  # all directions alike, so that none is slow
    t = (x @ np.array([[1, 0], [0, 1], [2, 0], [0, -1]], np.float32)).astype(np.float32)
    for _ in range(400):
        a.train_step(x, t, 0.2)
    assert a.evaluate(x, t).loss < 1e-3


def test_damaged_kernels_in_the_cache_are_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from convdsl.engine.cpu import store
    from convdsl.engine.cpu.kernels.pointwise import fill_zero
    from convdsl.engine.cpu.specialise import Kernel

    monkeypatch.setattr(store, "folder", lambda: tmp_path)
    kernel = Kernel(fill_zero, (), ())
    for damage in (None, lambda content: content[:-1], lambda content: b"", lambda content: content):
        monkeypatch.setattr(store, "_addresses", {})
        for file in tmp_path.iterdir():
            assert damage is not None
            file.write_bytes(damage(file.read_bytes()))
        (address,) = store.addresses([kernel])
        values, row = np.ones(8, np.float32), np.zeros(2, np.int64)
        row[:] = values.ctypes.data, values.size
        ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)(row.ctypes.data)
        assert not values.any()
