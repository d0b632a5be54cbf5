"""Inside a trained network, by images: what layers answer, what excites them most, and what an answer rests on.

Images are (H, W, C), as the network takes them: uint8 (taken as 0 to 1) or float32. Maps of what counts are (H, W), in the
size of the image.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from convdsl.engine.sensitivity import tapped
from convdsl.messages import T
from convdsl.network.graph import Node
from convdsl.network.view import NetView
from convdsl.training.task import unsuitable

STEPS = 32
"""Images between black and the one in question, of integrated gradients."""
CLIMB = 40
"""Steps up to the image that excites a map most."""
AT_ONCE = 64


class Looked(Protocol):
    """What is asked of a model."""

    @property
    def net(self) -> Any: ...

    @property
    def device(self) -> str: ...

    def predict(self, images: np.ndarray, index: np.ndarray | None = None) -> np.ndarray: ...

    def activations(self, images: np.ndarray, layer: int) -> np.ndarray: ...

    def sensitivity(
        self, images: np.ndarray, answer: Any, layer: int = 0, *, of: int | None = None, rule: str = "true"
    ) -> np.ndarray: ...


class Patch(NamedTuple):
    """The part of an image that a value sees: the image's number, the value, its place (row, column) in the map, and the
    part itself (H, W, C), which is smaller than the field where that goes beyond the image. `box` is (top, left, bottom,
    right), the last two not counted in."""

    image: int
    value: float
    place: tuple[int, int]
    box: tuple[int, int, int, int]
    part: np.ndarray


def places_of(net: NetView) -> list[Node]:
    """The layers whose values have rows and columns, more than one of each."""
    return [n for n in net.nodes if len(shape := net.report.shape(n.index)) == 3 and min(shape[:2]) > 1]


def last_places(net: NetView) -> Node | None:
    """The last of them that the answer depends on: where Grad-CAM looks."""
    needed = {net.output}
    for node in reversed(net.nodes):
        if node.index in needed:
            needed.update(node.inputs)
    return next((n for n in reversed(places_of(net)) if n.index in needed and n.exit is None), None)


def as_numbers(image: np.ndarray) -> np.ndarray:
    """An image as float32, as the network sees it."""
    return image.astype(np.float32) / 255 if image.dtype == np.uint8 else image.astype(np.float32)


def score(model: Looked, images: np.ndarray, answer: int) -> np.ndarray:
    """The answers with a number (n,), of maps the mean over all positions."""
    return model.predict(images).reshape(len(images), -1, model.net.report.shape()[-1])[..., answer].mean(1)


# What excites a map.


def field_of(net: NetView, layer: int, place: tuple[int, int]) -> tuple[int, int, int, int]:
    """What of the input the value at a place of a layer sees: (top, left, bottom, right) within the image. Raises Unsuitable
    where that is no rectangle around it."""
    found = []
    for axis, (field, at, size) in enumerate(zip(net.report[layer].field, place, net.input, strict=False)):
        if field.axis not in (axis, 0, 1) or field.axis < 0:
            raise unsuitable(
                T("What layer {layer} sees of the image is no window that moves with its places.", layer=layer)
            )
        low, high = field.low + at * field.jump, field.high + at * field.jump
        found.append((max(0, int(np.floor(float(low)))), min(int(size), int(np.ceil(float(high))) + 1)))
    (top, bottom), (left, right) = found
    return top, left, bottom, right


def strongest(model: Looked, images: np.ndarray, layer: int, most: int = 9, maps: int = 16) -> list[list[Patch]]:
    """For each of the first `maps` maps of a layer the patches that excite it most, at most one of each image."""
    net = model.net
    best: list[list[tuple[float, int, int]]] = [[] for _ in range(min(maps, net.report.shape(layer)[-1]))]
    width = net.report.shape(layer)[1]
    for start in range(0, len(images), AT_ONCE):
        values = model.activations(images[start : start + AT_ONCE], layer)[..., : len(best)]
        flat = values.reshape(len(values), -1, len(best))
        where = flat.argmax(1)
        high = np.take_along_axis(flat, where[:, None], 1)[:, 0]
        for number, found in enumerate(best):
            found += [(float(v), start + i, int(where[i, number])) for i, v in enumerate(high[:, number])]
            found.sort(key=lambda one: (-one[0], one[1]))
            del found[most:]
    return [[_patch(net, images, layer, v, i, divmod(at, width)) for v, i, at in found] for found in best]


def _patch(net: NetView, images: np.ndarray, layer: int, value: float, image: int, place: tuple[int, int]) -> Patch:
    top, left, bottom, right = box = field_of(net, layer, place)
    return Patch(image, value, place, box, images[image][top:bottom, left:right])


def alone(model: Looked, image: np.ndarray, layer: int, patch: Patch, channel: int) -> float:
    """The value at a patch's place when there is nothing else in the image: what it sees decides it, so it is the same."""
    only = np.zeros_like(image)
    top, left, bottom, right = patch.box
    only[top:bottom, left:right] = patch.part
    return float(model.activations(only[None], layer)[(0, *patch.place, channel)])


# What an answer rests on.


def gradient(model: Looked, image: np.ndarray, answer: int, rule: str = "true") -> np.ndarray:
    """The gradient of a score by the image (H, W, C)."""
    return model.sensitivity(image[None], answer, 0, rule=rule)[0]


