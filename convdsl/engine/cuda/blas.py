"""Products of plain matrices by NVIDIA's cuBLAS, where it is installed (`convdsl[cuda-fast]`)."""

# mypy: ignore-errors
from __future__ import annotations

import ctypes
from typing import Any

from convdsl.engine.cuda.bind import Gemm
from convdsl.engine.errors import EngineError
from convdsl.messages import T

WORKSPACE = 32 << 20
"""Bytes that cuBLAS works in; given to it beforehand, so that its calls can be part of a graph."""


def library() -> Any:
    """cuBLAS, or None where it is not installed."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        return ctypes.CDLL(load_nvidia_dynamic_lib("cublas").abs_path)
    except Exception:  # the finder has errors of its own for each way in which there can be none
        return None


class Blas:
    """cuBLAS on one stream. `workspace` is the address of WORKSPACE bytes on the GPU."""

    def __init__(self, cublas: Any, stream: int, workspace: int) -> None:
        self._cublas = cublas
        self._handle = ctypes.c_void_p()
        self._call(cublas.cublasCreate_v2(ctypes.byref(self._handle)))
        self._call(cublas.cublasSetStream_v2(self._handle, ctypes.c_void_p(stream)))
        self._call(cublas.cublasSetWorkspace_v2(self._handle, ctypes.c_void_p(workspace), ctypes.c_size_t(WORKSPACE)))

    def run(self, product: Gemm, count: int) -> None:
        """cuBLAS counts along columns first: it is told to compute cᵀ = bᵀ·aᵀ."""
        m, n, k = product.sizes(count)
        one, more = ctypes.c_float(1.0), ctypes.c_float(1.0 if product.add else 0.0)
        self._call(
            self._cublas.cublasSgemm_v2(
                self._handle,
                int(product.b_turned),
                int(product.a_turned),
                n,
                m,
                k,
                ctypes.byref(one),
                ctypes.c_void_p(product.b),
                product.b_row,
                ctypes.c_void_p(product.a),
                product.a_row,
                ctypes.byref(more),
                ctypes.c_void_p(product.c),
                product.c_row,
            )
        )

    @staticmethod
    def _call(status: int) -> None:
        if status:
            raise EngineError(str(T("The GPU has failed: {error}.", error=f"cuBLAS {status}")))
