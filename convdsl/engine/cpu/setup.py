"""Chooses numba's threading layer before anything is compiled: OpenMP's parallel call costs a microsecond, the fallback's
eighty. Where a user has chosen one, it stays."""

from __future__ import annotations

import os

import numba

if "NUMBA_THREADING_LAYER" not in os.environ and "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]

__all__ = ["numba"]
