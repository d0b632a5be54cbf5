"""Losses; and after the backward pass, the sums of gradients and the update of all weights."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.engine.cuda.bind import FLAT, Binder, binding
from convdsl.engine.cuda.kernels import learning, losses
from convdsl.engine.partial import Strided
from convdsl.engine.plan import LOSSES, WEIGHED, Step


@binding(*LOSSES)
def _loss(binder: Binder, step: Step) -> None:
    z, arrays, settings = step.reads["z"], binder.arrays, step.settings
    g = step.writes.get("g")
    positions = prod(z.shape[:3])
    skip = settings["exit"] * arrays.stride * 4
    constants: dict[str, Any] = {name: settings[name] for name in ("weight", "add", "offset", "record")}
    constants["learns"] = g is not None
    if step.kind.endswith("cross_entropy"):
        constants["smoothing"] = settings["smoothing"]
    if step.kind == "binary_cross_entropy":
        constants["weighted"] = settings["weighted"]
    weighs = {"figures": (arrays.figures, FLAT), "table": (arrays.table, FLAT)} if step.kind in WEIGHED else {}
    binder.launch(
        getattr(losses, step.kind),
        {
            "control": binder.control,
            **weighs,
            "z": binder.inside(z),
            "g": binder.inside(g or z),
            "losses": (arrays.losses + skip, FLAT),
            "hits": (arrays.hits + skip, FLAT),
        },
        ((positions, 128), 1, 1),
        128,
        sizes=z.shape,
        positions=positions,
        **constants,
    )


def finish(binder: Binder, steps: list[Step]) -> None:
    """The loss and how many were right, of all exits."""
    arrays = binder.arrays
    ends = sorted((s for s in steps if s.kind in LOSSES), key=lambda s: s.settings["exit"])
    if not ends:
        return
    one = binder.plan.only_loss
    positions = tuple(prod(s.reads["z"].shape[:3]) for s in ends)
    binder.launch(
        learning.finish,
        {
            "control": binder.control,
            "figures": (arrays.figures, FLAT),
            "losses": (arrays.losses, FLAT),
            "hits": (arrays.hits, FLAT),
        },
        (1, 1, 1),
        256,
        exits=len(ends),
        stride=arrays.stride,
        positions=positions,
        out_positions=positions[0],
        classes=one.kind == "cross_entropy",
        counted=one.kind == "binary_cross_entropy",
    )


def _add_up_shared(binder: Binder) -> None:
    """The partial sums of further uses of weights are added to the first one of theirs."""
    for owner, again in binder.plan.again:
        found = binder.parts.pop(again.name, None)
        if found is None:
            continue
        if owner.name not in binder.parts:  # the first use takes no part in the loss
            binder.parts[owner.name] = found
            continue
        address, splits = found
        size = owner.layout.size
        binder.launch(
            learning.add_parts,
            {"total": (binder.parts[owner.name][0], FLAT), "parts": (address, Strided((splits, size), (size, 1)))},
            (-(-size // 256), 1, 1),
            256,
            size=size,
            splits=splits,
        )


BLOCK = 1024
"""Weights that a thread block changes."""


def update(binder: Binder) -> None:
    """One launch for all weights; a table tells each block which are its."""
    plan, arrays, o = binder.plan, binder.arrays, binder.plan.optimizer
    _add_up_shared(binder)
    rows = []
    for parameter in plan.trained:
        address, splits = binder.parts.get(parameter.name, (0, 0))
        size = parameter.layout.size
        for first in range(0, size, BLOCK):
            rows.append(
                (
                    parameter.place.offset + first,
                    arrays.state_offsets[parameter.name] + first,
                    arrays.gradient_element(parameter) + first,
                    min(BLOCK, size - first),
                    address + first * 4,
                    splits,
                    size,
                    0,
                )
            )
    if not rows:
        return
    table = np.array(rows, np.int64)
    place = binder.allocate(table.nbytes)
    arrays.device.upload(place, table)
    states = [*arrays.states.values(), arrays.weights, arrays.weights]
    binder.launch(
        learning.update,
        {
            "table": (place, Strided(table.shape, (8, 1))),
            "figures": (arrays.figures, FLAT),
            "weights": (arrays.weights, FLAT),
            "gradients": (arrays.gradients, FLAT),
            "first": (states[0], FLAT),
            "second": (states[1], FLAT),
        },
        (len(rows), 1, 1),
        256,
        kind=o.kind,
        momentum=o.momentum,
        nesterov=o.nesterov,
        beta1=o.beta1,
        beta2=o.beta2,
        eps=o.eps,
        alpha=o.alpha,
        decay=o.weight_decay,
    )
