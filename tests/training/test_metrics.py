"""Figures on test images, against sums done by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from convdsl.training.metrics import as_data, classification, regression

TRUE = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2])
SAID = np.array([0, 0, 1, 2, 1, 1, 2, 2, 0])


def test_a_confusion_worked_by_hand() -> None:
    figures = classification(0.5, SAID, TRUE, ("cat", "dog", "cow"))
    assert figures.confusion == ((2, 1, 1), (0, 2, 0), (1, 0, 2))
    assert figures.accuracy == pytest.approx(6 / 9)
    cat, dog, cow = figures.classes
    assert (cat.name, cat.images, cat.confused) == ("cat", 4, ("dog", 1))
    assert (cat.precision, cat.recall, cat.f1) == pytest.approx((2 / 3, 2 / 4, 4 / 7))
    assert dog[2:] == (pytest.approx(2 / 3), 1.0, pytest.approx(4 / 5), None)
    assert cow.confused == ("cat", 1)
    assert figures.macro_f1 == pytest.approx((4 / 7 + 4 / 5 + 2 / 3) / 3)


def test_classes_that_never_occur_have_figures_of_nothing() -> None:
    figures = classification(0.0, np.array([0, 3]), np.array([0, 0]), ("a", "b", "c"))
    assert [c.name for c in figures.classes] == ["a", "b", "c", "3"]
    assert figures.classes[1][1:] == (0, 0.0, 0.0, 0.0, None)
    assert figures.accuracy == 0.5


def test_figures_can_be_written_as_json() -> None:
    data = json.loads(json.dumps(as_data(classification(0.5, SAID, TRUE, ("cat", "dog", "cow")))))
    assert data["confusion"][0] == [2, 1, 1] and data["classes"][0]["confused"] == ["dog", 1]
    assert data["accuracy"] == pytest.approx(6 / 9)


def test_regression_worked_by_hand() -> None:
    figures = regression(0.3, np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 2.0, 3.0]))
    assert figures == (0.3, pytest.approx(1 / 3), pytest.approx(1 / 3), pytest.approx(0.5), pytest.approx(2 / 3))
    assert regression(0.0, np.ones((3, 1)), np.ones(3)).r2 is None
