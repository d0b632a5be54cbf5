"""From what a network does with an image to panels of pictures with words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from convdsl.messages import Rounded, T
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import percent
from convdsl.report.page.pictures import filters, maps, resized
from convdsl.training import looking
from convdsl.training.inspecting import visible
from convdsl.training.looking import Looked
from convdsl.training.task import unsuitable

WHAT = (
    "maps",
    "filters",
    "patches",
    "occlusion",
    "gradient",
    "integrated",
    "gradcam",
    "guided",
    "deconv",
    "ideal",
    "sanity",
)
USUAL = ("maps", "filters", "patches", "occlusion", "gradient", "integrated", "gradcam")
"""What is shown where nothing is asked for; the others are slower, or show less than they seem to."""
MOST_MAPS, OF_EACH, MOST_LAYERS = 256, 32, 12
"""Maps that are shown of one layer that was asked for; of each of several; and layers."""
COLUMNS = 16
LARGE = 168
"""Pixels that a picture of the whole image is wide, about."""
PAIRED = 232
"""The same where four stand in a row of a page, two and two."""


class Panel(NamedTuple):
    """Pictures (H, W, 1 or 3) uint8 of one size, in rows of `columns`, shown about `width` pixels wide each; `names` stand
    below them one by one, or there are none."""

    title: str
    said: str
    tiles: tuple[np.ndarray, ...]
    columns: int
    width: int
    names: tuple[str, ...] = ()


class Request(NamedTuple):
    """What is to be looked at: an image as the network takes it, its name, the number of the answer in question, what
    classes are called, the layer (0: all), and images among which the most exciting are looked for."""

    model: Looked
    image: np.ndarray
    name: str
    answer: int
    classes: Sequence[str]
    layer: int
    what: Sequence[str]
    images: np.ndarray | None
    probability: float | None = None


def panels(asked: Request) -> Iterator[Panel]:
    """All panels that were asked for, those that this network has."""
    shown = visible(asked.image)
    if shown is None:
        raise unsuitable(T("`look` shows images with rows and columns, and this network takes {shape}.",
                           shape="x".join(map(str, asked.model.net.input))))  # fmt: skip
    finite(asked.model.predict(asked.image[None]))
    yield _image(asked, shown)
    for one in asked.what:
        yield from _PANELS[one](asked, shown)


def finite(values: np.ndarray, layer: int = 0) -> np.ndarray:
    """Values that can be shown. Raises Unsuitable, naming the layer, where some are no numbers."""
    if np.isfinite(values).all():
        return values
    if layer:
        raise unsuitable(T("Layer {layer} answers with values that are no numbers (NaN) or are infinite.", layer=layer))
    raise unsuitable(
        T("The network answers with values that are no numbers (NaN) or are infinite, or its gradients do: with these "
          "weights there is nothing to see.")
    )  # fmt: skip


def _image(asked: Request, shown: np.ndarray) -> Panel:
    said: T | str = asked.name
    if asked.probability is not None:
        said = T("{name}: {answer}, {share}", name=asked.name, answer=_class(asked), share=percent(asked.probability))
    return Panel(str(T("The image")), str(said), (shown,), 1, LARGE)


def _class(asked: Request) -> str:
    number = asked.answer
    return clean(str(asked.classes[number])) if number < len(asked.classes) else str(number)


def _layers(asked: Request) -> list[Any]:
    nodes = looking.places_of(asked.model.net)
    if asked.layer:
        nodes = [n for n in nodes if n.index == asked.layer]
        if not nodes:
            raise unsuitable(
                T("Layer {layer} has no rows and columns: there are no maps to look at.", layer=asked.layer)
            )
    return nodes[:MOST_LAYERS]


def _maps(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    for node in _layers(asked):
        values = asked.model.activations(asked.image[None], node.index)[0]
        most = MOST_MAPS if asked.layer else OF_EACH
        finite(values, node.index)
        low, high = float(values.min()), float(values.max())
        tiles = maps(values[..., :most], low, high)
        size = f"{values.shape[0]}×{values.shape[1]}"
        said = T(
            "One map of {size}; black is {low}, white {high}.",
            "{n} maps of {size}; black is {low}, white {high}.",
            n=values.shape[-1],
            size=size,
            low=Rounded(low, ".3g"),
            high=Rounded(high, ".3g"),
        )
        more = str(T(" The first {n} are shown.", n=len(tiles))) if len(tiles) < values.shape[-1] else ""
        title = T("Layer {layer}: {text}", layer=node.index, text=clean(node.text))
        yield Panel(str(title), f"{said}{more}", tuple(tiles), COLUMNS, 56)


def _filters(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    for node in _layers(asked):
        name = f"{node.shared or node.index}.{node.op}.weight"
        weights = asked.model.weights.get(name)  # type: ignore[attr-defined]
        if weights is None or weights.ndim != 4 or (not asked.layer and node.index > _first(asked)):
            continue
        weights = weights.swapaxes(0, 1) if node.op == "tconv" else weights
        order = np.argsort(-np.square(weights.astype(np.float64)).sum((1, 2, 3)), kind="stable")
        tiles = filters(weights[order], MOST_MAPS)
        said = T("One filter; grey is 0, white {most}.", "{n} filters, the strongest first; grey is 0, white {most}.",
                 n=len(weights), most=Rounded(float(np.abs(weights).max(initial=0)), ".3g"))  # fmt: skip
        channels = weights.shape[1]
        more = str(T(" Of {n} channels the first is shown.", n=channels)) if channels not in (1, 3) else ""
        yield Panel(str(T("Filters of layer {layer}: {text}", layer=node.index, text=clean(node.text))), f"{said}{more}",
                    tuple(tiles), COLUMNS, 44)  # fmt: skip


def _first(asked: Request) -> int:
    """The first layer with filters: where none is asked for, its filters are shown."""
    for node in asked.model.net.nodes:
        if len(asked.model.net.report[node.index].weights.get("weight", ())) == 4:
            return int(node.index)
    return 0


def _patches(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    if asked.images is None:
        return
    net = asked.model.net
    layer = asked.layer or next((n.index for n in reversed(_seeing_a_part(net))), 0)
    if not layer:
        return
    each = looking.strongest(asked.model, asked.images, layer, maps=16 if asked.layer else 8)
    low, high = (float(f(asked.images)) for f in (np.min, np.max)) if asked.images.dtype != np.uint8 else (0.0, 255.0)
    finite(np.array([p.value for found in each for p in found]), layer)
    side = max(max(p.part.shape[:2]) for found in each for p in found)
    for number, found in enumerate(each):
        if not found[0].value > 0:
            continue
        tiles = tuple(_padded(visible_part(p.part, low, high), side) for p in found)
        names = tuple(f"{p.image}: {Rounded(p.value, '.3g')}" for p in found)
        title = T("Layer {layer}, map {map}: what excites it most", layer=layer, map=number)
        said = T("The part of each image that the value sees, alone; the number of the image among {n}, and the value.",
                 n=len(asked.images))  # fmt: skip
        yield Panel(str(title), str(said) if number == 0 else "", tiles, len(tiles), 84, names)


def _seeing_a_part(net: Any) -> list[Any]:
    """Layers whose values see a part of the image only."""
    return [
        n
        for n in looking.places_of(net)
        if all(f.axis >= 0 and f.size < size for f, size in zip(net.report[n.index].field, net.input, strict=False))
    ]


def visible_part(part: np.ndarray, low: float, high: float) -> np.ndarray:
    part = part if part.shape[-1] == 3 else part[..., :1]
    shown = (part.astype(np.float64) - low) / (high - low if high > low else 1)
    return np.rint(shown.clip(0, 1) * 255).astype(np.uint8)


def _padded(part: np.ndarray, side: int) -> np.ndarray:
    """A part that goes to the image's edge, in the middle of a square as large as the others, on grey."""
    page = np.full((side, side, part.shape[-1]), 128, np.uint8)
    height, width = part.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    page[top : top + height, left : left + width] = part
    return page


