"""What a network answers for images: in words, as a table for spreadsheets, as data."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from convdsl.messages import T, decimals, listed
from convdsl.report.diagnostics import clean

NEXT = 3
"""Classes that are named for an image, the answer among them."""


def confidence(probability: float, classes: int) -> T:
    """A probability in words."""
    if probability < min(1.2 / classes, 0.55):
        return T("as good as a draw")
    for least, words in ((0.99, T("no doubt")), (0.9, T("sure")), (0.7, T("fairly sure")), (0.5, T("rather this"))):
        if probability >= least:
            return words
    return T("a guess")


def percentage(probability: float) -> str:
    """`29.19 %`."""
    return decimals(f"{100 * probability:.2f} %")


def text_lines(
    names: Sequence[str], answers: np.ndarray, classes: Sequence[str], top: int, probable: bool
) -> Iterator[Text]:
    """A line for each image: its name, the class, how sure, and the next ones."""
    width = max((cell_len(name) for name in names), default=0)
    room = max((cell_len(clean(c)) for c in classes), default=0)
    for name, row in zip(names, answers, strict=True):
        line = Text(name + " " * (width - cell_len(name) + 2))
        if not classes:
            yield line.append(listed(decimals(f"{value:.6g}") for value in row), "bold")
            continue
        order = np.argsort(-row, kind="stable")[: max(top, 1)]
        best = clean(classes[order[0]])
        line.append(best + " " * (room - cell_len(best) + 2), "bold")
        if not probable:
            yield line.append(listed(f"{clean(classes[i])} {decimals(f'{row[i]:.4g}')}" for i in order), "dim")
            continue
        words = str(confidence(float(row[order[0]]), len(classes)))
        line.append(f"{percentage(row[order[0]]):>9}  {words}")
        if len(order) > 1:
            others = listed(f"{clean(classes[i])} {percentage(row[i])}" for i in order[1:])
            line.append("  " + str(T("(then {others})", others=others)), "dim")
        yield line


def single_lines(name: str, row: np.ndarray, classes: Sequence[str], top: int) -> Iterator[Text]:
    """One picture, as the lectures' machine guesses it."""
    order = np.argsort(-row, kind="stable")[: max(top, 1)]
    yield Text.assemble(str(T("Image prediction:")), " ", (clean(classes[order[0]]), "bold"))
    share = row[order[0]]
    yield Text.assemble(
        str(T("Confidence:")), " ", (percentage(share), "bold"), f" ({confidence(float(share), len(classes))})"
    )
    if len(order) > 1:
        others = listed(f"{clean(classes[i])} {percentage(row[i])}" for i in order[1:])
        yield Text(str(T("Next: {others}", others=others)), "dim")


def label_lines(names: Sequence[str], answers: np.ndarray, labels: Sequence[str], top: int) -> Iterator[Text]:
    """A line for each image that may have several labels: those it has, and the likeliest of the others."""
    width = max((cell_len(name) for name in names), default=0)
    for name, row in zip(names, answers, strict=True):
        order = [int(i) for i in np.argsort(-row, kind="stable")]
        said = [f"{clean(labels[i])} {percentage(row[i])}" for i in order if row[i] > 0.5]
        others = [f"{clean(labels[i])} {percentage(row[i])}" for i in order if not row[i] > 0.5][: max(top, 1)]
        line = Text(name + " " * (width - cell_len(name) + 2))
        line.append(", ".join(said) or str(T("none of them")), "bold")
        if others:
            line.append("  " + str(T("(not: {others})", others=", ".join(others))), "dim")
        yield line


def map_lines(names: Sequence[str], shares: np.ndarray, classes: Sequence[str], top: int) -> Iterator[Text]:
    """A line for each image of which each pixel has a class: the largest shares of the pixels."""
    width = max((cell_len(name) for name in names), default=0)
    for name, row in zip(names, shares, strict=True):
        order = [int(i) for i in np.argsort(-row, kind="stable")[: max(top, 1)] if row[i] > 0]
        told = ", ".join(f"{clean(classes[i])} {percentage(row[i])}" for i in order)
        yield Text(name + " " * (width - cell_len(name) + 2)).append(told, "bold")


def shares_of(maps: np.ndarray) -> np.ndarray:
    """(n, classes): of each image the share of its pixels that each class has, from probabilities (n, …, classes)."""
    said = maps.argmax(-1).reshape(len(maps), -1)
    return np.stack([(said == c).mean(1) for c in range(maps.shape[-1])], 1)


def answer_data(
    kind: str, name: str, row: np.ndarray, classes: Sequence[str], top: int, probable: bool
) -> dict[str, Any]:
    """One image as JSON can hold it, by the kind of the answer; of maps `row` are shares of the pixels."""
    if kind in ("values", "pictures"):
        return {"file": name, "values": [float(v) for v in row]}
    if kind == "map":
        return {"file": name, "shares": [{"class": c, "share": float(v)} for c, v in zip(classes, row, strict=True)]}
    what = "probability" if probable else "output"
    if kind == "labels":
        said = [name for name, value in zip(classes, row, strict=True) if value > 0.5]
        return {
            "file": name,
            "labels": said,
            "each": [{"label": c, what: float(v)} for c, v in zip(classes, row, strict=True)],
        }
    order = [int(i) for i in np.argsort(-row, kind="stable")[: max(top, 1)]]
    return {
        "file": name,
        "class": classes[order[0]],
        "number": order[0],
        what: float(row[order[0]]),
        "next": [{"class": classes[i], what: float(row[i])} for i in order[1:]],
    }


class Table:
    """The answers as CSV: the file, the class with its probability, or the labels, then the numbers of all of them; of maps
    shares of the pixels; or the numbers that were predicted."""

    def __init__(self, out: TextIO, kind: str, classes: Sequence[str], outputs: int) -> None:
        self._rows = csv.writer(out, lineterminator="\n")
        self._kind, self._classes = kind, classes
        heads = {"classes": [T("class"), T("probability")], "labels": [T("labels")]}.get(kind, [])
        names = map(cell, classes) if classes else (f"y{i}" for i in range(outputs))
        self._rows.writerow([str(T("file")), *map(str, heads), *names])

    def add(self, name: str, row: np.ndarray) -> None:
        numbers = [f"{value:.6g}" for value in row]
        told = []
        if self._kind == "classes":
            best = int(row.argmax())
            told = [cell(self._classes[best]), numbers[best]]
        elif self._kind == "labels":
            told = [", ".join(cell(c) for c, value in zip(self._classes, row, strict=True) if value > 0.5)]
        self._rows.writerow([cell(name), *told, *numbers])


def cell(text: str) -> str:
    """A text that a spreadsheet takes for no formula."""
    shown = clean(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) and len(shown) > 1 else shown