def integrated(model: Looked, image: np.ndarray, answer: int, steps: int = STEPS) -> tuple[np.ndarray, float]:
    """Integrated gradients from a black image (Sundararajan, Taly and Yan, 2017), (H, W, C), by the midpoint rule; and the
    difference of the two scores, which their sum should be."""
    whole = as_numbers(image)
    shares = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    slopes = model.sensitivity(shares.reshape(-1, 1, 1, 1) * whole, answer, 0)
    ends = np.stack([whole, np.zeros_like(whole)])
    scores = _scores(model, ends, answer)
    return slopes.mean(0) * whole, float(scores[0] - scores[1])


def _scores(model: Looked, images: np.ndarray, answer: int) -> np.ndarray:
    """Scores before a softmax, summed over positions: of one image by the gradient at its scores, which are linear there."""
    from convdsl.engine.model import Model

    view = tapped(model.net, 0)
    inner = Model(view, batch=len(images), device="plain", loss="mse")
    inner.load_weights(view.weights({**model.weights, **model.buffers}), strict=False)  # type: ignore[attr-defined]
    return inner.predict(images).reshape(len(images), -1, view.report.shape()[-1])[..., answer].sum(1)


def grad_cam(model: Looked, image: np.ndarray, answer: int, layer: int) -> np.ndarray:
    """Grad-CAM (Selvaraju et al., 2017): maps of a layer, each with the mean of its gradients, added up; what is below 0
    does not speak for the answer. In the size of the layer."""
    weights = model.sensitivity(image[None], answer, layer)[0].mean((0, 1))
    maps = model.activations(image[None], layer)[0]
    return np.maximum((maps * weights).sum(-1), 0)


def occlusion(model: Looked, image: np.ndarray, answer: int, size: int = 0) -> tuple[np.ndarray, int]:
    """How much an answer falls when a square is covered (Zeiler and Fergus, 2014): the mean over all squares that cover a
    pixel, (H, W), and the size of the squares, a fifth of the image unless it is given."""
    height, width = image.shape[:2]
    size = size or max(2, round(min(height, width) / 5))
    step = max(1, size // 3)
    tops = [*range(0, max(height - size, 0) + 1, step)]
    lefts = [*range(0, max(width - size, 0) + 1, step)]
    corners = [(y, x) for y in tops for x in lefts]
    covered = np.repeat(image[None], len(corners), 0)
    grey = image.reshape(-1, image.shape[-1]).mean(0).astype(image.dtype)
    for one, (y, x) in zip(covered, corners, strict=True):
        one[y : y + size, x : x + size] = grey
    before = float(score(model, image[None], answer)[0])
    drops = np.concatenate(
        [before - score(model, covered[n : n + AT_ONCE], answer) for n in range(0, len(covered), AT_ONCE)]
    )
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for drop, (y, x) in zip(drops, corners, strict=True):
        total[y : y + size, x : x + size] += drop
        times[y : y + size, x : x + size] += 1
    return total / np.maximum(times, 1), size


def ideal(model: Looked, layer: int, channel: int, start: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """An image with values from 0 to 1 that excites the middle of a map strongly, found by climbing its gradient from grey,
    or from `start`; and the value. Where grey leaves the map silent, and so without a gradient, noise is tried."""
    shape = model.net.report.shape(layer)
    place = (shape[0] // 2, shape[1] // 2)
    counts = np.zeros(shape, np.float32)
    counts[(*place, channel)] = 1
    image = _begun(model, layer, counts) if start is None else as_numbers(start)
    best, most = image, -np.inf
    touched = np.zeros(image.shape, bool)
    for step in range(CLIMB):
        value = float(model.activations(image[None], layer)[(0, *place, channel)])
        if value > most:
            best, most = image, value
        slope = model.sensitivity(image[None], counts, 0, of=layer)[0]
        size = float(np.abs(slope).max())
        if size == 0:
            break
        touched |= slope != 0
        image = np.clip(image + 0.15 * (1 - step / CLIMB) * slope / size, 0, 1).astype(np.float32)
    calm = np.where(touched, best, np.float32(0.5)).astype(np.float32)  # what did not matter is grey again
    if touched.any() and float(model.activations(calm[None], layer)[(0, *place, channel)]) >= most:
        return calm, most
    return best, most


def _begun(model: Looked, layer: int, counts: np.ndarray) -> np.ndarray:
    """Grey with a little noise, or the first of a few images of more noise from which the values `counts` can be climbed to."""
    random = np.random.RandomState(0)
    grey = (0.5 + random.uniform(-0.05, 0.05, model.net.input)).astype(np.float32)
    noisy = (random.uniform(0, 1, model.net.input).astype(np.float32) for _ in range(8))
    for image in (grey, *noisy):
        if np.abs(model.sensitivity(image[None], counts, 0, of=layer)).max() > 0:
            return image
    return grey


def by_chance(model: Looked) -> Looked:
    """The same network with fresh weights, as before any training: what a map of it shows was not learned."""
    from convdsl.engine.model import Model

    return Model(model.net, batch=1, device=model.device, loss="mse", seed=1)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's: 1 where two maps order their pixels alike, 0 where they have nothing to do with each other; 0 too where one
    is the same everywhere."""
    ranks = [np.unique(np.round(m, 12).ravel(), return_inverse=True, return_counts=True)[1:] for m in (one, other)]
    means = [(np.cumsum(counts) - (counts - 1) / 2)[places] for places, counts in ranks]
    a, b = (m - m.mean() for m in means)
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size else 0.0


def amount(slopes: np.ndarray) -> np.ndarray:
    """How much each pixel counts, (H, W): the largest of its channels, without its sign."""
    return np.abs(slopes).max(-1)