# What an answer rests on: a map over the image.


def heat(amounts: np.ndarray, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A map (H, W) of what counts in colours from dark to bright, and the same over the image in grey."""
    most = float(np.abs(amounts).max())
    share = np.clip(np.nan_to_num(amounts) / most if most else amounts * 0, 0, 1)
    share = resized(share[..., None], *shown.shape[:2])[..., 0]
    stops = np.array([(8, 10, 40), (80, 20, 120), (200, 50, 80), (250, 150, 40), (255, 250, 190)], float)
    places = share * (len(stops) - 1)
    below = np.minimum(places.astype(int), len(stops) - 2)
    part = (places - below)[..., None]
    colours = stops[below] * (1 - part) + stops[below + 1] * part
    grey = shown.astype(float).mean(-1, keepdims=True)
    over = grey * (0.75 - 0.55 * share[..., None]) + colours * (0.2 + 0.6 * share[..., None])
    return np.rint(colours).astype(np.uint8), np.rint(over.clip(0, 255)).astype(np.uint8)


def signed(values: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """A map with signs: what speaks for an answer in orange, what speaks against it in blue, 0 white."""
    total = values.sum(-1)
    most = float(np.abs(total).max())
    share = resized((total / most if most else total * 0)[..., None], *shown.shape[:2])
    for_, against = np.array([200, 80, 0]), np.array([20, 90, 190])
    colour = np.where(share > 0, for_, against)
    return np.rint(255 + (colour - 255) * np.abs(share)).astype(np.uint8)


def _rests(asked: Request, shown: np.ndarray, title: T, said: T, tiles: Sequence[np.ndarray]) -> Panel:
    about = T("{title}, for {answer}", title=title, answer=_class(asked))
    return Panel(str(about), str(said), (np.broadcast_to(shown, (*shown.shape[:2], 3)), *tiles), len(tiles) + 1, LARGE)


def _occlusion(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    drops, size = looking.occlusion(asked.model, asked.image, asked.answer)
    finite(drops)
    said = T("How much the answer falls when a square of {size}×{size} pixels is covered: {most} where it is brightest.",
             size=size, most=Rounded(float(drops.max()), ".3g"))  # fmt: skip
    yield _rests(asked, shown, T("Covered"), said, heat(np.maximum(drops, 0), shown))


def _gradient(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    slopes = finite(looking.gradient(asked.model, asked.image, asked.answer))
    said = T(
        "How fast the score changes with each pixel; on the right times the pixel: orange speaks for the answer, blue against it."
    )
    pictures = (heat(looking.amount(slopes), shown)[0], signed(slopes * looking.as_numbers(asked.image), shown))
    yield _rests(asked, shown, T("Gradient"), said, pictures)


def _integrated(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    parts, whole = looking.integrated(asked.model, asked.image, asked.answer)
    finite(parts)
    said = T("What each pixel adds to the score on the way from black to the image: together {sum} of {whole}. Orange speaks for "
             "it, blue against it.", sum=Rounded(float(parts.sum()), ".3g"), whole=Rounded(whole, ".3g"))  # fmt: skip
    yield _rests(asked, shown, T("Integrated gradients"), said, (signed(parts, shown),))


def _grad_cam(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    node = next((n for n in looking.places_of(asked.model.net) if n.index == asked.layer), None)
    node = node or looking.last_places(asked.model.net)
    if node is None:
        return
    found = finite(looking.grad_cam(asked.model, asked.image, asked.answer, node.index))
    said = T("The maps of layer {layer}, each as much as the score rises with it: bright is what speaks for the answer.",
             layer=f"{node.index} {clean(node.text)}")  # fmt: skip
    if not found.max() > 0:
        said = T("No map of layer {layer} speaks for the answer.", layer=f"{node.index} {clean(node.text)}")
    yield _rests(asked, shown, T("Grad-CAM"), said, heat(found, shown))


def _guided(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    yield _ruled(asked, shown, "guided", T("Guided gradient"))


def _deconv(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    yield _ruled(asked, shown, "deconv", T("Deconvnet"))


def _ruled(asked: Request, shown: np.ndarray, rule: str, title: T) -> Panel:
    slopes = finite(looking.gradient(asked.model, asked.image, asked.answer, rule))
    said = T("Take care: these maps show the edges of the image more than the answer. With weights by chance they look much the "
             "same (Adebayo et al., 2018).")  # fmt: skip
    return _rests(asked, shown, title, said, (heat(looking.amount(slopes), shown)[0], signed(slopes, shown)))


def _ideal(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    layer = asked.layer or _first(asked)
    if not layer or len(asked.model.net.report.shape(layer)) != 3:
        return
    found = [looking.ideal(asked.model, layer, c) for c in range(min(8, asked.model.net.report.shape(layer)[-1]))]
    finite(np.array([value for _, value in found]), layer)
    tiles = tuple(t for image, _ in found if (t := visible(image)) is not None)
    names = tuple(f"{number}: {Rounded(value, '.3g')}" for number, (_, value) in enumerate(found))
    title = T("Layer {layer}: images that excite its maps most", layer=layer)
    said = T(
        "Found by climbing the gradient of the value in the middle of each map from grey; its number, and the value."
    )
    yield Panel(str(title), str(said), tiles, 8, 112, names)


def _sanity(asked: Request, shown: np.ndarray) -> Iterator[Panel]:
    """Adebayo and others' test: a map that fresh weights leave alike says nothing of what was learned."""
    fresh = looking.by_chance(asked.model)
    node = looking.last_places(asked.model.net)
    kinds: list[tuple[T, Callable[[Any], np.ndarray]]] = [
        (T("Gradient"), lambda model: looking.amount(looking.gradient(model, asked.image, asked.answer))),
        (
            T("Guided gradient"),
            lambda model: looking.amount(looking.gradient(model, asked.image, asked.answer, "guided")),
        ),
        (T("Deconvnet"), lambda model: looking.amount(looking.gradient(model, asked.image, asked.answer, "deconv"))),
    ]
    if node is not None:
        kinds.append((T("Grad-CAM"), lambda model: looking.grad_cam(model, asked.image, asked.answer, node.index)))
    tiles, names = [], []
    for name, found in kinds:
        learned, chance = (finite(found(model)) for model in (asked.model, fresh))
        alike = Rounded(looking.rank_correlation(learned, chance), ".2f")
        tiles += [heat(learned, shown)[0], heat(chance, shown)[0]]
        names += [str(name), str(T("fresh weights: {alike}", alike=alike))]
    said = T("Each map beside the one that the network gives with fresh weights, which know nothing; the number is the rank "
             "correlation of the two. Near 1 a map shows the image, and not what was learned (Adebayo et al., 2018).")  # fmt: skip
    title = T("{title}, for {answer}", title=T("Sanity check"), answer=_class(asked))
    yield Panel(str(title), str(said), tuple(tiles), 4, PAIRED, tuple(names))


_PANELS = {
    "maps": _maps,
    "filters": _filters,
    "patches": _patches,
    "occlusion": _occlusion,
    "gradient": _gradient,
    "integrated": _integrated,
    "gradcam": _grad_cam,
    "guided": _guided,
    "deconv": _deconv,
    "ideal": _ideal,
    "sanity": _sanity,
}
