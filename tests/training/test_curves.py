"""What curves say: the pictures of a lecture, as figures."""

from __future__ import annotations

from typing import Any

import pytest

from convdsl.messages import use_language
from convdsl.training.curves import read_curves
from convdsl.training.events import EpochRecord
from convdsl.training.facts import Dead, Facts, Health
from convdsl.training.settings import Augment, EarlyStop, Settings


def history(losses: list[float], watched: list[float] | None = None, accuracy: float = 0.9,
            watched_accuracy: float = 0.9, lr: float = 0.01) -> list[EpochRecord]:  # fmt: skip
    watched = watched or losses
    return [
        EpochRecord(n, lr, a, accuracy, b, watched_accuracy)
        for n, (a, b) in enumerate(zip(losses, watched, strict=True), 1)
    ]


def kinds(*arguments: Any, classes: int = 10, settings: Settings | None = None, restored: int = 0,
          health: Health | None = None, **options: Any) -> list[str]:  # fmt: skip
    curves = history(*arguments, **options)
    return [
        r.kind for r in read_curves(curves, settings or Settings(epochs=len(curves)), Facts(classes), restored, health)
    ]


TEN = Facts(10)
CONVERGED = [1.0, 0.5, 0.35, 0.30, 0.28, 0.275]
FLAT = [2.303, 2.302, 2.303, 2.303, 2.302, 2.303]


def test_a_good_training() -> None:
    assert kinds(CONVERGED) == ["converged"]


def test_gradients_that_are_not_applied() -> None:
    assert kinds(FLAT, accuracy=0.1) == ["not_learning"]
    assert kinds(FLAT, accuracy=0.1, health=Health(trainable=False)) == ["nothing_trained"]


def test_a_dead_network_names_its_cause() -> None:
    (remark,) = read_curves(history(FLAT, accuracy=0.1), Settings(), TEN, health=Health((Dead("1 (conv)", 1.0, 128),)))
    assert remark.kind == "not_learning" and "A whole layer is dead" in str(remark) and remark.lines == {"lr": "0.001"}


def test_steps_that_are_too_small() -> None:
    (remark,) = read_curves(history([2.303, 2.290, 2.277], accuracy=0.15, lr=1e-5), Settings(), TEN)
    assert remark.kind == "not_learning" and remark.lines == {"lr": "0.0001"}


def test_a_slow_start() -> None:
    assert "slow_start" in kinds([2.303, 2.302, 2.30, 1.5, 0.8, 0.5, 0.45, 0.44])
    assert "slow_start" not in kinds(CONVERGED)


def test_gradients_with_the_wrong_sign() -> None:
    assert kinds([2.4, 3.5, 6.0, 9.0], accuracy=0.1) == ["wrong_way"]
    assert kinds([0.5, 0.9, 4.0], accuracy=0.1, classes=0) == ["wrong_way"]


def test_a_learning_rate_that_is_too_high() -> None:
    (remark, *_) = read_curves(history([1.0, 0.6, 0.9, 0.5, 0.8, 0.45]), Settings(), TEN)
    assert remark.kind == "learning_rate" and remark.lines == {"lr": "0.0033"}


def test_not_converged_yet() -> None:
    assert kinds([2.0, 1.6, 1.3, 1.1]) == ["too_short"]
    assert kinds([2.0]) == ["too_short"]


@pytest.mark.parametrize("losses", [[0.2, 0.06], [0.2, 0.06, 0.04], [2.31, 1.9, 1.6], [1.5, 1.5, 1.5], [0.5, 0.6, 0.7]])
def test_two_or_three_epochs_are_no_reason_to_complain(losses: list[float]) -> None:
    (remark,) = read_curves(history(losses, accuracy=0.6, watched_accuracy=0.55), Settings(epochs=len(losses)), TEN)
    assert remark.kind == "too_short" and str(remark.text).startswith(f"{len(losses)} epochs are too few")
    assert "converge" not in str(remark) and remark.lines == {"epochs": str(max(2 * len(losses), 5))}


def test_what_two_epochs_do_show_is_said() -> None:
    assert kinds([2.303, 2.302], accuracy=0.1) == ["not_learning"]
    assert kinds([0.3, 0.1], accuracy=0.99, watched_accuracy=0.8) == ["overfits"]
    assert kinds([0.3, 0.1], health=Health((Dead("1 (conv)", 0.5, 128),))) == ["dead_units"]


def test_overfitting_that_turns() -> None:
    curves = history([1.0, 0.6, 0.4, 0.3, 0.2, 0.1], [1.0, 0.7, 0.6, 0.62, 0.7, 0.9])
    (remark,) = read_curves(curves, Settings(), TEN)
    assert remark.kind == "overfits" and "from epoch 4 on" in str(remark)
    assert remark.lines == {"augment": "shift 2", "early_stop": "patience=3"}
    settings = Settings(early_stop=EarlyStop(), augment=Augment(shift=1))
    (remark,) = read_curves(curves, settings, TEN, restored=3)
    assert "epoch 3 were taken back" in str(remark) and remark.lines == {}


def test_one_bad_epoch_is_no_overfitting() -> None:
    assert "overfits" not in kinds([1.0, 0.6, 0.4, 0.3, 0.28, 0.275], [1.0, 0.7, 0.6, 0.5, 0.49, 0.6])
    assert "overfits" not in kinds([1.0, 0.6, 0.4, 0.3, 0.28, 0.275], [1.0, 0.7, 0.45, 0.6, 0.46, 0.5])


def test_overfitting_as_a_gap() -> None:
    (remark,) = read_curves(history([1.0, 0.3, 0.29, 0.285], accuracy=0.99, watched_accuracy=0.8), Settings(), TEN)
    assert remark.kind == "overfits" and "99.0 % are right in training, and 80.0 %" in str(remark)


def test_a_network_that_is_too_small() -> None:
    assert kinds([1.5, 1.41, 1.4, 1.4, 1.395], accuracy=0.5, watched_accuracy=0.5) == ["underfits"]


def test_dead_units() -> None:
    assert kinds(CONVERGED, health=Health((Dead("3 (dense 64 relu)", 0.5, 128), Dead("1 (conv)", 0.1, 128)))) == [
        "dead_units"
    ]
    assert kinds(CONVERGED, health=Health((Dead("1 (conv)", 0.1, 128),))) == ["converged"]


def test_no_epochs_say_nothing() -> None:
    assert read_curves([], Settings(), TEN) == ()


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_remark_can_be_said(language: str) -> None:
    use_language(language)
    few = [2.0, 1.6]
    for losses in (
        FLAT,
        CONVERGED,
        few,
        [2.0, 1.6, 1.3, 1.1],
        [2.4, 9.0],
        [1.0, 0.6, 0.9, 0.5, 0.8],
        [2.303, 2.302, 1.0, 0.9],
    ):
        for remark in read_curves(history(losses, accuracy=0.12), Settings(), TEN):
            assert "{" not in str(remark).replace("{ … }", "")
