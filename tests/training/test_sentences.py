"""All sentences that the reading of a training can say: where each must appear, and where it must not.

A row is a sentence as the code has it, a training that calls for it, and the one thing in which a training that does not
differs. A sentence without a row fails, and a row without a sentence.
"""

from __future__ import annotations

import ast
import inspect
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from convdsl.messages import T, use_language
from convdsl.network.floors import Floor, smoothing_floor
from convdsl.training import curves, outcomes
from convdsl.training.curves import read_curves
from convdsl.training.events import EpochRecord
from convdsl.training.facts import Dead, Facts, Health, Remark
from convdsl.training.metrics import classification, regression, segmentation
from convdsl.training.settings import EarlyStop, Schedule, Settings


class Training(NamedTuple):
    """The figures of a training of ten classes; `watched` None is as `loss`, () is no validation part."""

    loss: tuple[float, ...] = (1.0, 0.5, 0.35, 0.30, 0.28, 0.275)
    watched: tuple[float, ...] | None = None
    right: float | None = 0.9
    watched_right: float | None = 0.9
    lr: float = 0.01
    settings: Settings = Settings()
    facts: Facts = Facts(10, 5400, 600)
    health: Health = Health()
    restored: int = 0

    def read(self) -> tuple[Remark, ...]:
        watched = self.loss if self.watched is None else self.watched or (None,) * len(self.loss)
        unseen = None if self.watched == () else self.watched_right
        history = [
            EpochRecord(n, self.lr, a, self.right, b, unseen)
            for n, (a, b) in enumerate(zip(self.loss, watched, strict=True), 1)
        ]
        return read_curves(history, self.settings, self.facts, self.restored, self.health)


def sentences(module: ModuleType) -> set[str]:
    """The texts of all `T(…)` in a module; the two forms of a plural are two sentences."""
    calls = [n for n in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(n, ast.Call)]
    texts = [n.args for n in calls if isinstance(n.func, ast.Name) and n.func.id == "T"]
    return {ast.literal_eval(text) for both in texts for text in both}


def said(remarks: tuple[Remark, ...]) -> set[str]:
    """The sentences in some remarks, those within others too."""
    found, left = set(), [text for remark in remarks for text in (remark.text, remark.advice)]
    while left:
        text = left.pop()
        found.add(text.plural if text.plural and text.values.get("n") != 1 else text.text)
        left += [value for value in text.values.values() if isinstance(value, T)]
    return found


TEN = Facts(10, 5400, 600)
SMOOTHED = smoothing_floor(0.1, 10)
FLAT = (2.303, 2.302, 2.303, 2.303, 2.302, 2.303)
STUCK = Training(FLAT, right=0.1, watched_right=0.1)
CLIMBS = Training((2.4, 3.5, 6.0, 9.0), right=0.1)
JUMPS = Training((1.0, 0.6, 0.9, 0.5, 0.8, 0.45))
SLOW = Training((2.303, 2.302, 1.5, 0.8, 0.5, 0.45, 0.445, 0.444))
TURNS = Training((1.0, 0.6, 0.4, 0.3, 0.2, 0.1), (1.0, 0.7, 0.6, 0.62, 0.7, 0.9))
SMALL = Training((1.5, 1.41, 1.4, 1.4, 1.395), right=0.5, watched_right=0.5)
DEAD = Training(health=Health((Dead("3 (dense 64 relu)", 0.5, 128),)))
ALL_DEAD = Health((Dead("1 (conv)", 1.0, 128),))
NUMBERS = Training(right=None, watched_right=None, facts=Facts(0, 5400, 600))
ON_FLOOR = Training((1.9, 1.6, 1.5, 1.48, 1.475, 1.47), facts=TEN._replace(floor=Floor("sigmoid", 1.0, 10)))


def of_two(truth: list[int], given: list[int]) -> Facts:
    return Facts(2, 5400, 600, figures=classification(0.3, np.array(given), np.array(truth), ("cat", "dog")))


