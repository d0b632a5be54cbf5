"""Runs networks on an NVIDIA GPU: the same plan, other kernels. `kernels/` are compiled without a GPU being there."""

from __future__ import annotations

from importlib.util import find_spec

from convdsl.messages import T

NEEDED = ("numba_cuda", "cuda.bindings")
"""Packages of the extra `convdsl[cuda]`."""


def installed() -> bool:
    """Whether kernels can be compiled: the extra `convdsl[cuda]` is there."""
    return all(find_spec(name.partition(".")[0]) is not None and find_spec(name) is not None for name in NEEDED)


def unusable() -> T | None:
    """Why no GPU can be used, and how to change that; None if one can."""
    if not installed():
        return T('the packages for it are missing; `pip install "convdsl[cuda]"` brings them.')
    from convdsl.engine.cuda.driver import trouble

    return trouble()
