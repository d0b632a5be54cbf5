"""What options and keywords are called elsewhere: in frameworks, in other cases, in Spanish; and how a name is folded.
Used to answer somebody who types it. What a layer is called elsewhere stands in its declaration."""

from __future__ import annotations

import re
import unicodedata

from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.layers import BY_NAME, ELSEWHERE, Layer

OPTIONS = {
    "kernelsize": "k",
    "kernel": "k",
    "size": "k",
    "poolsize": "k",
    "window": "k",
    "filtersize": "k",
    "stride": "s",
    "strides": "s",
    "step": "s",
    "padding": "p",
    "pad": "p",
    "dilation": "d",
    "dilationrate": "d",
    "groups": "g",
    "outputpadding": "op",
    "depthmultiplier": "m",
    "epsilon": "eps",
    "momento": "momentum",
    "inercia": "momentum",
    "nucleo": "k",
    "ventana": "k",
    "tamano": "k",
    "paso": "s",
    "pasos": "s",
    "zancada": "s",
    "relleno": "p",
    "dilatacion": "d",
    "grupos": "g",
}
"""Names of options, folded, and what they are here."""

WITHOUT_BIAS = ("nobias", "sinsesgo", "biasfree")
BIAS = ("bias", "usebias", "sesgo")
ACTIVATION = ("activation", "act", "activacion")
COUNTS = (
    "filters",
    "filter",
    "filtros",
    "kernels",
    "units",
    "unidades",
    "neurons",
    "neuronas",
    "channels",
    "canales",
    "outputs",
    "salidas",
)
"""Words for what is counted, which are not written here."""
NO = ("no", "sin", "without")
SIDES = {
    **dict.fromkeys(("top", "arriba", "superior"), ("before", 0)),
    **dict.fromkeys(("left", "izquierda"), ("before", 1)),
    **dict.fromkeys(("bottom", "abajo", "inferior"), ("after", 0)),
    **dict.fromkeys(("right", "derecha"), ("after", 1)),
}
"""The sides of an image, where `pad` and `crop` say `before` and `after`, and the axis."""

_KEYWORDS = {
    "entrada": "input",
    "inputs": "input",
    "inputlayer": "input",
    "red": "net",
    "network": "net",
    "model": "net",
    "modelo": "net",
    "nombre": "net",
    "name": "net",
    "bloque": "block",
    "compartido": "shared",
    "compartida": "shared",
    "compartir": "shared",
    "share": "shared",
    "siamese": "shared",
    "def": "block",
    "function": "block",
    "esperar": "expect",
    "espera": "expect",
    "esperado": "expect",
    "assert": "expect",
    "entrenar": "train",
    "entrenamiento": "train",
    "training": "train",
    "sea": "let",
    "var": "let",
    "repetir": "repeat",
    "repite": "repeat",
    "repetido": "repeat",
    "for": "repeat",
    "loop": "repeat",
    "congelar": "freeze",
    "congelado": "freeze",
    "frozen": "freeze",
    "auxiliar": "aux",
    "auxiliary": "aux",
    "residuo": "residual",
    "shortcut": "residual",
}
NOT_HERE = (
    "lstm",
    "gru",
    "rnn",
    "simplernn",
    "embedding",
    "attention",
    "atencion",
    "transformer",
    "multiheadattention",
    "bidirectional",
    "recurrent",
    "recurrente",
)
"""Layers of other kinds of networks."""
MARKS = ("output", "outputs", "salida", "end", "fin", "return", "stop")
"""Words for the end of a network, which needs none."""


def fold(word: str) -> str:
    """A name without case, accents, underscores and the rank of PyTorch and Keras (`Conv2D` is `conv`)."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    return re.sub(r"[_-]|(?<=[a-z])[123]d", "", plain)


_FOLDED: dict[str, type[Layer]] = {
    **{fold(name): layer for name, layer in ELSEWHERE.items()},
    **{fold(name): layer for name, layer in BY_NAME.items()},
}


def layer_called(word: str) -> type[Layer] | None:
    """The layer that is called like this elsewhere."""
    return _FOLDED.get(fold(word))


def keyword_called(word: str) -> str | None:
    """The keyword, or the word before braces, that is called like this elsewhere."""
    plain = fold(word)
    return plain if plain in (*KEYWORDS, *WORDS) else _KEYWORDS.get(plain)
