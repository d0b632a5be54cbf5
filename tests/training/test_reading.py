"""What is said of a training rests on figures: each sentence where it must appear, and where it must not."""

from __future__ import annotations

from math import e, log
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.network.ending import ending
from convdsl.network.floors import OF_CLASSES, Floor, floor_of, smoothing_floor
from convdsl.training.curves import read_curves
from convdsl.training.evaluating import evaluate
from convdsl.training.examples import examples_from
from convdsl.training.facts import Facts, facts_of
from convdsl.training.metrics import Figures, classification, regression, segmentation
from convdsl.training.model import Model
from convdsl.training.settings import Settings
from tests.training.test_curves import CONVERGED, history


def said(
    facts: Facts, losses: list[float] | None = None, watched: list[float] | None = None, **options: Any
) -> dict[str, str]:
    found = read_curves(history(losses or CONVERGED, watched, **options), Settings(label_smoothing=0.1), facts)
    return {remark.kind: str(remark) for remark in found}


def answers(truth: list[int], given: list[int]) -> Figures:
    return classification(0.3, np.array(given), np.array(truth), ("cat", "dog"))


# What a coin could have made.


def test_a_gap_among_six_images_is_no_overfitting() -> None:
    figures = {"accuracy": 0.296, "watched_accuracy": 1 / 6}
    assert "overfits" not in said(Facts(10, train=54, validation=6), **figures)
    assert "overfits" in said(Facts(10, train=5400, validation=600), **figures)


def test_a_rise_of_the_loss_among_six_images_is_no_overfitting() -> None:
    curves = ([1.0, 0.6, 0.4, 0.3, 0.2, 0.1], [1.0, 0.7, 0.6, 0.62, 0.7, 0.9])
    assert "overfits" not in said(Facts(10, train=54, validation=6), *curves)
    assert "overfits" in said(Facts(10, train=5400, validation=600), *curves)


def test_a_gap_beyond_its_interval_is_no_going_together() -> None:
    found = said(Facts(10, train=5400, validation=600), accuracy=0.936, watched_accuracy=0.877)
    assert list(found) == ["gap"] and "93.6 % are right in training, and 87.7 %" in found["gap"]
    assert "points less (95 % interval)" in found["gap"]
    assert list(said(Facts(10, train=5400, validation=60), accuracy=0.936, watched_accuracy=0.90)) == ["perhaps_gap"]
    assert "gap" not in said(Facts(10, train=54, validation=6), accuracy=0.936, watched_accuracy=0.877)


def test_a_gap_of_losses_is_said_of_numbers() -> None:
    losses = [1.0, 0.5, 0.35, 0.30, 0.28, 0.275]
    apart = [record._replace(accuracy=None, val_accuracy=None, val_loss=2 * record.loss) for record in history(losses)]
    (remark,) = read_curves(apart, Settings(), Facts(validation=600))
    assert remark.kind == "gap" and "0.275 in training, and 0.55" in str(remark)
    near = [record._replace(val_loss=1.04 * record.loss) for record in apart]
    assert [r.kind for r in read_curves(near, Settings(), Facts(validation=600))] == ["converged"]


def test_a_validation_that_is_better_than_the_training_is_said_with_its_reason() -> None:
    found = said(Facts(10, train=5400, validation=600), accuracy=0.85, watched_accuracy=0.92)
    assert list(found) == ["harder"] and "92.0 % are right in validation, more than the 85.0 %" in found["harder"]
    assert "harder" not in said(Facts(10, train=5400, validation=60), accuracy=0.89, watched_accuracy=0.92)


def test_few_images_to_validate_are_said_with_what_they_may_stand_for() -> None:
    found = said(Facts(10, train=54, validation=6), watched_accuracy=4 / 6)
    assert "With 6 images to validate, 67 % right may stand for anything from 30 to 90 %" in found["few_images"]
    assert "one image" in said(Facts(10, train=9, validation=1))["few_images"]
    assert set(said(Facts(10, train=5400, validation=600))) == {"converged"}


