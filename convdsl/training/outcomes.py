"""What the test and the network's end say of a training, besides its curves; the rules are as those in curves.py."""

from __future__ import annotations

from convdsl.messages import Rounded, T, with_decimals
from convdsl.training.facts import ENOUGH, Curves, Remark, more_epochs
from convdsl.training.intervals import wilson
from convdsl.training.metrics import Classes, Regions, Values

UNEVEN = 1.2
"""Where the most frequent class has more than so many times its even share, weights of classes change something."""
WEIGHTS = {"class_weights": "balanced"}


def on_the_floor(curves: Curves) -> Remark | None:
    """The loss cannot fall any further, because an activation bounds the scores."""
    floor = curves.facts.floor
    loss = curves.watched[-1] if curves.watched else curves.loss[-1]
    if floor is None or floor.loss < 0.05 or curves.facts.heads > 1 or loss > 1.1 * floor.loss:
        return None
    text = T(
        "The loss stands on its floor: it is {loss}, and behind `{name}` the cross-entropy of {n} classes cannot fall below "
        "{formula} = {floor}.",
        loss=Rounded(loss, ".3f"),
        name=floor.name,
        n=floor.classes,
        formula=with_decimals(floor.formula),
        floor=Rounded(floor.loss, ".3f"),
    )
    return Remark("floor", text, T("End with `softmax` in its place, or with no activation."))


def on_smoothed_labels(curves: Curves) -> Remark | None:
    low = curves.facts.smoothing
    if not low or curves.facts.heads > 1 or curves.loss[-1] > 1.1 * low:
        return None
    text = T(
        "The loss has come to rest near its floor: with labels smoothed by {share} it cannot fall below {floor}.",
        share=Rounded(curves.settings.label_smoothing, "g"),
        floor=Rounded(low, ".3f"),
    )
    return Remark("smoothing_floor", text, T("The accuracy tells more than the loss here."))


def uneven_majority(curves: Curves) -> Remark | None:
    """`majority`, where weights of classes would change something."""
    remark = majority(curves)
    return remark if remark is not None and remark.lines == WEIGHTS else None


def majority(curves: Curves) -> Remark | None:
    """Nearly all answers are one class, or not more are right than that would give."""
    figures = curves.facts.figures
    if not isinstance(figures, Classes):
        return None
    true = [c.images for c in figures.classes]
    count = sum(true)
    if count < ENOUGH:
        return None
    said = [sum(row[j] for row in figures.confusion) for j in range(len(true))]
    most = max(range(len(true)), key=true.__getitem__)
    always = max(range(len(said)), key=said.__getitem__)
    kinds = sum(1 for n in true if n)
    uneven = (curves.facts.most or true[most] / count) > UNEVEN / max(kinds, 1)
    if said[always] >= 0.98 * count and true[always] < 0.98 * count:
        text = T(
            "It answers `{name}` to {said} % of the test images: {right} % are right, and {share} % of them are `{name}`.",
            name=figures.classes[always].name,
            said=Rounded(100 * said[always] / count, ".0f"),
            right=Rounded(100 * figures.accuracy, ".1f"),
            share=Rounded(100 * true[always] / count, ".1f"),
        )
        balanced = Rounded(100 * figures.balanced_accuracy, ".1f")
        if curves.facts.weighted:
            advice = T("`class_weights` is set already, and the balanced accuracy is {share} %: train longer, or try another "
                       "learning rate.", share=balanced)  # fmt: skip
        elif not uneven:
            advice = T("The classes are about as frequent as each other, so weights would not change that: train longer, or try "
                       "another learning rate.")  # fmt: skip
        else:
            advice = T("`class_weights balanced` makes every class count alike; the balanced accuracy is {share} % now.",
                       share=balanced)  # fmt: skip
            return Remark("majority", text, advice, WEIGHTS)
        return Remark("majority", text, advice, more_epochs(curves))
    low, high = wilson(figures.accuracy * count, count)
    majority = true[most] / count
    if low > majority or curves.facts.weighted or majority == 1:
        return None
    text = T(
        "It is not shown to be better than always answering `{name}`: {right} % of the test images are right (95 % interval "
        "{low} to {high} %), and {share} % are `{name}`.",
        name=figures.classes[most].name,
        right=Rounded(100 * figures.accuracy, ".1f"),
        low=Rounded(100 * low, ".1f"),
        high=Rounded(100 * high, ".1f"),
        share=Rounded(100 * majority, ".1f"),
    )
    advice = (
        T("`class_weights balanced` makes every class count alike.")
        if uneven
        else T("Train longer, or on more images.")
    )
    return Remark("majority", text, advice, WEIGHTS if uneven else {})


def not_found(curves: Curves) -> Remark | None:
    """Classes of a map of which no pixel was found."""
    figures = curves.facts.figures
    if not isinstance(figures, Regions):
        return None
    lost = [c for c in figures.classes if c.pixels and c.recall == 0]
    if not lost or len(lost) == sum(1 for c in figures.classes if c.pixels):
        return None
    text = T(
        "Of the class {names} no pixel was found, though there are {pixels} on the test images.",
        "Of {n} classes no pixel was found, though there are {pixels} on the test images: {names}.",
        n=len(lost),
        names=", ".join(c.name for c in lost[:5]),
        pixels=sum(c.pixels for c in lost),
    )
    advice = (
        T("Train longer, or try another learning rate; `class_weights` is set already.")
        if curves.facts.weighted
        else T("Train longer; `class_weights balanced` makes every class count alike.")
    )
    return Remark("not_found", text, advice, {} if curves.facts.weighted else WEIGHTS)


def worse_than_mean(curves: Curves) -> Remark | None:
    """A regression whose answers are further off than the mean of the targets."""
    figures = curves.facts.figures
    if not isinstance(figures, Values) or figures.r2 is None or figures.r2 >= 0:
        return None
    text = T(
        "The answers are further off than the mean of the targets would be: mean squared error {mse}, and {spread} for the "
        "mean.",
        mse=Rounded(figures.mse, ".4g"),
        spread=Rounded(figures.spread, ".4g"),
    )
    advice = T("Train longer, or bring the targets to a range near −1 … 1 first.")
    return Remark("worse_than_mean", text, advice, more_epochs(curves))
