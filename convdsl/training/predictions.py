"""What a network gives, as an answer: probabilities where its loss is one of classes, else the numbers as they are."""

from __future__ import annotations

import numpy as np

from convdsl.network.ending import ending
from convdsl.network.view import NetView

PROBABLE = ("cross_entropy", "binary_cross_entropy")
"""Losses of networks whose answers are probabilities."""


def answered(outputs: np.ndarray, net: NetView, kind: str, loss: str) -> np.ndarray:
    """What a network's outputs (n, …) answer, as `Predictor.answers` says; `loss` is what it was trained with."""
    outputs = outputs.astype(np.float64)
    if kind == "pictures":
        return outputs
    if kind != "map":
        outputs = outputs.reshape(len(outputs), -1)
    if loss not in PROBABLE:
        return outputs
    last = ending(net.nodes, net.output).scores
    if loss == "binary_cross_entropy":
        yes = outputs if last == "sigmoid" else 1 / (1 + np.exp(-outputs))
        alone = yes.shape[-1] == 1 and kind != "labels"
        return np.concatenate((1 - yes, yes), -1) if alone else yes
    return outputs if last == "softmax" else _softmax(outputs)


def _softmax(outputs: np.ndarray) -> np.ndarray:
    powers = np.exp(outputs - outputs.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
