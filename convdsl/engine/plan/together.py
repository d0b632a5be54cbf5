"""Large dense layers: each for all images at once, shared out by units, and on the way back by inputs.

Such a layer has more weights than the caches hold, and little to do with each: reading them once for a few images after
another would take the time. So all threads meet in front of it, and read each weight once. On the way back a share of the
inputs reads the rows of its weights as they are, and needs no copy of them turned round.
"""

from __future__ import annotations

from dataclasses import replace

from convdsl.engine.plan.values import Step, Strip, Target

LARGE = 1 << 20
"""Weights."""
FEWEST_UNITS = 128
"""Below, sums over them are too short for vectors along the units."""


def together(steps: list[Step], target: Target) -> list[Step]:
    """The steps, those of large dense layers in shares."""
    if not target.does("together"):
        return steps
    return [replace(step, scope="share") if _large(step) else step for step in steps]


def _large(step: Step) -> bool:
    if step.kind not in ("dense", "dense_input") or step.scope != "block" or step.strips:
        return False
    weight = step.weights["weight"]
    apart = not any(v.framed or v.interleaved or isinstance(v, Strip) for v in step.values())
    return apart and weight.natural.size > LARGE and weight.shape[0] >= FEWEST_UNITS
