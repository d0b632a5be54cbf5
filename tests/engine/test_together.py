"""Large dense layers for all images at once, against those for a few after another."""

from __future__ import annotations

from unittest.mock import patch

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.plan import Target, plan, together
from tests.engine.agreement import differences, results, without
from tests.engine.checking import excited

NETWORK = "input 5x5x3 -> conv 7 k3 relu -> add { dense 53 relu | dense 53 } -> dense 39 tanh -> dense 20"
"""Parts of vectors, one gradient added to another, inputs that are no whole number of pieces, a layer right behind another."""


def test_results_are_the_same() -> None:
    found = []
    for off in ("", "together"):
        with patch.multiple(together, LARGE=16, FEWEST_UNITS=1), without(off):
            model, x, labels = excited(convdsl.parse(NETWORK), images=11)
            found.append(results(model, x, labels))
            assert ("in parallel over shares of it" in str(model.plan)) == (not off)
    assert not differences(found[0], found[1], None)


def test_fewer_images_than_a_batch_and_threads_change_nothing() -> None:
    with patch.multiple(together, LARGE=16, FEWEST_UNITS=1):
        model, x, _ = excited(convdsl.parse(NETWORK), images=11)
        one = Model(convdsl.parse(NETWORK), batch=12, threads=1)
        one.load_weights(model.weights)
        assert (one.predict(x) == model.predict(x)).all()
        assert (model.predict(x[:1]) == model.predict(x)[:1]).all()


def test_their_weights_have_no_copy() -> None:
    net, target = convdsl.parse("input 40x40x20 -> dense 128 relu -> dense 10"), Target()
    made = plan(net, 16, Optimizer("sgd"), target)
    assert [step.scope for step in made.training.steps if step.kind == "dense"] == ["share", "block"]
    assert not made.parameters["1.dense.weight"].packs
