"""Weights that several layers have in common: counted once, trained once, with the gradients of all uses."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import BadInput, Model, Optimizer
from tests.engine.checking import check, excited
from tests.engine.cuda.simulator import Simulator
from tests.engine.cuda.test_contract import check as check_on_gpu

TOWER = "conv 4 k3 p1 relu -> maxpool 2 -> conv 3 k2 -> bn relu -> gap"
STEP = "shared step"
SMALL = {
    "siamese": f"input 6x12x2\nshared tower {{ {TOWER} }}\n"
    "concat { crop after=0x6 -> tower() | crop before=0x6 -> tower() }\ndense 3 softmax",
    "in a row": f"input 4x4x3\n{STEP} {{ conv 3 k3 p1 -> bn relu -> dwconv k3 p1 prelu }}\nrepeat 3 {{ step() }}\ndense 3",
    "other sizes": f"input 9x7x2\n{STEP} {{ conv 2 k3 s2 p same tanh }}\nstep()\nstep()\nstep()\ndense 4",
    "every kind": f"input 4x4x4\n{STEP} {{ conv 4 k3 p1 g2 -> tconv 4 k3 p1 -> local 4 k2 p same relu -> ln -> in -> gn 2 "
    "-> scale -> lrn -> filter gaussian -> dense 64 -> reshape 4x4x4 }\nstep()\nresidual { step() } relu\ndense 3",
    "nested": f"input 5x5x3\n{STEP} {{ conv 3 k3 p1 relu }}\n"
    "shared both { step() -> conv 3 k1 -> repeat 2 { conv 3 k3 p1 -> bn } }\nstep()\nboth()\nboth()\ndense 3",
    "frozen": f"input 5x5x3\n{STEP} {{ conv 3 k3 p1 -> bn relu }}\nfreeze {{ step() -> step() }}\nconv 3 k1\n"
    "freeze { step() }\ndense 3",
}
LARGE = {
    "deferred": f"input 4x4x24\n{STEP} {{ conv 300 k3 p1 relu -> conv 24 k1 -> bn -> dense 384 relu -> reshape 4x4x24 }}\n"
    "step()\naux 0.3 { step() -> dense 3 }\nstep()\ndense 3",
    "winograd": f"input 16x16x16\n{STEP} {{ conv 16 k3 p1 relu -> maxpool 2 s1 p same }}\nconv 16 k1\nstep()\nstep()\ngap\n"
    "dense 3",
}
NETS = {**SMALL, **LARGE}


@pytest.mark.parametrize("text", SMALL.values(), ids=SMALL)
def test_values_and_gradients_are_those_of_the_reference(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", SMALL.values(), ids=SMALL)
def test_a_gpu_does_the_same(text: str, simulator: Simulator) -> None:
    check_on_gpu(text)


@pytest.mark.parametrize("name", ["siamese", "in a row", "other sizes", "nested", "frozen", *LARGE])
def test_gradients_are_pytorchs(name: str) -> None:
    pytest.importorskip("torch")
    from tests.engine.test_pytorch import gradients_agree

    gradients_agree(NETS[name])


def unshared(text: str) -> str:
    return text.replace("shared tower {", "block tower() {").replace("shared step {", "block step() {")


@pytest.mark.parametrize("name", ["siamese", "in a row", "deferred"])
def test_the_gradient_is_the_sum_over_the_uses(name: str) -> None:
    model, x, labels = excited(convdsl.parse(NETS[name]))
    apart = Model(convdsl.parse(unshared(NETS[name])), batch=model.batch)
    owner = {f"{n.index}": f"{n.shared or n.index}" for n in model.net.nodes}
    all_ = {**model.weights, **model.buffers}

    def first(tensor: str) -> str:
        index, _, rest = tensor.partition(".")
        return f"{owner[index]}.{rest}"

    apart.load_weights({n: all_[first(n)] for n in (*apart.weights, *apart.buffers)})
    np.testing.assert_allclose(model.predict(x), apart.predict(x), rtol=1e-5, atol=1e-6)
    sums: dict[str, np.ndarray] = {}
    for tensor, gradient in apart.gradients(x, labels).items():
        sums[first(tensor)] = sums.get(first(tensor), 0) + gradient  # type: ignore[assignment]
    rounding = 1e-6 * max(np.abs(g).max() for g in sums.values())  # all that there is of a bias before `bn`
    for tensor, gradient in model.gradients(x, labels).items():
        near = max(1e-4 * np.abs(sums[tensor]).max(), rounding)
        np.testing.assert_allclose(gradient, sums[tensor], rtol=1e-3, atol=near)


@pytest.mark.parametrize("optimizer", [Optimizer("sgd", momentum=0.9, weight_decay=0.01), Optimizer("adam")], ids=str)
def test_weights_stay_one_on_any_number_of_threads(optimizer: Optimizer) -> None:
    net = convdsl.parse(NETS["deferred"])
    one, two = (Model(net, batch=20, threads=n, optimizer=optimizer) for n in (1, 2))
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((20, *net.input)).astype(np.float32), rng.integers(0, 3, 20)
    assert [one.train_step(x, labels, 0.01) for _ in range(4)] == [two.train_step(x, labels, 0.01) for _ in range(4)]
    assert all(np.array_equal(w, two.weights[n]) for n, w in one.weights.items())


def test_there_is_one_tensor_for_each_shared_weight_and_it_is_counted_once() -> None:
    net = convdsl.parse(NETS["siamese"])
    model = Model(net, batch=4)
    assert [n for n in model.weights if n.startswith(("8.", "10.", "11."))] == []
    assert sum(w.size for w in model.weights.values()) == net.report.total.params
    assert sum(b.size for b in model.buffers.values()) == net.report.total.buffers == 6
    with pytest.raises(BadInput):
        model.load_weights({**model.weights, "8.conv.weight": model.weights["2.conv.weight"]})


def test_running_statistics_take_every_use_in_turn() -> None:
    model = Model(convdsl.parse("input 2x2x1\nshared step { bn }\nstep()\nstep()\ndense 2"), batch=4)
    x = np.random.default_rng(0).standard_normal((4, 2, 2, 1)).astype(np.float32)
    model.train_step(x, np.zeros(4, np.int64), 0.0)
    expected = 0.9 * (0.1 * x.mean()) + 0.1 * 0.0
    assert model.buffers["1.bn.running_mean"][0] == pytest.approx(expected, abs=1e-6)
