"""PyTorch's own samples, put to the engine: sizes, values, losses and gradients, against PyTorch in float64."""

from __future__ import annotations

import warnings

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed (the extra test-foreign)")
pytest.importorskip("expecttest", reason="PyTorch's test samples need expecttest (the extra test-foreign)")
from tests.foreign import refused, torch_samples
from tests.foreign.share import compare, hold

OPERATORS = """an empty image; padding: circular; padding: reflect; padding: replicate; padding with something else than 0;
resizing by a fraction; upsampling: area; upsampling: bicubic; upsampling: bicubic with corners aligned; a loss
that is no mean; a mean with another divisor; gelu by tanh; adaptive max pooling to a size that does not divide;
cross-entropy with shares as targets; eps of a normalisation other than 1e-5; weights of classes below 0; a clip
other than to 0 and 6"""
MODULES = """a loss that is no mean; a mean with another divisor; celu with another alpha than 1; no answers at all;
adaptive max pooling to a size that does not divide; cross-entropy with shares as targets; padding: circular;
eps of a normalisation other than 1e-5; instance normalisation by running statistics; weights of classes below 0;
padding: reflect; padding: replicate; padding with something else than 0; padding of images or channels;
padding that differs before and after; a clip other than to 0 and 6"""


def listed(text: str, lower: bool) -> dict[str, str]:
    options = {reason: refused.OPTIONS[reason] for reason in " ".join(text.split()).split("; ")}
    return options | {k: v for k, v in refused.PYTORCH.items() if k.split(": ")[1][0].islower() == lower}


@pytest.fixture(autouse=True)
def quiet() -> None:
    warnings.simplefilter("ignore")


def test_samples_of_operators() -> None:
    outcome = compare(torch_samples.operators())
    hold(outcome, expressible=3200, compared=60, refused=set(), reasons=listed(OPERATORS, lower=True))


def test_samples_of_modules() -> None:
    outcome = compare(torch_samples.modules())  # E304: masks of images with five sizes
    hold(outcome, expressible=250, compared=40, refused={"E304"}, reasons=listed(MODULES, lower=False))
