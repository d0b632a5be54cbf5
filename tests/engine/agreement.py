"""Whether a compiled network agrees with another opinion: with PyTorch in float64 where it is installed, else with the
reference, and with itself when nothing is rewritten (see convdsl/engine/plan/rewrites.py)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import numpy as np

import convdsl
from convdsl.engine import Model
from tests.engine.checking import TOLERANCE, check, excited

try:
    from tests.engine import pytorch
except ImportError:
    pytorch = None  # type: ignore[assignment]

IMAGES = (3, 6, 21)
"""The last is more than a vector has lanes, so that images interleave where that pays, and leaves a ragged block."""

Results = dict[str, np.ndarray]


@contextmanager
def without(*rewrites: str) -> Iterator[None]:
    """Plans that are made inside do not do these."""
    before = os.environ.get("CONVDSL_WITHOUT")
    os.environ["CONVDSL_WITHOUT"] = ",".join(rewrites)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CONVDSL_WITHOUT"]
        else:
            os.environ["CONVDSL_WITHOUT"] = before


def faults(text: str, images: int = 0) -> list[str]:
    """What differs from the independent opinion, for each value and gradient a line; twice, with other numbers, so that a
    maximum or a kink that rounding decides does not count."""
    images = images or IMAGES[crc32(text.encode()) % len(IMAGES)]
    if pytorch is None:
        try:
            check(text, images=images)
        except AssertionError as error:
            return [str(error)]
        return []
    found = _compared(text, images, 0)
    return found and (_compared(text, images, 1) and found)


def _compared(text: str, images: int, seed: int) -> list[str]:
    net = convdsl.parse(text)
    model, x, labels = excited(net, images, seed)
    found = results(model, x, labels)
    if any(node.op in ("dropout", "droppath") for node in net.nodes):
        with without("all"):
            plain, x, labels = excited(net, images, seed)
        wanted = results(plain, x, labels)
        wanted |= {name: value for name, value in opinion(model, x, labels).items() if name.startswith("prediction")}
        return differences(found, wanted, None)
    return differences(found, opinion(model, x, labels), lambda: opinion(model, x, labels, np.float32))


def results(model: Model, x: np.ndarray, labels: Any) -> Results:
    """The prediction, the gradients and the loss of one step."""
    predicted = model.predict(x)
    named = predicted if isinstance(predicted, dict) else {model.net.outputs[0].name: predicted}
    found = {**{f"prediction {name}": value for name, value in named.items()}, **model.gradients(x, labels, 7)}
    weights = {**model.weights, **model.buffers}
    found["loss"] = np.array(model.train_step(x, labels, 0.0, 7)[0])
    model.load_weights(weights)  # running statistics too
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch's own threads cost more than they bring to small networks."""
    before = pytorch.torch.get_num_threads()
    pytorch.torch.set_num_threads(1)
    try:
        yield
    finally:
        pytorch.torch.set_num_threads(before)


def opinion(model: Any, x: np.ndarray, labels: Any, dtype: Any = np.float64) -> Results:
    """PyTorch's, of something that has `net`, `weights` and `buffers`."""
    torch = pytorch.torch
    weights = pytorch.tensors(model, torch.float64 if dtype == np.float64 else torch.float32)
    images = torch.tensor(x.astype(dtype))
    with torch.no_grad():
        values = pytorch.forward(model.net, weights, images, training=False)[0]
    loss = pytorch.loss(model.net, weights, images, labels)
    loss.backward()
    wanted = {name: np.zeros(w.shape) if w.grad is None else w.grad.numpy() for name, w in weights.items()}
    predictions = {f"prediction {o.name}": values[o.node].numpy() for o in model.net.outputs}
    return {**wanted, **predictions, "loss": loss.detach().numpy()}


def differences(found: Results, wanted: Results, rough: Any) -> list[str]:
    """A line for each of the results that is not as `wanted`. What PyTorch too gets wrong in single precision, as `rough`
    says, may be wrong by twenty times as much."""
    gradients = [n for n in found if not n.startswith(("prediction", "loss"))]
    scale = max((float(np.abs(wanted[n]).max()) for n in gradients), default=0.0)
    lines, roughly = [], None
    for name, value in found.items():
        least = 1e-2 * scale if name in gradients else 1e-3
        error = _error(value, wanted[name], least)
        if error < TOLERANCE:
            continue
        if rough is not None and roughly is None:
            roughly = rough()
        if roughly is not None and error < 20 * _error(roughly[name], wanted[name], least):
            continue
        lines.append(f"{name}: relative error {error:.1e}")
    return lines


def _error(found: np.ndarray, wanted: np.ndarray, least: float) -> float:
    if not np.array_equal(np.isfinite(found), np.isfinite(wanted)):
        return np.inf
    here = np.isfinite(wanted)
    return float(np.abs(found - wanted)[here].max(initial=0) / max(np.abs(wanted)[here].max(initial=0), least, 1e-30))
