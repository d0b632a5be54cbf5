"""Starting from the weights of another network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convdsl import files
from convdsl.bridges.bases import BASES, imagenet
from convdsl.bridges.matching import Matched, own_modules, read_map
from convdsl.bridges.pieces import Foreign
from convdsl.bridges.taking import foreign, take, take_tensors
from convdsl.bridges.weighted import not_installed
from convdsl.messages import T, reason
from convdsl.training.events import Note
from convdsl.training.files import FileTrouble, read_tensors
from convdsl.training.trainable import Trainable
from convdsl.training.trained import weights_file

LARGEST_MAP = 10_000_000
"""Bytes of a list of partners."""


class Start(NamedTuple):
    """Weights to start from by the names of the network, and what is said of where they came from."""

    tensors: Mapping[str, np.ndarray]
    told: tuple[T, ...] = ()


def read_start(path: Path, analysis: Any, map: Path | None = None) -> Start:
    """The weights in a run's folder, in a file of here or of another framework, or of a base that is installed. Those that
    do not have the names of here get partners by order and shape, or as the list in `map` says. Raises FileTrouble."""
    if path.is_dir():
        path = weights_file(path)
    if map is None and not foreign(path):
        tensors, _ = read_tensors(path)
        ours = {name for module in own_modules(analysis) for name in module.names.values()}
        if not ours or ours & tensors.keys():
            return Start(tensors)
    found = matched_with(path, analysis, map)
    few = ", ".join(f"{mine} ← {other}" for mine, other in found.pairs[:3])
    if len(found.pairs) <= 3:
        return Start(found.weights, (T("By order and shape: {pairs}.", pairs=few),))
    told = T(
        "By order and shape: {pairs} and {n} more (`convdsl import {path} --net …` prints all).",
        pairs=few,
        n=len(found.pairs) - 3,
        path=path,
    )
    return Start(found.weights, (told,))


def matched_with(path: Path, analysis: Any, map: Path | None = None) -> Matched:
    """Weights with their partners in a network. Raises FileTrouble."""
    try:
        chosen = read_map(files.read(map, LARGEST_MAP).decode("utf-8")) if map is not None else None
        if foreign(path):
            return take(path, analysis, chosen)
        return take_tensors(path, read_tensors(path)[0], analysis, chosen)
    except Foreign as error:
        raise FileTrouble(error.message, error.help) from None
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise FileTrouble(T("{path} cannot be read: {reason}.", path=map, reason=why)) from None
    except ImportError:
        raise FileTrouble(not_installed("onnx")) from None


def described(path: Path, analysis: Any) -> dict[str, str]:
    """What a file with weights of another framework must say so that `predict` can use it."""
    network, output = analysis.network, tuple(analysis.report.output)
    base = str(path) in BASES and not path.exists()
    classes = imagenet() if base and output == (1000,) else tuple(str(number) for number in range(output[-1]))
    metadata = {
        "format": "convdsl",
        "net": network.name,
        "program": analysis.source.text,
        "input": list(network.input),
        "classes": list(classes),
        "target": "classes" if len(output) == 1 else "map",
        "loss": "cross_entropy",
        "images": {"shape": list(network.input), "cut": base},
    }
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}


def start_from(model: Trainable, tensors: Mapping[str, np.ndarray], path: Path | None) -> Iterator[Note]:
    """Takes the weights of another network, read from `path`, where name and shape agree; says which.

    Raises FileTrouble where none does.
    """
    tensors = {n: t for n, t in tensors.items() if "/" not in n}
    loaded = model.load_weights(tensors, strict=False)
    total = len(loaded.taken) + len(loaded.missing) + len(loaded.mismatched)
    if not loaded.taken:
        mine = ", ".join(list(model.weights)[:3])
        raise FileTrouble(
            T("No tensor of {path} fits this network by name and shape.", path=path),
            T("Names are made of the layer's number and word: {names} …", names=mine),
        )
    yield Note(
        T("Of {total} tensors, {taken} were taken from {path}.", total=total, taken=len(loaded.taken), path=path)
    )
    shapes = {**model.weights, **model.buffers}
    for name in loaded.mismatched:
        yield Note(
            T(
                "{name} is {there} there and {here} here: it starts afresh.",
                name=name,
                there="x".join(map(str, np.shape(tensors[name]))),
                here="x".join(map(str, shapes[name].shape)),
            )
        )
    if loaded.missing:
        yield Note(T("Not in the file, so they start afresh: {names}.", names=_few(loaded.missing)))
    if loaded.unknown:
        yield Note(T("In the file, but not in this network: {names}.", names=_few(loaded.unknown)))
    frozen = {n.index for n in model.net.nodes if n.frozen}
    random = [n for n in (*loaded.mismatched, *loaded.missing) if int(n.split(".")[0]) in frozen]
    if random:
        yield Note(
            T(
                "These are frozen and were not in the file, so they stay as chance made them: {names}.",
                names=_few(random),
            ),
            warning=True,
        )


def _few(names: list[str]) -> str:
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
