"""Starting from the weights of another network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from convdsl.messages import T
from convdsl.training.events import Note
from convdsl.training.files import FileTrouble
from convdsl.training.trainable import Trainable


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
