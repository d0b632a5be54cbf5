"""Activations on arrays, from the one place that declares them (convdsl/engine/activations.py)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convdsl.engine.activations import FORMULAS, on_arrays


def value(activation: tuple[str, float], v: Any) -> Any:
    """What comes out, from what goes in."""
    return _computed(FORMULAS[activation[0]].value, v=v, a=activation[1])


def back(activation: tuple[str, float], d: Any, v: Any) -> Any:
    """The gradient before the activation, from the one behind it and what goes in."""
    return _computed(FORMULAS[activation[0]].back, d=d, v=v, a=activation[1])


def told(activation: tuple[str, float], d: Any, y: Any) -> Any:
    """The same gradient, told from what came out."""
    return _computed(FORMULAS[activation[0]].back_told, d=d, y=y, a=activation[1])


def _sigmoid(v: Any) -> Any:
    e = np.exp(-abs(v))
    return np.where(v < 0, e, 1) / (1 + e)


def _gaussian_part(v: Any) -> Any:
    """The normal distribution below v: erfc(−v/√2)/2."""
    return (0.5 * np.frompyfunc(math.erfc, 1, 1)(-v / math.sqrt(2))).astype(v.dtype)


_WORDS = {
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "gaussian_part": _gaussian_part,
    "min": np.minimum,
    "max": np.maximum,
    "where": np.where,
}


def _computed(formula: str, **given: Any) -> Any:
    with np.errstate(all="ignore"):  # both sides of a condition are computed
        return eval(on_arrays(formula), {"__builtins__": {}}, {**_WORDS, **given})