def test_ten_wrong_answers_do_not_make_a_network_too_small() -> None:
    losses = [1.5, 1.41, 1.4, 1.4, 1.395]
    assert "underfits" in said(Facts(10, train=5000), losses, accuracy=0.7, watched_accuracy=0.7)
    assert "underfits" not in said(Facts(10, train=10), losses, accuracy=0.7, watched_accuracy=0.7)


def test_without_a_validation_part_nothing_is_said_of_one() -> None:
    curves = [record._replace(val_loss=None, val_accuracy=None) for record in history(CONVERGED)]
    (remark,) = read_curves(curves, Settings(validation=0), Facts(10, validation=0))
    assert remark.kind == "unwatched" and remark.lines == {"validation": "0.1"}


# The floor of a loss.


def test_ten_sigmoids_cannot_get_below_their_floor() -> None:
    assert Floor("sigmoid", 1.0, 10).loss == pytest.approx(log(1 + 9 / e)) == pytest.approx(1.461, abs=1e-3)
    assert Floor("tanh", 2.0, 10).loss == pytest.approx(0.797, abs=1e-3)
    on_it = said(Facts(10, floor=Floor("sigmoid", 1.0, 10)), [1.9, 1.6, 1.5, 1.48, 1.475, 1.47])
    assert list(on_it) == ["floor"] and "it is 1.470" in on_it["floor"] and "= 1.461" in on_it["floor"]
    above = [2.2, 2.0, 1.9, 1.8, 1.75, 1.74]
    assert "floor" not in said(Facts(10, floor=Floor("sigmoid", 1.0, 10)), above)
    assert "floor" not in said(Facts(10), [1.9, 1.6, 1.5, 1.48, 1.475, 1.47])


def test_smoothed_labels_have_a_floor() -> None:
    low = smoothing_floor(0.1, 10)
    q = np.full(10, 0.01) + 0.9 * np.eye(10)[0]
    assert low == pytest.approx(-(q * np.log(q)).sum())
    found = said(Facts(10, smoothing=low), [1.0, 0.6, 0.53, 0.52, 0.515, 0.51])
    assert "cannot fall below 0.500" in found["smoothing_floor"]
    assert "smoothing_floor" not in said(Facts(10, smoothing=low), [2.0, 1.5, 1.2, 1.1, 1.05, 1.04])


@pytest.mark.parametrize(
    ("end", "name"),
    [("dense 10 sigmoid", "sigmoid"), ("dense 10 -> tanh", "tanh"), ("dense 10 softmax -> dropout 0.2", "softmax"),
     ("dense 10 relu -> reshape 10x1x1 -> flatten", "relu"), ("dense 10 softmax", ""), ("dense 10", ""),
     ("dense 10 sigmoid -> softmax", "sigmoid"), ("dense 10 softmax -> softmax", "softmax"),
     ("dense 10 relu -> flatten -> softmax", "relu"),
     ("dense 10 -> dropout 0.1 -> softmax", ""), ("dense 10 sigmoid -> dropout 0.1 -> softmax", ""),
     ("dense 10 gelu", ""), ("dense 10 softmax -> flatten", ""), ("conv 10 k1 -> gap -> softmax", "")],
)  # fmt: skip
def test_what_bounds_the_scores(end: str, name: str) -> None:
    net = convdsl.parse(f"input 8x8x1 -> {end}")
    floor = floor_of(ending(net.nodes, net.output), 10)
    assert (floor.name if floor else "") == name


def warned(text: str) -> bool:
    return any(d.code == "W521" for d in convdsl.parse(text).diagnostics)


@pytest.mark.parametrize(
    "end", ["dense 10 relu", "dense 10 sigmoid", "dense 10 tanh", "dense 10 softmax -> dropout 0.2"]
)
@pytest.mark.parametrize("block", ["data mnist", "loss cross_entropy", "epochs 3", "data Mnist\nloss auto"])
def test_check_warns_of_bounded_scores(end: str, block: str) -> None:
    assert warned(f"input 28x28x1 -> {end}\ntrain {{ {block} }}") is True


