"""Pictures that lie in no class folders, and whose names begin with their class: `cat.0.jpg … dog.12.jpg`.

Only where there is one reading: every name is a word and a number, there are at least two words with two pictures each, and no
word is what a camera, a part of a data set or a kind of picture is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from convdsl.datasets.dataset import DataError, Text
from convdsl.datasets.masks import IMAGES, MASKS
from convdsl.datasets.names import folded, quoted, same_form
from convdsl.datasets.parts import TRAIN, role_of
from convdsl.datasets.tree import File, Placed, Tree
from convdsl.messages import T

_NAME = re.compile(r"([^\W\d_].*?)[\W_]*\d+\)?")
"""A class, and the number of the picture: `cat.0`, `great_pyrenees_12`, `dog (3)`, `gato7`."""
_NO_CLASSES = IMAGES | MASKS | {
    "screen shot", "captura de pantalla", "whatsapp image",
    "archivo", "captura", "crop", "data", "dji", "dsc", "dscf", "dscn", "ejemplo", "example", "fichero", "fig",
    "figura", "figure", "file", "foto", "fotografia", "fotograma", "frame", "gopr", "id", "item", "muestra", "mvi", "n",
    "no", "num", "p", "page", "pagina", "part", "patch", "photo", "pic", "picture", "pxl", "s", "sample", "scan",
    "screenshot", "slide", "tile", "untitled", "x",
}  # fmt: skip
"""What names begin with that say nothing of a class, in small letters without accents."""
_FEWEST = 2


def by_name(tree: Tree, path: Path, notes: list[Text]) -> Tree | None:
    """The tree with each picture in a folder that is called like its class, as its name says; None where names do not say
    that, or not surely. Raises DataError where two classes differ in capitals only."""
    folders: dict[str, list[File]] = {}
    for file in tree.files:
        folders.setdefault(file.path.rpartition("/")[0], []).append(file)
    train = _to_train(list(folders))
    if train is None or (classes := _classes(folders[train])) is None:
        return None
    counts = Counter(classes)
    if len(counts) < 2 or min(counts.values()) < _FEWEST or any(map(_says_nothing, counts)):
        return None
    folded_names: dict[str, str] = {}
    for name in sorted(counts):
        if (other := folded_names.setdefault(name.casefold(), name)) != name:
            raise DataError(
                T("{path}: the classes {a} and {b}, with which names of pictures begin, differ in capitals only.",
                  path=path, a=quoted(other), b=quoted(name)),
                T("If they are one class, give them one name."),
            )  # fmt: skip
    files = []
    for folder, inside in folders.items():
        known = classes if folder == train else _classes(inside)
        if known is None or not set(known) <= set(counts):
            files += inside  # a part without labels, which is left out and said
            continue
        for file, name in zip(inside, known, strict=True):
            files.append(Placed(f"{folder}/{name}/{file.path.rpartition('/')[2]}".lstrip("/"), file.read, file))
    listed = [f"{quoted(name)} ({n})" for name, n in sorted(counts.items())]
    notes.append(
        T("The pictures lie in no class folders: their classes are what their names begin with: {classes}.",
          classes=", ".join(listed[:6]) + (" …" if len(listed) > 6 else ""))
    )  # fmt: skip
    return replace(tree, files=tuple(files))


def _to_train(folders: Sequence[str]) -> str | None:
    """The folder of the pictures to train: the only one, or the one of several parts; None where folders may be classes."""
    if len(folders) == 1:
        return folders[0]
    roles = {folder: role_of(folder.rpartition("/")[2]) for folder in folders}
    train = [folder for folder, role in roles.items() if role and role.part == TRAIN]
    alike = len({folder.rpartition("/")[0] for folder in folders}) == 1
    return train[0] if alike and len(train) == 1 and all(roles.values()) else None


def _classes(files: Sequence[File]) -> list[str] | None:
    """What the names of some pictures begin with; None where one is no word with a number."""
    stems = [same_form(file.path.rpartition("/")[2].rpartition(".")[0]) for file in files]
    found = [_NAME.fullmatch(stem) for stem in stems]
    return [match[1].rstrip(" ._-(") for match in found if match] if all(found) else None


def _says_nothing(name: str) -> bool:
    word = " ".join(re.split(r"[\W_]+", folded(name)))
    return word in _NO_CLASSES or word.split()[0] in ("img", "dsc", "dscn", "dscf", "pxl") or role_of(name) is not None
