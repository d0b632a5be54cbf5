"""A Keras file, opened as what a stranger gave: its layers as Keras describes them, and their weights."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from convdsl import files
from convdsl.bridges.pieces import Foreign, Unusable, why
from convdsl.messages import T, reason

LARGEST = 2**33
_ROLES = {
    "kernel": 0, "depthwise_kernel": 0, "gamma": 0, "alpha": 0, "pointwise_kernel": 1, "beta": 1, "bias": 2,
    "moving_mean": 2, "moving_variance": 3, "mean": 0, "variance": 1, "count": 2,
}  # fmt: skip
"""The order of a layer's tensors in the older form, where they have names."""


class Told(NamedTuple):
    """A layer as Keras describes it: class, name, settings, the names of the layers that it reads, and its tensors in order."""

    kind: str
    name: str
    config: dict[str, Any]
    inputs: tuple[tuple[str, int], ...]
    tensors: list[np.ndarray]


class Model(NamedTuple):
    """All layers in order; `outputs` are names of layers; `version` is Keras' first number."""

    name: str
    layers: list[Told]
    outputs: tuple[str, ...]
    version: int


def read_model(path: Path) -> Model:
    """The model in a file. Raises Foreign."""
    try:
        content = files.read(path, LARGEST)
    except OSError as error:
        raise Foreign(T("{path} cannot be read: {reason}.", path=path, reason=reason(error))) from None
    try:
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                config, about = (json.loads(_entry(archive, name)) for name in ("config.json", "metadata.json"))
                version = int(str(about.get("keras_version", "3")).split(".")[0])
                with h5py.File(io.BytesIO(_entry(archive, "model.weights.h5")), "r") as weights:
                    return _model(config, version, lambda layers: _numbered(weights, layers))
        with h5py.File(io.BytesIO(content), "r") as file:
            if "model_config" not in file.attrs:
                raise Foreign(
                    T("{path} holds weights alone.", path=path), T('Save the whole model: `model.save("model.keras")`.')
                )
            config = json.loads(file.attrs["model_config"])
            version = int(_text(file.attrs.get("keras_version", "2")).split(".")[0])
            return _model(config, version, lambda layers: _by_name(file.get("model_weights", file), layers))
    except Foreign:
        raise
    except Exception as error:  # damaged files raise what h5py and zipfile please
        raise Foreign(
            T("{path} is no model of Keras that can be read: {reason}.", path=path, reason=why(error))
        ) from None


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > LARGEST or info.file_size > 1100 * max(info.compress_size, 1):
        raise Unusable(T("{name} is too large", name=name))
    return archive.read(info)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _model(config: dict[str, Any], version: int, weights: Any) -> Model:
    inner = config["config"]
    listed = inner["layers"] if isinstance(inner, dict) else inner
    layers: list[Told] = []
    before = ""
    for number, entry in enumerate(listed):
        settings = entry["config"]
        name = entry.get("name") or settings.get("name") or f"layer_{number}"
        if config["class_name"] == "Sequential":
            if before == "" and entry["class_name"] != "InputLayer":
                shape = (
                    settings.get("batch_shape") or settings.get("batch_input_shape") or inner.get("build_input_shape")
                )
                layers.append(Told("InputLayer", "input", {"batch_shape": shape}, (), []))
                before = "input"
            inputs: tuple[tuple[str, int], ...] = ((before, 0),) if before else ()
        else:
            inputs = tuple(_read_by(entry.get("inbound_nodes", [])))
        layers.append(Told(entry["class_name"], name, settings, inputs, []))
        before = name
    found = weights(layers)
    layers = [layer._replace(tensors=found.get(layer.name, [])) for layer in layers]
    outputs = [before]
    if config["class_name"] != "Sequential":
        ends = inner.get("output_layers", [])
        ends = [ends] if ends and isinstance(ends[0], str) else ends
        outputs = [end[0] for end in ends]
    name = inner.get("name", "model") if isinstance(inner, dict) else "model"
    return Model(name, layers, tuple(outputs), version)


def _read_by(nodes: Any) -> Iterator[tuple[str, int]]:
    """The layers that the first call of a layer reads, in either way of writing; a second call is another matter."""
    if len(nodes) > 1:
        raise Unusable(T("a layer is called several times"))
    for node in nodes:
        if isinstance(node, dict):
            yield from _histories(node.get("args", []))
        else:
            for entry in [node] if node and isinstance(node[0], str) else node:
                yield entry[0], int(entry[2])


def _histories(value: Any) -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, _, number = value["config"]["keras_history"]
            yield name, int(number)
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _histories(item)


def _array(data: Any) -> np.ndarray:
    """The values of a dataset that lies in this very file. Raises Unusable for one that lies elsewhere."""
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual:
        raise Unusable(T("values that lie in another file"))
    return np.asarray(data[()], np.float32)


def _inside(group: Any, name: str) -> Any:
    """What a group holds under a name, or None; links that lead out of the file are refused."""
    link = group.get(name, getlink=True)
    if link is None:
        return None
    if isinstance(link, h5py.ExternalLink):
        raise Unusable(T("a link into another file"))
    return group[name]


def _numbered(file: Any, layers: list[Told]) -> dict[str, list[np.ndarray]]:
    """Tensors of today's form: each layer has a group, called after its class and counted, or after itself."""
    root = _inside(file, "layers") or _inside(file, "_layer_checkpoint_dependencies")
    found: dict[str, list[np.ndarray]] = {}
    counted: Counter[str] = Counter()
    for layer in layers:
        kind = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", layer.kind)
        kind = re.sub("([a-z])([A-Z])", r"\1_\2", kind).lower()  # Conv2DTranspose is conv2d_transpose
        name = f"{kind}_{counted[kind]}" if counted[kind] else kind
        counted[kind] += 1
        group = None if root is None else _inside(root, name) or _inside(root, layer.name)
        values = None if group is None else _inside(group, "vars")
        if values is not None:
            found[layer.name] = [_array(_inside(values, key)) for key in sorted(values, key=int)]
    return found


def _by_name(file: Any, layers: list[Told]) -> dict[str, list[np.ndarray]]:
    """Tensors of the older form: a group for each layer, in it some groups, at the end tensors with names."""
    found: dict[str, list[np.ndarray]] = {}
    for layer in layers:
        group = _inside(file, layer.name)
        if group is None:
            continue
        tensors: list[tuple[int, np.ndarray]] = []
        waiting = [group]
        while waiting:
            place = waiting.pop()
            for key in place:
                item = _inside(place, key)
                if isinstance(item, h5py.Group):
                    waiting.append(item)
                else:
                    role = key.split(":")[0]
                    tensors.append((_ROLES.get(role, 9), _array(item)))
        found[layer.name] = [value for _, value in sorted(tensors, key=lambda pair: pair[0])]
    return found
