"""Which picture of a tree belongs to which part and which class, from the folders it lies in.

    class/picture                     classes, of which a fifth is set aside for the test
    train/class/picture               parts, whatever they are called (parts.py) and however deep their classes lie
    test/class/picture

What can be read in two ways is refused with both readings: a part that is taken for a class trains a network that tells
training images from test images, and says that it does well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from convdsl.datasets.dataset import DataError, Text
from convdsl.datasets.leftout import ELSEWHERE, instead, left_out, way_out
from convdsl.datasets.names import quoted, same_form
from convdsl.datasets.parts import TEST, TRAIN, UNLABELLED, VALIDATION, role_of
from convdsl.datasets.tree import File, Tree
from convdsl.messages import T

Labelled = list[tuple[str, File]]
_Files = list[tuple[list[str], File]]


class Layout(NamedTuple):
    """Pictures with the names of their class folders; `validation` and `test` are empty where there is no such part."""

    train: Labelled
    validation: Labelled
    test: Labelled
    classes: list[str]


def layout(tree: Tree, path: Path, notes: list[Text]) -> Layout:
    """The parts and classes of a tree. Classes are the folders' names (NFC) in alphabetical order.

    Raises DataError where fewer than two classes are found, a class folder holds no picture, two differ in capitals only,
    or the folders can be read in two ways; what is left out is said in `notes`.
    """
    files = [([same_form(part) for part in file.path.split("/")], file) for file in tree.files]
    if not files:
        left = left_out(tree)
        raise DataError(
            T("{path} holds no images{others}.", path=path, others=instead(left)), way_out(left) or _expected()
        )
    top = _descend(files, 0)
    loose = sum(len(parts) <= top + 1 for parts, _ in files)
    names = sorted({parts[top] for parts, _ in files if len(parts) > top + 1})
    parts_of = _parts(files, top, names, path)
    if parts_of is None:
        labelled, here = _labels(files, top)
        found = {TRAIN: labelled}
        _empty_classes(tree, next(parts[:top] for parts, _ in files if len(parts) > top), here, path, notes)
    else:
        found = {}
        for part, name in parts_of.items():
            if part == UNLABELLED:
                continue
            below = [(parts, file) for parts, file in files if parts[top] == name and len(parts) > top + 1]
            depth = _descend(below, top + 1)
            found[part], here = _labels(below, depth)
            loose += len(below) - len(found[part]) if found[part] else 0
            if part == TRAIN:
                _empty_classes(tree, next(parts[:depth] for parts, _ in below if len(parts) > depth), here, path, notes)
        _said(parts_of, names, found, files, top, notes)
    if not found[TRAIN]:
        raise DataError(T("{path}: the images lie in no class folders.", path=path), _expected())
    if loose:
        notes.append(
            T(
                "{n} image lies in no class folder and is left out.",
                "{n} images lie in no class folder and are left out.",
                n=loose,
            )
        )
    if parts_of is None and top and (role := role_of(_wrapper(files, top))) and role.part != TRAIN:
        notes.append(
            T(
                "There is no part but {name}: its images are taken to train, and some of them for the test.",
                name=quoted(_wrapper(files, top)),
            )
        )
    return _checked(found, path)


def _wrapper(files: _Files, top: int) -> str:
    """The folder in which all class folders lie."""
    return next((parts[top - 1] for parts, _ in files if len(parts) > top), "")


def _descend(files: _Files, top: int) -> int:
    """The depth of the first folders between which there is a choice: what wraps them all is passed through."""
    while True:
        below = [parts for parts, _ in files if len(parts) > top + 1]
        if len({parts[top] for parts in below}) != 1 or not all(len(parts) > top + 2 for parts in below):
            return top
        top += 1


def _labels(files: _Files, depth: int) -> tuple[Labelled, set[str]]:
    labelled = [(quoted(parts[depth]), file) for parts, file in files if len(parts) > depth + 1]
    return labelled, {parts[depth] for parts, _ in files if len(parts) > depth + 1}


def _parts(files: _Files, top: int, names: list[str], path: Path) -> dict[str, str] | None:
    """The folders that are parts, by part; None where the folders are classes. Raises DataError in doubt."""
    inside: dict[str, set[str]] = {name: set() for name in names}
    direct: dict[str, int] = dict.fromkeys(names, 0)
    for parts, _ in files:
        if len(parts) > top + 2:
            inside[parts[top]].add(parts[top + 1])
        elif len(parts) > top + 1:
            direct[parts[top]] += 1
    roles = {name: role for name in names if (role := role_of(name))}
    by_part: dict[str, list[str]] = defaultdict(list)
    for name, role in sorted(roles.items(), key=lambda item: (not item[1].plain, _rank(item[0]), item[0])):
        by_part[role.part].append(name)
    train = [name for name in by_part[TRAIN] if inside[name]]
    others = [name for name in names if name not in roles]
    if train and (by_part[TEST] or by_part[VALIDATION] or by_part[UNLABELLED]):
        if len(train) > 1 and roles[train[1]].plain == roles[train[0]].plain and inside[train[0]] & inside[train[1]]:
            raise _doubt(path, train, T("which of them is to train"), inside[train[0]])
        return {TRAIN: train[0], **{part: by_part[part][0] for part in (VALIDATION, TEST, UNLABELLED) if by_part[part]}}
    alike = len(names) > 1 and len(set.intersection(*inside.values())) > 1 and not any(direct.values())
    if alike:
        raise _doubt(path, names, T("or are they parts of one data set"), set.intersection(*inside.values()))
    if train and others and ((len(inside[train[0]]) > 1 and not direct[train[0]]) or _shares(inside, train[0], others)):
        raise _doubt(path, names, T("or is {name} a part of the data set", name=quoted(train[0])), inside[train[0]])
    part = next((n for n in names if n in roles and roles[n].plain and roles[n].part != TRAIN), None)
    if part is not None and others:
        raise _doubt(path, names, T("or is {name} a part of the data set", name=quoted(part)), inside[part])
    if others or len(names) < 2 or not all(roles[name].plain for name in names):
        return None
    raise DataError(
        T("{path}: {names} are parts of a data set, and none of them holds class folders to train with.",
          path=path, names=_listed(names)), _expected())  # fmt: skip


def _rank(name: str) -> int:
    """`test` before `testing`, `eval` or `holdout`: the usual word of several for one part."""
    return min((i for i, word in enumerate(("train", "test", "val", "valid", "validation")) if word in name.lower()),
               default=9)  # fmt: skip


def _shares(inside: dict[str, set[str]], train: str, others: list[str]) -> bool:
    return any(inside[train] & inside[other] for other in others)


def _doubt(path: Path, names: Iterable[str], question: T, classes: Iterable[str]) -> DataError:
    listed = _listed(names)
    inner = _listed(sorted(classes))
    what = T("{path}: are {names} classes, {question}?", path=path, names=listed, question=question)
    if not inner:
        return DataError(
            what,
            T(
                "Parts hold the class folders: call them train and test (and val), and put the same class folders into each. "
                "Classes are not called like a part."
            ),
        )
    return DataError(
        what,
        T(
            "For parts with the classes {classes}, call the folders train and test (and val). For classes, call none of "
            "them like a part, and put the images right into the folder of their class.",
            classes=inner,
        ),
    )


def _listed(names: Iterable[str], most: int = 4) -> str:
    shown = [quoted(name) for name in names]
    return ", ".join(shown[:most]) + (" …" if len(shown) > most else "")


def _said(
    parts_of: dict[str, str], names: list[str], found: dict[str, Labelled], files: _Files, top: int, notes: list[Text]
) -> None:
    """What the parts were recognised by where their names are unusual, and which folders go unused."""
    counts: dict[str, int] = defaultdict(int)
    for parts, _ in files:
        if len(parts) > top + 1:
            counts[parts[top]] += 1
    used = [part for part in (TRAIN, VALIDATION, TEST) if found.get(part)]
    if any(parts_of[part] not in ("train", "test", "val") for part in used):
        pairs = [T("{folder} for {part}", folder=quoted(parts_of[part]), part=_PURPOSE[part]) for part in used]
        notes.append(T("The folders are parts of a data set: {parts}.", parts=", ".join(map(str, pairs))))
    idle = [name for name in names if name not in [parts_of[part] for part in used]]
    if idle:
        notes.append(
            T(
                "One image is left out, of the folder {folders}, which is no labelled part.",
                "{n} images are left out, of the folders {folders}, which are no labelled part.",
                n=sum(counts[name] for name in idle),
                folders=", ".join(f"{quoted(name)} ({counts[name]})" for name in idle[:4]),
            )
        )


_PURPOSE = {TRAIN: T("training"), VALIDATION: T("validation"), TEST: T("test")}


def _checked(found: dict[str, Labelled], path: Path) -> Layout:
    train, validation, test = (found.get(part, []) for part in (TRAIN, VALIDATION, TEST))
    classes = sorted({label for label, _ in train})
    if len(classes) < 2:
        raise DataError(
            T("{path}: all images are in one class folder, {name}.", path=path, name=classes[0]),
            T("A classifier needs at least two classes: one folder for each."),
        )
    seen: dict[str, str] = {}
    for label in sorted({label for part in (train, validation, test) for label, _ in part}):
        if other := seen.get(label.casefold()):
            raise DataError(
                T("{path}: the class folders {a} and {b} differ in capitals only.", path=path, a=other, b=label),
                T("If they are one class, give them one name; some systems cannot tell them apart."),
            )
        seen[label.casefold()] = label
    for part, which in ((test, T("test")), (validation, T("validation"))):
        if unknown := sorted({label for label, _ in part} - set(classes)):
            raise DataError(
                T(
                    "{path}: the class folder {name} is among the {part} images, but not among the training images.",
                    path=path,
                    name=unknown[0],
                    part=which,
                ),
                T("Both need the same class folders."),
            )
    return Layout(train, validation, test, classes)


def _empty_classes(tree: Tree, base: list[str], full: set[str], path: Path, notes: list[Text]) -> None:
    """Folders that stand where the class folders stand and hold no picture: meant as classes (DataError) if they are
    empty or hold pictures that cannot be read; others (a folder of notes) are only mentioned."""
    above = "/".join(base)
    idle = []
    for folder in sorted(tree.folders):
        parent, _, name = same_form(folder).rpartition("/")
        if parent != above or name in full:
            continue
        left = left_out(tree, folder)
        if not left or left.keys() & ELSEWHERE:
            raise DataError(
                T("{path}: the class folder {name} holds no images{others}.",
                  path=path, name=quoted(name), others=instead(left)),
                way_out(left) or T("Put images into it (JPEG, PNG, …), or remove it."),
            )  # fmt: skip
        idle.append(quoted(name))
    if idle:
        notes.append(
            T(
                "The folder {folders} holds no images and is no class.",
                "{n} folders hold no images and are no classes: {folders}.",
                n=len(idle),
                folders=", ".join(idle[:5]),
            )
        )


def _expected() -> T:
    return T(
        "One folder for each class is expected, such as cat/1.jpg and dog/1.jpg; or the same below train and test; or a "
        "table beside the pictures, such as labels.csv, with the lines `file,label`; or names that begin with the class: "
        "cat.1.jpg, dog.1.jpg."
    )
