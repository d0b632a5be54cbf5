"""The loop, with a model that only takes notes: orders, rates, early stopping, interruption."""

from __future__ import annotations

from math import cos, pi
from typing import Any

import numpy as np
import pytest

from convdsl.training.events import EpochDone, Event, Finished, Interrupted, Note
from convdsl.training.loop import Exploded, train
from convdsl.training.schedule import learning_rate
from convdsl.training.settings import EarlyStop, Schedule, Settings
from convdsl.training.splitting import limited, split
from convdsl.training.state import State, tensors_of
from tests.training.fakes import FakeModel, examples


def run(model: FakeModel, settings: Settings, **options: Any) -> list[Event]:
    return list(train(model, examples(), settings, **options))


def records(events: list[Event]) -> list[Any]:
    return [e.record for e in events if isinstance(e, EpochDone)]


def test_every_image_is_seen_once_an_epoch_in_another_order() -> None:
    model = FakeModel(val_losses=(1.0, 1.0))
    events = run(model, Settings(epochs=2, seed=3))
    assert [len(s.index) for s in model.steps] == [4, 4, 2] * 2
    first, second = ([i for s in model.steps[a : a + 3] for i in s.index] for a in (0, 3))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert len({s.seed for s in model.steps}) == 6
    again = FakeModel(val_losses=(1.0, 1.0))
    run(again, Settings(epochs=2, seed=3))
    assert again.steps == model.steps
    other = FakeModel(val_losses=(1.0, 1.0))
    run(other, Settings(epochs=2, seed=4))
    assert other.steps != model.steps
    assert [(r.epoch, r.loss, r.accuracy, r.val_loss) for r in records(events)] == [
        (1, 1.0, 0.5, 1.0),
        (2, 1.0, 0.5, 1.0),
    ]
    assert isinstance(events[-1], Finished) and events[-1].why == "epochs" and events[-1].epochs == 2


def test_a_loss_is_weighted_by_images() -> None:
    model = FakeModel(val_losses=(1.0,), losses={1: 2.0, 2: 3.0, 3: 7.0})
    (record,) = records(run(model, Settings(epochs=1)))
    assert record.loss == pytest.approx((2 * 4 + 3 * 4 + 7 * 2) / 10)


def test_early_stopping_restores_the_best_weights() -> None:
    model = FakeModel(val_losses=(1.0, 0.5, 0.6, 0.55, 0.4))
    events = run(model, Settings(epochs=9, early_stop=EarlyStop(patience=2)))
    assert events[-1]._replace(seconds=0) == Finished("early_stop", 4, 2, 0)
    assert model.weights["1.dense.weight"] == 6  # as after the second epoch of three steps


def test_early_stopping_may_keep_the_last_weights() -> None:
    model = FakeModel(val_losses=(1.0, 1.1))
    events = run(model, Settings(epochs=9, early_stop=EarlyStop(patience=1, restore=False)))
    assert events[-1]._replace(seconds=0) == Finished("early_stop", 2, 0, 0)
    assert model.weights["1.dense.weight"] == 6


def test_progress_below_min_delta_is_none() -> None:
    model = FakeModel(val_losses=(1.0, 0.95, 0.91))
    events = run(model, Settings(epochs=9, early_stop=EarlyStop(patience=2, min_delta=0.1)))
    assert events[-1]._replace(seconds=0) == Finished("early_stop", 3, 1, 0)


def test_a_plateau_lowers_the_learning_rate() -> None:
    model = FakeModel(val_losses=(1.0, 1.0, 1.0, 0.5, 0.5, 0.5))
    events = run(model, Settings(epochs=6, lr=1.0, schedule=Schedule("plateau", patience=2, factor=0.1)))
    assert [r.lr for r in records(events)] == [1, 1, 1, 0.1, 0.1, 0.1]
    assert [str(e.text) for e in events if isinstance(e, Note)] == [
        "The loss stands still: the learning rate falls to 0.1.",
        "The loss stands still: the learning rate falls to 0.01.",
    ]