@pytest.mark.parametrize("end", ["dense 10 sigmoid -> softmax", "dense 10 relu -> softmax", "dense 10 tanh -> flatten -> softmax",
                                 "dense 10 softmax -> dropout 0.2"])  # fmt: skip
def test_check_warns_without_a_train_block_where_a_softmax_makes_it_certain(end: str) -> None:
    assert warned(f"input 28x28x1 -> {end}")
    assert not warned(f"input 28x28x1 -> {end.replace('softmax', 'gelu')}")


def test_two_softmaxes_are_one_warning() -> None:
    found = convdsl.parse("input 28x28x1 -> dense 10 softmax -> softmax\ntrain { data mnist }").diagnostics
    assert [d.code for d in found if d.code in ("W504", "W521")] == ["W504"]


@pytest.mark.parametrize(
    "text",
    ["dense 10 softmax\ntrain { data mnist }", "dense 10\ntrain { data mnist }", "dense 10 gelu\ntrain { data mnist }",
     "dense 10 sigmoid\ntrain { loss bce }", "dense 10 sigmoid\ntrain { data \"faces.npz\" }", "dense 10 relu",
     "dense 10 relu\ntrain { loss mse }", "dense 1 sigmoid\ntrain { data mnist }", "conv 1 k3 p1 sigmoid\ntrain { target images }",
     "dense 10 -> dropout 0.2 -> softmax\ntrain { data mnist }"],
)  # fmt: skip
def test_check_does_not_warn_of_good_ends(text: str) -> None:
    assert warned(f"input 28x28x1 -> {text}") is False


def test_the_data_sets_that_check_knows_are_those_with_classes() -> None:
    from convdsl.datasets.registry import KNOWN

    assert [known.name for known in KNOWN if "shape" not in known.name] == list(OF_CLASSES)


# Majorities, masks, numbers.


def test_answering_the_majority_is_named() -> None:
    found = said(Facts(2, figures=answers([0] * 90 + [1] * 10, [0] * 100)), accuracy=0.9, watched_accuracy=0.9)
    assert (
        "It answers `cat` to 100 % of the test images: 90.0 % are right, and 90.0 % of them are `cat`."
        in found["majority"]
    )
    assert "the balanced accuracy is 50.0 % now" in found["majority"] and "converged" not in found
    learned = answers([0] * 90 + [1] * 10, [0] * 88 + [1] * 11 + [0])
    assert "majority" not in said(Facts(2, figures=learned), accuracy=0.97, watched_accuracy=0.97)
    assert "majority" not in said(Facts(2, figures=answers([0] * 9 + [1], [0] * 10))), "ten images tell nothing"


def test_no_better_than_the_majority_is_said_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 100)
    guessed = np.where(rng.random(100) < 0.55, truth, 1 - truth)
    found = said(
        Facts(2, figures=classification(0.7, guessed, truth, ("cat", "dog"))), accuracy=0.55, watched_accuracy=0.55
    )
    assert "not shown to be better than always answering" in found["majority"] and "95 % interval" in found["majority"]
    good = classification(0.2, np.where(rng.random(100) < 0.9, truth, 1 - truth), truth, ("cat", "dog"))
    assert "majority" not in said(Facts(2, figures=good))


def test_classes_of_masks_that_were_never_found_are_named() -> None:
    lost = segmentation(0.1, np.array([[90, 0, 0], [5, 0, 0], [2, 0, 3]]), ("ground", "ship", "sail"), 4)
    found = said(Facts(3, figures=lost))
    assert "Of the class ship no pixel was found, though there are 5" in found["not_found"]
    assert "not_found" not in said(Facts(3, figures=segmentation(0.1, np.eye(3, dtype=int) * 9, ("a", "b", "c"), 4)))


