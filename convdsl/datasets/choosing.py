"""Some of the classes of a data set, as if there were no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from convdsl.datasets.dataset import DataError, Dataset
from convdsl.datasets.names import folded, quoted
from convdsl.messages import T, in_english


def chosen(data: Dataset, names: Sequence[str]) -> Dataset:
    """The images of the classes `names` alone, which become the classes 0, 1, … in this order.

    Names count in the language in use and in English, whatever their case and accents. Raises DataError where the labels
    are no classes, where a name is none of theirs or comes twice, where fewer than two are chosen.
    """
    if not data.classes or data.train_labels.ndim != 1 or data.train_labels.dtype.kind == "f":
        raise DataError(T("{name}: `classes` chooses among classes, and these labels are none.", name=data.name))
    numbers = [_number(data, name) for name in names]
    twice = next((name for name, number in zip(names, numbers, strict=True) if numbers.count(number) > 1), None)
    if twice is not None:
        raise DataError(T("The class {name} is given twice in `classes`.", name=quoted(twice)), T("Keep one of them."))
    if len(numbers) < 2:
        raise DataError(
            T("`classes` names one class only, and there is nothing to tell apart."),
            T("Name two or more of: {list}.", list=_listed(data)),
        )
    new = np.full(len(data.classes), -1)
    new[numbers] = np.arange(len(numbers))
    parts: dict[str, Any] = {}
    rows = {}
    for part in ("train", "validation", "test"):
        images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
        if images is None:
            continue
        rows[part] = kept = np.flatnonzero(new[labels] >= 0)
        parts |= {f"{part}_images": images[kept], f"{part}_labels": new[labels[kept]]}
        missing = next((n for n in numbers if part != "validation" and not (labels == n).any()), None)
        if missing is not None:
            raise DataError(
                T(
                    "{name} has no image of the class {class_name} in one of its parts.",
                    name=data.name,
                    class_name=quoted(data.classes[missing]),
                )
            )
    pictures = data.pictures
    if pictures is not None:
        train, validation, test = (
            tuple(getattr(pictures, part)[i] for i in rows.get(part, ())) for part in ("train", "validation", "test")
        )
        pictures = pictures._replace(train=train, validation=validation, test=test)
    told = T(
        "Of {all} classes, {some} are used: {names}.",
        all=len(data.classes),
        some=len(numbers),
        names=", ".join(quoted(data.classes[n]) for n in numbers),
    )
    return replace(
        data, **parts, classes=tuple(data.classes[n] for n in numbers), pictures=pictures, notes=(*data.notes, told)
    )


def _number(data: Dataset, name: str) -> int:
    """The number of the class with a name; `A` and `a` may be two. Raises DataError."""
    for alike in (str, folded):
        named: dict[str, int] = {}
        for n, known in enumerate(data.classes):
            named |= {alike(word): n for word in (in_english(known), str(known))}
        if (found := named.get(alike(name))) is not None:
            return found
    close = get_close_matches(folded(name), named, 1)
    help = T("There are: {list}.", list=_listed(data))
    if close:
        help = T("Did you mean `{name}`?", name=quoted(data.classes[named[close[0]]]))
    raise DataError(T("{data} has no class {name}.", data=data.name, name=quoted(name)), help)


def _listed(data: Dataset, most: int = 20) -> str:
    names = [quoted(name) for name in data.classes]
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")
