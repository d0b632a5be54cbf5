"""A model among threads, and after a fork. `CONVDSL_PREDICTIONS` sets how many predictions are compared (20,000)."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdsl

PREDICTIONS = int(os.environ.get("CONVDSL_PREDICTIONS", "20000"))
THREADS = 4
NET = "input 8x8x1 -> conv 4 k3 -> bn -> relu -> flatten -> dense 4 -> softmax"
IMAGES = np.random.default_rng(0).random((64, 8, 8, 1), np.float32)
LABELS = np.arange(64) % 4


def model() -> Any:
    return convdsl.parse(NET).compile(batch=8)


def together(*tasks: Callable[[], object]) -> list[BaseException]:
    """What went wrong in tasks that ran at the same time, each in a thread of its own."""
    wrong: list[BaseException] = []

    def guarded(task: Callable[[], object]) -> None:
        try:
            task()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return wrong


def test_many_predictions_at_once() -> None:
    made, other = model(), model()
    other.reinitialise(5)
    right = {id(m): m.predict(IMAGES) for m in (made, other)}
    calls = PREDICTIONS // 8 // THREADS

    def ask(number: int) -> None:
        asked = made if number % 2 else other
        for call in range(calls):
            start = (call * 5 + number * 13) % 56
            answer = asked.predict(IMAGES[start : start + 8])
            assert (answer == right[id(asked)][start : start + 8]).all()

    assert together(*(lambda number=n: ask(number) for n in range(THREADS))) == []  # type: ignore[misc]


def test_training_and_asking_at_once() -> None:
    """On a fresh model: everything is compiled while the others wait."""
    made = model()
    lone = model()
    lone.fit(IMAGES, LABELS, epochs=2, augment="shift 1")
    lone.fit(IMAGES, LABELS, epochs=2, augment="shift 1")

    def train() -> None:
        made.fit(IMAGES, LABELS, epochs=2, augment="shift 1")

    def ask() -> None:
        for _ in range(50):
            answer = made.predict(IMAGES[:8])
            assert np.allclose(answer.sum(1), 1, atol=1e-5)
            made.evaluate(IMAGES, LABELS)
            assert all(np.isfinite(w).all() for w in made.weights.values())

    assert together(train, train, ask) == []
    # one training after the other, whatever was asked meanwhile
    assert all((made.weights[name] == weight).all() for name, weight in lone.weights.items())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("busy", [False, True])
def test_a_child_works_after_a_fork(busy: bool) -> None:
    """Also where another thread of the parent is in the middle of a training."""
    made = model()
    made.fit(IMAGES, LABELS, epochs=1, augment="shift 1")
    weights = {**made.weights, **made.buffers}
    right = made.predict(IMAGES)
    other = model()
    ended = threading.Event()

    def train() -> None:
        while not ended.is_set():
            other.fit(IMAGES, LABELS, epochs=1)

    thread = threading.Thread(target=train)
    if busy:
        thread.start()
    try:
        context = multiprocessing.get_context("fork")
        answers = context.Queue()
        children = [context.Process(target=_work, args=(made, other, answers)) for _ in range(3)]
        for child in children:
            child.start()
        found = [answers.get(timeout=120) for _ in children]
        for child in children:
            child.join(60)
    finally:
        ended.set()
        if busy:
            thread.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    made.fit(IMAGES, LABELS, epochs=1, augment="shift 1")
    for predicted, trained in found:
        assert (predicted == right).all()
        assert all((trained[name] == weight).all() for name, weight in made.weights.items())
    assert weights.keys() >= made.weights.keys()


def _work(made: Any, other: Any, answers: Any) -> None:
    predicted = made.predict(IMAGES)
    made.fit(IMAGES, LABELS, epochs=1, augment="shift 1")
    other.predict(IMAGES)
    answers.put((predicted, made.weights))


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="there is no fork")
def test_a_gpu_is_not_used_after_a_fork() -> None:
    made = model()
    made.device, made.process = "cuda", os.getpid() + 1
    with pytest.raises(convdsl.engine.EngineError, match="spawn"):
        made.predict(IMAGES)
