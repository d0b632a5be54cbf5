"""Runs networks: a plan, kernels compiled for this machine, and the model that holds the weights.

Importing this imports numba; `convdsl.engine.plan` alone does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convdsl.engine.errors import BadInput, EngineError, MemoryRefused, NotFinite
from convdsl.engine.optimizer import Optimizer

if TYPE_CHECKING:
    from convdsl.engine.model import Evaluation, Loaded, Model

__all__ = ["BadInput", "EngineError", "Evaluation", "Loaded", "MemoryRefused", "Model", "NotFinite", "Optimizer"]


def __getattr__(name: str) -> Any:
    if name in ("Model", "Evaluation", "Loaded"):
        from convdsl.engine import model

        return getattr(model, name)
    raise AttributeError(name)
