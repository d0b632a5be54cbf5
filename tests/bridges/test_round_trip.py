"""Every example out as ONNX and in again: the same answers by an independent runtime, the same sizes and costs, the same graph.

The small ones in each run of the tests; `CONVDSL_SLOW_TESTS=1` takes all.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges import Unsayable, Weighted
from convdsl.bridges.pieces import Foreign
from convdsl.bridges.program import written
from convdsl.net import Net
from tests.bridges.nets import difference, images, in_one, lively, predicted

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
from convdsl.bridges.onnx.model import inputs_first, to_onnx  # noqa: E402
from convdsl.bridges.onnx.ours import program_within  # noqa: E402
from convdsl.bridges.onnx.reading import as_flow  # noqa: E402

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.cnn"))
MOST = 100_000
"""Parameters, and a thousandth of the multiplications, of what every run of the tests takes."""
REFUSED = {"locally_connected": "local"}
"""Examples with a layer that ONNX has no words for."""
UNREAD = {"segnet": "places", "wavenet": "output", "yolov3": "output", "ssd300": "output", "fpn_resnet50": "output"}
"""What comes back only as the program in the file: unpooling, and several outputs."""


def moderate(net: Net) -> dict[str, Any]:
    """Weights that let the values neither grow nor vanish over a hundred layers."""
    found = lively(net)
    for name, value in found.items():
        if value.ndim > 1:
            found[name] = value / 0.4 * np.float32((2 / np.prod(value.shape[1:])) ** 0.5)
    return found


def answered(model: Any, x: np.ndarray) -> np.ndarray:
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: inputs_first(x)})
    return in_one([np.moveaxis(y, 1, -1) if y.ndim > 2 else y for y in found])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_out_and_in_again(path: Path) -> None:
    net = convdsl.load(path)
    if net.analysis.network.symbols:
        pytest.skip("its sizes are open")
    total = net.report.total
    if max(total.params, total.macs / 1000) > MOST and not os.environ.get("CONVDSL_SLOW_TESTS"):
        pytest.skip("too large for every run of the tests; CONVDSL_SLOW_TESTS=1 takes it")
    weights, x = moderate(net), images(net, 1)
    if path.stem in REFUSED:
        with pytest.raises(Unsayable) as refused:
            to_onnx(Weighted(net.analysis, weights))
        assert refused.value.node.op == REFUSED[path.stem]
        return
    model = to_onnx(Weighted(net.analysis, weights))
    onnx.checker.check_model(model, full_check=True)
    right = predicted(net, weights, x)
    assert difference(answered(model, x), right) < 1e-4

    back = program_within(model)
    assert back is not None and back.analysis.source.text == net.text
    assert to_onnx(back).graph == model.graph

    del model.metadata_props[:]
    if path.stem in UNREAD:
        with pytest.raises(Foreign, match=UNREAD[path.stem]):
            as_flow(model)
        return
    found = written(as_flow(model))
    again = found.analysis.report.total
    assert again.macs == total.macs
    filters = any(node.op == "filter" for node in net.nodes)  # whose numbers are weights there
    assert again.params == total.params or filters
    assert difference(answered(to_onnx(found), x), right) < 1e-4
