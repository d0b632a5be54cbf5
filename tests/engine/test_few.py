"""A few images, of which all threads take shares: the same bytes as one thread gives, whatever is shared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.plan import Target, few, plan
from tests.engine.agreement import without
from tests.engine.rewritten import Case

PROGRAMS = [
    "input 9x14x16 -> conv 16 k3 p1 relu -> conv 64 k3 p1 nobias -> bn relu -> conv 48 k1 -> gap -> dense 3",  # fast, in bands
    "input 7x7x16 -> conv 128 k3 p1 -> residual { conv 16 k1 relu -> conv 128 k3 p1 -> bn } relu -> gap -> dense 5",  # groups
    "input 12x10x16 -> conv 32 k3 p1 relu -> maxpool 2 -> conv 20 k3 relu -> maxpool 2 -> dense 40 relu -> dense 3",
    "input 11x9x3 -> conv 32 k3 s2 p1 nobias -> bn relu -> dwconv k3 s2 p1 -> bn relu -> "
    "conv 20 k1 g2 -> dwconv k3 p1 -> gap -> dense 3",
    "input 5x6x6x4 -> conv 10 k3 p1 tanh -> conv 16 k2 s2 -> dense 3",
]


@pytest.fixture(autouse=True)
def _as_if_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(few, "LARGE", 1)
    monkeypatch.setattr(few, "WORTH", 1)
    yield


def shared(text: str, target: Target) -> set[str]:
    found = plan(convdsl.parse(text), 4, Optimizer("sgd"), target).few
    return set() if found is None else {step.kind for step in found.steps if step.scope == "share"}


def test_what_is_shared() -> None:
    kinds = set.union(*(shared(text, Target(threads=8)) for text in PROGRAMS))
    assert kinds == {"gather", "gather_pool", "depthwise", "dense", "frame"}
    assert not shared(PROGRAMS[0], Target(threads=1))
    with without("few"):
        assert not shared(PROGRAMS[0], Target(threads=8))


def test_what_is_small_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert not shared(PROGRAMS[0], Target(threads=8))


def test_groups_keep_threads_busy() -> None:
    steps = plan(convdsl.parse(PROGRAMS[1]), 1, Optimizer("sgd"), Target(threads=2)).few.steps  # type: ignore[union-attr]
    tiles = [step.settings["winograd"] for step in steps if "winograd" in step.settings]
    assert [t.groups * (t.grid[0] // t.band) % 2 for t in tiles] == [0] * len(tiles) and tiles


@pytest.mark.parametrize("text", PROGRAMS)
@pytest.mark.parametrize("target", [Target(16, 32, 8), Target(8, 16, 8), Target(4, 32, 8)], ids=lambda t: f"{t.lanes}")
def test_shares_compute_the_same(text: str, target: Target) -> None:
    """Interpreted, in float64."""
    case = Case(text, 3)
    with without("all"):
        wanted = case.results(target)
    found = case.results(target)
    for name, value in wanted.items():
        if name.startswith("prediction"):
            assert np.allclose(found[name], value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", PROGRAMS[1:4])
def test_the_same_bytes_on_any_number_of_threads(text: str) -> None:
    net = convdsl.parse(text)
    models = [Model(net, batch=40, threads=threads, seed=3) for threads in (1, 2)]
    x = np.random.default_rng(1).standard_normal((5, *net.input)).astype(np.float32)
    assert models[0].plan.few is None and models[1].plan.few is not None
    for count in (1, 2, 4, 5):
        one, two = (model.predict(x[:count]).tobytes() for model in models)
        assert one == two, count
    labels = np.arange(5) % 3
    losses = [model.evaluate(x[:2], labels[:2]).loss for model in models]
    assert losses[0] == losses[1]
