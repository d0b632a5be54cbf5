"""What people's labels and parts are taken for, once the network is known."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.datasets.summary import summarise
from convdsl.diagnostics import ProgramError
from convdsl.messages import use_language
from convdsl.report.dataset import taken_line
from convdsl.training.examples import Unsuitable, examples_from
from convdsl.training.metrics import classification
from convdsl.training.preparing import match, taken_as
from convdsl.training.settings import Settings
from convdsl.training.task import task_for

IMAGES = np.random.RandomState(0).randint(0, 256, (200, 4, 4, 1)).astype(np.uint8)
LABELS = np.arange(200) % 10
TEN = "input 4x4x1 -> dense 10 softmax"


def saved(path: Path, labels: np.ndarray, **more: Any) -> Any:
    from convdsl.datasets import load

    np.savez(path / "d.npz", x_train=IMAGES, y_train=labels, x_test=IMAGES[:50], y_test=labels[:50], **more)
    return load(path / "d.npz", warn=str)


# Row 3: a validation part that takes the images.


@pytest.mark.parametrize(("validation", "limit"), [(200, 0), (10_000, 0), (0.999, 0), (195, 0), (0.96, 100), (199, 0)])
def test_a_validation_part_that_leaves_too_little_is_refused(validation: float, limit: int) -> None:
    with pytest.raises(Unsuitable) as caught:
        examples_from(convdsl.parse(TEN), IMAGES, LABELS, Settings(validation=validation, limit=limit))
    total = limit or 200
    assert f"of {total} training images and leaves " in str(caught.value) and f"{validation:g}" in str(caught.value)


@pytest.mark.parametrize("validation", [0, 0.1, 0.9, 20, 190])
def test_a_validation_part_that_leaves_enough_is_not(validation: float) -> None:
    examples = examples_from(convdsl.parse(TEN), IMAGES, LABELS, Settings(validation=validation))
    assert len(examples.train) == 200 - (validation if validation >= 1 else round(200 * validation))


@pytest.mark.parametrize(
    ("classes", "images", "validation", "way"),
    [(10, 20, 15, 2), (10, 11, 5, 1), (10, 10, 1, 0), (10, 10, 0.1, 0), (2, 4, 3, 1), (2, 2, 1, 0)],
)
def test_the_way_out_of_a_part_that_leaves_too_little_is_one(
    classes: int, images: int, validation: float, way: int
) -> None:
    """What is advised is possible with these images."""
    given = convdsl.parse(TEN), IMAGES[:images], np.arange(images) % classes
    with pytest.raises(Unsuitable) as caught:
        examples_from(*given, Settings(validation=validation))
    assert re.findall(r"`validation ([\d.]+)`", str(caught.value)) == [f"{validation:g}", str(way)]
    assert len(examples_from(*given, Settings(validation=way)).train) == images - way


# Row 6: the mean F1.


def test_classes_that_neither_occur_nor_are_answered_do_not_count() -> None:
    right = np.arange(1, 11)
    assert classification(0.0, right, right, tuple(map(str, range(11)))).macro_f1 == 1.0
    said = np.array([0, 1, 2, 2])
    true = np.array([0, 1, 1, 2])  # F1: 1, 2/3, 2/3; 3 neither occurs nor is answered
    assert classification(0.0, said, true, ("a", "b", "c", "d")).macro_f1 == pytest.approx(7 / 9)
    assert classification(0.0, np.array([3, 0]), np.array([0, 0]), tuple("abcd")).macro_f1 == pytest.approx(1 / 3)
    assert classification(0.0, right[:0], right[:0], ("a",)).macro_f1 == 0.0


# Row 7: labels from 1.


def test_labels_from_one_are_offered_where_they_would_fit(tmp_path: Path) -> None:
    data = saved(tmp_path, LABELS + 1)
    with pytest.raises(ProgramError) as caught:
        match(convdsl.parse(TEN), data)
    assert "The labels begin at 1: `--labels-from 1`" in str(caught.value.diagnostics[0].help)
    with pytest.raises(ProgramError) as caught:
        match(convdsl.parse("input 4x4x1 -> dense 7 softmax"), data)
    assert str(caught.value.diagnostics[0].help) == "Write 11 there."
    from convdsl.datasets import load

    shifted = load(tmp_path / "d.npz", labels_from=1, warn=str)
    assert match(convdsl.parse(TEN), shifted) == () and shifted.classes[0] == "1"


# Row 8: whole numbers in float.


def test_whole_numbers_in_float_are_classes_for_a_network_with_several_outputs(tmp_path: Path) -> None:
    data = saved(tmp_path, LABELS.astype(np.float64))
    task = task_for(convdsl.parse(TEN), data.train_labels, Settings())
    settled = taken_as(data, task)
    assert (
        settled.classes == tuple("0123456789") and settled.train_labels.dtype == settled.test_labels.dtype == np.int64
    )
    assert "whole numbers, written as decimals: they were taken as classes" in str(task.notes[0])
    assert match(convdsl.parse(TEN), settled) == () and match(convdsl.parse(TEN.replace(" softmax", "")), settled) == ()
    for net, settings in ((TEN, Settings(loss="mse")), ("input 4x4x1 -> dense 1", Settings())):
        task = task_for(convdsl.parse(net), data.train_labels, settings)
        assert taken_as(data, task) is data and task.kind == "values"
    for labels in (LABELS + 0.5, LABELS - 1.0, np.stack([LABELS, LABELS], 1) * 1.0):
        other = saved(tmp_path, labels)
        task = task_for(convdsl.parse(TEN), other.train_labels, Settings())
        assert taken_as(other, task) is other and task.kind == "values"


def test_fit_takes_whole_numbers_in_float_too() -> None:
    model = convdsl.parse(TEN).compile(batch=50)
    history = model.fit(IMAGES, LABELS.astype(np.float32), epochs=1)
    again = convdsl.parse(TEN).compile(batch=50).fit(IMAGES, LABELS, epochs=1)
    assert history[-1] == again[-1]


# Row 13: a part to validate.


def test_a_part_to_validate_is_used_and_nothing_else_is_set_aside(tmp_path: Path) -> None:
    data = saved(tmp_path, LABELS, x_val=IMAGES[100:140], y_val=LABELS[100:140])
    watch = data.validation_images, data.validation_labels
    examples = examples_from(convdsl.parse(TEN), data.train_images, data.train_labels, Settings(), watch)
    assert examples.train.tolist() == list(range(200)) and examples.validation.tolist() == list(range(200, 240))
    assert np.array_equal(examples.images[200:], IMAGES[100:140])
    none = examples_from(convdsl.parse(TEN), data.train_images, data.train_labels, Settings(validation=0), watch)
    assert len(none.validation) == 0
    few = examples_from(convdsl.parse(TEN), data.train_images, data.train_labels, Settings(limit=30), watch)
    assert (len(few.train), len(few.validation)) == (30, 30)


# What is said before the training.


def test_what_the_data_were_taken_for(tmp_path: Path) -> None:
    labels = np.repeat([0, 1, 2], [100, 60, 40])
    data = saved(tmp_path, labels, x_val=IMAGES[:40], y_val=labels[:40], classes=np.array(["cat", "a\x1bb", "ñu"]))
    line = taken_line(summarise(data))
    assert line == (
        "data: 200 to train, 40 to validate, 50 to test; 4x4, grey, 8 bits (0 to 255); "
        '3 classes: cat 100, "a\\x1bb" 60, ñu 40'
    )
    use_language("es")
    assert taken_line(summarise(data)).startswith(
        "datos: 200 para entrenar, 40 para validar, 50 de prueba; 4x4, grises,"
    )


def test_what_deep_and_plain_numbers_are_taken_for() -> None:
    deep = SimpleNamespace(
        name="d", source="d", classes=(), train_images=np.array([[[[0.0]]], [[[0.5]]]], np.float32), scale=4095,
        train_labels=np.array([0.1, 0.2]), test_images=np.array([[[[1.0]]]], np.float32), test_labels=np.array([0.3]),
        validation_images=None, validation_labels=None, shape=(1, 1, 1),
    )  # fmt: skip
    assert taken_line(summarise(deep)).endswith("1x1, grey, 12 bits (0 to 1); the labels are numbers from 0.1 to 0.3")  # type: ignore[arg-type]
    deep.scale = None
    assert "used as they are (0 to 1)" in taken_line(summarise(deep))  # type: ignore[arg-type]
