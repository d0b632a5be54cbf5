"""What the curves of a training say, in plain words, and what to try.

Each rule looks at the figures for one thing; `read_curves` asks them in the order of their weight. What a coin could have
made is not said: shares are compared by their intervals (intervals.py), and a loss of few images by how far a mean of
few may be off. Chance level is the loss of the best answer that does not look at the image: ln K where K classes count
alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from convdsl.messages import Rounded, T
from convdsl.training.events import EpochRecord
from convdsl.training.facts import ENOUGH, Curves, Facts, Health, Remark, more_epochs
from convdsl.training.intervals import apart, difference, wilson
from convdsl.training.outcomes import (
    majority,
    not_found,
    on_smoothed_labels,
    on_the_floor,
    uneven_majority,
    worse_than_mean,
)
from convdsl.training.settings import Settings

STEPS = 50
"""After fewer steps nothing can be said of a loss that has not moved."""
FEW = 3
"""So many epochs tell neither whether the loss has come to rest, nor whether it is restless."""
VISIBLE = 0.02
"""A gap of so much between two shares is named, though chance may have made it."""
REST = 0.002
"""Moves of a loss below this share of where it began are rest: 0.0010 after 0.0012 is neither a fall nor a jump."""


def read_curves(
    history: Sequence[EpochRecord], settings: Settings, facts: Facts, restored: int = 0, health: Health | None = None
) -> tuple[Remark, ...]:
    """Remarks on a training, the most important first."""
    if not history:
        return ()
    curves = Curves(
        [r.loss for r in history],
        [r.accuracy for r in history if r.accuracy is not None],
        [r.val_loss for r in history if r.val_loss is not None],
        [r.val_accuracy for r in history if r.val_accuracy is not None],
        history[0].epoch,
        max(r.lr for r in history),
        facts,
        restored,
        settings,
        health or Health(),
    )
    for decisive in (_nothing_trained, on_the_floor, _single_epoch, _wrong_way, _not_learning):
        remark = decisive(curves)
        if remark is not None:
            weights = uneven_majority(curves) if decisive is _not_learning else None
            return (remark,) if weights is None else (weights, remark)
    short = curves.epochs <= FEW
    found = tuple(
        remark
        for rule in (
            (majority, not_found, worse_than_mean, _dead_units, _overfits)
            if short
            else (
                majority,
                not_found,
                worse_than_mean,
                _slow_start,
                _restless,
                _dead_units,
                _overfits,
                _too_short,
                _underfits,
                on_smoothed_labels,
            )
        )
        if (remark := rule(curves)) is not None
    )
    return found or ((_few_epochs(curves) if short else _at_rest(curves)),)


def _lower(curves: Curves, factor: int) -> tuple[T, dict[str, str]]:
    rate = f"{curves.rate / factor:.2g}"
    return T("Try a lower one: {lr}.", lr=rate), {"lr": rate}


def _nothing_trained(curves: Curves) -> Remark | None:
    if curves.health.trainable:
        return None
    text = T("No weight was trained, because all layers are frozen: the curves stay flat.")
    return Remark("nothing_trained", text, T("Take a layer out of `freeze {{ … }}`."))


def _single_epoch(curves: Curves) -> Remark | None:
    if curves.epochs > 1:
        return None
    return Remark(
        "too_short", T("One epoch is too short to read a curve."), T("Train for more epochs."), more_epochs(curves)
    )


def _wrong_way(curves: Curves) -> Remark | None:
    """The training loss ends above where it began, and above chance."""
    last = curves.loss[-1]
    spread = max(0.05, curves.spread(curves.facts.train))
    if last < (1 + spread) * min(curves.loss) or last <= curves.loss[0] or last <= curves.chance:
        return None
    text = T(
        "The loss climbs, as if the gradients were applied with the wrong sign: the steps overshoot, because the "
        "learning rate is too high."
    )
    return Remark("wrong_way", text, *_lower(curves, 10))


def _not_learning(curves: Curves) -> Remark | None:
    """The training loss ends at chance level, or above it."""
    if not curves.at_chance(curves.loss[-1]) or (curves.accuracy and curves.accuracy[-1] > 2 / curves.classes):
        return None
    level, chance = Rounded(curves.loss[-1], ".2f"), Rounded(curves.chance, ".2f")
    above = curves.loss[-1] > 1.03 * curves.chance
    moved = curves.loss[0] - curves.loss[-1] > 0.002 * curves.chance
    if above and moved:
        text = T("The loss falls, but at {loss} it is still above what answering without a look at the images gives "
                 "({chance}).", loss=level, chance=chance)  # fmt: skip
        advice = T("Train for more epochs, or try a higher learning rate: {lr}.", lr=f"{curves.rate * 10:g}")
        return Remark("above_chance", text, advice, more_epochs(curves))
    if curves.steps < STEPS:
        text = T("The loss has hardly moved: it is {loss} after {steps} steps.", loss=level, steps=curves.steps)
        advice = T("So few steps tell nothing: train for more epochs, or in smaller batches.")
        return Remark("too_short", text, advice, more_epochs(curves))
    if above:
        text = T("It does not learn: the loss stays at {loss}, which is worse than answering without a look at the images "
                 "({chance}).", loss=level, chance=chance)  # fmt: skip
    elif curves.chance > 0.97 * log(curves.classes) * curves.facts.heads:
        text = T("It does not learn: the loss stays at {loss}, which is what guessing among {n} classes gives.",
                 loss=level, n=curves.classes)  # fmt: skip
    else:
        text = T(
            "It does not learn: the loss stays at {loss}, which is what answering without a look at the images gives, only "
            "by how frequent the classes are ({chance}).",
            loss=level,
            chance=chance,
        )
    if (layer := next((dead for dead in curves.health.dead if dead.share == 1), None)) is not None:
        dead = T("A whole layer is dead: it answers nothing to the training image that was looked at, so that no gradient "
                 "passes. {advice}",
                 "A whole layer is dead: it answers nothing to any of {n} training images, so that no gradient passes. {advice}",
                 advice=_lower(curves, 10)[0], n=layer.images)  # fmt: skip
        return Remark("not_learning", text, dead, _lower(curves, 10)[1])
    if moved:
        rate = f"{curves.rate * 10:g}"
        slow = T("It has begun to move, though: the steps or the first weights are too small. Try a higher learning "
                 "rate: {lr}.", lr=rate)  # fmt: skip
        return Remark("not_learning", text, slow, {"lr": rate})
    stuck = T(
        "The gradients change nothing: the learning rate ({lr}) is far too small or too large, or the first weights do "
        "not suit the activations. Try `init he` with ReLU, or a `bn` behind each convolution.",
        lr=f"{curves.rate:g}",
    )
    return Remark("not_learning", text, stuck, {"init": "he"})


def _slow_start(curves: Curves) -> Remark | None:
    """Epochs at chance level, and learning after them; a rate that rises from 0 is slow on purpose."""
    flat = next((n for n, loss in enumerate(curves.loss) if not curves.at_chance(loss)), curves.epochs)
    if flat < max(1, 0.1 * curves.epochs) or flat <= curves.settings.schedule.warmup:
        return None
    if flat * curves.steps < STEPS * curves.epochs:
        return None
    text = T(
        "A slow start: nothing was learned in the first epoch. First weights that are too small look like this.",
        "A slow start: nothing was learned in the first {n} epochs. First weights that are too small look like this.",
        n=flat,
    )
    return Remark("slow_start", text, T("Try `init he` with ReLU, or a `bn` behind each convolution."), {"init": "he"})


def _restless(curves: Curves) -> Remark | None:
    """The training loss jumps up again and again."""
    factor, least = 1 + max(0.1, curves.spread(curves.facts.train)), REST * max(curves.loss)
    jumps = sum(
        after > factor * before and after - before > least
        for before, after in zip(curves.loss, curves.loss[1:], strict=False)
    )
    if jumps < max(2, curves.epochs / 5):
        return None
    text = T(
        "The loss goes up and down: it rose in {n} of {epochs} epochs, because the learning rate is too high.",
        n=jumps,
        epochs=curves.epochs,
    )
    return Remark("learning_rate", text, *_lower(curves, 3))


def _dead_units(curves: Curves) -> Remark | None:
    worst = max(curves.health.dead, key=lambda dead: dead.share, default=None)
    if worst is None or worst.share < 0.25 or worst.images < ENOUGH:
        return None
    text = T(
        "In layer {layer}, {share} % of the units answer nothing to any of {n} training images: they are dead, and learn no "
        "more.",
        layer=worst.layer,
        share=round(100 * worst.share),
        n=worst.images,
    )
    advice = T("A lower learning rate, `leaky_relu`, or a `bn` before the activation keeps them alive.")
    return Remark("dead_units", text, advice, _lower(curves, 3)[1])


def _overfits(curves: Curves) -> Remark | None:
    """The validation loss turns upwards while the training loss falls, or the accuracies lie far apart."""
    watched = curves.watched
    if len(watched) < 2:
        return None
    lowest = min(range(len(watched)), key=watched.__getitem__)
    rise = max(0.05, curves.spread(curves.facts.validation))
    turned = (
        lowest < len(watched) - 2
        and min(watched[-2:]) > (1 + rise) * watched[lowest]
        and curves.loss[-1] < curves.loss[lowest]
    )
    seen, unseen = (a[-1] if a else 0.0 for a in (curves.accuracy, curves.watched_accuracy))
    shares = (seen, curves.facts.train), (unseen, curves.facts.validation)
    certain = apart(*shares) if curves.few_watched else difference(*shares)[0] > 0
    if not turned and (seen - unseen < 0.08 or not certain):
        return None
    advice = T("What helps: augmentation, `dropout`, weight decay, a smaller network, more images.")
    lines = {} if curves.settings.augment else {"augment": "shift 2"}
    if not turned:
        text = T(
            "It overfits: {seen} % are right in training, and {unseen} % among images that it was not trained on.",
            seen=Rounded(100 * seen, ".1f"),
            unseen=Rounded(100 * unseen, ".1f"),
        )
        return Remark("overfits", text, advice, lines)
    text = T(
        "It overfits: from epoch {epoch} on the validation loss rises, while the training loss still falls.",
        epoch=curves.first + lowest + 1,
    )
    if curves.restored:
        back = T("The weights of epoch {epoch} were taken back. {advice}", epoch=curves.restored, advice=advice)
        return Remark("overfits", text, back, lines)
    if curves.settings.early_stop is None:
        lines["early_stop"] = "patience=3"
    stop = T("`early_stop patience=3` stops there and takes the best weights back. {advice}", advice=advice)
    return Remark("overfits", text, stop, lines)


def _fall(curves: Curves) -> float:
    """The share by which the loss fell in the last epoch; 0 where it was lower before."""
    curve = curves.loss if curves.few_watched or not curves.watched else curves.watched
    if len(curve) < 2 or curve[-1] > min(curve) or curve[-2] - curve[-1] < REST * max(curve):
        return 0.0
    return (curve[-2] - curve[-1]) / max(abs(curve[-2]), 1e-12)


def _too_short(curves: Curves) -> Remark | None:
    """The loss was still falling at the end."""
    fall = _fall(curves)
    if fall < 0.03:
        return None
    text = T(
        "It has not converged yet: the loss still fell by {share} % in the last epoch.",
        share=Rounded(100 * fall, ".0f"),
    )
    return Remark("too_short", text, T("Train longer."), more_epochs(curves))


def _underfits(curves: Curves) -> Remark | None:
    """Flat curves at a low level."""
    if curves.epochs < 4 or not curves.accuracy or _fall(curves) >= 0.03:
        return None
    most = wilson(curves.accuracy[-1] * curves.facts.train, curves.facts.train)[1]
    if most > 0.8 or _overfits(curves) or majority(curves):
        return None
    text = T(
        "The curves are flat, and only {share} % are right even in training: the network is too small, it is held back, or "
        "the images do not show more.",
        share=Rounded(100 * curves.accuracy[-1], ".0f"),
    )
    advice = T("Try more filters or layers, less regularisation, or another learning rate.")
    return Remark("underfits", text, advice, {"lr": f"{curves.rate * 3:g}"})


def _few_epochs(curves: Curves) -> Remark:
    text = T("{epochs} epochs are too few to read much from the curves.", epochs=curves.epochs)
    advice = T("Nothing looks wrong so far; more epochs would show where the loss comes to rest.")
    return Remark("too_short", text, advice, more_epochs(curves))


def _at_rest(curves: Curves) -> Remark:
    """Nothing is wrong: what may be said then depends on what there is to see."""
    if not curves.watched:
        text = T("The training loss has nearly come to rest at {loss}.", loss=Rounded(curves.loss[-1], ".4g"))
        if curves.few_in_all:
            few = T(
                "Nobody knows what it does with other images, and there are too few to keep some aside: it takes more."
            )
            return Remark("unwatched", text, few)
        advice = T(
            "Without a validation part nobody knows what it does with other images: `validation 0.1` keeps some."
        )
        return Remark("unwatched", text, advice, {"validation": "0.1"})
    if curves.few_watched and curves.watched_accuracy:
        count = curves.facts.validation
        share = curves.watched_accuracy[-1]
        low, high = wilson(share * count, count)
        text = T(
            "There is one image to validate: it cannot tell whether the network overfits.",
            "With {n} images to validate, {share} % right may stand for anything from {low} to {high} %: too few to tell "
            "whether it overfits.",
            n=count,
            share=Rounded(100 * share, ".0f"),
            low=Rounded(100 * low, ".0f"),
            high=Rounded(100 * high, ".0f"),
        )
        return Remark("few_images", text, _more_to_watch(curves))
    if curves.few_watched:
        text = T(
            "There are only {n} images to validate: too few to tell whether it overfits.", n=curves.facts.validation
        )
        return Remark("few_images", text, _more_to_watch(curves))
    if (gap := _apart(curves)) is not None:
        return gap
    return _well(curves)


def _more_to_watch(curves: Curves) -> T:
    """What would tell more: a larger part to validate helps only where there are images to make it of."""
    if curves.few_in_all:
        return T("Only more images would show it.")
    return T("More images, or a larger `validation` part, would show it.")


def _well(curves: Curves) -> Remark:
    advice = T("From here on the network itself decides: try more filters, or another layer.")
    if not (curves.accuracy and curves.watched_accuracy):
        text = T(
            "The curves look well: they have nearly come to rest, at a loss of {seen} in training and {unseen} in validation.",
            seen=Rounded(curves.loss[-1], ".4g"),
            unseen=Rounded(curves.watched[-1], ".4g"),
        )
        return Remark("converged", text, advice)
    seen, unseen = curves.accuracy[-1], curves.watched_accuracy[-1]
    if seen == unseen == 1:
        text = T(
            "The curves look well: they have nearly come to rest, and all are right, in training and in validation."
        )
        return Remark("converged", text, T("A smaller network may do as well, and harder images would tell more."))
    text = T(
        "The curves look well: they have nearly come to rest, at {seen} % right in training and {unseen} % in validation.",
        seen=Rounded(100 * seen, ".1f"),
        unseen=Rounded(100 * unseen, ".1f"),
    )
    return Remark("converged", text, advice)


def _apart(curves: Curves) -> Remark | None:
    """Training and validation lie apart, though not far enough to be called overfitting: more than chance puts them, or
    visibly and perhaps by chance."""
    help = T("What helps: augmentation, `dropout`, weight decay, a smaller network, more images.")
    if not (curves.accuracy and curves.watched_accuracy):
        spread = max(0.05, curves.spread(curves.facts.validation))
        if curves.watched[-1] <= (1 + spread) * curves.loss[-1]:
            return None
        text = T("The curves have nearly come to rest, with a gap: the loss is {seen} in training, and {unseen} for images that "
                 "it was not trained on.",
                 seen=Rounded(curves.loss[-1], ".4g"), unseen=Rounded(curves.watched[-1], ".4g"))  # fmt: skip
        return Remark("gap", text, help)
    seen, unseen = curves.accuracy[-1], curves.watched_accuracy[-1]
    low, high = difference((seen, curves.facts.train), (unseen, curves.facts.validation))
    shares: dict[str, Any] = {"seen": Rounded(100 * seen, ".1f"), "unseen": Rounded(100 * unseen, ".1f")}
    if low > 0:
        text = T(
            "The curves have nearly come to rest, with a gap: {seen} % are right in training, and {unseen} % among images that "
            "it was not trained on, {low} to {high} points less (95 % interval).",
            low=Rounded(100 * low, ".1f"),
            high=Rounded(100 * high, ".1f"),
            **shares,
        )
        return Remark("gap", text, help)
    if high < 0:
        text = T(
            "The curves have nearly come to rest: {unseen} % are right in validation, more than the {seen} % in training.",
            **shares,
        )
        advice = T("Augmentation and `dropout` make training harder, and its share is a mean over the whole epoch.")
        return Remark("harder", text, advice)
    if seen - unseen >= VISIBLE:
        text = T(
            "The curves have nearly come to rest: {seen} % are right in training, and {unseen} % in validation. Of {n} images to "
            "validate chance alone may make that gap (95 % interval: {low} to {high} points).",
            n=curves.facts.validation,
            low=Rounded(100 * low, ".1f"),
            high=Rounded(100 * high, ".1f"),
            **shares,
        )
        return Remark("perhaps_gap", text, _more_to_watch(curves))
    return None
