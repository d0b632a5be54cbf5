"""What labels, network and settings make of each other: kind of targets, loss, weights, and labels as the engine takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.training.block import Given
from convdsl.training.configure import assemble, lines_from
from convdsl.training.settings import Augment, EarlyStop, Settings
from convdsl.training.task import Task, Unsuitable, default_loss, targets_for, task_for, truth

IMAGE = "input 4x4x1 -> "
MASKS = np.arange(32).reshape(2, 4, 4) % 3
SEVERAL = np.array([[1, 0, 1], [0, 0, 0]])


def task(text: str, labels: Any, **settings: Any) -> Task:
    return task_for(convdsl.parse(IMAGE + text), labels, Settings(**settings))


def targets(text: str, labels: Any, **settings: Any) -> np.ndarray:
    net, chosen = convdsl.parse(IMAGE + text), Settings(**settings)
    return targets_for(net, labels, task_for(net, labels, chosen), chosen)


@pytest.mark.parametrize(
    ("text", "labels", "settings", "kind", "loss"),
    [
        ("dense 3 softmax", [0, 2], {}, "classes", "cross_entropy"),
        ("dense 3", [0, 2], {}, "classes", "cross_entropy"),
        ("dense 1 sigmoid", [0, 1], {}, "classes", "binary_cross_entropy"),
        ("dense 1 -> sigmoid -> flatten", [0, 1], {}, "classes", "binary_cross_entropy"),
        ("dense 1 sigmoid", [0.0, 1.0], {}, "classes", "binary_cross_entropy"),
        ("dense 1 sigmoid", [[0], [1]], {}, "classes", "binary_cross_entropy"),
        ("dense 1 sigmoid", [0.2, 0.7], {}, "values", "mse"),
        ("dense 1", [0, 1], {"loss": "binary_cross_entropy"}, "classes", "binary_cross_entropy"),
        ("dense 3 sigmoid", [0, 2], {}, "classes", "cross_entropy"),
        ("dense 3 sigmoid", [0, 2], {"loss": "binary_cross_entropy"}, "classes", "binary_cross_entropy"),
        ("dense 3 sigmoid", SEVERAL, {}, "labels", "binary_cross_entropy"),
        ("dense 3 sigmoid", SEVERAL.astype(float), {}, "labels", "binary_cross_entropy"),
        ("dense 3", SEVERAL, {}, "labels", "binary_cross_entropy"),
        ("dense 3", SEVERAL.astype(float), {}, "values", "mse"),
        ("dense 1", [3.5, 9.0], {}, "values", "mse"),
        ("dense 1", [3.0, 9.0], {}, "values", "mse"),
        ("dense 1", [3, 65], {"loss": "mse"}, "values", "mse"),
        ("dense 1", [3, 65], {"loss": "mae"}, "values", "mae"),
        ("dense 3", [0, 2], {"loss": "mse"}, "classes", "mse"),
        ("dense 2", [[0.5, 3], [1, 2]], {}, "values", "mse"),
        ("dense 10 softmax", [0.0, 9.0], {}, "classes", "cross_entropy"),
        ("conv 3 k1 softmax", MASKS, {}, "map", "cross_entropy"),
        ("conv 3 k1 softmax", MASKS[..., None], {}, "map", "cross_entropy"),
        ("conv 1 k1 sigmoid", MASKS > 1, {}, "map", "binary_cross_entropy"),
        ("conv 1 k1", MASKS.astype(np.uint8) * 100, {}, "pictures", "mse"),
        ("conv 1 k1 sigmoid", MASKS, {"loss": "mse"}, "pictures", "mse"),
        ("conv 1 k1", MASKS.astype(np.float32), {}, "pictures", "mse"),
        ("conv 3 k1", np.zeros((2, 4, 4, 3), np.uint8), {}, "pictures", "mse"),
        ("conv 1 k1", [0, 0], {"target": "images", "loss": "mae"}, "pictures", "mae"),
    ],
)
def test_kinds_and_losses(text: str, labels: Any, settings: dict[str, Any], kind: str, loss: str) -> None:
    found = task(text, labels, **settings)
    assert (found.kind, found.loss) == (kind, loss)


def test_without_labels_the_last_layer_decides() -> None:
    losses = {t: default_loss(convdsl.parse(IMAGE + t)) for t in ("dense 1 sigmoid", "dense 1", "dense 3 sigmoid")}
    assert list(losses.values()) == ["binary_cross_entropy", "cross_entropy", "cross_entropy"]


def test_targets_are_as_the_engine_takes_them() -> None:
    assert targets("dense 1 sigmoid", np.array([0, 1])).tolist() == [[0.0], [1.0]]
    rows = targets("dense 3 sigmoid", np.array([2, 0]), loss="binary_cross_entropy")
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]] and rows.dtype == np.float32
    assert targets("conv 3 k1 softmax", MASKS).dtype == np.int64
    assert targets("conv 1 k1", np.full((2, 4, 4), 51, np.uint8)).max() == pytest.approx(0.2)
    yes = targets("conv 1 k1 sigmoid", np.where(MASKS > 1, 255, 0).astype(np.uint8))
    assert yes.shape == (2, 4, 4, 1) and set(np.unique(yes)) == {0.0, 1.0}


def test_a_class_that_is_ignored_is_not_known() -> None:
    masks = np.where(MASKS == 2, 255, MASKS)
    found = task("conv 2 k1 softmax", masks)
    assert found.unknown and found.weighted and len(found.classes) == 2
    assert set(np.unique(targets("conv 2 k1 softmax", masks))) == {-1, 0, 1}
    assert set(np.unique(targets("conv 3 k1 softmax", MASKS, ignore=0))) == {-1, 1, 2}
    yes = targets("conv 1 k1 sigmoid", masks)
    assert set(np.unique(yes)) == {-1.0, 0.0, 1.0}
    assert np.array_equal(truth(yes, task("conv 1 k1 sigmoid", masks)), np.where(masks == 255, -1, masks))
    assert task("conv 300 k1 softmax", masks, ignore=None).occurring == 256
    assert task("conv 2 k1 softmax", MASKS % 2, augment=Augment(crop=1)).unknown, "pixels from outside have no class"


def test_black_and_white_masks_have_two_classes() -> None:
    found = task("conv 2 k1 softmax", np.where(MASKS > 1, 255, 0).astype(np.uint8))
    assert found.occurring == 2 and not found.unknown and "0 and 255" in str(found.notes[0])


def test_what_is_white_is_decided_once() -> None:
    """A part that holds 0 and 255 only is read as the training was, whatever else it lacks."""
    few = np.array([[[0, 255], [0, 0]]], np.uint8)
    net, settings = convdsl.parse("input 2x2x1 -> conv 2 k1 softmax"), Settings()
    for masks, wanted in (
        ([[[0, 1], [255, 0]]], {-1, 0}),
        ([[[0, 1], [1, 0]]], {0, 1}),
        ([[[0, 255], [255, 0]]], {0, 1}),
    ):
        found = task_for(net, np.array(masks, np.uint8), settings)
        assert set(np.unique(targets_for(net, few, found, settings))) == wanted
    again = targets_for(net, np.array([[[0, 1], [1, 0]]], np.uint8), task_for(net, few, settings), settings)
    assert set(np.unique(again)) == {0, 1}, "masks of 0 and 1 are what they are"


@pytest.mark.parametrize(
    ("white", "end", "classes"),
    [
        (128, "conv 2 k1 softmax", 2),
        (1000, "conv 2 k1 softmax", 2),
        (7, "conv 1 k1 sigmoid", 2),
        (5, "conv 6 k1 softmax", 6),
        (255, "conv 6 k1 softmax", 2),
    ],
)
def test_any_number_is_white_where_two_classes_are_answered(white: int, end: str, classes: int) -> None:
    found = task(end, np.where(MASKS > 1, white, 0).astype(np.uint16))
    assert found.occurring == classes and (f"0 and {white}" in "".join(map(str, found.notes))) is (classes == 2)


@pytest.mark.parametrize("end", ["conv 3 k1 softmax", "conv 3 k1 sigmoid"])
def test_masks_written_as_decimals_are_classes(end: str) -> None:
    found = task(end, MASKS.astype(np.float32))
    assert found.kind == "map" and "written as decimals" in str(found.notes[0])
    assert task(end, MASKS + 0.5).kind == task("conv 3 k1", MASKS.astype(float)).kind == "pictures"
    with pytest.raises(Unsuitable, match="some of another part are not"):
        task_for(convdsl.parse(IMAGE + end), MASKS.astype(float), Settings(), others=[MASKS + 0.5])


def test_classes_of_the_other_parts_are_counted() -> None:
    net = convdsl.parse(IMAGE + "conv 3 k1 softmax")
    assert task_for(net, MASKS, Settings(), others=[MASKS, MASKS + 4]).occurring == 7
    assert task_for(net, MASKS, Settings(), others=[np.where(MASKS > 1, 255, 0)]).occurring == 3


def test_weights_that_make_classes_count_alike() -> None:
    balanced = task("dense 3", np.array([0, 0, 0, 2]), class_weights="balanced").table
    assert balanced is not None and balanced.tolist() == pytest.approx([4 / 6, 1, 2])
    one = task("dense 1 sigmoid", np.array([0, 0, 0, 1]), class_weights="balanced").table
    assert one is not None and one.tolist() == [pytest.approx([4 / 6, 2])]
    labels = task("dense 3 sigmoid", np.array([[1, 0, 1], [0, 0, 1], [0, 1, 1], [0, 0, 1]]), class_weights="balanced")
    assert labels.table is not None and labels.table[0].tolist() == pytest.approx([4 / 6, 2])
    assert np.isfinite(labels.table).all(), "a label that all images have is no division by zero"
    mask = task("conv 2 k1 softmax", np.where(MASKS == 2, 255, 0), class_weights="balanced").table
    assert mask is not None and mask.shape == (2,)


def test_weights_that_are_given() -> None:
    table = task("dense 4", np.array([0, 1, 2]), class_weights=(1.0, 5.0, 2.0)).table
    assert table is not None and table.tolist() == [1, 5, 2, 1]
    several = task("dense 3 sigmoid", SEVERAL, class_weights=(1.0, 5.0, 2.0)).table
    assert several is not None and several.tolist() == [[1, 1], [1, 5], [1, 2]]
    with pytest.raises(Unsuitable, match="gives 2 numbers, and there are 3 classes: 0, 1, 2"):
        task("dense 3", np.array([0, 1, 2]), class_weights=(1.0, 5.0))


@pytest.mark.parametrize(
    ("text", "labels", "settings", "said"),
    [
        ("dense 1", [0.5, 2], {"loss": "cross_entropy"}, "Use `loss mse`"),
        ("dense 1", [0.5, 2], {"class_weights": "balanced"}, "needs classes"),
        ("dense 3", [0, 2], {"class_weights": "balanced", "loss": "mse"}, "not with `loss mse`"),
        ("dense 3", [0, 2], {"early_stop": EarlyStop(monitor="iou")}, "a class for each pixel"),
        ("dense 3", ["a", "b"], {}, "whole numbers"),
        ("conv 1 k1", [0, 0], {"target": "images", "loss": "cross_entropy"}, "targets are pictures"),
        ("dense 1", [0.5, 2], {"label_smoothing": 0.1}, "smoothed"),
    ],
)
def test_what_does_not_go_together_is_said(text: str, labels: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Unsuitable, match=said):
        task(text, labels, **settings)


@pytest.mark.parametrize(
    ("text", "labels", "said"),
    [
        ("dense 2", np.zeros((2, 3)), "targets of 3, and the network gives 2"),
        ("conv 3 k3 softmax", MASKS, "4x4 labels, and the network gives 2x2 answers"),
        ("dense 1", np.array([np.nan, 0.5]), "no numbers"),
    ],
)
def test_targets_of_another_size(text: str, labels: np.ndarray, said: str) -> None:
    with pytest.raises(Unsuitable, match=said):
        targets(text, labels)


def given(**texts: Any) -> dict[str, Given]:
    lines, findings = lines_from(texts)
    for one in findings:
        one.raise_errors()
    return lines


def test_the_lines_of_the_block() -> None:
    read = assemble(given(class_weights="1, 5, 2.5", target="images", ignore="none", loss="bce"))
    assert (read.class_weights, read.target, read.ignore) == ((1.0, 5.0, 2.5), "images", None)
    assert read.loss == "binary_cross_entropy"
    assert assemble(given(class_weights="balanced", ignore=0)).ignore == 0
    assert assemble(given(class_weights=[1, 2])).class_weights == (1.0, 2.0)
    assert assemble(given(class_weights="none")).class_weights == ""


@pytest.mark.parametrize("written", ["balanced 3", "-1, 2", "1,5", "cat=3", ""])
def test_weights_that_mean_nothing(written: str) -> None:
    with pytest.raises(convdsl.ProgramError):
        given(class_weights=written)
