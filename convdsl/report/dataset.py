"""A data set in words: one line before a training."""

from __future__ import annotations

from collections.abc import Sequence

from convdsl.datasets.summary import Part, Summary
from convdsl.messages import T
from convdsl.report.diagnostics import clean
from convdsl.report.numbers import grouped

NAMED = 12
"""Classes that are named; of more the first ones."""
PARTS = {"train": T("to train"), "validation": T("to validate"), "test": T("to test")}


def taken_line(summary: Summary) -> str:
    """What the data were taken for: `6,000 images to train, 1,000 to test, 28x28, grey, 8 bits (0 to 255); 10 classes …`."""
    parts = ", ".join(f"{grouped(part.images)} {PARTS[part.name]}" for part in summary.parts)
    return str(
        T(
            "data: {parts}; {shape}, {colour}, {depth}; {classes}",
            parts=parts,
            shape="x".join(map(str, summary.shape[:-1] or summary.shape)),
            colour=colour(summary),
            depth=depth(summary),
            classes=classes(summary),
        )
    )


def colour(summary: Summary) -> str:
    """`grey`, `colour`, or how many channels there are."""
    if len(summary.shape) == 1:
        return str(T("flat"))
    channels = summary.shape[-1]
    return str({1: T("grey"), 3: T("colour")}.get(channels) or T("{n} channels", n=channels))


def depth(summary: Summary) -> str:
    """`8 bits (0 to 255)`, `12 bits (0.02 to 0.98)`, `fractions (-1.3 to 2)`."""
    ends = {"low": f"{summary.low:.4g}", "high": f"{summary.high:.4g}"}
    if summary.bits:
        return str(T("{bits} bits ({low} to {high})", bits=summary.bits, **ends))
    return str(T("used as they are ({low} to {high})", **ends))


def classes(summary: Summary) -> str:
    """`10 classes of 600: T-shirt, trousers …`; with each count where they differ."""
    if summary.answers == "pictures":
        return str(T("a picture for each image"))
    if summary.answers == "masks" and not summary.classes:
        return str(T("a class for each pixel"))
    if not summary.classes:
        return str(T("the labels are numbers"))
    if summary.answers == "masks":
        return str(T("a class for each pixel: {names}", names=_named(summary.classes)))
    if summary.answers == "labels":
        return str(
            T("{count} labels, several at once: {names}", count=len(summary.classes), names=_named(summary.classes))
        )
    counts = summary.parts[0].counts or (0,) * len(summary.classes)
    alike = len(set(counts)) == 1
    shown = [clean(n) if alike else f"{clean(n)} {grouped(c)}" for n, c in zip(summary.classes, counts, strict=True)]
    names = ", ".join(shown[:NAMED]) + (" …" if len(shown) > NAMED else "")
    if alike and counts[0]:
        return str(T("{count} classes of {each}: {names}", count=len(counts), each=grouped(counts[0]), names=names))
    return str(T("{count} classes: {names}", count=len(summary.classes), names=names))


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(clean, names[:NAMED])) + (" …" if len(names) > NAMED else "")


def part_name(part: Part) -> str:
    return str(PARTS[part.name])
