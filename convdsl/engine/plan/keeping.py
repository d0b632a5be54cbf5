"""How weights are kept: decided once for all programs of a network, from what their operations and steps ask for.

Passes leave parameters as they are. An operation says which layout suits it (`Op.layout`); a step, by its kind and scope,
which other arrangements of a weight it reads and how its gradient is summed. Here is what follows from that, with a place
for everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from convdsl.engine.plan.layouts import Copied, FilterByFilter, Rows
from convdsl.engine.plan.ops import Op
from convdsl.engine.plan.values import Kept, Layouts, Parameter, Step, Target
from convdsl.engine.plan.weighted import swapped
from convdsl.engine.plan.winograd import Tiles


def layouts(ops: Iterable[Op]) -> Layouts:
    """The layouts that operations ask for."""
    return {op.weights["weight"]: op.layout for op in ops if op.layout is not None}


class Room(NamedTuple):
    """Floats: of weights and their packs, of gradients of which every chunk or strip has a copy, of the others."""

    weights: int
    by_chunk: int
    deferred: int


@dataclass
class _Asked:
    """What the steps ask of one parameter."""

    packs: dict[str, Any]
    deferred: bool = False
    copies: int = 0


def keep(
    parameters: Iterable[Parameter], chosen: Layouts, steps: Sequence[Step], target: Target
) -> tuple[dict[Parameter, Kept], Room]:
    """How each parameter is kept, that further layers have of shared ones included, and the room that all of it takes.
    `steps` are those of training, then those of inference."""
    every = list(parameters)
    asked = {p: _Asked(dict(_forward_copy(p, chosen))) for owner in every for p in (owner, *owner.again.values())}
    for parameter, name, pack in (*_turned(steps, chosen, target), *_transformed(steps)):
        asked[parameter].packs.setdefault(name, pack)
    for step in steps:
        for parameter in step.weights.values():
            if step.scope == "task" or (step.strips and step.kind == "dense_weight"):  # complete, without copies
                asked[parameter].deferred = True
            elif step.strips and step.kind in ("correlate", "settle"):
                asked[parameter].copies = step.strips
    places = _Places()
    result = {}
    for parameter in every:
        result[parameter] = places.of(parameter, chosen.get(parameter, parameter.natural), asked[parameter], None)
    for owner in every:
        for again in owner.again.values():
            result[again] = places.of(again, again.natural, asked[again], result[owner].offset)
    return result, Room(places.weights, places.by_chunk, places.deferred)


def _forward_copy(parameter: Parameter, chosen: Layouts) -> Iterator[tuple[str, Any]]:
    """Kept for the way back, filter by filter, a weight has a copy for the way forward."""
    if isinstance(chosen.get(parameter), FilterByFilter):
        yield "forward", Copied(parameter.natural)


def _turned(steps: Sequence[Step], chosen: Layouts, target: Target) -> Iterator[tuple[Parameter, str, Any]]:
    """The way back through a weight reads it with its sides swapped. On a GPU, and in shares of a dense layer's inputs, it does
    so by other steps in memory."""
    for step in steps if not target.whole_batch else ():
        if step.kind in ("spread", "dense_input") and step.scope != "share":
            weight = step.weights["weight"]
            if not isinstance(chosen.get(weight), Rows):
                yield weight, "swapped", swapped(weight.natural, step.settings.get("window"), target)


def _transformed(steps: Sequence[Step]) -> Iterator[tuple[Parameter, str, Any]]:
    for step in steps:
        if isinstance(tiles := step.settings.get("winograd"), Tiles):
            yield step.weights["weight"], tiles.pack, tiles.weights


class _Places:
    """What is taken so far."""

    def __init__(self) -> None:
        self.weights = self.by_chunk = self.deferred = 0

    def of(self, parameter: Parameter, layout: Any, asked: _Asked, offset: int | None) -> Kept:
        """A place for a parameter, unless another's, at `offset`, is its own too; for its packs and for its gradient."""
        if offset is None:
            offset = self.weights
            self.weights += layout.size
        pack_offsets = {}
        for name, pack in asked.packs.items():
            pack_offsets[name] = self.weights
            self.weights += pack.size
        gradient = -1
        if parameter.trainable and asked.deferred:
            gradient = self.deferred
            self.deferred += layout.size
        elif parameter.trainable:
            gradient = self.by_chunk
            self.by_chunk += layout.size
        return Kept(layout, offset, asked.packs, pack_offsets, gradient, asked.deferred, asked.copies)
