"""Other arrangements of weights are the same numbers in another order, and zeros where there is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model
from convdsl.engine.plan import Parameter
from convdsl.engine.plan.layouts import Filters, Pack

NETWORK = "input 9x9x8 -> conv 24 k3 s2 g2 relu -> conv 33 k2 g3 tanh -> flatten -> dense 19 relu -> dense 3"
"""Whole vectors of filters and channels, parts of one, and less than one; groups; a stride, so that taps change places."""


@pytest.mark.parametrize("lanes", ["4", "8", "16"])
def test_swapped_weights_are_the_weights(lanes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_LANES", lanes)
    model = Model(convdsl.parse(NETWORK), batch=2)
    weights = model.backend._arrays.weights  # type: ignore[attr-defined]
    found = [p for p in model.plan.packed if "swapped" in p.packs]
    assert len(found) == 3
    for parameter in found:
        given, swapped = _given(parameter, weights), _swapped(parameter, weights)
        channels = given.shape[2]
        assert np.array_equal(swapped[..., :channels], given.swapaxes(2, 3)), parameter.name
        assert not swapped[..., channels:].any(), parameter.name


def _given(parameter: Parameter, weights: Any) -> Any:
    """[group][tap][channel][filter], the taps in the order of the pack."""
    f: Filters = parameter.layout
    pack: Pack = parameter.packs["swapped"]
    flat = weights[parameter.place.offset :][: f.groups * f.blocks * f.rows * f.width]
    blocks = flat.reshape(f.groups, f.blocks, len(pack.order), -1, f.width).transpose(0, 2, 3, 1, 4)
    return blocks.reshape(*blocks.shape[:3], -1)[:, list(pack.order), :, : f.filters]


def _swapped(parameter: Parameter, weights: Any) -> Any:
    """[group][tap][filter][channel]"""
    pack: Pack = parameter.packs["swapped"]
    size = pack.groups * pack.blocks * len(pack.order) * pack.filters * pack.width
    flat = weights[parameter.place.pack_offsets["swapped"] :][:size]
    blocks = flat.reshape(pack.groups, pack.blocks, len(pack.order), pack.filters, pack.width).transpose(0, 2, 3, 1, 4)
    return blocks.reshape(*blocks.shape[:3], -1)
