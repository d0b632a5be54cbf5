"""What is inside a trained network: its first filters before and after, and what its layers make of a picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convdsl.document import Gallery, Heading, Node, Picture, Sentence
from convdsl.messages import Rounded, T
from convdsl.report.diagnostics import clean
from convdsl.report.page.pictures import filters, maps, resized, sheet, sheet_width
from convdsl.training.aftermath import Aftermath, first_filters
from convdsl.training.inspecting import Inspection, Maps

_WIDE = 380
"""Pixels that a sheet of filters is wide, about."""


def inside(after: Aftermath, found: Inspection) -> Iterator[Node]:
    now = first_filters(after.model)
    if now is not None and after.first is not None:
        yield Heading(str(T("The first filters")), 2)
        tiles = [filters(one.weights, scale=_largest(after)) for one in (after.first, now)]
        said = T(
            "Layer {layer}: {n} filter, before the training and after it. Grey is 0, white {most}.",
            "Layer {layer}: {n} filters, before the training and after it. Grey is 0, white {most}.",
            layer=clean(now.layer),
            n=len(now.weights),
            most=Rounded(_largest(after), ".3g"),
        )
        yield Sentence(str(said))
        if now.weights.shape[1] not in (1, 3):
            yield Sentence(
                str(T("Each filter has {n} channels; the first is shown.", n=now.weights.shape[1])), quiet=True
            )
        if len(tiles[0]) < len(now.weights):
            yield Sentence(str(T("The first {n} are shown.", n=len(tiles[0]))), quiet=True)
        when = (T("before"), T("after"))
        width = sheet_width(tiles[0])
        zoom = max(1, round(_WIDE / width))
        yield Gallery(
            tuple(
                Picture(f"{clean(now.layer)}, {name}", png=sheet(some), caption=str(name), width=zoom * width)
                for name, some in zip(when, tiles, strict=True)
            )
        )
    if found.maps:
        yield from _maps(after, found)


def _largest(after: Aftermath) -> float:
    """The largest weight of both sheets, so that they can be compared."""
    now = first_filters(after.model)
    assert now is not None and after.first is not None
    return float(max(np.abs(now.weights).max(initial=0), np.abs(after.first.weights).max(initial=0)))


def _maps(after: Aftermath, found: Inspection) -> Iterator[Node]:
    yield Heading(str(T("What layers make of a picture")), 2)
    for place, (layer, low, high) in enumerate(found.layers):
        count = found.maps[0].layers[place].shape[-1]
        said = T(
            "Layer {layer}: an image, and the only map. Black is {low}, white {high}, in all of them.",
            "Layer {layer}: an image, and the first {n} maps. Black is {low}, white {high}, in all of them.",
            n=count,
            layer=clean(layer),
            low=Rounded(low, ".3g"),
            high=Rounded(high, ".3g"),
        )
        yield Sentence(str(said))
        yield Gallery(tuple(_row(after, one, place, low, high) for one in found.maps))


def _row(after: Aftermath, one: Maps, place: int, low: float, high: float) -> Picture:
    """A picture and its maps, as high as it is."""
    shown = maps(one.layers[place], low, high)
    height, width = one.image.shape[:2]
    tiles = [one.image, *(resized(m, height, width) for m in shown)]
    if one.image.shape[2] == 3:
        tiles = [np.broadcast_to(t, (height, width, 3)) for t in tiles]
    name = "" if one.true is None else clean(str(after.task.classes[one.true]))
    wide = sheet_width(tiles, len(tiles), 2)
    alt = T("{name}, and what the layer makes of it", name=name or T("an image"))
    return Picture(str(alt), png=sheet(tiles, len(tiles), 2), caption=name, width=max(1, round(500 / wide)) * wide)
