"""Random networks over the whole language, compiled, against an independent opinion.

CONVDSL_RANDOM_NETS says how many: 24 here, since each brings kernels that must be compiled. The plans of 300 are held by
test_rewritten.py.
"""

from __future__ import annotations

import os

import pytest

import convdsl
from convdsl.language.keywords import STRUCTURES
from convdsl.layers import LAYERS
from tests.engine.agreement import faults
from tests.random_networks import features, networks

COUNT = int(os.environ.get("CONVDSL_RANDOM_NETS", "24"))


@pytest.mark.parametrize("text", [*networks(COUNT)])
def test_random_networks_agree(text: str) -> None:
    assert not faults(text), text


def test_300_networks_have_every_layer_and_every_structure() -> None:
    texts = list(networks(300))
    seen = {feature for text in texts for feature in features(convdsl.parse(text))}
    for layer in LAYERS:
        ranks = {rank for rank in (1, 2, 3) if (layer.name, rank) in seen}
        assert (2 in ranks and (len(ranks) > 1 or layer.name == "filter")) or (layer.name, ranks) == ("matmul", {1}), (
            layer.name
        )
    assert all(any(f"{word} " in text for text in texts) for word in STRUCTURES)
    assert texts == list(networks(300))
