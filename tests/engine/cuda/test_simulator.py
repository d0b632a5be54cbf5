"""The simulator notices what a GPU would not forgive, and products of any shape are right in it."""

# ruff: noqa: F821
# mypy: ignore-errors
from __future__ import annotations

import numpy as np
import pytest

from convdsl.engine import activations
from convdsl.engine.cuda.bind import FLAT, Launch
from convdsl.engine.cuda.kernels import product
from convdsl.engine.cuda.tiles import Tile, fetch
from convdsl.engine.cuda.translate import translate
from tests.engine.cuda.simulator import Race, Simulator


def run(function, arguments, threads=64, **constants):
    device = Simulator(1 << 20)
    addresses = [device.floats(a) if isinstance(a, np.ndarray) else a for a in arguments]
    names = list(function.__code__.co_varnames[: function.__code__.co_argcount])
    text = translate(function, dict.fromkeys(names, FLAT), constants)
    device.launch(Launch(text, function.__name__, threads, (1, 1, 1), tuple(addresses)), 1)
    results = []
    for argument, address in zip(arguments, addresses, strict=True):
        if isinstance(argument, np.ndarray):
            results.append(np.empty(argument.shape, np.float32))
            device.download(address, results[-1])
    return results


def reversed_in_shared(x: F32, y: F32, *, waits):
    tile = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    tile[t] = x[t]
    if waits == 1:
        cuda.syncthreads()
    if waits == 2 and t < 32:
        cuda.syncthreads()
    y[t] = tile[63 - t]


X = np.arange(64, dtype=np.float32)


def test_a_barrier_is_needed_and_must_be_met_by_all() -> None:
    _, y = run(reversed_in_shared, [X, np.zeros(64)], waits=1)
    assert np.array_equal(y, X[::-1])
    for waits in (0, 2):
        with pytest.raises(Race):
            run(reversed_in_shared, [X, np.zeros(64)], waits=waits)


def beyond(x: F32):
    x[cuda.threadIdx.x + 1] = float32(1)


def crooked(x: F32, y: F32):
    store4(y, 0, load4(x, 1))


def test_memory_of_others_and_crooked_vectors_are_noticed() -> None:
    with pytest.raises(AssertionError, match="outside"):
        run(beyond, [X])
    with pytest.raises(AssertionError, match="aligned"):
        run(crooked, [X, X], threads=1)


def halves(x: F32, y: F32):
    t = cuda.threadIdx.x
    v = x[t]
    for half in unrolled(5):
        v += shuffle_xor(v, 16 >> half)
    y[t] = v


def test_a_warp_exchanges_values() -> None:
    _, y = run(halves, [X, np.zeros(64)])
    assert np.array_equal(y, np.repeat([X[:32].sum(), X[32:].sum()], 32))


@pytest.mark.parametrize(
    ("rows", "columns", "inner"), [(1, 1, 1), (17, 5, 3), (33, 20, 40), (130, 66, 17), (64, 64, 64), (16, 130, 9)]
)
@pytest.mark.parametrize("block", [(4, 4), (8, 4), (8, 8)])
@pytest.mark.parametrize("along", [True, False])
@pytest.mark.parametrize("splits", [1, 3])
def test_products_of_any_size(rows, columns, inner, block, along, splits) -> None:
    """Matrices that lie in rows or in columns, whole vectors at once wherever they are multiples of four."""
    tile = Tile(block[0] * 8, block[1] * 8, 8, block)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((rows, inner)).astype("f4"), rng.standard_normal((inner, columns)).astype("f4")
    bias = rng.standard_normal(-(-columns // 4) * 4).astype("f4")
    device = Simulator(1 << 22)
    a_at, b_at = device.floats(a if along else a.T.copy()), device.floats(b.T.copy() if along else b)
    c_at, bias_at = device.floats(np.zeros((splits, rows, columns))), device.floats(bias)
    a_strides, b_strides = ((inner, 1), (1, inner)) if along else ((1, rows), (columns, 1))
    a_wide = inner % 4 == 0 if along else rows % 4 == 0
    b_wide = inner % 4 == 0 if along else columns % 4 == 0
    alone = splits == 1
    text = translate(
        product.contract,
        dict.fromkeys(("a", "b", "c", "bias", "where"), FLAT),
        {
            "rows": (rows, (rows,), (a_strides[0],), (columns,), (), ()),
            "columns": (columns, b_strides[1]),
            "inner": (inner, (inner,), (a_strides[1],), (b_strides[0],)),
            "images_inside": False,
            "whole": alone and inner % tile.step == 0,
            "groups": (1, 0, 0, 0, 0),
            "splits": (splits, rows * columns),
            "tile": (tile.rows, tile.columns),
            "step": tile.step,
            "block": tile.block,
            "workers": tile.threads,
            "a_fetch": fetch(tile.rows, tile.step, tile.threads, a_wide, along),
            "b_fetch": fetch(tile.columns, tile.step, tile.threads, b_wide, along),
            "wide_out": columns % 4 == 0 and rows * columns % 4 == 0,
            "has_bias": alone,
            "add": False,
            "pools": 0,
            "value": activations.value("tanh" if alone else "", 0.0),
        },
    )
    blocks = (-(-rows // tile.rows), -(-columns // tile.columns), splits)
    device.launch(Launch(text, "contract", tile.threads, blocks, (a_at, b_at, c_at, bias_at, 0, 1)), 1)
    found = np.empty((splits, rows, columns), np.float32)
    device.download(c_at, found)
    expected = np.tanh(a @ b + bias[:columns]) if alone else a @ b
    np.testing.assert_allclose(found.sum(0), expected, rtol=1e-4, atol=1e-4)
