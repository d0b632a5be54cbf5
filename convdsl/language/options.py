"""What options are called elsewhere: in frameworks, in other cases, in Spanish; and how a name is folded. No option is declared
here: the layers do that."""

from __future__ import annotations

import re

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


def fold(word: str) -> str:
    """A name without case, accents, underscores and the rank of PyTorch and Keras (`Conv2D` is `conv`)."""
    plain = word.lower()
    if not plain.isascii():
        import unicodedata

        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return re.sub(r"[_-]|(?<=[a-z])[123]d", "", plain)
