"""What this machine's CPU offers."""

from __future__ import annotations

import os

import numba
from llvmlite import binding

from convdsl.engine.errors import EngineError
from convdsl.engine.plan.values import Target
from convdsl.messages import T


def detect(threads: int | None = None) -> Target:
    """Vector width and registers from the CPU's features; as many threads as numba may use, or as asked for."""
    features = binding.get_host_cpu_features()
    most = numba.config.NUMBA_NUM_THREADS
    threads = max(1, min(threads or most, most))
    asked = os.environ.get("CONVDSL_LANES")
    if asked:
        if asked not in ("4", "8", "16"):
            raise EngineError(str(T("CONVDSL_LANES is 4, 8 or 16; here it is {value}.", value=asked)))
        return Target(int(asked), 16 if asked == "8" else 32, threads)
    if features.get("avx512f") and features.get("avx512vl"):
        return Target(16, 32, threads)
    if features.get("avx2"):
        return Target(8, 16, threads)
    if features.get("neon") or binding.get_process_triple().startswith(("aarch64", "arm64")):
        return Target(4, 32, threads)
    return Target(4, 16, threads)
