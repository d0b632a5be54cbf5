"""A data set in words: one line before a training, a page where it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from convdsl.algebra.numbers import grouped
from convdsl.datasets.inspecting import Findings
from convdsl.datasets.summary import Part, Summary
from convdsl.messages import Grouped, Rounded, T, decimals
from convdsl.report.diagnostics import clean

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
    ends: dict[str, Any] = {"low": Rounded(summary.low, ".4g"), "high": Rounded(summary.high, ".4g")}
    if summary.bits:
        return str(T("{bits} bits ({low} to {high})", bits=summary.bits, **ends))
    return str(T("used as they are ({low} to {high})", **ends))


def classes(summary: Summary) -> str:
    """`10 classes of 600: T-shirt, trousers …`; with each count where they differ."""
    size = "x".join(map(str, summary.each))
    low, high = (decimals(f"{end + 0.0:.4g}") for end in summary.ends or (0.0, 0.0))
    if summary.answers == "pictures":
        return str(T("a picture of {size} for each image ({low} to {high})", size=size, low=low, high=high))
    if summary.answers == "numbers":
        count = summary.each[0] if summary.each else 1
        return str(T("the labels are numbers from {low} to {high}", "{n} numbers for each image, from {low} to {high}",
                     n=count, low=low, high=high))  # fmt: skip
    if summary.answers == "masks":
        whole = sum(summary.parts[0].counts) or 1
        shares = [
            f"{clean(n)} {Rounded(100 * c / whole, '.3g')} %"
            for n, c in zip(summary.classes, summary.parts[0].counts, strict=True)
        ]
        return str(T("a class for each of {size} pixels: {names}", size=size, names=_first(shares)))
    if summary.answers == "labels":
        shown = [f"{clean(n)} {grouped(c)}" for n, c in zip(summary.classes, summary.parts[0].counts, strict=True)]
        return str(T("{count} labels, several at once: {names}", count=len(summary.classes), names=_first(shown)))
    counts = summary.parts[0].counts or (0,) * len(summary.classes)
    alike = len(set(counts)) == 1
    shown = [clean(n) if alike else f"{clean(n)} {grouped(c)}" for n, c in zip(summary.classes, counts, strict=True)]
    names = _first(shown)
    if alike and counts[0]:
        return str(T("{count} classes of {each}: {names}", count=len(counts), each=grouped(counts[0]), names=names))
    return str(T("{count} classes: {names}", count=len(summary.classes), names=names))


def _first(shown: Sequence[str]) -> str:
    return ", ".join(shown[:NAMED]) + (" …" if len(shown) > NAMED else "")


def part_name(part: Part) -> str:
    return str(PARTS[part.name])


UNEVEN = 3.0
"""How many times as often as the rarest class the commonest may occur without a word."""


def print_findings(out: Console, found: Findings) -> None:
    """A look at a data set: what it was taken for, its classes, and what is worth knowing."""
    summary = found.summary
    out.print(f"{clean(summary.name)} ({clean(summary.source)})", soft_wrap=True, style="bold")
    out.print(taken_line(summary), soft_wrap=not out.is_terminal)
    if summary.classes and summary.parts[0].counts:
        out.print(_balance(summary))
    for line in remarks(found):
        out.print(line, soft_wrap=not out.is_terminal)


def _balance(summary: Summary) -> Table:
    """The classes with their counts in each part, and a bar."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("#", justify="right", style="dim")
    several, masks = summary.answers == "labels", summary.answers == "masks"
    table.add_column(str(T("label") if several else T("class")), overflow="fold")
    for part in summary.parts:
        name = part_name(part)
        table.add_column(str(T("pixels {part}", part=name)) if masks else name, justify="right")
    table.add_column("")
    most = max(summary.parts[0].counts) or 1
    for number, name in enumerate(summary.classes[:MOST]):
        counts = [part.counts[number] for part in summary.parts]
        table.add_row(
            "" if masks else str(number),
            clean(name),
            *map(grouped, counts),
            "█" * round(24 * counts[0] / most),
            end_section=False,
        )
    if len(summary.classes) > MOST:
        table.add_row("", str(T("and {n} more", n=len(summary.classes) - MOST)), *("" for _ in summary.parts), "")
    return table


MOST = 40
"""Classes that the table shows."""


def remarks(found: Findings) -> list[str]:
    """What is worth knowing of a data set, a sentence each."""
    said: list[T] = []
    if found.ratio >= UNEVEN and found.summary.answers == "masks":
        said.append(
            T(
                "The classes are uneven: {share} of the pixels to train are of one class.",
                share=decimals(f"{100 * found.majority:.1f} %"),
            )
        )
    elif found.ratio >= UNEVEN and found.summary.answers == "labels":
        said.append(
            T(
                "The labels are uneven: the commonest is there {ratio} times as often as the rarest.",
                ratio=Rounded(found.ratio, ".1f"),
            )
        )
    elif found.ratio >= UNEVEN:
        said.append(
            T(
                "The classes are uneven: the commonest has {ratio} times as many training images as the rarest. Whoever always "
                "answers the commonest is right for {share} of them.",
                ratio=Rounded(found.ratio, ".1f"),
                share=decimals(f"{100 * found.majority:.1f} %"),
            )
        )
    if found.absent:
        said.append(T("Without training images: {names}.", names=", ".join(map(clean, found.absent[:NAMED]))))
    said += _twins(found)
    if len(found.sizes) > 1:
        shown = ", ".join(f"{h}x{w} ({grouped(n)})" for (h, w), n in found.sizes[:5])
        more = " …" if len(found.sizes) > 5 else ""
        said.append(T("The pictures have {n} sizes: {sizes}.", n=len(found.sizes), sizes=shown + more))
    if found.damaged:
        shown = "; ".join(f"{file} ({why})" for file, why in found.damaged[:NAMED])
        said.append(T("Damaged: {files}.", files=shown))
    if found.whole:
        said.append(
            T(
                "The labels are whole numbers in float: classes for a network with several outputs, numbers for one with one."
            )
        )
    return [str(one) for one in said]


def _twins(found: Findings) -> list[T]:
    said = []
    if found.leaked.images:
        said.append(
            T(
                "{n} test image is among the training images too, to the last bit: the test flatters. {pairs}.",
                "{n} test images are among the training images too, to the last bit: the test flatters. {pairs}.",
                n=Grouped(found.leaked.images),
                pairs=_pairs(found.leaked.examples),
            )
        )
    if found.watched.images:
        said.append(
            T(
                "{n} validation image is among the training images too. {pairs}.",
                "{n} validation images are among the training images too. {pairs}.",
                n=Grouped(found.watched.images),
                pairs=_pairs(found.watched.examples),
            )
        )
    if found.repeated.images:
        said.append(
            T(
                "{n} training image occurs twice. {pairs}.",
                "{n} training images occur more than once. {pairs}.",
                n=Grouped(found.repeated.images),
                pairs=_pairs(found.repeated.examples),
            )
        )
    other = found.leaked.otherwise + found.watched.otherwise + found.repeated.otherwise
    if other:
        said.append(T("One of these pairs has two labels.", "{n} of these pairs have two labels.", n=Grouped(other)))
    if not (found.leaked.images or found.watched.images or found.repeated.images):
        said.append(T("No image occurs twice."))
    return said


def _pairs(examples: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{clean(a)} = {clean(b)}" for a, b in examples[:3])
