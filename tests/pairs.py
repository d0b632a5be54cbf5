"""Networks that between them put every layer, with every activation, before every other: what a plan joins, moves or
repeats depends on such neighbours.

All statements leave the shape as it is, so that any may follow any, and kernels, which are made for sizes, are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from convdsl.layers import ACTIVATIONS

SHAPE = "4x4x4"
LENGTH = 10
"""Statements of a network."""

ACTIVE = (
    "conv 4 k3 p1",
    "conv 4 k3 p1 nobias",
    "conv 4 k1 nobias",
    "conv 4 k3 p1 g2",
    "dwconv k3 p1",
    "tconv 4 k3 p1",
    "local 4 k3 p1 nobias",
    "dense 64",
    "bn",
    "ln",
    "ln channels",
    "in",
    "gn 2",
    "lrn",
    "scale",
    "add { conv 4 k1 nobias | conv 4 k3 p1 nobias }",
    "residual { conv 4 k3 p1 nobias -> bn }",
    "concat { conv 2 k1 | conv 2 k3 p1 }",
    "mul { conv 4 k1 | gap -> conv 4 k1 sigmoid }",
)
"""What takes an activation behind it."""

PASSIVE = (
    "maxpool 3 s1 p1",
    "minpool 3 s1 p1",
    "avgpool 3 s1 p1",
    "medianpool 3 s1 p1",
    "upsample 2 -> maxpool 2",
    "upsample 2 bilinear -> avgpool 2",
    "adaptiveavgpool 4",
    "pad 1 -> crop 1",
    "shuffle 2",
    "filter gaussian p same",
    "flatten -> reshape 4x4x4",
    "add { identity | conv 4 k5 p2 nobias }",
    "concat { identity | conv 2 k1 } -> conv 4 k1",
    "freeze { conv 4 k3 p1 }",
    "aux 0.3 { gap -> dense 3 }",
)

Seen = tuple[str, str, str]


def written(name: str, activation: str) -> str:
    text = f"{name} {activation}".strip()
    return f"{text} -> reshape {SHAPE}" if name.startswith("dense") else text


def networks(every: bool = False, seed: int = 0) -> Iterator[str]:
    """A cover of all pairs (layer, what follows), (layer, activation) and (activation, what follows); with `every`, of all
    triples of a layer, its activation and what follows."""
    rng = Random(seed)
    activations = ["", *ACTIVATIONS]
    left = {
        part
        for name in (*ACTIVE, *PASSIVE)
        for activation in (activations if name in ACTIVE else [""])
        for after in (*ACTIVE, *PASSIVE)
        for part in _parts(name, activation, after, every)
    }
    while left:
        name = rng.choice((*ACTIVE, *PASSIVE))
        line = []
        for _ in range(LENGTH):
            choices = [(a, b) for a in (activations if name in ACTIVE else [""]) for b in (*ACTIVE, *PASSIVE)]
            rng.shuffle(choices)
            activation, after = max(choices, key=lambda c: len(left & _parts(name, *c, every)))
            line.append(written(name, activation))
            left -= _parts(name, activation, after, every)
            name = after
        yield "\n".join([f"input {SHAPE}", *line, written(name, ""), "dense 3"])


def _parts(name: str, activation: str, after: str, every: bool) -> set[Seen]:
    if every:
        return {(name, activation, after)}
    return {(name, "*", after), (name, activation, "*"), ("*", activation, after)}
