"""Weights of other frameworks, whatever file they come in, for a network of here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from convdsl.bridges.bases import BASES, Base, base_file
from convdsl.bridges.matching import Matched, matched
from convdsl.bridges.pieces import Foreign
from convdsl.messages import T
from convdsl.network import Analysis

ENDINGS = (".pth", ".pt", ".bin", ".onnx")
"""Files of weights that are read here; safetensors are the engine's own."""


def foreign(path: Path) -> bool:
    """Whether a path names weights that this room reads: a file with one of the endings, or a base by its name."""
    return path.suffix.lower() in ENDINGS or (str(path) in BASES and not path.exists())


def take(path: Path, analysis: Analysis, chosen: Mapping[str, str] | None = None) -> Matched:
    """The weights in a file, or of a base, with their partners in a network. Raises Foreign where they cannot be read, or none
    of them fits."""
    base = BASES.get(str(path)) if not path.exists() else None
    place = base_file(str(path)) if base else path
    if not place.exists():
        raise Foreign(T("There is no file {path}.", path=place))
    if place.suffix.lower() == ".onnx":
        from convdsl.bridges.onnx.file import read_onnx

        found = matched(analysis, dict(read_onnx(place).weights), chosen, channels_first=False)
    else:
        from convdsl.bridges.pth import read_pth

        found = matched(analysis, read_pth(place), chosen)
    return checked(_made_ready(found, base, analysis) if base else found, path)


def take_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], analysis: Analysis, chosen: Mapping[str, str] | None = None
) -> Matched:
    """The same for tensors that were read already, laid out as PyTorch does. Raises Foreign."""
    return checked(matched(analysis, tensors, chosen), path)


def checked(found: Matched, path: Path) -> Matched:
    if not found.weights:
        raise Foreign(
            T("No tensor of {path} fits this network, neither by name nor by order and shape.", path=path),
            T("`convdsl check` shows the sizes of the layers; `--map` says which belong together."),
        )
    return found


def _made_ready(found: Matched, base: Base, analysis: Analysis) -> Matched:
    """A `bn` before any other weights makes the images ready as the base wants them: it gets no partner, but its numbers
    from what is known of the base."""
    first = next(node for node in analysis.network.nodes if analysis.report[node.index].weights)
    name = f"{first.index}.{first.op}"
    if first.op != "bn" or f"{name}.running_mean" not in found.missing:
        return found
    layer: Any = first.layer
    mean, deviation = (np.array(v, np.float32) for v in (base.mean, base.deviation))
    if analysis.report[first.index].weights["weight"] != mean.shape:
        return found
    weights = {
        f"{name}.weight": np.ones_like(mean),
        f"{name}.bias": np.zeros_like(mean),
        f"{name}.running_mean": mean,
        f"{name}.running_var": deviation**2 - np.float32(layer.eps),
    }
    missing = [other for other in found.missing if other not in weights]
    return replace(found, weights={**found.weights, **weights}, missing=missing)
