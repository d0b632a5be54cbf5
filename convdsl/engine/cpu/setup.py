"""Chooses numba's threading layer before anything is compiled: OpenMP's parallel call costs a microsecond, the fallback's
eighty. Where a user has chosen one, it stays."""

from __future__ import annotations

import os

import numba

if "NUMBA_THREADING_LAYER" not in os.environ and "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]

if "OMP_WAIT_POLICY" not in os.environ:
    # A thread that waits for the others gives its core away after some microseconds: on a busy machine the thread that
    # it waits for may need it.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

__all__ = ["numba"]
