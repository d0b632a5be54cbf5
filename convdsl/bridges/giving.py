"""What a network gives to a bridge: sizes that are numbers, and a weight for every layer that has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from convdsl.bridges.weighted import Unsayable, Weighted, leading_to, place_of
from convdsl.diagnostics import Findings
from convdsl.messages import T

if TYPE_CHECKING:
    import numpy as np

    from convdsl.bridges.keras.writing import Script
    from convdsl.bridges.torch.source import Module


def given(net: Any, weights: Any, about: Mapping[str, str] | None = None) -> Weighted:
    """A network of `convdsl.parse` with weights: a model, arrays by name, or None for those that it came with, else those
    that training starts from. Raises ValueError where sizes are open or weights are missing or do not fit."""
    network = net.analysis.network
    open_sizes = ", ".join(sorted(network.symbols | set(network.holes)))
    if open_sizes:
        raise ValueError(str(T("These sizes are open: {names}. Give them values.", names=open_sizes)))
    if weights is None:
        weights = net.weights or net.compile(batch=1, device="plain")
    if not isinstance(weights, Mapping):
        weights = {**weights.weights, **weights.buffers}
    needed = set().union(*(leading_to(o.node, net.nodes) for o in net.outputs))
    for node in net.nodes:
        facts = net.report[node.index]
        for role, shape in {**facts.weights, **facts.buffer_shapes}.items() if not node.shared else ():
            name = f"{node.index}.{node.op}.{role}"
            if name not in weights and node.index in needed:
                raise ValueError(str(T("There is no tensor {name} among the weights.", name=name)))
            if name in weights and tuple(weights[name].shape) != tuple(shape):
                raise ValueError(str(T("The tensor {name} is of another network: its shape is {shape}.", name=name,
                                       shape="x".join(map(str, weights[name].shape)))))  # fmt: skip
    return Weighted(net.analysis, weights, about or {})


def onnx_bytes(net: Any, weights: Any = None, about: Mapping[str, str] | None = None) -> bytes:
    """The content of an ONNX file. Raises ProgramError with the place of a layer that ONNX does not have, ValueError."""
    from convdsl.bridges.onnx.model import to_onnx

    with _said_where(net):
        return to_onnx(given(net, weights, about)).SerializeToString()


def torch_source(net: Any, weights: Any = None) -> tuple[Module, dict[str, np.ndarray]]:
    """The file of PyTorch that says the network, and the state dict of its class; torch is not needed. Raises ProgramError
    with the place of a layer that cannot be said, ValueError."""
    from convdsl.bridges.torch.source import state_dict, written

    with _said_where(net):
        weighted = given(net, weights)
        module = written(net.analysis)
        return module, state_dict(module, weighted)


def keras_source(net: Any, weights: Any = None) -> tuple[Script, bytes]:
    """The file of Keras 3 that says the network, and an HDF5 file with its weights; h5py is needed, Keras is not. Raises
    ProgramError with the place of a layer that cannot be said, ValueError."""
    from convdsl.bridges.keras.writing import weights_file, written

    with _said_where(net):
        weighted = given(net, weights)
        script = written(net.analysis)
        return script, weights_file(script, weighted)


@contextmanager
def _said_where(net: Any) -> Iterator[None]:
    """Makes of a layer that a format does not have an error with its place."""
    try:
        yield
    except Unsayable as error:
        findings = Findings(net.analysis.source)
        place_of(error, findings)
        findings.raise_errors()
        raise