def test_answers_that_are_worse_than_the_mean_are_said() -> None:
    targets = np.linspace(5.0, 5.001, 50)
    worse = regression(0.1, np.linspace(4.7, 5.3, 50), targets)
    assert worse.r2 is not None and worse.r2 < -1000
    assert "further off than the mean" in said(Facts(figures=worse))["worse_than_mean"]
    assert "worse_than_mean" not in said(Facts(figures=regression(0.1, targets + 1e-5, targets)))


# Chance.


def test_chance_is_that_of_the_classes_as_they_are() -> None:
    uneven = Facts(2, chance=0.325)
    flat = [0.33, 0.327, 0.326, 0.325, 0.325]
    assert "without a look at the images" in said(uneven, flat, accuracy=0.9, watched_accuracy=0.9)["not_learning"]
    assert "not_learning" not in said(Facts(2), flat, accuracy=0.9, watched_accuracy=0.9)


def test_a_loss_above_chance_is_not_what_guessing_gives() -> None:
    uneven = Facts(2, chance=0.07)
    falling = said(uneven, [2.22, 1.99], accuracy=0.014, watched_accuracy=0.0)
    assert list(falling) == ["above_chance"] and "still above what answering without a look" in falling["above_chance"]
    assert "(0.07)" in falling["above_chance"]
    stuck = said(uneven, [2.0, 2.0, 2.0], accuracy=0.014, watched_accuracy=0.0)
    assert "worse than answering without a look at the images (0.07)" in stuck["not_learning"]
    flat = said(Facts(10), [2.31, 2.303, 2.303], accuracy=0.1, watched_accuracy=0.1)
    assert "what guessing among 10 classes gives" in flat["not_learning"] and "above_chance" not in flat


def test_two_steps_tell_nothing_of_gradients() -> None:
    curves = history([2.303, 2.303], accuracy=0.1, watched_accuracy=0.1)
    (remark,) = read_curves(curves, Settings(batch=128), Facts(10, train=100, validation=20))
    assert remark.kind == "too_short" and "after 2 steps" in str(remark) and "gradients" not in str(remark)
    (remark,) = read_curves(curves, Settings(batch=128), Facts(10, train=10_000))
    assert remark.kind == "not_learning" and "The gradients change nothing" in str(remark)


def test_side_exits_are_counted_in() -> None:
    flat = [3.68, 3.685, 3.684, 3.683]
    assert list(said(Facts(10, heads=1.6), flat, accuracy=0.1, watched_accuracy=0.1)) == ["not_learning"]
    assert "not_learning" not in said(Facts(10, heads=1.6), [3.6, 2.5, 2.3, 2.29], accuracy=0.3, watched_accuracy=0.3)


def test_the_facts_of_a_model() -> None:
    text = "input 4x4x1 -> dense 3 sigmoid"
    net = convdsl.parse(text)
    labels = np.array([0] * 30 + [1] * 9 + [2])
    settings = Settings(label_smoothing=0.1, validation=0)
    examples = examples_from(net, np.zeros((40, 4, 4, 1)), labels, settings)
    model = Model(net, batch=8, loss="cross_entropy")
    model.settle(examples.task)
    figures = evaluate(model, examples.task, examples.images, examples.labels, examples.train)
    facts = facts_of(model, examples, settings, figures)
    q = np.array([30, 9, 1]) / 40 * 0.9 + 0.1 / 3
    assert facts.chance == pytest.approx(-(q * np.log(q)).sum()) and facts.floor == Floor("sigmoid", 1.0, 3)
    assert (facts.classes, facts.train, facts.validation, facts.heads) == (3, 40, 0, 1.0)
    balanced = examples_from(net, np.zeros((40, 4, 4, 1)), labels, Settings(class_weights="balanced", validation=0))
    model.settle(balanced.task)
    assert facts_of(model, balanced, Settings()).chance == pytest.approx(log(3), rel=1e-6)
