"""Losses: z with what is known of each answer; the gradient is that of the mean over the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.plain import formulas
from convdsl.engine.plain.steps.registry import Array, step
from convdsl.engine.plan import Step


@step("cross_entropy", "weighted_cross_entropy")
def _cross_entropy(run: Any, step: Step, z: Array) -> Array:
    exit_number, smoothing, weight = (step.settings[name] for name in ("exit", "smoothing", "weight"))
    rows = z.reshape(len(z), -1, z.shape[-1])
    if exit_number == 0:
        run.hits = rows.argmax(-1)
    known = run.labels(step)
    if known is None:
        return None
    labels = run.chosen(known.reshape(len(known), -1)).reshape(rows.shape[:2])
    away = rows - rows.max(-1, keepdims=True)
    log = away - np.log(np.exp(away).sum(-1, keepdims=True))
    wanted = np.eye(rows.shape[-1], dtype=z.dtype)[np.maximum(labels, 0)]
    counts = run.counts(step, run.table[np.maximum(labels, 0)] * (labels >= 0), labels)[..., None]
    own = -np.take_along_axis(log, np.maximum(labels, 0)[..., None], -1)
    each = (1 - smoothing) * own - (smoothing * log.mean(-1, keepdims=True) if smoothing else 0)
    run.losses.append(float(weight * np.sum(np.where(counts > 0, each, 0) * counts, dtype=np.float64)))
    if exit_number == 0:
        run.right = int((run.hits == labels).sum())
    wanted = (1 - smoothing) * wanted + smoothing / rows.shape[-1]
    return (weight * (np.exp(log) - wanted) * counts).reshape(z.shape)


@step("binary_cross_entropy")
def _binary_cross_entropy(run: Any, step: Step, z: Array) -> Array:
    smoothing, weight = step.settings["smoothing"], step.settings["weight"]
    t = run.targets(step, z)
    if t is None:
        return None
    no, yes = (np.resize(run.table[side::2], z.shape[-1]) for side in (0, 1))
    counts = run.counts(step, (no + t * (yes - no)) * (t >= 0), t)
    if step.settings["exit"] == 0:
        run.hits = ((t >= 0) & ((z > 0) == (t > 0.5))).sum(-1).reshape(len(z), -1)
        run.right = int(run.hits.sum())
    t = t * (1 - smoothing) + 0.5 * smoothing
    each = np.maximum(z, 0) - z * t + np.log1p(np.exp(-abs(z)))
    run.losses.append(float(weight * np.sum(counts * each, dtype=np.float64)))
    return weight * counts * (formulas.value(("sigmoid", 0.0), z) - t)


@step("mse", "mae")
def _mean_error(run: Any, step: Step, z: Array) -> Array:
    t, weight = run.targets(step, z), step.settings["weight"]
    if t is None:
        return None
    away = z - t
    each = away**2 if step.kind == "mse" else abs(away)
    run.losses.append(float(weight * each.mean(dtype=np.float64)))
    return weight / z.size * (2 * away if step.kind == "mse" else np.sign(away))
