"""What layers, options and keywords are called elsewhere: in frameworks, in other cases, in Spanish. Used to answer
somebody who types it."""

from __future__ import annotations

import re
import unicodedata

from convdsl.layers import BY_NAME, ELSEWHERE, STRUCTURES, Layer

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

_SPANISH = {
    "convolucion": "conv",
    "convolucional": "conv",
    "densa": "dense",
    "densamente": "dense",
    "aplanar": "flatten",
    "aplanado": "flatten",
    "aplanamiento": "flatten",
    "agrupar": "maxpool",
    "agrupacion": "maxpool",
    "agrupamiento": "maxpool",
    "submuestreo": "maxpool",
    "maximo": "maxpool",
    "promedio": "avgpool",
    "media": "avgpool",
    "mediana": "medianpool",
    "normalizacion": "bn",
    "normalizar": "bn",
    "abandono": "dropout",
    "suma": "add",
    "sumar": "add",
    "producto": "mul",
    "multiplicar": "mul",
    "concatenar": "concat",
    "concatenacion": "concat",
    "identidad": "identity",
    "rellenar": "pad",
    "recortar": "crop",
    "recorte": "crop",
    "ampliar": "upsample",
    "filtro": "filter",
    "escala": "scale",
    "sigmoide": "sigmoid",
    "deconvolucion": "tconv",
    "transpuesta": "tconv",
    "localmente": "local",
    "pool": "maxpool",
    "pooling": "maxpool",
    "subsampling": "maxpool",
    "batchnormalisation": "bn",
    "normalize": "bn",
    "unpool": "upsample",
    "resize": "upsample",
    "skip": "identity",
    "globalaveragepool": "globalavgpool",
    "globalaveragepooling": "globalavgpool",
    "globalpooling": "globalavgpool",
    "full": "dense",
    "averagepool": "avgpool",
    "averagepooling": "avgpool",
    "meanpool": "avgpool",
    "maximumpooling": "maxpool",
    "totalmenteconectada": "dense",
    "completamenteconectada": "dense",
    "capadensa": "dense",
    "capaconvolucional": "conv",
    "convolutional": "conv",
    "convlayer": "conv",
    "denselayer": "dense",
    "batchnorm": "bn",
    "flattenlayer": "flatten",
}
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
KEYWORDS = ("net", "input", "let", "expect", "block", "train")
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
    **{fold(name): BY_NAME[meant] for name, meant in _SPANISH.items()},
    **{fold(name): layer for name, layer in BY_NAME.items()},
}


def layer_called(word: str) -> type[Layer] | None:
    """The layer that is called like this elsewhere."""
    return _FOLDED.get(fold(word))


def keyword_called(word: str) -> str | None:
    """The keyword, or the word before braces, that is called like this elsewhere."""
    plain = fold(word)
    return plain if plain in (*KEYWORDS, *STRUCTURES) else _KEYWORDS.get(plain)
