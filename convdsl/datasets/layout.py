"""Which picture of a tree belongs to which part and which class, from the folders it lies in."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from convdsl.datasets.dataset import DataError, Text
from convdsl.datasets.tree import File, Tree
from convdsl.messages import T

_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val", "valid", "validation")  # the first that is there is the test

Labelled = list[tuple[str, File]]


class Layout(NamedTuple):
    """Pictures with the names of their class folders; `test` is empty where the tree has no test part."""

    train: Labelled
    test: Labelled
    classes: list[str]


def layout(tree: Tree, path: Path, notes: list[Text]) -> Layout:
    """Read `class/picture`, or `train/class/picture` and `test/class/picture`, below any number of outer folders.

    Classes are the folders' names in alphabetical order. Raises DataError where fewer than two classes are found;
    what is left out is said in `notes`.
    """
    files = [(file.path.split("/"), file) for file in tree.files]
    if not files:
        raise DataError(T("{path} holds no images.", path=path), _expected())
    top = 0
    while all(len(parts) > top + 2 for parts, _ in files) and len({parts[top] for parts, _ in files}) == 1:
        top += 1
    here = {parts[top].lower() for parts, _ in files if len(parts) > top + 1}
    train = next((name for name in _TRAIN if name in here), "")
    test = next((name for name in _TEST if name in here), "")
    if train and test:
        if others := sorted(here - {train, test}):
            notes.append(
                T(
                    "Only {train} and {test} are used, not {others}.",
                    train=train,
                    test=test,
                    others=", ".join(others[:3]),
                )
            )
        below = [
            [(parts[top + 1 :], file) for parts, file in files if parts[top].lower() == name and len(parts) > top + 1]
            for name in (train, test)
        ]
        top += 1
    else:
        below = [[(parts[top:], file) for parts, file in files], []]
    loose = sum(len(parts) == 1 for part in below for parts, _ in part)
    labelled = [[(parts[0], file) for parts, file in part if len(parts) > 1] for part in below]
    if not labelled[0]:
        raise DataError(T("{path}: the images lie in no class folders.", path=path), _expected())
    if loose:
        notes.append(
            T(
                "{n} image lies in no class folder and is left out.",
                "{n} images lie in no class folder and are left out.",
                n=loose,
            )
        )
    _note_empty(tree, top, notes)
    return _checked(Layout(labelled[0], labelled[1], sorted({label for label, _ in labelled[0]})), path)


def _checked(found: Layout, path: Path) -> Layout:
    if len(found.classes) < 2:
        raise DataError(
            T("{path}: all images are in one class folder, {name}.", path=path, name=found.classes[0]),
            T("A classifier needs at least two classes: one folder for each."),
        )
    if unknown := sorted({label for label, _ in found.test} - set(found.classes)):
        raise DataError(
            T(
                "{path}: the class folder {name} is among the test images, but not among the training images.",
                path=path,
                name=unknown[0],
            ),
            T("Both need the same class folders."),
        )
    return found


def _note_empty(tree: Tree, depth: int, notes: list[Text]) -> None:
    """Folders that stand where the class folders stand, and hold no picture."""
    full = {"/".join(file.path.split("/")[: depth + 1]) for file in tree.files}
    beside = {name.rpartition("/")[0] for name in full}
    empty = sorted(
        name for name in tree.folders - full if name.count("/") == depth and name.rpartition("/")[0] in beside
    )
    if empty:
        notes.append(
            T(
                "The folder {folders} holds no images and is no class.",
                "{n} folders hold no images and are no classes: {folders}.",
                n=len(empty),
                folders=", ".join(empty[:5]),
            )
        )


def _expected() -> T:
    return T(
        "One folder for each class is expected, such as cat/1.jpg and dog/1.jpg; or the same below train and test."
    )
