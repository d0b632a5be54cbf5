"""ONNX' backend tests of single layers, put to the engine: the values that they state."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="ONNX is not installed (the extra test-foreign)")
from tests.foreign import onnx_samples, refused
from tests.foreign.share import compare, hold

OPTIONS = """a clip other than to 0 and 6; a product with a bias for each image; an input that is no tensor of real numbers;
dropout of a step of training; elu with another alpha; eps of a normalisation other than 1e-5; gelu by tanh;
flattening with channels first; hardsigmoid with another alpha; padding other than with zeros around all axes;
padding that differs before and after; prelu with other slopes than one for each channel; selu with another alpha;
resizing other than by whole factors with pixel centres; the values of a step of training"""


def test_samples_of_nodes_and_of_converted_models() -> None:
    """Operators of arithmetic, of text, of sequences, which are no layers, are not looked at."""
    layers = (s for s in onnx_samples.samples() if not s.reason.startswith("not in") or s.reason in refused.ONNX)
    reasons = {r: refused.OPTIONS[r] for r in " ".join(OPTIONS.split()).split("; ")}
    hold(compare(layers), expressible=170, compared=35, refused=set(), reasons=reasons | refused.ONNX)
