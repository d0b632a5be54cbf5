"""What keywords and flags are called elsewhere: in frameworks, in other cases, in Spanish. Used to answer somebody who types
it. What a layer is called elsewhere stands in its declaration, what an option is in convdsl/language/options.py."""

from __future__ import annotations

from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.language.options import fold
from convdsl.layers import BY_NAME, ELSEWHERE, Layer

WITHOUT_BIAS = ("nobias", "sinsesgo", "biasfree")
BIAS = ("bias", "usebias", "sesgo")
ACTIVATION = ("activation", "act", "activacion")
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
    "guardar": "keep",
    "mantener": "keep",
    "desde": "from",
    "dividir": "split",
    "partir": "split",
    "chunk": "split",
    "congelar": "freeze",
    "congelado": "freeze",
    "frozen": "freeze",
    "auxiliar": "aux",
    "auxiliary": "aux",
    "residuo": "residual",
    "shortcut": "residual",
    "skip": "residual",
}
MARKS = ("outputs", "salida", "salidas", "end", "fin", "return", "stop")
"""Words for the end of a network, which needs none."""


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