def of_maps(*rows: list[int], weighted: bool = False) -> Facts:
    return Facts(len(rows), 5400, 600, weighted=weighted,
                 figures=segmentation(0.1, np.array(rows), ("ground", "ship", "sail")[: len(rows)], 4))  # fmt: skip


def of_numbers(error: float) -> Facts:
    targets = np.linspace(0, 1, 50)
    return Facts(0, 5400, 600, figures=regression(0.1, targets + error, targets))


ALWAYS = Training(facts=of_two([0] * 90 + [1] * 10, [0] * 100))
GUESSED = [0] * 55 + [1] * 45, [0] * 30 + [1] * 25 + [1] * 25 + [0] * 20
NO_BETTER = Training(facts=of_two(*GUESSED))
UNEVEN = Training(facts=of_two([0] * 80 + [1] * 20, [0] * 70 + [1] * 10 + [0] * 10 + [1] * 10))
LOST = Training(facts=of_maps([90, 0, 0], [5, 0, 0], [2, 0, 3]))
BOTH_LOST = Training(facts=of_maps([90, 0, 0], [5, 0, 0], [2, 0, 0]))
FAR_OFF = NUMBERS._replace(facts=of_numbers(0.5))
HELPS = "What helps: augmentation, `dropout`, weight decay, a smaller network, more images."
LEARNS = {"loss": (2.3, 1.5, 0.9, 0.6, 0.5, 0.49), "right": 0.9, "watched_right": 0.9}

