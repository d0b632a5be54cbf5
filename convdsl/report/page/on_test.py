"""What a network answers to the test images: its figures by class, what it confuses, what it got most wrong, and how far
its probabilities can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdsl.algebra.numbers import grouped
from convdsl.document import Beside, Gallery, Heading, Label, Node, Picture, Sentence, Table
from convdsl.messages import Grouped, Rounded, T, decimals, listed
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import percent
from convdsl.report.page.pictures import mask, sheet, sheet_width, zoomed
from convdsl.report.png import png
from convdsl.training.aftermath import Aftermath
from convdsl.training.inspecting import SIDE, Case, Inspection, calibration_error, visible
from convdsl.training.metrics import Classes, Figures, Labels, Regions
from convdsl.training.task import Task

SQUARE = 40
"""Most classes whose confusions are a table; of more there are the pairs."""
MOST_ROWS = 60
"""Classes in a table; of more, those with the lowest figures."""
NAMED = 6
"""Labels and numbers that are told of an image."""


def answered(after: Aftermath, figures: Figures, found: Inspection) -> Iterator[Node]:
    """All sections on answers."""
    names = [clean(str(name)) for name in after.task.classes]
    if isinstance(figures, (Classes, Regions)):
        names = [clean(c.name) for c in figures.classes]
        yield from _confusion(figures, names)
    if isinstance(figures, (Classes, Regions, Labels)):
        yield Heading(str(T("Class by class")), 2)
        yield from _by_class(figures)
    if found.pairs:
        yield from _pairs(after, found, names)
    if found.points is not None:
        yield from _numbers(found)
    if found.wrong:
        yield from _wrong(after, found, names)
    if after.task.kind in ("map", "pictures") and len(found.losses) > 1:
        yield from _spread(after.task, found)
    if found.bins:
        yield from _calibration(after.task, found)


def _confusion(figures: Classes | Regions, names: Sequence[str]) -> Iterator[Node]:
    """Rows are what is true, columns what was answered; dark is the share of the row."""
    yield Heading(str(T("What is taken for what")), 2)
    count = len(figures.confusion)
    if count > SQUARE:
        yield Sentence(
            str(T("{n} classes are too many for a table of all; the most frequent confusions stand below.", n=count))
        )
        return
    names = [*names, *map(str, range(len(names), count))]
    sums = [max(sum(row), 1) for row in figures.confusion]
    rows = tuple(
        (f"{i} {names[i]}", *(grouped(n) if n else "·" for n in row)) for i, row in enumerate(figures.confusion)
    )
    shades = tuple((0.0, *(n / sums[i] for n in row)) for i, row in enumerate(figures.confusion))
    what = T("images") if isinstance(figures, Classes) else T("pixels")
    said = T(
        "A row is a class, its columns what the {what} of it were answered to be: the darker, the more of the row.",
        what=what,
    )
    yield Sentence(str(said))
    yield Table((str(T("true ↓  answered →")), *map(str, range(count))), rows, shades, "confusion")


def _by_class(figures: Classes | Regions | Labels) -> Iterator[Node]:
    """Precision, recall and the like of each class, or of those with the lowest."""
    head: list[Any] = [T("class")]
    cells: list[tuple[str, ...]]
    shades: list[tuple[float, ...]]
    if isinstance(figures, Classes):
        each: list[Any] = sorted(figures.classes, key=lambda c: c.f1)
        head += [T("images"), T("precision"), T("recall"), "F1", T("most often taken for")]
        cells = [
            (grouped(c.images), *map(percent, (c.precision, c.recall, c.f1)),
             f"{clean(c.confused[0])} ({grouped(c.confused[1])})" if c.confused else "")
            for c in each
        ]  # fmt: skip
        shades = [(0.0, 0.0, c.precision, c.recall, c.f1, 0.0) for c in each]
    elif isinstance(figures, Regions):
        each = sorted(figures.classes, key=lambda c: c.iou)
        head += [T("pixels"), "IoU", T("precision"), T("recall")]
        cells = [(grouped(c.pixels), decimals(f"{c.iou:.3f}"), *map(percent, (c.precision, c.recall))) for c in each]
        shades = [(0.0, 0.0, c.iou, c.precision, c.recall) for c in each]
    else:
        each = sorted(figures.labels, key=lambda c: c.f1)
        head += [T("images"), T("precision"), T("recall"), "F1", "AUC"]
        cells = [
            (grouped(c.images), *map(percent, (c.precision, c.recall, c.f1)),
             "–" if c.auc is None else decimals(f"{c.auc:.3f}"))
            for c in each
        ]  # fmt: skip
        shades = [(0.0, 0.0, c.precision, c.recall, c.f1, c.auc or 0.0) for c in each]
    rows = [(clean(one.name), *row) for one, row in zip(each, cells, strict=True)]
    if len(rows) > MOST_ROWS:
        yield Sentence(str(T("The {n} classes with the lowest figures:", n=MOST_ROWS)))
    soft = tuple(tuple(0.55 * s for s in row) for row in shades[:MOST_ROWS])
    yield Table(tuple(map(str, head)), tuple(rows[:MOST_ROWS]), soft, "classes")


def _pairs(after: Aftermath, found: Inspection, names: Sequence[str]) -> Iterator[Node]:
    yield Heading(str(T("The most frequent confusions")), 2)
    for pair in found.pairs:
        text = T("{true} taken for {said}: once", "{true} taken for {said}: {n} times", n=pair.times,
                 true=_named(names, pair.true), said=_named(names, pair.said))  # fmt: skip
        yield Label(str(text))
        yield Gallery(tuple(_case(case, after.task, names) for case in pair.cases))


def _wrong(after: Aftermath, found: Inspection, names: Sequence[str]) -> Iterator[Node]:
    yield Heading(str(T("The most wrong answers")), 2)
    what = {"map": T("the largest share of wrong pixels")}.get(after.task.kind, T("the highest loss"))
    first = T("Of one test image", "Of {n} test images", n=Grouped(found.looked))
    if found.looked < found.total:
        first = T("Of the first {n} test images", n=grouped(found.looked))
    yield Sentence(
        str(
            T(
                "{first}, those with {what}; numbers are places in the test part, counted from 0.",
                first=first,
                what=what,
            )
        )
    )
    pictures = tuple(_case(case, after.task, names) for case in found.wrong)
    if all(picture.png for picture in pictures):
        yield Gallery(pictures)
    else:  # no pictures were answered
        yield Table((str(T("image")),), tuple((picture.alt,) for picture in pictures), role="wrong")
    if after.task.kind == "map":
        yield Sentence(str(T("From left to right: the image, its mask, the answer.")), quiet=True)
        yield _key(names)
    elif after.task.itself and after.data.shape == after.model.net.input:
        yield Sentence(str(T("On the left the image, on the right the answer.")), quiet=True)
    elif after.task.kind == "pictures":
        yield Sentence(str(T("From left to right: the image, what it should become, the answer.")), quiet=True)


def _case(case: Case, task: Task, names: Sequence[str]) -> Picture:
    """One image with what was answered."""
    number = T("image {row}", row=case.row)
    text: T | str
    tiles = [] if case.image is None else [case.image]
    if task.kind == "classes":
        sure = "" if case.share is None else f" {percent(case.share)}"
        right = case.true == case.said
        text = (
            T("{said}{sure}, right", said=_named(names, case.said), sure=sure)
            if right
            else T("{said}{sure}, not {true}", said=_named(names, case.said), sure=sure, true=_named(names, case.true))
        )
    elif task.kind == "labels":
        text = _labels_of(case, task, names)
    elif task.kind == "values":
        text = T("{said} for {true}", said=_numbers_of(case.said), true=_numbers_of(case.true))
    elif task.kind == "map":
        text = T("{share} wrong", share=percent(case.loss))
        if case.image is not None and case.true.ndim == 2:
            tiles += [mask(one, len(names), SIDE) for one in (case.true, case.said)]
    else:
        text = T("loss {loss}", loss=Rounded(case.loss, ".4g"))
        low, high = float(case.true.min()), float(case.true.max())
        tiles += [p for one in (case.true, case.said) if (p := visible(one, low, high)) is not None]
        if task.itself and case.image is not None and tiles and case.image.shape == tiles[-1].shape:
            del tiles[0]  # the target is the image
    caption = f"{number}: {text}".replace(" %", "\u00a0%")
    if not tiles:
        return Picture(caption)
    return _tiled(tiles, caption)


def _tiled(tiles: list[np.ndarray], caption: str) -> Picture:
    """Pictures side by side as one, each as wide as the first."""
    from convdsl.report.page.pictures import resized

    if len(tiles) == 1:
        return Picture(caption, png=png(tiles[0]), caption=caption, width=zoomed(tiles[0].shape[1]))
    height, width = max(tile.shape[:2] for tile in tiles)
    colour = [np.broadcast_to(resized(t, height, width), (height, width, 3)) for t in tiles]
    wide = sheet_width(colour, len(colour), 2)
    return Picture(caption, png=sheet(colour, len(colour), 2), caption=caption, width=zoomed(wide, 84 * len(colour)))


def _labels_of(case: Case, task: Task, names: Sequence[str]) -> str:
    """Which labels were missed, and which were said though they are not there."""
    known = case.true >= 0
    yes, said = case.true > 0.5, case.said > (0.5 if task.loss == "binary_cross_entropy" else task.cut)
    missed = [names[int(i)] for i in np.flatnonzero(yes & ~said & known)]
    beyond = [names[int(i)] for i in np.flatnonzero(~yes & said & known)]
    if not missed and not beyond:
        return str(T("all labels right"))
    parts = [T("without {names}", names=_few(missed))] if missed else []
    parts += [T("too many: {names}", names=_few(beyond))] if beyond else []
    return "; ".join(map(str, parts))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")


def _named(names: Sequence[str], number: int) -> str:
    return names[number] if 0 <= number < len(names) else str(number)


def _numbers_of(values: np.ndarray) -> str:
    flat = values.reshape(-1)
    return listed([*(decimals(f"{v:.4g}") for v in flat[:NAMED]), *(["…"] if len(flat) > NAMED else [])])


def _key(names: Sequence[str]) -> Gallery:
    """Which colour is which class."""
    colours = mask(np.arange(len(names))[:, None], len(names), len(names) + 1)
    return Gallery(
        tuple(
            Picture(name, png=png(colours[i : i + 1].repeat(3, 1)), caption=name, width=72)
            for i, name in enumerate(names)
        )
    )


def _numbers(found: Inspection) -> Iterator[Node]:
    from convdsl.report.charts.training import MOST_POINTS, cloud

    assert found.points is not None
    yield Heading(str(T("Answers beside their targets")), 2)
    true, said = found.points
    title = T("Answers beside their targets")
    about = T("each test image as a point; on the line the answer is the target")
    yield Picture(str(title), cloud(true.reshape(len(true), -1), said.reshape(len(said), -1), str(title), str(about)))
    words = T("Each point is a test image; on the line the answer is the target.")
    if len(true) > MOST_POINTS:
        words = T("Each point is one of some test images; on the line the answer is the target.")
    yield Sentence(str(words), quiet=True)


def _spread(task: Task, found: Inspection) -> Iterator[Node]:
    from convdsl.report.charts.training import spread

    label = T("share of wrong pixels") if task.kind == "map" else T("loss of an image")
    yield Heading(str(T("How the images differ")), 2)
    yield Picture(
        str(label), spread(found.losses, str(label), str(label), str(T("how many images have each size of it")))
    )


def _calibration(task: Task, found: Inspection) -> Iterator[Node]:
    from convdsl.report.charts.training import calibration

    title = T("How far its probabilities can be trusted")
    yield Heading(str(title), 2)
    error = calibration_error(found.bins)
    sure = sum(b.answers * b.probability for b in found.bins) / sum(b.answers for b in found.bins)
    right = sum(b.answers * b.right for b in found.bins) / sum(b.answers for b in found.bins)
    about = T("{bins} groups of answers, by the probability that was given", bins=len(found.bins))
    if task.kind == "labels":
        first = T("Its probabilities of a label are {sure} on the mean, and {right} of the labels are there.",
                  sure=percent(sure), right=percent(right))  # fmt: skip
    else:
        first = T("It gives its answers {sure} on the mean, and {right} of them are right.",
                  sure=percent(sure), right=percent(right))  # fmt: skip
    away = T(
        "A group of answers is {error} away from its probability on the mean (0 would be perfect).",
        error=percent(error),
    )
    way = T("Points below the line are answers that are surer than they should be.")
    said = tuple(Sentence(str(text)) for text in (first, away, way))
    yield Beside((Picture(str(title), calibration(found.bins, str(title), str(about))),), said)