def test_stopping_and_going_on_is_the_same_as_going_through() -> None:
    settings = Settings(epochs=3, seed=1, schedule=Schedule("cosine", warmup=0.5))
    through = FakeModel(val_losses=(3.0, 2.0, 1.0))
    expected = records(run(through, settings))
    for after in range(1, 9):
        state = State()
        first = FakeModel(val_losses=(3.0, 2.0, 1.0))
        events = run(first, settings, state=state, stop=lambda first=first, after=after: len(first.steps) >= after)
        assert isinstance(events[-1], Interrupted)
        state = State.from_json(state.to_json(), {})
        second = FakeModel(val_losses=tuple(first.val_losses))
        events += run(second, settings, state=state)
        assert first.steps + second.steps == through.steps
        assert state.history == expected


def test_the_best_weights_are_kept_in_the_models_order() -> None:
    model = FakeModel()
    model.weights = {"2.bn.weight": np.ones(1), "2.bn.bias": np.ones(1)}
    read_back = State(best={"2.bn.bias": np.zeros(1), "2.bn.weight": np.zeros(1)})
    assert list(tensors_of(model, read_back))[-2:] == ["best/2.bn.weight", "best/2.bn.bias"]


def test_a_loss_beyond_reason_ends_the_training() -> None:
    model = FakeModel(losses={1: 2.0, 2: 30_000.0})
    with pytest.raises(Exploded, match=r"from 2 to 3e\+04\. The largest weights are in layer 1 dense") as caught:
        run(model, Settings(epochs=1))
    assert caught.value.layer == 1


def test_nothing_is_left_to_do() -> None:
    model = FakeModel()
    events = run(model, Settings(epochs=0))
    assert [type(e) for e in events] == [Finished] and not model.steps


# Learning rates.


@pytest.mark.parametrize(
    ("schedule", "times", "expected"),
    [
        (Schedule(), (0, 3.5, 9), (1, 1, 1)),
        (Schedule("step", every=2, gamma=0.1), (0, 1.9, 2, 4.5), (1, 1, 0.1, 0.01)),
        (Schedule("exponential", gamma=0.5), (0, 0.9, 1, 3), (1, 1, 0.5, 0.125)),
        (Schedule("cosine"), (0, 5, 10), (1, 0.5, 0)),
        (Schedule("cosine", minimum=0.2), (2.5, 10), (0.2 + 0.4 * (1 + cos(pi / 4)), 0.2)),
        (Schedule("cosine", warmup=2), (1, 2, 6, 10), (0.5, 1, 0.5, 0)),
        (Schedule("step", warmup=1, every=2), (0.25, 1, 2.9, 3), (0.25, 1, 1, 0.1)),
    ],
)
def test_learning_rates(schedule: Schedule, times: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert [learning_rate(schedule, 1.0, t, 10) for t in times] == pytest.approx(expected)


def test_a_plateau_has_a_smallest_rate() -> None:
    schedule = Schedule("plateau", factor=0.1, minimum=0.05)
    assert [learning_rate(schedule, 1.0, 3, 10, n) for n in range(3)] == pytest.approx([1, 0.1, 0.05])


def test_the_first_step_of_a_warm_up_is_small_but_not_nothing() -> None:
    assert 0 < learning_rate(Schedule(warmup=1), 1.0, 0, 10) <= 1e-3


# Parts.


def test_the_validation_part_has_its_share_of_every_class() -> None:
    labels = np.repeat(np.arange(5), [100, 50, 30, 10, 10])
    train_rows, watched = split(np.arange(200), labels, Settings(validation=0.2))
    assert np.bincount(labels[watched]).tolist() == [20, 10, 6, 2, 2]
    assert sorted([*train_rows, *watched]) == list(range(200))


@pytest.mark.parametrize(("wanted", "watched"), [(0, 0), (0.25, 5), (7, 7), (500, 19)])
def test_the_size_of_the_validation_part(wanted: float, watched: int) -> None:
    parts = split(np.arange(20), np.zeros(20), Settings(validation=wanted))
    assert [len(p) for p in parts] == [20 - watched, watched]


def test_a_limit_draws_some() -> None:
    rows = limited(100, Settings(limit=10, seed=1))
    assert len(set(rows)) == 10 and (np.diff(rows) > 0).all() and rows.max() > 20
    assert limited(5, Settings(limit=10)).tolist() == [0, 1, 2, 3, 4]