ROWS: list[tuple[str, Training, dict[str, Any]]] = [
    # Curves that tell one thing only.
    ("No weight was trained, because all layers are frozen: the curves stay flat.",
     STUCK._replace(health=Health(trainable=False)), {"health": Health()}),
    ("Take a layer out of `freeze {{ … }}`.", STUCK._replace(health=Health(trainable=False)), {"health": Health()}),
    ("One epoch is too short to read a curve.", Training((2.0,)), {"loss": (2.0, 1.0)}),
    ("Train for more epochs.", Training((2.0,)), {"loss": (2.0, 1.0)}),
    ("The loss climbs, as if the gradients were applied with the wrong sign: the steps overshoot, because the learning rate "
     "is too high.", CLIMBS, {"loss": (9.0, 6.0, 3.5, 2.4)}),
    ("The loss climbs, as if the gradients were applied with the wrong sign: the steps overshoot, because the learning rate "
     "is too high.", NUMBERS._replace(loss=(0.1, 0.1, 0.12, 0.13)), {"facts": Facts(0, 20, 600)}),
    ("Try a lower one: {lr}.", CLIMBS, {"loss": (9.0, 6.0, 3.5, 2.4)}),
    # Nothing is learned.
    ("The loss falls, but at {loss} it is still above what answering without a look at the images gives ({chance}).",
     Training((2.22, 1.99), right=0.014, facts=Facts(2, 5400, 600, chance=0.07)), {"facts": Facts(10, 5400, 600)}),
    ("Train for more epochs, or try a higher learning rate: {lr}.",
     Training((2.22, 1.99), right=0.014, facts=Facts(2, 5400, 600, chance=0.07)), {"loss": (1.99, 1.99)}),
    ("The loss has hardly moved: it is {loss} after {steps} steps.",
     STUCK._replace(loss=(2.303, 2.303), settings=Settings(batch=0)), {"settings": Settings(batch=8)}),
    ("So few steps tell nothing: train for more epochs, or in smaller batches.",
     STUCK._replace(loss=(2.303, 2.303), settings=Settings(batch=0)), {"settings": Settings(batch=8)}),
    ("It does not learn: the loss stays at {loss}, which is worse than answering without a look at the images ({chance}).",
     Training((2.0, 2.0, 2.0), right=0.014, facts=Facts(2, 5400, 600, chance=0.07)), {"loss": (0.07, 0.07, 0.07)}),
    ("It does not learn: the loss stays at {loss}, which is what guessing among {n} classes gives.", STUCK, LEARNS),
    ("It does not learn: the loss stays at {loss}, which is what guessing among {n} classes gives.",
     STUCK._replace(loss=(3.68, 3.685, 3.684, 3.683), facts=TEN._replace(heads=1.6)), {"facts": TEN._replace(heads=1.8)}),
    ("It does not learn: the loss stays at {loss}, which is what answering without a look at the images gives, only by how "
     "frequent the classes are ({chance}).",
     Training((0.33, 0.327, 0.326, 0.325, 0.325), facts=Facts(2, 5400, 600, chance=0.325)), {"facts": Facts(2, 5400, 600)}),
    ("A whole layer is dead: it answers nothing to any of {n} training images, so that no gradient passes. {advice}",
     STUCK._replace(health=ALL_DEAD), {"health": Health((Dead("1 (conv)", 0.99, 128),))}),
    ("A whole layer is dead: it answers nothing to the training image that was looked at, so that no gradient passes. {advice}",
     STUCK._replace(health=Health((Dead("1 (conv)", 1.0, 1),))), {"health": ALL_DEAD}),
    ("It has begun to move, though: the steps or the first weights are too small. Try a higher learning rate: {lr}.",
     STUCK._replace(loss=(2.303, 2.290, 2.277), lr=1e-5), {"loss": (2.303, 2.303, 2.303)}),
    ("The gradients change nothing: the learning rate ({lr}) is far too small or too large, or the first weights do not suit "
     "the activations. Try `init he` with ReLU, or a `bn` behind each convolution.", STUCK, {"loss": (2.303, 2.290, 2.277)}),
    # The curve of the training.
    ("A slow start: nothing was learned in the first {n} epochs. First weights that are too small look like this.",
     SLOW, {"settings": Settings(schedule=Schedule(warmup=2))}),
    ("A slow start: nothing was learned in the first {n} epochs. First weights that are too small look like this.",
     SLOW, {"settings": Settings(batch=0)}),
    ("A slow start: nothing was learned in the first epoch. First weights that are too small look like this.",
     SLOW._replace(loss=(2.302, *SLOW.loss[2:], 0.443), facts=Facts(10)), {"loss": (2.0, *SLOW.loss[2:], 0.443)}),
    ("Try `init he` with ReLU, or a `bn` behind each convolution.", SLOW, {"loss": (2.0, 1.9, *SLOW.loss[2:])}),
    ("The loss goes up and down: it rose in {n} of {epochs} epochs, because the learning rate is too high.",
     JUMPS, {"loss": (1.0, 0.6, 0.9, 0.8, 0.5, 0.45)}),
    ("The loss goes up and down: it rose in {n} of {epochs} epochs, because the learning rate is too high.",
     JUMPS, {"facts": Facts(10, 12, 600)}),
    ("The loss goes up and down: it rose in {n} of {epochs} epochs, because the learning rate is too high.",
     JUMPS, {"loss": (1.0, 0.1, 0.0012, 0.0010, 0.0012, 0.0010, 0.0012)}),
    ("It has not converged yet: the loss still fell by {share} % in the last epoch.",
     Training((2.0, 1.6, 1.3, 1.1)), {"loss": (2.0, 1.6, 1.3, 1.28)}),
    ("It has not converged yet: the loss still fell by {share} % in the last epoch.",
     Training((2.0, 1.6, 1.3, 1.1)), {"loss": (2.0, 0.02, 0.0012, 0.0010)}),
    ("Train longer.", Training((2.0, 1.6, 1.3, 1.1)), {"loss": (2.0, 1.6, 1.3, 1.28)}),
    ("The curves are flat, and only {share} % are right even in training: the network is too small, it is held back, or the "
     "images do not show more.", SMALL, {"right": 0.85, "watched_right": 0.85}),
    ("The curves are flat, and only {share} % are right even in training: the network is too small, it is held back, or the "
     "images do not show more.", SMALL._replace(right=0.7, watched_right=0.7), {"facts": Facts(10, 10, 600)}),
    ("The curves are flat, and only {share} % are right even in training: the network is too small, it is held back, or the "
     "images do not show more.", SMALL, {"loss": (1.9, 1.7, 1.6, 1.5, 1.395)}),
    ("Try more filters or layers, less regularisation, or another learning rate.", SMALL, {"facts": TEN, "right": 0.9}),
    ("{epochs} epochs are too few to read much from the curves.", Training((1.5, 1.2, 1.0)),
     {"loss": (1.5, 1.2, 1.0, 0.9)}),
    ("Nothing looks wrong so far; more epochs would show where the loss comes to rest.", Training((1.5, 1.2, 1.0)),
     {"right": 0.99}),
    # Inside the network.
    ("In layer {layer}, {share} % of the units answer nothing to any of {n} training images: they are dead, and learn no more.",
     DEAD, {"health": Health((Dead("3 (dense 64 relu)", 0.2, 128),))}),
    ("In layer {layer}, {share} % of the units answer nothing to any of {n} training images: they are dead, and learn no more.",
     DEAD, {"health": Health((Dead("3 (dense 64 relu)", 0.5, 29),))}),
    ("A lower learning rate, `leaky_relu`, or a `bn` before the activation keeps them alive.", DEAD, {"health": Health()}),
    # Training and validation.
    ("It overfits: {seen} % are right in training, and {unseen} % among images that it was not trained on.",
     Training(right=0.99, watched_right=5 / 6), {"facts": Facts(10, 54, 6)}),
    ("It overfits: {seen} % are right in training, and {unseen} % among images that it was not trained on.",
     Training(right=0.99, watched_right=0.05, facts=Facts(10, 100, 20)), {"watched_right": 0.9}),
    ("It overfits: {seen} % are right in training, and {unseen} % among images that it was not trained on.",
     Training(right=0.99, watched_right=0.8), {"watched_right": 0.95}),
    ("It overfits: from epoch {epoch} on the validation loss rises, while the training loss still falls.", TURNS,
     {"watched": (1.0, 0.7, 0.6, 0.6, 0.6, 0.9)}),
    ("It overfits: from epoch {epoch} on the validation loss rises, while the training loss still falls.", TURNS,
     {"facts": Facts(10, 54, 6)}),
    ("The weights of epoch {epoch} were taken back. {advice}",
     TURNS._replace(restored=3, settings=Settings(early_stop=EarlyStop())), {"restored": 0}),
    ("`early_stop patience=3` stops there and takes the best weights back. {advice}", TURNS, {"restored": 3}),
    (HELPS, TURNS, {"watched": (1.0, 0.6, 0.4, 0.3, 0.2, 0.1)}),
    ("The training loss has nearly come to rest at {loss}.", Training(watched=()), {"watched": None}),
    ("Without a validation part nobody knows what it does with other images: `validation 0.1` keeps some.",
     Training(watched=()), {"watched": None}),
    ("There is one image to validate: it cannot tell whether the network overfits.",
     Training(facts=Facts(10, 9, 1)), {"facts": Facts(10, 9, 2)}),
    ("With {n} images to validate, {share} % right may stand for anything from {low} to {high} %: too few to tell whether it "
     "overfits.", Training(facts=Facts(10, 54, 29)), {"facts": Facts(10, 54, 30)}),
    ("There are only {n} images to validate: too few to tell whether it overfits.",
     NUMBERS._replace(facts=Facts(0, 54, 29)), {"facts": Facts(0, 54, 30)}),
    ("More images, or a larger `validation` part, would show it.", Training(facts=Facts(10, 54, 29)),
     {"facts": Facts(10, 54, 30)}),
    ("More images, or a larger `validation` part, would show it.", Training(facts=Facts(10, 54, 6)), {"facts": Facts(10, 53, 6)}),
    ("Only more images would show it.", Training(facts=Facts(10, 9, 2)), {"facts": Facts(10, 58, 2)}),
    ("Nobody knows what it does with other images, and there are too few to keep some aside: it takes more.",
     Training(watched=(), facts=Facts(10, 59)), {"facts": Facts(10, 60)}),
    ("The curves look well: they have nearly come to rest, at {seen} % right in training and {unseen} % in validation.", Training(),
     {"watched_right": 0.86}),
    ("The curves look well: they have nearly come to rest, at {seen} % right in training and {unseen} % in validation.", Training(),
     {"facts": of_two([0] * 90 + [1] * 10, [0] * 100)}),
    ("The curves look well: they have nearly come to rest, at a loss of {seen} in training and {unseen} in validation.", NUMBERS,
     {"watched": tuple(2 * loss for loss in NUMBERS.loss)}),
    ("The curves look well: they have nearly come to rest, and all are right, in training and in validation.",
     Training(right=1.0, watched_right=1.0), {"watched_right": 0.999}),
    ("A smaller network may do as well, and harder images would tell more.", Training(right=1.0, watched_right=1.0),
     {"right": 0.999}),
    ("From here on the network itself decides: try more filters, or another layer.", Training(), {"watched_right": 0.86}),
    ("The curves have nearly come to rest: {seen} % are right in training, and {unseen} % in validation. Of {n} images to validate "
     "chance alone may make that gap (95 % interval: {low} to {high} points).",
     Training(right=0.936, watched_right=0.877, facts=Facts(10, 5400, 60)), {"watched_right": 0.92}),
    ("The curves have nearly come to rest: {seen} % are right in training, and {unseen} % in validation. Of {n} images to validate "
     "chance alone may make that gap (95 % interval: {low} to {high} points).",
     Training(right=0.936, watched_right=0.877, facts=Facts(10, 5400, 60)), {"facts": Facts(10, 5400, 600)}),
    ("The curves have nearly come to rest, with a gap: the loss is {seen} in training, and {unseen} for images that it was not "
     "trained on.", NUMBERS._replace(watched=tuple(2 * loss for loss in NUMBERS.loss)), {"watched": None}),
    ("The curves have nearly come to rest, with a gap: {seen} % are right in training, and {unseen} % among images that it was "
     "not trained on, {low} to {high} points less (95 % interval).",
     Training(right=0.936, watched_right=0.877), {"facts": Facts(10, 5400, 60)}),
    ("The curves have nearly come to rest: {unseen} % are right in validation, more than the {seen} % in training.",
     Training(right=0.85, watched_right=0.92), {"facts": Facts(10, 5400, 60)}),
    ("Augmentation and `dropout` make training harder, and its share is a mean over the whole epoch.",
     Training(right=0.85, watched_right=0.92), {"watched_right": 0.85}),
    # The floor of a loss.
    ("The loss stands on its floor: it is {loss}, and behind `{name}` the cross-entropy of {n} classes cannot fall below "
     "{formula} = {floor}.", ON_FLOOR, {"facts": TEN}),
    ("The loss stands on its floor: it is {loss}, and behind `{name}` the cross-entropy of {n} classes cannot fall below "
     "{formula} = {floor}.", ON_FLOOR, {"loss": (2.2, 2.0, 1.9, 1.8, 1.75, 1.74)}),
    ("End with `softmax` in its place, or with no activation.", ON_FLOOR, {"facts": TEN}),
    ("The loss has come to rest near its floor: with labels smoothed by {share} it cannot fall below {floor}.",
     Training((1.0, 0.6, 0.53, 0.52, 0.515, 0.51), settings=Settings(label_smoothing=0.1), facts=TEN._replace(smoothing=SMOOTHED)),
     {"loss": (2.0, 1.5, 1.2, 1.1, 1.05, 1.04)}),
    ("The accuracy tells more than the loss here.",
     Training((1.0, 0.6, 0.53, 0.52, 0.515, 0.51), settings=Settings(label_smoothing=0.1), facts=TEN._replace(smoothing=SMOOTHED)),
     {"facts": TEN}),
    # What the test says.
    ("It answers `{name}` to {said} % of the test images: {right} % are right, and {share} % of them are `{name}`.",
     ALWAYS, {"facts": of_two([0] * 90 + [1] * 10, [0] * 88 + [1] * 11 + [0])}),
    ("It answers `{name}` to {said} % of the test images: {right} % are right, and {share} % of them are `{name}`.",
     ALWAYS, {"facts": of_two([0] * 9 + [1], [0] * 10)}),
    ("It answers `{name}` to {said} % of the test images: {right} % are right, and {share} % of them are `{name}`.",
     ALWAYS, {"facts": of_two([0] * 100, [0] * 100)}),
    ("`class_weights balanced` makes every class count alike; the balanced accuracy is {share} % now.",
     ALWAYS, {"facts": of_two(*GUESSED)}),
    ("`class_weights balanced` makes every class count alike; the balanced accuracy is {share} % now.",
     ALWAYS, {"facts": ALWAYS.facts._replace(weighted=True)}),
    ("`class_weights balanced` makes every class count alike; the balanced accuracy is {share} % now.",
     ALWAYS._replace(loss=FLAT, right=0.1, facts=ALWAYS.facts._replace(chance=0.3)),
     {"facts": ALWAYS.facts._replace(chance=0.3, most=0.55)}),
    ("`class_weights` is set already, and the balanced accuracy is {share} %: train longer, or try another learning rate.",
     ALWAYS._replace(facts=ALWAYS.facts._replace(weighted=True)), {"facts": ALWAYS.facts}),
    ("The classes are about as frequent as each other, so weights would not change that: train longer, or try another learning "
     "rate.", Training(facts=of_two([0] * 50 + [1] * 50, [0] * 100)), {"facts": of_two([0] * 70 + [1] * 30, [0] * 100)}),
    ("It is not shown to be better than always answering `{name}`: {right} % of the test images are right (95 % interval {low} "
     "to {high} %), and {share} % are `{name}`.", NO_BETTER, {"facts": of_two(GUESSED[0], GUESSED[0])}),
    ("It is not shown to be better than always answering `{name}`: {right} % of the test images are right (95 % interval {low} "
     "to {high} %), and {share} % are `{name}`.", NO_BETTER, {"facts": NO_BETTER.facts._replace(weighted=True)}),
    ("`class_weights balanced` makes every class count alike.", UNEVEN, {"facts": NO_BETTER.facts}),
    ("Train longer, or on more images.", NO_BETTER, {"facts": UNEVEN.facts}),
    ("Of the class {names} no pixel was found, though there are {pixels} on the test images.", LOST,
     {"facts": of_maps([90, 0, 0], [4, 1, 0], [2, 0, 3])}),
    ("Of the class {names} no pixel was found, though there are {pixels} on the test images.", LOST,
     {"facts": of_maps([90, 0, 0], [0, 0, 0], [2, 0, 3])}),
    ("Of {n} classes no pixel was found, though there are {pixels} on the test images: {names}.", BOTH_LOST,
     {"facts": LOST.facts}),
    ("Train longer; `class_weights balanced` makes every class count alike.", LOST,
     {"facts": of_maps([90, 0, 0], [4, 1, 0], [2, 0, 3])}),
    ("Train longer, or try another learning rate; `class_weights` is set already.",
     LOST._replace(facts=LOST.facts._replace(weighted=True)), {"facts": LOST.facts}),
    ("The answers are further off than the mean of the targets would be: mean squared error {mse}, and {spread} for the mean.",
     FAR_OFF, {"facts": of_numbers(0.05)}),
    ("Train longer, or bring the targets to a range near −1 … 1 first.", FAR_OFF, {"facts": of_numbers(0.05)}),
]  # fmt: skip


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_a_sentence_is_said_where_it_must_be_and_not_where_it_must_not(row: int) -> None:
    sentence, training, change = ROWS[row]
    assert sentence in said(training.read())
    assert change and sentence not in said(training._replace(**change).read())


def test_every_sentence_has_a_row() -> None:
    assert {row[0] for row in ROWS} == sentences(curves) | sentences(outcomes)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_sentence_can_be_said(language: str) -> None:
    use_language(language)
    for sentence, training, _ in ROWS:
        for remark in training.read():
            assert "{" not in str(remark).replace("{ … }", ""), sentence
