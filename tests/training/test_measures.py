"""Figures of labels, masks and pictures against sums done by hand, and intervals against published ones."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from convdsl.report.evaluation import summary
from convdsl.report.runs import shown
from convdsl.training.intervals import difference, wilson
from convdsl.training.metrics import (
    as_data,
    best_threshold,
    classification,
    confusion,
    f1_score,
    regression,
    roc_area,
    segmentation,
    several,
)


def test_confusions_leave_out_what_is_not_known() -> None:
    table = confusion(np.array([[0, 1], [1, 1]]), np.array([[0, 0], [-1, 1]]), 2)
    assert table.tolist() == [[1, 1], [0, 1]]


def test_intersection_over_union_by_hand() -> None:
    figures = segmentation(0.2, np.array([[6, 2, 0], [1, 1, 0], [0, 0, 0]]), ("sky", "sea", "ship"), 5)
    sky, sea, ship = figures.classes
    assert (sky.iou, sea.iou, ship.iou) == (pytest.approx(6 / 9), pytest.approx(1 / 4), 0)
    assert figures.mean_iou == pytest.approx((6 / 9 + 1 / 4) / 2), "a class that is nowhere does not count"
    assert figures.accuracy == pytest.approx(7 / 10)
    assert (sky.precision, sky.recall, sky.pixels) == (pytest.approx(6 / 7), pytest.approx(6 / 8), 8)
    data = json.loads(json.dumps(as_data(figures)))
    assert data["mean_iou"] == pytest.approx(figures.mean_iou) and data["classes"][1]["name"] == "sea"


def test_balanced_accuracy_is_the_mean_recall() -> None:
    figures = classification(0.0, np.zeros(10, int), np.array([0] * 9 + [1]), ("most", "few", "none"))
    assert figures.accuracy == 0.9 and figures.balanced_accuracy == 0.5
    assert as_data(figures)["balanced_accuracy"] == 0.5


def test_several_labels_by_hand() -> None:
    labels = np.array([[1, 0], [1, 1], [0, 1], [0, -1]])
    scores = np.array([[0.9, 0.2], [0.4, 0.8], [0.3, 0.6], [0.6, 0.9]])
    figures = several(0.1, scores, labels, ("red", "round"), 0.5, [0.35, None])
    red, round_ = figures.labels
    assert (red.precision, red.recall, red.f1) == (0.5, 0.5, 0.5)
    assert red.auc == pytest.approx(3 / 4) and red.f1_at_threshold == pytest.approx(4 / 5)
    assert (round_.images, round_.f1, round_.auc, round_.threshold) == (2, 1.0, 1.0, None)
    assert figures.accuracy == pytest.approx(5 / 7) and figures.exact == pytest.approx(2 / 4)
    assert figures.macro_f1 == pytest.approx(0.75)
    assert json.loads(json.dumps(as_data(figures)))["labels"][0]["name"] == "red"


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert roc_area(np.array([0.5, 0.5]), np.array([True, False])) == 0.5
    assert roc_area(np.array([1.0, 2.0]), np.array([True, True])) is None
    rng = np.random.default_rng(0)
    scores, true = rng.integers(0, 20, 200), rng.random(200) < 0.3
    pairs = scores[true][:, None] - scores[~true][None]
    assert roc_area(scores, true) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_the_best_threshold_is_the_best_of_all() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        true = rng.random(40) < 0.3
        if not true.any():
            continue
        scores = np.round(rng.random(40) + 0.3 * true, 1)
        found = best_threshold(scores, true)
        assert found is not None
        cuts = np.unique(np.concatenate([scores - 0.01, scores]))
        assert f1_score(true, scores > found) == pytest.approx(max(f1_score(true, scores > cut) for cut in cuts))
    assert best_threshold(np.array([1.0]), np.array([True])) is None


def test_wilsons_interval() -> None:
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(1, 6)[1] > 0.5 and wilson(0, 0) == (0.0, 1.0)
    assert wilson(960, 1000) == pytest.approx((0.9460, 0.9705), abs=1e-4)


def test_newcombes_interval_of_a_difference() -> None:
    low, high = difference((56 / 70, 70), (48 / 80, 80))  # his example (a): 0.2, 0.0524 to 0.3339
    assert (low, high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))
    assert difference((0.3, 54), (1 / 6, 6))[0] < 0


def test_a_class_that_is_not_there_has_no_shares() -> None:
    from convdsl.report.console import console
    from convdsl.report.evaluation import class_table

    out = console()
    with out.capture() as seen:
        out.print(
            class_table(classification(0.1, np.array([0, 0, 1]), np.array([0, 1, 1]), ("bird", "cat", "dog")), 100)
        )
    rows = {row.split()[1]: row for row in seen.get().splitlines() if len(row.split()) > 2}
    assert rows["dog"].split()[3:6] == ["–", "–", "–"] and "–" not in rows["cat"]


def test_r2_is_given_where_it_means_something() -> None:
    rng = np.random.default_rng(0)
    same = regression(0.1, rng.standard_normal(30), np.full(30, np.float32(5.1)))
    assert same.r2 is None and same.spread == 0, "though the mean of thirty 5.1 is not 5.1"
    assert said(same) == ["All targets are the same, so R² has no meaning."]
    nearly = regression(0.1, 5.1 + rng.standard_normal(30), 5.1 + 1e-3 * rng.standard_normal(30))
    assert nearly.r2 is not None and nearly.r2 < -100_000
    assert shown("r2", nearly.r2) == "< 0"
    (line,) = said(nearly)
    assert line.startswith("That is worse than always answering the mean of the targets") and "R² -" not in line
    targets = rng.standard_normal(30)
    good = regression(0.1, targets + 0.1, targets)
    assert good.r2 is not None and said(good) == [] and 0.9 < good.r2 < 1
    two = np.stack([np.full(30, 3.0), targets], 1)
    assert regression(0.1, two, two).r2 == 1, "one of two numbers may be the same for all"


def said(figures: Any) -> list[str]:
    """What stands below the errors."""
    return [str(line) for line in summary(figures)][1:]
