"""Which folders and arrays are a part of a data set (to train, to validate, to test) and which are classes.

People call them `train`, `training_set`, `seg_train`, `TestImages`, `validación`, `val2` … What a name says is a guess,
so it counts only together with what lies in the folder: see layout.py.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from convdsl.datasets.names import folded

TRAIN, VALIDATION, TEST, UNLABELLED = "train", "validation", "test", "unlabelled"

_WORDS = {
    TRAIN: "train training trn entrenamiento entrenar entreno",
    VALIDATION: "val valid validation validating dev devel validacion validar",
    TEST: "test testing tst tests eval evaluation holdout prueba pruebas testeo evaluacion",
    UNLABELLED: "pred predict prediction predictions unlabeled unlabelled submission prediccion",
}
_ROLES = {word: role for role, words in _WORDS.items() for word in words.split()}
_FILLERS = {"set", "sets", "data", "dataset", "datos", "image", "images", "img", "imgs", "imagenes", "pictures", "photos",
            "fotos", "folder", "split", "part", "conjunto", "de", "the", "of"}  # fmt: skip
_GLUED = re.compile(r"(.+?)(?:data)?(?:set|data|images?|imgs?|folder|split)?\d*")


class Role(NamedTuple):
    """What a name says: a part, and whether it says nothing else (`training_set`, not `seg_train`)."""

    part: str
    plain: bool


def role_of(name: str) -> Role | None:
    """The part that a name speaks of: as a whole word at its beginning or end, with or without fillers glued to it."""
    apart = re.sub(r"([a-záéíóúñ])([A-Z])", r"\1 \2", name)
    words = [_unglued(word) for word in re.split(r"[\W_]+", folded(apart)) if word]
    told = [word for word in words if word not in _FILLERS and not word.isdigit()]
    if len(told) == 1 and told[0] in _ROLES:
        return Role(_ROLES[told[0]], True)
    for word in (told[0], told[-1]) if told else ():
        if word in _ROLES:
            return Role(_ROLES[word], False)
    return None


def _unglued(word: str) -> str:
    """`trainingset` as `training`, `test1` as `test`; any other word as it is."""
    match = _GLUED.fullmatch(word)
    return match[1] if match and match[1] in _ROLES else word
