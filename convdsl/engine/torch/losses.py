"""Losses, with what is known of each answer: the formulas of engine/plain/steps/losses.py, whose gradient autograd takes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from convdsl.engine.plan import Step


def loss_of(run: Any, step: Step, z: Tensor) -> Tensor | None:
    """The part of the mean loss of the whole batch that these images have; None where there are no labels. Notes the
    answers, and which of them are right."""
    if step.kind in ("cross_entropy", "weighted_cross_entropy"):
        return _cross_entropy(run, step, z)
    known = run.labels_of(step)
    if known is None:
        return None
    target = known.reshape(z.shape)
    each = _binary(run, step, z, target) if step.kind == "binary_cross_entropy" else _distances(run, step, z, target)
    return each * step.settings["weight"]


def _cross_entropy(run: Any, step: Step, z: Tensor) -> Tensor | None:
    rows = z.reshape(len(z), -1, z.shape[-1])
    if step.settings["exit"] == 0:
        run.hits = rows.detach().argmax(-1)
    answers = run.labels_of(step)
    if answers is None:
        return None
    labels = answers.reshape(rows.shape[:2])
    if step.settings["exit"] == 0:
        run.right = (run.hits == labels).sum(-1)
    known = labels.clamp(min=0)
    smoothing = step.settings["smoothing"]
    each = F.cross_entropy(rows.flatten(0, 1), known.flatten(), reduction="none", label_smoothing=smoothing)
    counts = run.counts(step, run.table[known] * (labels >= 0), labels)
    return (torch.where(counts > 0, each.reshape(labels.shape), 0) * counts).sum(dtype=torch.float64) * step.settings[
        "weight"
    ]


def _binary(run: Any, step: Step, z: Tensor, t: Tensor) -> Tensor:
    outputs = z.shape[-1]
    no, yes = (run.table[side::2].repeat(-(-outputs // max(len(run.table[side::2]), 1)))[:outputs] for side in (0, 1))
    counts = run.counts(step, (no + t * (yes - no)) * (t >= 0), t)
    if step.settings["exit"] == 0:
        run.hits = ((t >= 0) & ((z > 0) == (t > 0.5))).sum(-1).reshape(len(z), -1)
        run.right = run.hits.sum(-1)
    smoothing = step.settings["smoothing"]
    each = F.binary_cross_entropy_with_logits(z, t * (1 - smoothing) + 0.5 * smoothing, reduction="none")
    return (counts * each).sum(dtype=torch.float64)


def _distances(run: Any, step: Step, z: Tensor, t: Tensor) -> Tensor:
    away = z - t
    each = away.square() if step.kind == "mse" else away.abs()
    return each.sum(dtype=torch.float64) / (run.count * z[0].numel())
