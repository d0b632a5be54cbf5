"""`Model.fit`: the loop for arrays, without files."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.messages import T
from convdsl.training.curves import read_curves
from convdsl.training.events import Finished
from convdsl.training.examples import examples_from
from convdsl.training.facts import facts_of
from convdsl.training.history import History
from convdsl.training.loop import train
from convdsl.training.model import Model, settings_of
from convdsl.training.state import State

FIXED = ("batch", "optimizer", "loss", "label_smoothing", "init")
"""Settings that are part of a compiled model."""


def fit(model: Model, images: np.ndarray, labels: Any, epochs: int | None, changes: dict[str, Any]) -> History:
    """See Model.fit."""
    progress = changes.pop("progress", None)
    fixed = next((name for name in changes if name in FIXED), None)
    if fixed:
        raise ValueError(str(T("`{name}` is chosen when the model is made: `net.compile({name}=…)`.", name=fixed)))
    if "data" in changes:
        raise ValueError(str(T("`fit` takes its images and labels as arrays.")))
    if epochs is not None:
        changes["epochs"] = epochs
    settings = settings_of(model.net, {**model.changes, **changes}, standard={"validation": 0})
    examples = examples_from(model.net, images, labels, settings)
    model.settle(examples.task)
    state = State(epoch=model.epochs_done, steps=model.epochs_done * -(-len(examples.train) // model.batch))
    restored = 0
    for event in train(model, examples, settings, state, epochs=model.epochs_done + settings.epochs):
        if isinstance(event, Finished):
            restored = event.restored
        if progress:
            progress(event)
    model.epochs_done = state.epoch
    facts = facts_of(model, examples, settings)
    return History(tuple(state.history), read_curves(state.history, settings, facts, restored))
