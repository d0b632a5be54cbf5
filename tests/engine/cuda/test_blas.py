"""Dense layers through a library for matrices: the same results, and cuBLAS is asked for the right products."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from convdsl.engine.cuda.bind import COUNT, Gemm
from convdsl.engine.cuda.blas import Blas
from convdsl.engine.errors import EngineError
from tests.engine.cuda.simulator import Simulator
from tests.engine.cuda.test_contract import check


def test_dense_layers_are_the_same_with_the_library(simulator: Simulator) -> None:
    simulator.blas = True
    text = "input 4x4x2 -> dense 9 tanh -> dense 5 relu -> add { dense 5 nobias | identity } -> dense 3 softmax"
    check(text)
    assert not any(launch.name == "contract" for launch in simulator.ran)


class Library:
    """cuBLAS as its manual describes it, on this machine's memory: column after column."""

    def cublasCreate_v2(self, handle: Any) -> int:
        return 0

    def cublasSetStream_v2(self, handle: Any, stream: Any) -> int:
        return 0

    def cublasSetWorkspace_v2(self, handle: Any, address: Any, size: Any) -> int:
        return 0

    def cublasSgemm_v2(
        self, handle: Any, ta: int, tb: int, m: int, n: int, k: int, alpha: Any, a: Any, lda: int, b: Any, ldb: int,
        beta: Any, c: Any, ldc: int,
    ) -> int:  # fmt: skip
        def matrix(place: Any, rows: int, columns: int, leading: int) -> np.ndarray:
            if leading < rows:
                raise ValueError("a leading dimension smaller than a column")
            flat = np.ctypeslib.as_array(ctypes.cast(place, ctypes.POINTER(ctypes.c_float)), (leading * columns,))
            return flat.reshape(columns, leading).T[:rows]

        left = matrix(a, k, m, lda).T if ta else matrix(a, m, k, lda)
        right = matrix(b, n, k, ldb).T if tb else matrix(b, k, n, ldb)
        result = matrix(c, m, n, ldc)
        result[...] = alpha._obj.value * (left @ right) + beta._obj.value * result
        return 0


@pytest.mark.parametrize("a_turned", [False, True])
@pytest.mark.parametrize("b_turned", [False, True])
@pytest.mark.parametrize("add", [False, True])
def test_cublas_is_asked_for_the_right_product(a_turned: bool, b_turned: bool, add: bool) -> None:
    rng = np.random.default_rng(0)
    m, n, k = 5, 3, 4
    a, b = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32)
    held = [np.zeros((max(m, n, k), 8), np.float32) for _ in range(3)]
    left, right = a.T if a_turned else a, b.T if b_turned else b
    held[0][: left.shape[0], : left.shape[1]] = left
    held[1][: right.shape[0], : right.shape[1]] = right
    held[2][:] = 1.0
    places = [h.ctypes.data for h in held]
    product = Gemm((COUNT, n, k), places[0], 8, a_turned, places[1], 8, b_turned, places[2], 8, add)
    Blas(Library(), 0, 0).run(product, m)
    np.testing.assert_allclose(held[2][:m, :n], a @ b + (1 if add else 0), rtol=1e-5)
    assert (held[2][m:] == 1).all() and (held[2][:, n:] == 1).all()


def test_an_error_of_cublas_is_said() -> None:
    library = Library()
    library.cublasCreate_v2 = lambda handle: 1  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="cuBLAS 1"):
        Blas(library, 0, 0)
