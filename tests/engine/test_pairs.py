"""Every layer with every activation before every other, against an independent opinion.

CONVDSL_PAIRS=all tries all triples of layer, activation and what follows (1,700 networks, hours where nothing is compiled
yet), a number as many networks of the cover of all pairs (137).
"""

from __future__ import annotations

import os
from itertools import islice

import pytest

from tests import pairs
from tests.engine.agreement import faults

WANTED = os.environ.get("CONVDSL_PAIRS", "16")
NETWORKS = [*pairs.networks(True)] if WANTED == "all" else [*islice(pairs.networks(), int(WANTED))]


@pytest.mark.parametrize("text", NETWORKS)
def test_neighbours(text: str) -> None:
    assert not faults(text, 3)


@pytest.mark.parametrize("lanes", ["4", "8", "16"])
@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x16 -> conv 16 k3 p1 relu -> maxpool 2 -> conv 32 k3 p1 nobias -> bn relu6 -> conv 16 k3 p1 tanh -> gap "
        "-> dense 3",
        "input 8x8x3 -> conv 16 k3 p1 nobias -> bn leaky_relu -> residual { conv 16 k3 p1 nobias -> bn elu } tanh -> dense 3",
    ],
)
def test_fast_paths_at_every_width(text: str, lanes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_LANES", lanes)
    assert not faults(text, 3)
